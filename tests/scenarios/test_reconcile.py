"""Transfers come in as statements: what they name is paid, the rest waits and says why."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.bank import BankEntry, EntryKind, StatementOutOfBalance
from billing.domain.bank_account import OtherAccount
from billing.domain.bank_transaction import Unmatched
from billing.domain.errors import InvalidInput, Unavailable
from billing.domain.invoice import InvoiceStatus
from billing.domain.payment import PaymentSource
from billing.domain.reconciliation import Booked, NotOurs, Settles, Waiting
from billing.store.pages import PageRequest
from billing.usecases.void_invoice import void_invoice
from billing.usecases.waiting_transactions import waiting_transactions
from tests.builders import utc
from tests.paying import balance, pay
from tests.reconciling import (
    BOTH,
    IBAN,
    ISSUED,
    PAID,
    a_credit,
    a_part,
    a_statement,
    call,
    imports,
    invoices_of_49,
    kinds,
    only,
    payments,
    state,
)
from tests.world import World


@pytest.fixture
def world() -> World:
    return invoices_of_49()


def test_a_transfer_pays_the_invoice_that_it_names(world: World) -> None:
    booked = only(imports(world, a_credit("rechnung inv 2026-02\n0001", payer="Lumen")))
    assert booked.parts == (a_part(world, "INV-2026-02-0001", 4900, Settles.FULL),)
    assert state(world)["INV-2026-02-0001"] == PAID
    [payment] = payments(world)
    assert payment.id == f"bank.{booked.transaction.id}"
    assert (payment.source, payment.reference, payment.method, payment.received_at) == (
        PaymentSource.BANK_TRANSFER,
        "rechnung inv 2026-02\n0001",
        "bank transfer from Lumen",
        utc("2026-03-03"),
    )


def test_a_transfer_for_several_invoices_pays_the_first_due_first(world: World) -> None:
    january = world.invoices("acme")[0]
    world.damages(f"invoices/{january.id}", {"due_on": "2026-03-02"})
    booked = only(imports(world, a_credit(BOTH, 7000)))
    assert booked.parts == (
        a_part(world, "INV-2026-01-0001", 4900, Settles.FULL),
        a_part(world, "INV-2026-02-0001", 2100, Settles.PARTIAL),
    )
    assert (booked.to_balance, state(world)["INV-2026-02-0001"]) == (0, (InvoiceStatus.ISSUED, 2800))


def test_what_is_over_is_the_customer_s_credit(world: World) -> None:
    report = imports(world, a_credit(BOTH, 10_000))
    assert (only(report).to_balance, balance(world), report.credited()) == (200, 200, {"USD": 200})


def test_several_transfers_pay_one_invoice_in_parts_and_the_one_too_many_becomes_credit(world: World) -> None:
    report = imports(world, *[a_credit("INV-2026-02-0001", 2450) for _ in range(3)])
    assert [each.parts[0].settles for each in report.outcomes if isinstance(each, Booked)] == [
        Settles.PARTIAL,
        Settles.FULL,
        Settles.NOTHING,
    ]
    assert (state(world)["INV-2026-02-0001"], balance(world)) == (PAID, 2450)


def test_a_transfer_that_comes_while_a_card_is_retried_pays_and_the_card_s_payment_becomes_credit(world: World) -> None:
    invoice = world.invoices("other")[0]
    imports(world, a_credit(invoice.number))
    pay(world, 4900, source=PaymentSource.CARD, invoice_ids=(invoice.id,))
    assert (state(world)[invoice.number], balance(world, "other")) == (PAID, 4900)


def test_a_transfer_that_comes_after_the_card_becomes_credit(world: World) -> None:
    invoice = world.invoices("other")[0]
    pay(world, 4900, source=PaymentSource.CARD, invoice_ids=(invoice.id,))
    booked = only(imports(world, a_credit(invoice.number)))
    assert booked.parts == (a_part(world, invoice.number, 0, Settles.NOTHING),)
    assert (booked.to_balance, balance(world, "other")) == (4900, 4900)


def test_other_ways_to_pay_are_closed_for_what_was_paid_in_full_alone(world: World) -> None:
    closed: list[str] = []
    imports(world, a_credit(BOTH, 7000), close=closed.append)
    assert closed == [world.invoices("acme")[0].id]


def test_a_gateway_that_does_not_answer_is_a_warning(world: World) -> None:
    def fails(_invoice_id: str) -> None:
        message = "no answer"
        raise Unavailable(message)

    report = imports(world, a_credit("INV-2026-01-0001"), close=fails)
    assert state(world)["INV-2026-01-0001"] == PAID
    assert [each.partition(": ")[2] for each in report.warnings] == [
        "other ways to pay it may still be open: no answer"
    ]


def test_amount_and_payer_alone_are_a_suggestion_and_no_booking(world: World) -> None:
    imports(world, a_credit("INV-2026-01-0001", payer_iban="DE02", bank_reference="REF-000001"))
    waiting = only(imports(world, a_credit("hello", payer="NIMBUS MEDIA", payer_iban="DE02")))
    assert waiting.transaction.reason is Unmatched.NO_REFERENCE
    assert [(each.invoice.number, each.why) for each in waiting.suggestions] == [
        (
            "INV-2026-02-0001",
            ("the amount is what is due", "the payer's account has paid for this customer before"),
        ),
        ("INV-2026-02-0002", ("the amount is what is due", "the payer's name is like Nimbus Media Inc.")),
    ]
    assert state(world)["INV-2026-02-0002"] == ISSUED
    assert [
        each.suggestions for each in waiting_transactions(world.documents, PageRequest(limit=5), tenant_id="acme")
    ] == [waiting.suggestions]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (a_credit("INV-2026-02-0001", currency="EUR"), Unmatched.WRONG_CURRENCY),
        (a_credit("INV-2026-02-0777"), Unmatched.UNKNOWN_REFERENCE),
        (a_credit("INV-2026-02-0001 INV-2026-02-0002"), Unmatched.SEVERAL_CUSTOMERS),
        (a_credit("INV-2026-02-00010"), Unmatched.NO_REFERENCE),
    ],
)
def test_what_waits_says_why(world: World, entry: BankEntry, reason: Unmatched) -> None:
    currency = "USD" if entry.currency == "USD" else "EUR"
    report = imports(world, a_statement(entry, currency=currency))
    assert only(report).transaction.reason is reason
    assert report.totals(Waiting) == {currency: 4900}
    assert payments(world) == []


def test_money_for_a_void_invoice_waits_and_its_revision_is_suggested(world: World) -> None:
    invoice = world.invoices("other")[0]
    void_invoice(world.documents, invoice.number, reason="wrong", call=call(world))
    revision = world.invoices("acme")[0]
    world.damages(f"invoices/{revision.id}", {"replaces": invoice.number})
    waiting = only(imports(world, a_credit(invoice.number, 1)))
    assert waiting.transaction.reason is Unmatched.VOID_INVOICE
    assert [each.why for each in waiting.suggestions] == [(f"it stands for {invoice.number}, which the text names",)]


def test_debits_and_fees_are_counted_and_nothing_else(world: World) -> None:
    before = world.everything()
    kinds_of = (EntryKind.DEBIT, EntryKind.DEBIT_REVERSED)
    report = imports(world, *[a_credit("INV-2026-02-0001", kind=kind) for kind in kinds_of])
    assert (kinds(report), report.totals(NotOurs)) == ([NotOurs, NotOurs], {"USD": 9800})
    assert world.everything() == before


# what is refused


def test_a_statement_of_another_account_is_refused(world: World) -> None:
    with pytest.raises(OtherAccount, match=f"account: expected {IBAN}, the tenant's own, got 'DE02'"):
        imports(world, a_statement(a_credit("INV-2026-01-0001"), account="DE02"))
    assert payments(world) == []


def test_a_statement_that_does_not_add_up_is_refused_with_the_figures(world: World) -> None:
    statement = a_statement(a_credit("INV-2026-01-0001"), opening=10_000, closing=15_000)
    expected = "expected 149.00 USD, as it began with 100.00 USD and its entries come to 49.00 USD, got '150.00 USD'"
    with pytest.raises(StatementOutOfBalance, match=expected):
        imports(world, statement)
    assert payments(world) == []


@pytest.mark.parametrize("field", ["booked_on", "valued_on"])
def test_a_day_more_than_31_days_ahead_is_refused_and_nothing_is_booked(world: World, field: str) -> None:
    today = call(world).recorded_at.date()
    last, later = today + timedelta(days=31), today + timedelta(days=32)
    near, far = a_credit("INV-2026-01-0001"), a_credit("INV-2026-02-0001\n2nd")
    near, far = replace(near, **{field: last}), replace(far, **{field: later})  # type: ignore[arg-type]
    expected = (
        f"{field}: expected {last} at the latest, 31 days ahead, in the entry of 49.00 USD 'INV-2026-02-0001 2nd'"
    )
    with pytest.raises(InvalidInput, match=expected):
        imports(world, near, far)
    assert payments(world) == []
    assert kinds(imports(world, near)) == [Booked]


def test_a_tenant_without_an_account_has_no_statements() -> None:
    world = World()
    with pytest.raises(InvalidInput, match="bank: expected an account in the settings of acme"):
        imports(world, a_credit("x"))


def test_a_customer_with_another_currency_now_is_left_to_a_person(world: World) -> None:
    world.damages("customers/acme", {"currency": "EUR"})
    waiting = only(imports(world, a_credit("INV-2026-01-0001")))
    assert (waiting.transaction.reason, waiting.transaction.explanation) == (
        Unmatched.REFUSED,
        "currency: expected EUR, the customer's, got 'USD'",
    )
