"""Documents from a backup, while files and payments are of later: what was done since is found and not done again."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.attempt import AttemptStatus
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus
from billing.ports import GatewayPayment, Pending
from billing.sandbox.server import RunningSandbox, running_sandbox
from billing.store.customers import Customers
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.follow_payment import follow_payment
from billing.usecases.open_payment import NotPayable, WayBack, open_payment
from tests.collected_invoice import CARD, opened_page, the_invoice
from tests.collecting import CardWorld, card_world
from tests.sandbox_client import StandingClock, browse

_DAYS = 3 * 86_400  # Stripe keeps an idempotency key for one
BACK = WayBack(success_url="https://pay.example/thanks", cancel_url="https://pay.example")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock()) as running:
        yield running


@pytest.fixture
def world(sandbox: RunningSandbox) -> CardWorld:
    """Three customers, of whom one has a card that is declined."""
    world = card_world(sandbox)
    for name, card in {"c1": "pm_card_visa", "c2": "pm_card_chargeCustomerFail", "c3": "pm_card_visa"}.items():
        world.joins(name, card=card)
    return world


def restored(world: CardWorld, sandbox: RunningSandbox, *, then: Callable[[], object] = lambda: None) -> CardWorld:
    """The world bills and charges, `then` something happens: days later the backup of the night before comes back.

    It is set to look first.
    """
    backup = card_world(sandbox, key=world.key)
    backup.copies(world)
    backup.objects = world.objects
    world.travels_to("2026-02-01")
    report = world.runs_billing()
    assert (report.collected.charged, report.collected.failed.total()) == (2, 1)
    then()
    sandbox.control("POST", "clock", {"advance": _DAYS})
    backup.stripe.inner = StripeGateway(world.key, base_url=sandbox.url, looks_first=True)
    return backup


def test_the_same_run_again_charges_nobody_again(world: CardWorld, sandbox: RunningSandbox) -> None:
    backup = restored(world, sandbox)
    backup.travels_to("2026-02-01")
    report = backup.runs_billing()
    assert (report.collected.charged, report.collected.failed.total(), report.unsettled) == (2, 1, 0)
    assert world.taken() == [4900, 4900]
    assert {each.number: each.amount_due for each in backup.invoices()} == {
        each.number: each.amount_due for each in world.invoices()
    }
    assert {each.gateway_id for each in backup.payments()} == {each.gateway_id for each in world.payments()}


def test_a_charge_that_was_declined_is_known_and_not_tried_again(world: CardWorld, sandbox: RunningSandbox) -> None:
    backup = restored(world, sandbox)
    backup.travels_to("2026-02-01")
    backup.runs_billing()
    [declined] = [each for each in backup.invoices() if each.amount_due]
    assert [each.status for each in declined.attempts] == [AttemptStatus.DECLINED]
    intents = world.account.v1.payment_intents.list({"limit": 100}).data
    assert len(intents) == 3


def test_while_the_gateway_does_not_answer_nothing_is_charged(world: CardWorld, sandbox: RunningSandbox) -> None:
    backup = restored(world, sandbox)
    backup.stripe.inner = StripeGateway(world.key, base_url="http://127.0.0.1:9", timeout_seconds=1, looks_first=True)
    backup.travels_to("2026-02-01")
    assert backup.runs_billing().collected.charged == 0
    backup.stripe.inner = StripeGateway(world.key, base_url=sandbox.url, looks_first=True)
    backup.runs_billing()
    assert world.taken() == [4900, 4900]
    assert len(backup.payments()) == 2


def test_what_was_paid_on_a_hosted_page_is_booked_and_not_charged(world: CardWorld, sandbox: RunningSandbox) -> None:
    backup = restored(world, sandbox, then=lambda: pays_on_page(world, "c2"))
    backup.travels_to("2026-02-01")
    report = backup.runs_billing()
    assert (report.collected.charged, report.collected.failed.total(), report.unsettled) == (3, 0, 0)
    assert the_invoice(backup, "c2").status is InvoiceStatus.PAID
    assert backup.sent.kinds("c2@kunde.test") == ["receipt"]
    backup.saves_card("c2")  # a good one, which is charged for what waits
    charge_invoice(backup.documents, the_invoice(backup, "c2").id, gateway=backup.stripe.inner, call=backup.call())
    assert world.taken() == [4900, 4900, 4900]


def test_the_event_of_what_was_found_books_nothing_twice(world: CardWorld, sandbox: RunningSandbox) -> None:
    backup = restored(world, sandbox, then=lambda: pays_on_page(world, "c2"))
    backup.travels_to("2026-02-01")
    backup.runs_billing()
    before = backup.everything()
    for each in backup.payments():
        follow_payment(backup.documents, backup.stripe.inner, each.gateway_id, call=backup.call())
    assert backup.everything() == before
    assert [backup.balance(name) for name in ("c1", "c2", "c3")] == [0, 0, 0]


def test_a_second_attempt_is_found_at_the_first(world: CardWorld, sandbox: RunningSandbox) -> None:
    def again() -> None:
        world.saves_card("c2")
        charge_invoice(world.documents, the_invoice(world, "c2").id, gateway=world.stripe.inner, call=world.call())

    backup = restored(world, sandbox, then=again)
    backup.travels_to("2026-02-01")
    assert backup.runs_billing().collected.failed.total() == 0
    [attempt] = the_invoice(backup, "c2").attempts
    [made] = [each for each in the_invoice(world, "c2").attempts if each.number == attempt.number]
    assert (attempt.number, attempt.status, attempt.payment_id) == (2, AttemptStatus.SUCCEEDED, made.payment_id)
    assert attempt.method == "Visa •••• 4242"
    assert world.taken() == [4900, 4900, 4900]


@pytest.mark.parametrize("amount", [4900, 1000])
def test_a_charge_that_was_refunded_is_booked_with_its_refund(
    world: CardWorld, sandbox: RunningSandbox, amount: int
) -> None:
    backup = restored(world, sandbox, then=lambda: refunds(world, "c1", amount))
    backup.travels_to("2026-02-01")
    report = backup.runs_billing()
    assert (report.collected.charged, report.unsettled) == (2, 0)
    assert the_invoice(backup, "c1").amount_due == amount
    assert world.taken() == [4900, 4900]
    # what was given back is charged again only where somebody asks for it
    invoice_id = the_invoice(backup, "c1").id
    charge = charge_invoice(backup.documents, invoice_id, gateway=backup.stripe.inner, call=backup.call())
    assert charge.invoice.status is InvoiceStatus.PAID
    assert sorted(world.taken()) == [amount, 4900, 4900]


def test_of_what_was_paid_twice_the_second_is_credit(world: CardWorld, sandbox: RunningSandbox) -> None:
    backup = restored(world, sandbox, then=lambda: pays_on_page(world, "c1"))
    backup.travels_to("2026-02-01")
    backup.runs_billing()
    assert (the_invoice(backup, "c1").status, backup.balance("c1")) == (InvoiceStatus.PAID, 4900)
    assert len([each for each in backup.payments() if each.customer_id == "c1"]) == 2


def test_of_an_invoice_that_was_paid_in_part_the_rest_alone_is_charged(
    world: CardWorld, sandbox: RunningSandbox
) -> None:
    backup = restored(world, sandbox, then=lambda: pays_on_page(world, "c2", amount=2000))
    backup.travels_to("2026-02-01")
    backup.runs_billing()
    assert the_invoice(backup, "c2").amount_due == 2900
    assert sorted(world.taken()) == [2000, 4900, 4900]
    backup.saves_card("c2")
    invoice_id = the_invoice(backup, "c2").id
    for _ in range(2):  # the first finds the attempt that was declined
        charge_invoice(backup.documents, invoice_id, gateway=backup.stripe.inner, call=backup.call())
    assert the_invoice(backup, "c2").status is InvoiceStatus.PAID
    assert sorted(world.taken()) == [2000, 2900, 4900, 4900]


def test_while_a_payment_is_under_way_nothing_is_charged_and_then_it_is_booked(
    world: CardWorld, sandbox: RunningSandbox
) -> None:
    backup = restored(world, sandbox, then=lambda: pays_on_page(world, "c2"))
    inner = backup.stripe.inner
    under_way: Any = UnderWay(inner)
    backup.stripe.inner = under_way
    backup.travels_to("2026-02-01")
    report = backup.runs_billing()
    # both are asked for by the next run; a charge under way is an attempt that its event answers as well
    assert (report.collected.charged, report.collected.pending, report.unsettled) == (0, 2, 1)
    assert backup.payments() == []
    backup.stripe.inner = inner
    assert backup.runs_billing().collected.charged == 3
    assert the_invoice(backup, "c2").status is InvoiceStatus.PAID
    assert world.taken() == [4900, 4900, 4900]


def test_the_pay_page_asks_nobody_for_what_was_paid(world: CardWorld, sandbox: RunningSandbox) -> None:
    backup = card_world(sandbox, key=world.key)
    world.travels_to("2026-02-01")
    world.runs_billing()
    backup.copies(world)
    backup.travels_to("2026-02-01")
    pays_on_page(world, "c2")
    backup.stripe.inner = StripeGateway(world.key, base_url=sandbox.url, looks_first=True)
    with pytest.raises(NotPayable, match="it is paid"):
        open_payment(backup.documents, backup.stripe.inner, the_invoice(backup, "c2").id, back=BACK, call=backup.call())
    assert the_invoice(backup, "c2").status is InvoiceStatus.PAID


def test_nor_where_the_customer_was_first_made_at_the_gateway_after_the_backup(
    world: CardWorld, sandbox: RunningSandbox
) -> None:
    world.joins("c9", card=None, collection_method=CollectionMethod.SEND_INVOICE)
    backup = card_world(sandbox, key=world.key)
    world.travels_to("2026-02-01")
    world.runs_billing()
    backup.copies(world)
    backup.travels_to("2026-02-01")
    opens_and_pays(world, "c9")
    sandbox.control("POST", "clock", {"advance": _DAYS})
    backup.stripe.inner = StripeGateway(world.key, base_url=sandbox.url, looks_first=True)
    with pytest.raises(NotPayable, match="it is paid"):
        open_payment(backup.documents, backup.stripe.inner, the_invoice(backup, "c9").id, back=BACK, call=backup.call())
    assert the_invoice(backup, "c9").status is InvoiceStatus.PAID
    made, found = (Customers.of(each.documents, each.tenant.id).get(["c9"])[0] for each in (world, backup))
    assert made is not None
    assert found is not None
    assert found.value.gateway_id == made.value.gateway_id
    assert world.taken() == [4900, 4900, 4900]


@pytest.mark.parametrize("card", [None, "pm_card_visa"])
def test_an_invoice_that_is_sent_is_looked_for_by_the_run_that_issues_it_again(
    world: CardWorld, sandbox: RunningSandbox, card: str | None
) -> None:
    world.joins("c9", card=card, collection_method=CollectionMethod.SEND_INVOICE)
    backup = restored(world, sandbox, then=lambda: opens_and_pays(world, "c9"))
    backup.travels_to("2026-02-01")
    report = backup.runs_billing()
    assert (report.collected.charged, report.unsettled) == (3, 0)
    assert the_invoice(backup, "c9").status is InvoiceStatus.PAID
    assert backup.sent.kinds("c9@kunde.test") == ["receipt"]
    assert world.taken() == [4900, 4900, 4900]


def test_before_a_reminder_what_was_paid_is_looked_for(world: CardWorld, sandbox: RunningSandbox) -> None:
    world.joins("c9", card=None, collection_method=CollectionMethod.SEND_INVOICE)
    backup = card_world(sandbox, key=world.key)
    world.travels_to("2026-02-01")
    world.runs_billing()
    backup.copies(world)
    opens_and_pays(world, "c9")
    sandbox.control("POST", "clock", {"advance": _DAYS})
    backup.stripe.inner = StripeGateway(world.key, base_url=sandbox.url, looks_first=True)
    backup.travels_to("2026-03-10")
    backup.runs_dunning()
    assert the_invoice(backup, "c9").status is InvoiceStatus.PAID
    assert "payment_reminder" not in backup.sent.kinds("c9@kunde.test")


class UnderWay:
    """A gateway at which every payment is still under way."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - a Gateway
        self.inner = inner

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self.inner, name)

    def payment(self, payment_id: str) -> GatewayPayment:
        payment: GatewayPayment = self.inner.payment(payment_id)
        return replace(payment, outcome=Pending(payment_id=payment_id))


def pays_on_page(world: CardWorld, name: str, *, amount: int = 4900) -> None:
    """The customer pays on a hosted page, of which the documents hear nothing more."""
    assert browse(opened_page(world, the_invoice(world, name), amount=amount), CARD).status == 303


def opens_and_pays(world: CardWorld, name: str) -> None:
    """The customer opens the pay page and pays on the hosted one, of which the documents hear nothing."""
    page = open_payment(world.documents, world.stripe.inner, the_invoice(world, name).id, back=BACK, call=world.call())
    assert browse(page.url, CARD).status == 303


def refunds(world: CardWorld, name: str, amount: int) -> None:
    """Somebody gives money back on Stripe's own pages."""
    invoice: Invoice = the_invoice(world, name)
    world.account.v1.refunds.create({"payment_intent": invoice.attempts[-1].payment_id, "amount": amount})
