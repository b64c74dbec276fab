"""A person decides on what waits: books it, takes a booking apart, sets it aside."""

import pytest

from billing.domain.bank import BankEntry, EntryKind
from billing.domain.bank_transaction import TransactionDecided, Unmatched
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.reconciliation import AlreadyKnown, Settles, Waiting
from billing.store.pages import PageRequest
from billing.usecases.decide_transaction import ignore_transaction, match_transaction, unmatch_transaction
from billing.usecases.waiting_transactions import waiting_transactions
from tests.reconciling import ISSUED, PAID, a_credit, call, imports, invoices_of_49, kinds, only, payments, state
from tests.world import World


@pytest.fixture
def world() -> World:
    return invoices_of_49()


def queued(world: World, entry: BankEntry) -> str:
    outcome = only(imports(world, entry))
    assert isinstance(outcome, Waiting)
    return outcome.transaction.id


def test_a_person_books_what_waits(world: World) -> None:
    waiting = queued(world, a_credit("for both", 7000))
    numbers = ["INV-2026-02-0001", "INV-2026-01-0001"]
    booked = match_transaction(world.documents, waiting, numbers, note="they called", call=call(world))
    assert [(each.number, each.amount, each.settles) for each in booked.parts] == [
        ("INV-2026-01-0001", 4900, Settles.FULL),
        ("INV-2026-02-0001", 2100, Settles.PARTIAL),
    ]
    with pytest.raises(TransactionDecided, match=f"is matched already, as payment bank.{waiting}"):
        match_transaction(world.documents, waiting, numbers, call=call(world))
    with pytest.raises(TransactionDecided):
        ignore_transaction(world.documents, waiting, note="", call=call(world))
    assert kinds(imports(world, a_credit("for both", 7000))) == [AlreadyKnown]
    assert sorted(events(world, waiting)) == ["bank_transaction.matched", "bank_transaction.unmatched"]


def events(world: World, transaction_id: str) -> list[str]:
    return [
        str(record["event"])
        for batch in world.collection("audit")
        for record in batch.fields["records"]  # type: ignore[union-attr]
        if isinstance(record, dict) and record["entity"] == f"bank_transactions/{transaction_id}"
    ]


def test_a_booking_can_be_taken_apart_and_made_on_another_invoice(world: World) -> None:
    booked = only(imports(world, a_credit("INV-2026-01-0001"))).transaction
    for _ in range(2):
        again = unmatch_transaction(world.documents, booked.id, note="wrong one", call=call(world))
        assert (again.reason, state(world)["INV-2026-01-0001"]) == (Unmatched.TAKEN_APART, ISSUED)
        world.travels_to("2026-03-05")
        match_transaction(world.documents, booked.id, ["INV-2026-02-0002"], call=call(world))
        assert state(world)["INV-2026-02-0002"] == PAID
    assert [each.id for each in payments(world)] == [f"bank.{booked.id}{end}" for end in ("", ".1", ".2")]
    imports(world, a_credit("INV-2026-01-0001"))
    assert state(world)["INV-2026-01-0001"] == ISSUED


def test_what_is_set_aside_waits_no_more_and_can_still_be_booked(world: World) -> None:
    waiting = queued(world, a_credit("interest"))
    for _ in range(2):
        assert ignore_transaction(world.documents, waiting, note="interest", call=call(world)).note == "interest"
    assert waiting_transactions(world.documents, PageRequest(limit=5), tenant_id="acme") == ()
    match_transaction(world.documents, waiting, ["INV-2026-01-0001"], call=call(world))
    assert state(world)["INV-2026-01-0001"] == PAID


def test_what_can_not_be_decided_is_refused(world: World) -> None:
    reversal = queued(world, a_credit("", kind=EntryKind.CREDIT_REVERSED))
    with pytest.raises(InvalidInput, match="expected money that came in"):
        match_transaction(world.documents, reversal, ["INV-2026-01-0001"], call=call(world))
    waiting = queued(world, a_credit("hello"))
    with pytest.raises(InvalidInput, match="expected at least one"):
        match_transaction(world.documents, waiting, [], call=call(world))
    with pytest.raises(NotFound, match="invoice 'nope'"):
        match_transaction(world.documents, waiting, ["nope"], call=call(world))
    with pytest.raises(NotFound, match="transaction 'nope'"):
        ignore_transaction(world.documents, "nope", note="", call=call(world))
    with pytest.raises(InvalidInput, match="expected a transfer that is booked"):
        unmatch_transaction(world.documents, waiting, note="", call=call(world))
