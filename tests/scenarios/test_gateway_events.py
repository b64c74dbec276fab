"""A payment's whole life at the gateway, told by its events in any order, any number of times: the same books.

The events come from the sandbox, through the real library; an invoice of 49.00 is charged in vain, paid on the hosted
page, refunded by 10.00 at the gateway, disputed, and the dispute is won or lost.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any

import orjson
import pytest

from billing.adapters.stripe_events import stripe_event
from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.attempt import AttemptStatus, PaymentAttempt, attempt_key
from billing.domain.decline import Advice
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.payment import Payment, PaymentStatus
from billing.ports import ChargeOrder, GatewayEvent
from billing.sandbox.server import RunningSandbox, running_sandbox
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.store.payments import Payments
from billing.usecases.apply_gateway_event import Applied, apply_gateway_event
from billing.usecases.call import Call
from billing.usecases.follow_checkout import HostedPages
from billing.usecases.open_payment import WayBack, open_payment
from tests.builders import a_fee, a_plan, a_tenant
from tests.sandbox_client import Client, StandingClock, browse, client_of
from tests.stripe_signature import signed
from tests.world import World

ORDERS = 200
CARD = {"number": "4242424242424242", "expiry": "12/30", "cvc": "123", "email": "ap@lumen.test"}
BACK = WayBack(success_url="http://127.0.0.1/thanks?session={CHECKOUT_SESSION_ID}", cancel_url="http://127.0.0.1/")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock(), random=Random(7)) as running:
        yield running


class Remembering:
    """A gateway whose objects do not change any more: each is fetched once."""

    def __init__(self, gateway: StripeGateway) -> None:
        self.gateway = gateway
        self.known: dict[tuple[str, str], Any] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self.gateway, name)

    def payment(self, payment_id: str) -> Any:  # noqa: ANN401
        return self._once("payment", payment_id)

    def checkout(self, checkout_id: str) -> Any:  # noqa: ANN401
        return self._once("checkout", checkout_id)

    def saved_method(self, customer: str) -> Any:  # noqa: ANN401
        return self._once("saved_method", customer)

    def _once(self, verb: str, key: str) -> Any:  # noqa: ANN401
        if (verb, key) not in self.known:
            self.known[verb, key] = getattr(self.gateway, verb)(key)
        return self.known[verb, key]


@dataclass(kw_only=True)
class Life:
    """One invoice and what happens to it at the gateway, step by step; `before` are the books without any event."""

    sandbox: RunningSandbox
    outcome: str
    before: World = field(default_factory=lambda: World(tenant=a_tenant(gateway="stripe")))

    def __post_init__(self) -> None:
        self.client: Client = client_of(self.sandbox)
        key = self.client._requestor.api_key
        self.gateway = StripeGateway(key, base_url=self.sandbox.url)
        plan = self.before.plan(a_plan(fees=[a_fee("49.00")]))
        self.before.subscribes("lumen", to=plan, on="2026-02-01", until="2026-03-01")
        self.before.travels_to("2026-03-01")
        self.before.runs_billing()
        page = open_payment(
            self.before.documents, self.gateway, self.invoice.id, back=BACK, call=self.call(self.before)
        )
        self.url = page.url
        self._starts_attempt()

    @property
    def invoice(self) -> Invoice:
        [invoice] = self.before.invoices("lumen")
        return invoice

    @property
    def steps(self) -> list[Callable[[], object]]:
        return [self.declines, self.pays, self.refunds, self.disputes, self.decides]

    def call(self, world: World) -> Call:
        return Call(tenant_id="acme", actor="webhook:stripe", recorded_at=world.now)

    def declines(self) -> None:
        invoice = self.invoice
        customer = self.customer
        order = ChargeOrder(
            key=attempt_key("acme", invoice.id, 1),
            tenant_id="acme",
            invoice_id=invoice.id,
            invoice_number=invoice.number,
            attempt=1,
            customer=customer,
            method="pm_card_visa_chargeDeclinedInsufficientFunds",
            amount=invoice.amount_due,
            currency="USD",
            description=invoice.number,
        )
        self.gateway.charge(order)

    def pays(self) -> None:
        assert browse(self.url, CARD).status == 303

    def refunds(self) -> None:
        self.client.v1.refunds.create({"payment_intent": self.paid["payment_intent"], "amount": 1000})

    def disputes(self) -> None:
        self.dispute = self.sandbox.control("POST", f"charges/{self.paid['id']}/dispute", {"reason": "fraudulent"})

    def decides(self) -> None:
        self.sandbox.control("POST", f"disputes/{self.dispute['id']}/close", {"outcome": self.outcome})

    @property
    def customer(self) -> str:
        [stored] = Customers.of(self.before.documents, "acme").get(["lumen"])
        assert stored is not None
        return stored.value.gateway_id

    @property
    def paid(self) -> dict[str, Any]:
        [event] = [each for each in self.listed() if each.type == "charge.succeeded"]
        return event.data.object.to_dict()

    def listed(self) -> list[Any]:
        return list(self.client.v1.events.list({"limit": 100}).data[::-1])

    def events(self) -> list[GatewayEvent]:
        """Everything told so far, as our door reads it."""
        bodies = [orjson.dumps(each.to_dict()) for each in self.listed()]
        read = partial(stripe_event, secrets=["whsec_1"], now=self.before.now)
        at = int(self.before.now.timestamp())
        return [read(*signed(body, secret="whsec_1", at=at)) for body in bodies]

    def _starts_attempt(self) -> None:
        [stored] = Invoices.of(self.before.documents, "acme").get([self.invoice.id])
        assert stored is not None
        started = PaymentAttempt(number=1, attempted_at=self.before.now, amount=4900, status=AttemptStatus.STARTED)
        write = Invoices.of(self.before.documents, "acme").money_moved(
            stored, replace(stored.value, attempts=(started,))
        )
        self.before.documents.commit([write])


def books(world: World) -> tuple[Invoice, list[Payment], Any]:
    """What the books say in the end."""
    [invoice] = world.invoices("lumen")
    payments = [each.value for each in Payments.of(world.documents, "acme").of_customer("lumen")]
    [customer] = Customers.of(world.documents, "acme").get(["lumen"])
    assert customer is not None
    return invoice, payments, customer.value


def tells(world: World, life: Life, event: GatewayEvent, *, gateway: Any) -> Applied:  # noqa: ANN401
    pages = HostedPages(gateway=gateway, charge_again=lambda _invoice_id: None)
    return apply_gateway_event(world.documents, pages, event, call=life.call(world))


def check(invoice: Invoice, payments: list[Payment], *, outcome: str) -> None:
    """Won: 49.00 - 10.00 stays paid. Lost: all of it is owed again."""
    [payment] = payments
    attempt = invoice.attempts[0]
    assert (attempt.status, attempt.code, attempt.advice) == (
        AttemptStatus.DECLINED,
        "insufficient_funds",
        Advice.RETRY,
    )
    assert [(each.amount, each.invoice_id) for each in payment.refunds] == [(1000, invoice.id)]
    assert (payment.amount, invoice.checkout_id, invoice.status) == (4900, "", InvoiceStatus.ISSUED)
    if outcome == "won":
        assert (payment.status, invoice.amount_paid, invoice.amount_due) == (PaymentStatus.SUCCEEDED, 3900, 1000)
    else:
        assert (payment.status, invoice.amount_paid, invoice.amount_due) == (PaymentStatus.REVERSED, 0, 4900)


@pytest.mark.slow
@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_whole_life_told_in_200_random_orders_with_repeats_ends_in_the_same_books(
    sandbox: RunningSandbox, outcome: str
) -> None:
    life = Life(sandbox=sandbox, outcome=outcome)
    for step in life.steps:
        step()
    events, gateway, ends = life.events(), Remembering(life.gateway), []
    assert len(events) >= 12
    for seed in range(ORDERS // 2):
        random = Random(seed)
        told = events + random.choices(events, k=8)
        random.shuffle(told)
        world = World(tenant=life.before.tenant)
        world.copies(life.before)
        world.now = life.before.now
        for event in told:
            tells(world, life, event, gateway=gateway)
        ends.append(books(world))

    check(*ends[0][:2], outcome=outcome)
    assert all(end == ends[0] for end in ends)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_events_that_come_while_life_goes_on_late_early_and_twice_end_in_the_same_books(
    sandbox: RunningSandbox, seed: int
) -> None:
    random, outcome = Random(seed), ("won", "lost")[seed % 2]
    life = Life(sandbox=sandbox, outcome=outcome)
    world, waiting, seen = life.before, list[GatewayEvent](), set[str]()
    for step in life.steps:
        step()
        waiting += [each for each in life.events() if each.id not in seen]
        seen |= {each.id for each in waiting}
        for event in random.sample(waiting, k=random.randrange(len(waiting) + 1)):
            tells(world, life, event, gateway=life.gateway)
            if random.random() < 0.6:
                waiting.remove(event)
    random.shuffle(waiting)
    for event in waiting:
        tells(world, life, event, gateway=life.gateway)

    check(*books(world)[:2], outcome=outcome)
