"""What a customer has too much is used by its next invoices first, in the commit that issues them (semantics 8)."""

import pytest

from billing.domain.invoice import InvoiceStatus
from billing.domain.payment import Application, PaymentSource
from billing.ports import Update
from billing.store.customers import Customers
from billing.store.payments import Payments
from tests.builders import a_fee, a_plan, utc
from tests.world import World


@pytest.fixture
def world() -> World:
    world = World()
    world.plan(a_plan(fees=[a_fee("49.00")]))
    return world


def subscribes(world: World, customer: str, *, named: str | None = None, on: str = "2026-02-01") -> None:
    [plan] = world.plans.values()
    world.subscribes(customer, to=plan, on=on, named=named)


def has_credit(world: World, customer: str, amount: int) -> None:
    customers = Customers.of(world.documents, world.tenant.id)
    world.documents.commit([customers.added(customer, {"credit_balance": amount})])


def balance(world: World, customer: str) -> int:
    stored = world.stored(f"customers/{customer}")
    assert stored is not None
    assert isinstance(stored.fields["credit_balance"], int)
    return stored.fields["credit_balance"]


def test_a_part_of_the_invoice_is_paid_and_a_payment_says_so(world: World) -> None:
    subscribes(world, "acme")
    has_credit(world, "acme", 1900)
    world.travels_to("2026-03-01")
    world.runs_billing()
    [invoice] = world.invoices("acme")
    assert (invoice.status, invoice.amount_paid, invoice.balance_applied, invoice.amount_due) == (
        InvoiceStatus.ISSUED,
        1900,
        1900,
        3000,
    )
    [payment] = Payments.of(world.documents, world.tenant.id).of_customer("acme")
    assert (payment.value.id, payment.value.source) == (f"balance.{invoice.id}", PaymentSource.CREDIT_BALANCE)
    assert payment.value.applications == (Application(invoice_id=invoice.id, amount=1900),)
    assert balance(world, "acme") == 0


def test_an_invoice_that_the_balance_covers_is_paid_at_once_and_the_rest_is_kept(world: World) -> None:
    subscribes(world, "acme")
    has_credit(world, "acme", 5000)
    world.travels_to("2026-03-01")
    world.runs_billing()
    [invoice] = world.invoices("acme")
    assert (invoice.status, invoice.amount_due, invoice.paid_at) == (InvoiceStatus.PAID, 0, utc("2026-03-01"))
    assert balance(world, "acme") == 100
    assert b"4900" in world.objects.get(invoice.attachments[0].key)


def test_two_invoices_of_one_run_share_one_balance_in_the_order_of_their_numbers(world: World) -> None:
    subscribes(world, "acme", named="sub-a")
    subscribes(world, "acme", named="sub-b")
    has_credit(world, "acme", 6000)
    world.travels_to("2026-03-01")
    world.runs_billing()
    assert [each.amount_due for each in world.invoices("acme")] == [0, 3800]
    assert balance(world, "acme") == 0


def test_an_invoice_behind_uses_what_the_one_before_left(world: World) -> None:
    subscribes(world, "acme", on="2026-01-01")
    has_credit(world, "acme", 6000)
    world.travels_to("2026-03-01")
    world.runs_billing()
    assert [each.amount_due for each in world.invoices("acme")] == [0, 3800]


def test_a_balance_below_zero_is_left_alone(world: World) -> None:
    subscribes(world, "acme")
    has_credit(world, "acme", -500)
    world.travels_to("2026-03-01")
    world.runs_billing()
    assert world.invoices("acme")[0].amount_due == 4900
    assert balance(world, "acme") == -500


def test_a_balance_that_changes_while_the_page_is_drafted_is_used_as_it_is_then(world: World) -> None:
    subscribes(world, "acme")
    has_credit(world, "acme", 1000)
    world.travels_to("2026-03-01")
    inner, done = world.documents, list[int]()

    class Meanwhile:
        """The store, in which somebody books a payment right before the page is committed."""

        def __getattr__(self, name: str) -> object:
            return getattr(inner, name)

        def commit(self, writes: list[Update]) -> list[str]:
            if not done:
                done.append(1)
                has_credit(world, "acme", 700)
            return inner.commit(writes)

    world.runs_billing(through=Meanwhile())  # type: ignore[arg-type]
    assert world.invoices("acme")[0].balance_applied == 1700
    assert balance(world, "acme") == 0


def test_a_dry_run_uses_no_balance(world: World) -> None:
    subscribes(world, "acme")
    has_credit(world, "acme", 1000)
    world.travels_to("2026-03-01")
    world.runs_billing(dry_run=True)
    assert balance(world, "acme") == 1000
    assert Payments.of(world.documents, world.tenant.id).of_customer("acme") == []
