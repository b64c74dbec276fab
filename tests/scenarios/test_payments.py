"""Money comes in and is argued about; whatever happens twice, it is booked once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import InvoiceStatus
from billing.domain.payment import Application, PaymentSource, PaymentStatus
from billing.store.payments import Payments
from billing.usecases.record_payment import NewPayment, OtherPayment, record_payment
from billing.usecases.reverse_payment import dispute_payment, reverse_payment, settle_dispute
from tests.builders import utc
from tests.paying import balance, call, events, ids, pay, state, three_unpaid
from tests.world import World


@pytest.fixture
def world() -> World:
    return three_unpaid()


def test_a_payment_pays_the_oldest_invoice_first_and_what_is_over_goes_to_the_balance(world: World) -> None:
    payment = pay(world, 10_000)
    january, february = ids(world)
    assert payment.applications == (
        Application(invoice_id=january, amount=4900),
        Application(invoice_id=february, amount=4900),
    )
    assert payment.to_balance == 200
    assert state(world) == [(InvoiceStatus.PAID, 4900, 0), (InvoiceStatus.PAID, 4900, 0)]
    assert balance(world) == 200
    assert world.invoices("acme")[0].paid_at == utc("2026-03-01")


def test_a_partial_payment_leaves_the_rest_due(world: World) -> None:
    pay(world, 6000)
    assert state(world) == [(InvoiceStatus.PAID, 4900, 0), (InvoiceStatus.ISSUED, 1100, 3800)]
    stored = world.stored(f"invoices/{ids(world)[1]}")
    assert stored is not None
    assert stored.fields["amount_due"] == 3800


def test_the_same_payment_reported_again_is_booked_once(world: World) -> None:
    first = pay(world, 6000)
    again = record_payment(
        world.documents,
        NewPayment(
            id="p1",
            amount=6000,
            currency="USD",
            source=PaymentSource.BANK_TRANSFER,
            received_at=world.now,
            invoice_ids=ids(world),
        ),
        call=call(world),
    )
    assert again.known
    assert again.payment == first
    assert [each.id for each in again.invoices] == list(ids(world))
    assert state(world)[1] == (InvoiceStatus.ISSUED, 1100, 3800)


def test_another_sum_under_the_same_id_is_refused(world: World) -> None:
    pay(world, 6000)
    with pytest.raises(OtherPayment, match="'p1' is booked with 60.00 USD, not 70.00 USD"):
        pay(world, 7000)


@pytest.mark.parametrize("other", ["other", "acme's second", "nobody's"])
def test_another_customers_or_another_invoices_money_under_the_same_id_is_refused(world: World, other: str) -> None:
    first, second = ids(world)
    pay(world, 4900, invoice_ids=(first,))
    named = {"other": ids(world, "other"), "acme's second": (second,), "nobody's": ()}[other]
    before = world.everything()
    with pytest.raises(OtherPayment, match=f"'p1' is booked as acme's for {first}: book other money by another id"):
        pay(world, 4900, invoice_ids=named, customer_id="" if named else "other")
    assert pay(world, 4900, invoice_ids=(second, first), customer_id="acme").id == "p1"
    assert pay(world, 4900, invoice_ids=(), customer_id="acme").id == "p1"  # names none, so it says no other
    assert world.everything() == before


def test_eight_reports_of_one_payment_at_once_book_it_once(world: World) -> None:
    with ThreadPoolExecutor(8) as pool:
        payments = list(pool.map(lambda _: pay(world, 4900), range(8)))
    assert len({each.id for each in payments}) == 1
    assert state(world)[0] == (InvoiceStatus.PAID, 4900, 0)
    assert balance(world) == 0


def test_eight_different_payments_at_once_all_count(world: World) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: pay(world, 1500, id=f"p{number}"), range(8)))
    assert state(world) == [(InvoiceStatus.PAID, 4900, 0), (InvoiceStatus.PAID, 4900, 0)]
    assert balance(world) == 8 * 1500 - 9800


def test_a_payment_for_an_invoice_that_is_paid_already_becomes_credit(world: World) -> None:
    pay(world, 9800)
    second = pay(world, 4900, id="p2", invoice_ids=ids(world)[:1])
    assert (second.applications, second.to_balance) == ((), 4900)
    assert balance(world) == 4900


def test_a_payment_without_an_invoice_goes_to_the_customers_balance(world: World) -> None:
    assert pay(world, 700, invoice_ids=(), customer_id="other").to_balance == 700
    assert balance(world, "other") == 700


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"currency": "EUR"}, "currency: expected USD"),
        ({"customer_id": "other"}, "customer_id: expected one customer"),
        ({"invoice_ids": (), "customer_id": "other", "currency": "EUR"}, "currency: expected USD, the customer's"),
        ({"amount": 0}, "payment.amount: expected more than 0"),
    ],
)
def test_a_payment_that_fits_nothing_is_refused_and_changes_nothing(
    world: World, changes: dict[str, Any], named: str
) -> None:
    before = world.everything()
    with pytest.raises(InvalidInput, match=named):
        pay(world, changes.pop("amount", 100), **changes)
    assert world.everything() == before


@pytest.mark.parametrize("changes", [{"invoice_ids": ("nope",)}, {"invoice_ids": (), "customer_id": "nope"}])
def test_a_payment_for_nobody_is_not_found(world: World, changes: dict[str, Any]) -> None:
    with pytest.raises(NotFound, match="nope"):
        pay(world, 100, **changes)


def test_a_reversed_payment_is_owed_again_and_only_once(world: World) -> None:
    pay(world, 10_000)
    world.travels_to("2026-05-01")
    for _ in range(2):
        payment = reverse_payment(world.documents, "p1", reason="returned by the bank", call=call(world))
        assert payment.status is PaymentStatus.REVERSED
    assert state(world) == [(InvoiceStatus.OVERDUE, 0, 4900), (InvoiceStatus.OVERDUE, 0, 4900)]
    assert balance(world) == 0
    assert events(world) == ["payment.recorded", "payment.reversed"]


def test_before_its_due_date_a_reversed_invoice_is_issued_again(world: World) -> None:
    pay(world, 4900)
    reverse_payment(world.documents, "p1", reason="returned", call=call(world))
    assert world.invoices("acme")[0].status is InvoiceStatus.ISSUED
    assert world.invoices("acme")[0].paid_at is None


def test_a_dispute_changes_what_is_owed_only_when_it_is_lost(world: World) -> None:
    pay(world, 4900)
    assert dispute_payment(world.documents, "p1", reason="fraud", call=call(world)).status is PaymentStatus.DISPUTED
    dispute_payment(world.documents, "p1", reason="fraud", call=call(world))
    assert state(world)[0] == (InvoiceStatus.PAID, 4900, 0)
    won = settle_dispute(world.documents, "p1", won=True, reason="evidence", call=call(world))
    assert won.status is PaymentStatus.SUCCEEDED
    settle_dispute(world.documents, "p1", won=True, reason="evidence", call=call(world))
    world.travels_to("2026-03-02")
    dispute_payment(world.documents, "p1", reason="again", call=call(world))
    lost = settle_dispute(world.documents, "p1", won=False, reason="lost", call=call(world))
    assert lost.status is PaymentStatus.REVERSED
    assert state(world)[0] == (InvoiceStatus.ISSUED, 0, 4900)


def test_payments_are_found_by_invoice_customer_and_gateway(world: World) -> None:
    payment = pay(world, 5000, gateway_id="pi_1")
    payments = Payments.of(world.documents, world.tenant.id)
    found: Sequence[Any] = [
        *payments.of_invoice(ids(world)[0]),
        *payments.of_customer("acme"),
        payments.of_gateway("pi_1"),
    ]
    assert [each.value for each in found] == [payment] * 3
    assert payments.of_gateway("pi_2") is None
    assert [*payments.all()] == [payment]
