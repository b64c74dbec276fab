"""What the bank takes back is found, and owed again; what only looks like it is left alone."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from billing.domain.bank import EntryKind
from billing.domain.bank_transaction import BankTransaction, TransactionStatus, Unmatched
from billing.domain.payment import PaymentStatus
from billing.domain.reconciliation import AlreadyKnown, Booked, TakenBack, Waiting
from billing.store.pages import PageRequest
from billing.usecases.waiting_transactions import waiting_transactions
from tests.paying import balance
from tests.reconciling import ISSUED, a_credit, imports, invoices_of_49, kinds, only, payments, state
from tests.world import World


@pytest.fixture
def world() -> World:
    return invoices_of_49()


@pytest.mark.parametrize("kind", [EntryKind.CREDIT_REVERSED, EntryKind.DEBIT])
@pytest.mark.parametrize("shared", [{"end_to_end_id": "E2E-4711"}, {"bank_reference": "BANK-0001"}])
def test_what_the_bank_takes_back_is_owed_again(world: World, kind: EntryKind, shared: dict[str, str]) -> None:
    imports(world, a_credit("INV-2026-01-0001", 6000, **shared))
    back = a_credit("returned", 6000, kind=kind, booked_on=date(2026, 3, 9), valued_on=date(2026, 3, 9), **shared)
    undone = only(imports(world, back))
    assert isinstance(undone, TakenBack)
    assert (state(world)["INV-2026-01-0001"], balance(world)) == (ISSUED, 0)
    assert [each.status for each in payments(world)] == [PaymentStatus.REVERSED]
    assert only(imports(world, back)) == AlreadyKnown(transaction=undone_as_read(undone))


def undone_as_read(outcome: TakenBack) -> BankTransaction:
    return replace(
        outcome.transaction,
        status=TransactionStatus.UNMATCHED,
        payment_id="",
        customer_id="",
        explanation="",
    )


def test_a_reversal_before_its_credit_in_the_file_is_understood(world: World) -> None:
    credit = a_credit("INV-2026-01-0001", end_to_end_id="E2E-4711")
    report = imports(world, replace(credit, kind=EntryKind.CREDIT_REVERSED, remittance="x"), credit)
    assert kinds(report) == [TakenBack, Booked]
    assert state(world)["INV-2026-01-0001"] == ISSUED


def test_a_reversal_without_ids_is_found_by_number_and_amount_if_there_is_one_alone(world: World) -> None:
    imports(world, a_credit("INV-2026-01-0001", 2000))
    back = a_credit("return of INV-2026-01-0001", 2000, kind=EntryKind.CREDIT_REVERSED)
    assert kinds(imports(world, back)) == [TakenBack]
    imports(world, *[a_credit("INV-2026-02-0001", 2000)] * 2)
    again = a_credit("return of INV-2026-02-0001", 2000, kind=EntryKind.CREDIT_REVERSED)
    assert only(imports(world, again)).transaction.reason is Unmatched.NOTHING_TO_REVERSE


def test_two_reversals_take_back_two_of_a_kind(world: World) -> None:
    credit = a_credit("INV-2026-01-0001", 1000, end_to_end_id="E2E-4711")
    imports(world, credit, credit)
    back = replace(credit, kind=EntryKind.CREDIT_REVERSED, remittance="")
    assert kinds(imports(world, back, back, back)) == [TakenBack, TakenBack, Waiting]
    assert state(world)["INV-2026-01-0001"] == ISSUED


def test_a_transfer_that_waits_and_is_taken_back_waits_no_more(world: World) -> None:
    imports(world, a_credit("hello", end_to_end_id="E2E-4711"))
    report = imports(world, a_credit("", kind=EntryKind.CREDIT_REVERSED, end_to_end_id="E2E-4711"))
    assert (kinds(report), payments(world)) == ([TakenBack], [])
    assert waiting_transactions(world.documents, PageRequest(limit=5), tenant_id="acme") == ()


@pytest.mark.parametrize(
    "changes", [{"amount": 4800}, {"end_to_end_id": "NOTPROVIDED"}, {"booked_on": date(2026, 3, 1)}]
)
def test_another_sum_no_id_or_an_earlier_day_takes_nothing_back(world: World, changes: dict[str, Any]) -> None:
    imports(world, a_credit("INV-2026-01-0001", end_to_end_id="E2E-4711"))
    reversal = a_credit("", kind=EntryKind.CREDIT_REVERSED, end_to_end_id="E2E-4711")
    waiting = only(imports(world, replace(reversal, **changes)))
    assert waiting.transaction.reason is Unmatched.NOTHING_TO_REVERSE
    assert waiting.suggestions == ()
