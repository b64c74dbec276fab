"""What a charge came to: the attempt as the invoice keeps it, and the money that came, as it is booked."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from billing.domain.attempt import AttemptSource, AttemptStatus, PaymentAttempt, attempt_key
from billing.domain.charging import attempt_of, next_attempt
from billing.domain.customer import Customer
from billing.domain.decline import GATEWAY_REFUSED, NO_METHOD, advice_of
from billing.domain.errors import NotFound
from billing.domain.invoice import Invoice
from billing.domain.open_ends import may_reach_gateway
from billing.domain.payment import Payment, PaymentSource, gateway_payment_id
from billing.ports import (
    ChargeOrder,
    ChargeOutcome,
    Declined,
    Documents,
    Gateway,
    GatewayPayment,
    GatewayRefused,
    GatewayUnavailable,
    Pending,
    RequiresAction,
    Succeeded,
    Unknown,
)
from billing.store.customers import Customers
from billing.usecases.call import Call
from billing.usecases.record_payment import NewPayment

WAITS_UNCHARGED = timedelta(days=3)
"""How long an invoice that can't be charged, by no fault of its customer's, waits for that before it is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeResult:
    """`attempt` is None where the invoice was paid on a hosted page before it could be charged.

    `payment` is the money to book, `booked` what was taken before these books knew, and is in them by now.
    """

    attempt: PaymentAttempt | None = None
    payment: NewPayment | None = None
    booked: tuple[Payment, ...] = ()

    @property
    def is_unknown(self) -> bool:
        """Whether the gateway has to be asked again."""
        return self.attempt is not None and self.attempt.status is AttemptStatus.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """Where an invoice's charges go: one attempt of one customer at one gateway, at a UTC instant."""

    gateway: Gateway
    tenant_id: str
    invoice: Invoice
    customer: Customer
    number: int
    at: datetime
    source: AttemptSource = AttemptSource.ISSUE

    @property
    def has_method(self) -> bool:
        """Whether there is anything to charge."""
        return bool(self.customer.gateway_id and self.customer.payment_method_id)

    @property
    def order(self) -> ChargeOrder:
        """The order of the attempt: what is due on the invoice."""
        return ChargeOrder(
            key=attempt_key(self.tenant_id, self.invoice.id, self.number),
            tenant_id=self.tenant_id,
            invoice_id=self.invoice.id,
            invoice_number=self.invoice.number,
            attempt=self.number,
            customer=self.customer.gateway_id,
            method=self.customer.payment_method_id,
            amount=self.invoice.amount_due,
            currency=self.invoice.currency,
            description=self.invoice.number,
        )

    def charge(self) -> ChargeResult:
        """Charge the saved method; without one nobody is asked.

        What was begun with one that is gone by now has no answer as long as the call that began it may run. A refusal
        of the request itself ends the attempt. Raises GatewayRefused in place of that in the first days after the
        issue, or after the schedule began the attempt: as a rule that is the account, for all invoices, and somebody
        sees to it.
        """
        begun = attempt_of(self.invoice, self.number)
        if not self.has_method and begun is not None and may_reach_gateway(begun, at=self.at):
            return self.result(Unknown(reason="no payment method is saved any more, and it may be on its way"))
        if not self.has_method:
            message = "No payment method is saved."
            return self.result(Declined(code=NO_METHOD, advice=advice_of(NO_METHOD), message=message))
        try:
            return self.result(self.gateway.charge(self.order))
        except GatewayRefused as refused:  # so nothing was taken
            if self._waits:
                raise
            return self.result(Declined(code=GATEWAY_REFUSED, advice=None, message=refused.reason))

    def result(self, outcome: ChargeOutcome) -> ChargeResult:
        """What an outcome of this attempt means."""
        match outcome:
            case Succeeded():
                attempt = self.attempt(AttemptStatus.SUCCEEDED, payment_id=outcome.payment_id)
                return ChargeResult(attempt=attempt, payment=self._payment(outcome))
            case Pending():
                return ChargeResult(attempt=self.attempt(AttemptStatus.PENDING, payment_id=outcome.payment_id))
            case RequiresAction():
                return ChargeResult(attempt=self.attempt(AttemptStatus.REQUIRES_ACTION, payment_id=outcome.payment_id))
            case Declined():
                return ChargeResult(attempt=self._declined(outcome))
            case Unknown():
                return ChargeResult(attempt=self.attempt(AttemptStatus.UNKNOWN, message=outcome.reason))
            case _:
                assert_never(outcome)

    def hosted(self, payment: GatewayPayment) -> ChargeResult | None:
        """What was paid on a hosted page, or None where nothing was; GatewayUnavailable while that is open."""
        if isinstance(payment.outcome, Pending | Unknown):
            raise GatewayUnavailable(self.gateway.name, reason=f"payment {payment.id} is still under way")
        return ChargeResult(payment=self._payment(payment.outcome)) if isinstance(payment.outcome, Succeeded) else None

    def attempt(self, status: AttemptStatus, *, payment_id: str = "", message: str = "") -> PaymentAttempt:
        """This attempt in that state."""
        return PaymentAttempt(
            number=self.number,
            attempted_at=self.at,
            amount=self.invoice.amount_due,
            status=status,
            method=self.customer.payment_method,
            payment_id=payment_id,
            message=message,
            method_id=self.customer.payment_method_id,
            source=self.source,
        )

    @property
    def _waits(self) -> bool:
        """Whether what is refused now is tried on; what somebody asked for just now is answered at once."""
        if self.source is AttemptSource.ISSUE:
            return self.at < self.invoice.issued_at + WAITS_UNCHARGED
        begun = attempt_of(self.invoice, self.number)
        since = self.at if begun is None else begun.attempted_at
        return self.source is AttemptSource.SCHEDULE and self.at < since + WAITS_UNCHARGED

    def _declined(self, outcome: Declined) -> PaymentAttempt:
        attempt = self.attempt(AttemptStatus.DECLINED, payment_id=outcome.payment_id, message=outcome.message)
        return replace(attempt, code=outcome.code, advice=outcome.advice, network_advice=outcome.network_advice)

    def _payment(self, outcome: Succeeded) -> NewPayment:
        payment = payment_at(self.gateway, self.invoice, outcome, at=self.at)
        return payment if payment.method else replace(payment, method=self.customer.payment_method)


def next_till(
    documents: Documents, invoice: Invoice, *, gateway: Gateway, call: Call, source: AttemptSource = AttemptSource.ISSUE
) -> Till:
    """Where the next charge of an invoice goes, or the last one where it has no answer. NotFound without a customer."""
    return Till(
        gateway=gateway,
        tenant_id=call.tenant_id,
        invoice=invoice,
        customer=customer_of(documents, invoice, tenant_id=call.tenant_id),
        number=next_attempt(invoice),
        at=call.recorded_at,
        source=source,
    )


def customer_of(documents: Documents, invoice: Invoice, *, tenant_id: str) -> Customer:
    """Whom an invoice is charged to, as it stands now. NotFound."""
    [customer] = Customers.of(documents, tenant_id).get([invoice.customer_id])
    if customer is None:
        raise NotFound("customer", invoice.customer_id)
    return customer.value


def payment_at(gateway: Gateway, invoice: Invoice, outcome: Succeeded, *, at: datetime) -> NewPayment:
    """The money that a gateway took for an invoice, as it is booked, whoever books it first."""
    return NewPayment(
        id=gateway_payment_id(gateway.name, outcome.payment_id),
        amount=outcome.amount,
        currency=outcome.currency,
        source=PaymentSource.CARD,
        received_at=at,
        customer_id=invoice.customer_id,
        invoice_ids=(invoice.id,),
        method=outcome.method.label if outcome.method else "",
        reference=invoice.number,
        gateway_id=outcome.payment_id,
    )
