"""A gateway in memory: debits, pages and refunds that take days, keys that are kept, and calls that get lost.

It gives back no more than it took and nothing while a dispute is open, as Stripe does; what became of anything is an
event in its list, for whoever delivers it. A process that calls it may die before or after the call.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from billing.domain.decline import advice_of
from billing.ports import (
    ChargeOrder,
    ChargeOutcome,
    Checkout,
    CheckoutOrder,
    CheckoutStatus,
    Declined,
    EventAbout,
    GatewayDispute,
    GatewayPayment,
    GatewayRefund,
    GatewayUnavailable,
    Pending,
    RefundOrder,
    RefundRefused,
    RefundStatus,
    RequiresAction,
    SavedMethod,
    Succeeded,
    Unknown,
)

THREE_DECIMAL = "KWD"


class Crash(BaseException):
    """The process is gone."""


@dataclass(kw_only=True)
class Intent:
    """A payment there: `state` is a status of Stripe's, or the code of a decline."""

    id: str
    amount: int
    currency: str
    customer: str
    metadata: dict[str, str]
    created_at: datetime
    state: str = "requires_payment_method"
    refunds: dict[str, GatewayRefund] = field(default_factory=dict)
    disputes: dict[str, GatewayDispute] = field(default_factory=dict)

    @property
    def kept(self) -> int:
        """What is left of the money; a refund that is under way is as good as gone."""
        if self.state != "succeeded":
            return 0
        gone = sum(each.amount for each in self.refunds.values() if each.status is not RefundStatus.FAILED)
        return self.amount - gone - sum(each.amount for each in self.disputes.values())

    @property
    def outcome(self) -> ChargeOutcome:
        match self.state:
            case "succeeded":
                return Succeeded(payment_id=self.id, amount=self.amount, currency=self.currency)
            case "processing":
                return Pending(payment_id=self.id)
            case "authentication_required":
                return RequiresAction(payment_id=self.id)
            case code:
                return Declined(code=code, advice=advice_of(code), message="no", payment_id=self.id)

    def takes_back(self, amount: int) -> bool:
        is_undisputed = all(each.is_lost for each in self.disputes.values())
        return 0 < amount <= self.kept and is_undisputed and not (self.currency == THREE_DECIMAL and amount % 10)


@dataclass(kw_only=True)
class Page:
    """A hosted page: `intent` once somebody tried to pay on it."""

    id: str
    order: CheckoutOrder
    opened_at: datetime
    status: CheckoutStatus = CheckoutStatus.OPEN
    intent: str = ""


@dataclass(kw_only=True)
class Bank:
    """The gateway; `method` is how the customer's card answers: the state that its charges are in.

    `twice` are the keys of refunds that were asked for though they were made.
    """

    random: Random
    now: Callable[[], datetime]
    is_asked: Callable[[ChargeOrder], None]
    is_reliable: bool = False
    method: str = "succeeded"
    methods: int = 0
    name: str = "stripe"
    looks_first: bool = False
    intents: dict[str, Intent] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    events: list[tuple[EventAbout, str]] = field(default_factory=list)
    answers: dict[str, tuple[tuple[object, ...], ChargeOutcome]] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)

    # what the product calls

    def save_customer(self, **_said: str) -> str:
        self._lost()
        return "cus_1"

    def saved_method(self, _customer: str) -> SavedMethod | None:
        self._lost()
        return SavedMethod(id=f"pm_{self.methods}", brand="visa", last4="4242") if self.methods else None

    def charge(self, order: ChargeOrder) -> ChargeOutcome:
        try:
            self._lost()
            answer = self._charged(order)
            self._lost()
        except GatewayUnavailable as error:
            return Unknown(reason=error.reason)
        return answer

    def find_charge(self, order: ChargeOrder) -> ChargeOutcome | None:
        self._lost()
        return next((each.outcome for each in self.intents.values() if each.metadata["key"] == order.key), None)

    def payment(self, payment_id: str) -> GatewayPayment:
        self._lost()
        intent = self.intents[payment_id]
        return GatewayPayment(
            id=intent.id,
            outcome=intent.outcome,
            amount=intent.amount,
            currency=intent.currency,
            customer=intent.customer,
            refunds=tuple(reversed(intent.refunds.values())),
            disputes=tuple(intent.disputes.values()),
            metadata=intent.metadata,
            created_at=intent.created_at,
        )

    def cancel_payment(self, payment_id: str) -> bool:
        self._lost()
        intent = self.intents[payment_id]
        if intent.state not in ("succeeded", "processing"):
            intent.state = "canceled"
        return intent.state == "canceled"

    def refund(self, order: RefundOrder) -> GatewayRefund:
        self._lost()
        intent = self.intents[order.payment_id]
        self.twice += [order.key] if order.key in {each.key for each in intent.refunds.values()} else []
        if not intent.takes_back(order.amount):
            raise RefundRefused(self.name, reason="more than is left")
        made = self.refunds(intent, order.amount, key=order.key, invoice_id=order.invoice_id)
        self._lost()
        return made

    def open_checkout(self, order: CheckoutOrder) -> Checkout:
        self._lost()
        known = next((each for each in self.pages.values() if each.order.key == order.key), None)
        page = known or Page(id=f"cs_{len(self.pages) + 1}", order=order, opened_at=self.now())
        self.pages[page.id] = page
        self._lost()
        return self._shown(page)

    def checkout(self, checkout_id: str) -> Checkout:
        self._lost()
        return self._shown(self.pages[checkout_id])

    def expire_checkout(self, checkout_id: str) -> Checkout:
        self._lost()
        page = self.pages[checkout_id]
        page.status = CheckoutStatus.EXPIRED if page.status is CheckoutStatus.OPEN else page.status
        self._lost()
        return self._shown(page)

    # what others do there

    def refunds(self, intent: Intent, amount: int, *, key: str = "", invoice_id: str | None = None) -> GatewayRefund:
        """A refund is made, by us or by somebody on the gateway's own pages."""
        made = GatewayRefund(
            id=f"re_{intent.id}_{len(intent.refunds)}",
            payment_id=intent.id,
            amount=amount,
            currency=intent.currency,
            status=self.random.choice([RefundStatus.PENDING, *[RefundStatus.SUCCEEDED] * 3]),
            key=key,
            invoice_id=invoice_id,
        )
        intent.refunds[made.id] = made
        self.tells(intent)
        return made

    def is_paid_on(self, page: Page, state: str) -> None:
        """The customer pays on a page, if it is open still, or tries to."""
        if self._shown(page).status is not CheckoutStatus.OPEN:
            return
        order = page.order
        page.intent = page.intent or self._new(order.amount, order.currency, self._said(order, key=order.key)).id
        intent = self.intents[page.intent]
        intent.state = state
        if state in ("succeeded", "processing"):
            page.status = CheckoutStatus.COMPLETE
            self.events.append((EventAbout.CHECKOUT, page.id))
        self.tells(intent)

    def ends(self, intent: Intent) -> None:
        """It is known what becomes of a debit."""
        if intent.state == "processing":
            intent.state = self.random.choice(["succeeded", "succeeded", "insufficient_funds"])
            self.tells(intent)

    def tells(self, intent: Intent) -> None:
        self.events.append((EventAbout.PAYMENT, intent.id))

    def _charged(self, order: ChargeOrder) -> ChargeOutcome:
        said = (order.amount, order.method)
        if order.key in self.answers:
            before, answer = self.answers[order.key]
            return answer if before == said else Unknown(reason="the key is that of another request")
        if order.currency == THREE_DECIMAL and order.amount % 10:
            return Declined(code="invalid_charge_amount", advice=None, message="it has to end in 0")
        self.is_asked(order)
        intent = self._new(order.amount, order.currency, self._said(order, key=order.key, attempt=str(order.attempt)))
        intent.state = self.method
        self.tells(intent)
        self.answers[order.key] = said, intent.outcome
        return intent.outcome

    def _new(self, amount: int, currency: str, metadata: dict[str, str]) -> Intent:
        intent = Intent(
            id=f"pi_{len(self.intents) + 1}",
            amount=amount,
            currency=currency,
            customer="cus_1",
            metadata=metadata,
            created_at=self.now(),
        )
        self.intents[intent.id] = intent
        return intent

    @staticmethod
    def _said(order: ChargeOrder | CheckoutOrder, **more: str) -> dict[str, str]:
        return {"tenant_id": order.tenant_id, "invoice_id": order.invoice_id, **more}

    def _shown(self, page: Page) -> Checkout:
        if page.status is CheckoutStatus.OPEN and self.now() >= page.opened_at + timedelta(days=1):
            page.status = CheckoutStatus.EXPIRED
        return Checkout(
            id=page.id,
            url="https://pay.example/page",
            status=page.status,
            amount=page.order.amount,
            customer=page.order.customer,
            payment_id=page.intent,
            metadata=self._said(page.order, customer_id=page.order.customer_id),
        )

    def _lost(self) -> None:
        """One moment in twelve a call is lost, or the process that makes it dies."""
        chance = 1.0 if self.is_reliable else self.random.random()
        if chance < 0.03:
            raise Crash
        if chance < 0.08:
            raise GatewayUnavailable(self.name, reason="connection reset")
