"""A statement imported again, at once, in another format or after a crash books each transfer once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from billing.domain.bank import EntryKind, StatementFormat
from billing.domain.bank_transaction import Unmatched, transactions_of
from billing.domain.invoice import BankDetails
from billing.domain.reconciliation import AlreadyKnown, Booked, TakenBack, Waiting
from billing.ports import StoreUnavailable, Write
from billing.usecases.change_tenant import change_tenant
from billing.usecases.decide_transaction import match_transaction
from billing.usecases.keep_transaction import keep_new
from tests.paying import balance
from tests.reconciling import (
    BOTH,
    IBAN,
    ISSUED,
    PAID,
    a_credit,
    a_statement,
    call,
    imports,
    invoices_of_49,
    kinds,
    only,
    payments,
    state,
)
from tests.watched_documents import WatchedDocuments
from tests.world import World


@pytest.fixture
def world() -> World:
    return invoices_of_49()


def test_the_same_statement_again_changes_nothing(world: World) -> None:
    statement = a_statement(a_credit("INV-2026-02-0001"), a_credit("hello"), a_credit("hello"))
    assert kinds(imports(world, statement)) == [Booked, Waiting, Waiting]
    before = world.everything()
    assert kinds(imports(world, statement)) == [AlreadyKnown] * 3
    assert kinds(imports(world, statement, statement)) == [AlreadyKnown] * 6
    assert world.everything() == before


def test_overlapping_statements_book_their_common_days_once(world: World) -> None:
    first, second = a_credit("INV-2026-01-0001", 2000), a_credit("INV-2026-01-0001", 2900)
    imports(world, a_statement(first, number="1"))
    assert kinds(imports(world, a_statement(first, second, number="2"))) == [AlreadyKnown, Booked]
    assert state(world)["INV-2026-01-0001"] == PAID


def test_equal_transfers_on_the_pages_of_one_statement_are_each_booked(world: World) -> None:
    pages = [a_statement(a_credit("INV-2026-02-0001", 2450), page=page) for page in ("1", "2", "2")]
    assert kinds(imports(world, *pages)) == [Booked, Booked, AlreadyKnown]
    assert state(world)["INV-2026-02-0001"] == PAID


def test_a_running_number_of_the_file_is_no_reference_of_the_bank(world: World) -> None:
    first = a_statement(a_credit("INV-2026-01-0001", bank_reference="1"), number="1")
    second = a_statement(a_credit("INV-2026-02-0001", bank_reference="1"), number="2")
    assert kinds(imports(world, first)) + kinds(imports(world, second)) == [Booked, Booked]


@pytest.mark.parametrize(
    ("camt", "swift"),
    [
        ({"bank_reference": "20260303-000047"}, {"bank_reference": "20260303000047"}),
        ({"bank_reference": "2026030312345678-0047"}, {"bank_reference": "2026030312345678"}),
        ({"bank_reference": "A2026030300047"}, {"bank_reference": "", "remittance": "inv2026-02 0001 THANKS"}),
        ({"bank_reference": "A2026030300047"}, {"bank_reference": "OTHER-SYSTEM-1"}),
    ],
)
def test_a_transfer_in_camt_and_mt940_is_booked_once(world: World, camt: dict, swift: dict) -> None:
    entry = a_credit("INV-2026-02-0001 thanks", end_to_end_id="E2E-4711")
    imports(world, a_statement(replace(entry, **camt)))
    other = a_statement(replace(entry, **swift), format=StatementFormat.MT940, number="00003")
    assert kinds(imports(world, other)) == [AlreadyKnown]
    assert kinds(imports(world, other)) == [AlreadyKnown]


def test_two_transfers_in_camt_are_two_in_mt940(world: World) -> None:
    twice = [a_credit("INV-2026-02-0001", 2450, bank_reference=f"CAMT-REF-{each}") for each in (1, 2)]
    assert kinds(imports(world, a_statement(*twice[:1]))) == [Booked]
    swift = [replace(each, bank_reference=each.bank_reference.replace("CAMT", "SWIFT")) for each in twice]
    other = a_statement(*swift, format=StatementFormat.MT940)
    assert kinds(imports(world, other)) == [AlreadyKnown, Booked]
    assert kinds(imports(world, other)) == [AlreadyKnown, AlreadyKnown]
    assert len(payments(world)) == 2


def test_an_own_id_of_the_payer_makes_it_another_transfer_in_every_format(world: World) -> None:
    one, other = (a_credit("INV-2026-02-0001", 2450, end_to_end_id=f"E2E-000{each}") for each in (1, 2))
    assert kinds(imports(world, one)) == [Booked]
    assert kinds(imports(world, a_statement(other, format=StatementFormat.MT940))) == [Booked]


def test_a_transfer_known_by_its_reference_is_no_twin_of_another(world: World) -> None:
    one, other = (a_credit("INV-2026-02-0001", 2450, bank_reference=f"REFERENCE-{each}") for each in (1, 2))
    imports(world, a_statement(one))
    assert kinds(imports(world, a_statement(one, other, format=StatementFormat.MT940))) == [AlreadyKnown, Booked]


BATCH = "BATCH001"


def test_a_reference_that_comes_again_with_another_text_waits_once(world: World) -> None:
    """Banks number a day's collected bookings, so that the reference of one is another's in the next file."""
    first = a_statement(
        *(a_credit(f"INV-2026-0{month}-0001", bank_reference=BATCH) for month in (1, 2)), a_credit("hello")
    )
    assert kinds(imports(world, first)) == [Booked, Booked, Waiting]
    third = a_statement(a_credit("INV-2026-02-0002", bank_reference=BATCH), number="4")
    waiting = only(imports(world, third))
    assert waiting.transaction.reason is Unmatched.KNOWN_REFERENCE
    assert "another text or end-to-end id" in waiting.transaction.explanation
    assert waiting.suggestions[0].invoice.number == "INV-2026-02-0002"
    again = a_statement(*third.entries, *first.entries[::-1], number="5")
    assert kinds(imports(world, again)) == [AlreadyKnown] * 4
    assert state(world)["INV-2026-02-0002"] == ISSUED

    match_transaction(world.documents, waiting.transaction.id, ["INV-2026-02-0002"], call=call(world))
    assert state(world)["INV-2026-02-0002"] == PAID
    assert kinds(imports(world, again)) == [AlreadyKnown] * 4


def test_a_reference_told_anew_beside_all_that_had_it_is_another_transfer(world: World) -> None:
    one, other = (a_credit(f"INV-2026-0{month}-0001", bank_reference=BATCH) for month in (1, 2))
    assert kinds(imports(world, one)) == [Booked]
    assert kinds(imports(world, a_statement(other, one, number="4"))) == [Booked, AlreadyKnown]


@pytest.mark.parametrize("changed", [{"end_to_end_id": "P2"}, {"remittance": "INV-2026-01-0001 INV-2026-02-0001"}])
def test_what_a_bank_tells_anew_of_a_reference_waits(world: World, changed: dict) -> None:
    entry = a_credit("INV-2026-01-0001", bank_reference=BATCH, end_to_end_id="P1")
    assert kinds(imports(world, entry)) == [Booked]
    assert kinds(imports(world, replace(entry, **changed))) == [Waiting]
    assert kinds(imports(world, replace(entry, **changed))) == [AlreadyKnown]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("/REMI/INV-2026-02-0001 danke Mueller/", True),
        ("INV-2026-02-0001", True),
        ("INV-2026\n-02-0001 danke\nM.ller", True),
        ("", True),
        ("INV-2026-02-0002 danke Muller", False),
        ("INV-2026-02-00011", False),
    ],
)
def test_a_text_of_the_same_reference_may_be_written_otherwise_in_another_format(
    world: World, text: str, known: bool
) -> None:
    entry = a_credit("INV-2026-02-0001 danke Müller", bank_reference=BATCH)
    imports(world, entry)
    swift = a_statement(replace(entry, remittance=text), format=StatementFormat.MT940)
    assert kinds(imports(world, swift)) == [AlreadyKnown if known else Waiting]
    assert kinds(imports(world, swift)) == [AlreadyKnown]


def test_what_an_older_program_imported_by_its_reference_is_known(world: World) -> None:
    entry = a_credit("INV-2026-02-0001", bank_reference="20260303-000047")
    [new] = transactions_of([a_statement(entry)], iban=IBAN)
    keep_new(world.documents, replace(new, id="0123456789abcdef0123"), call=call(world))
    assert kinds(imports(world, entry)) == [AlreadyKnown]


def test_an_account_that_gets_an_iban_beside_its_number_is_still_the_same(world: World) -> None:
    number = BankDetails(account_holder="Acme", account_number="0532013000", routing_number="37040044")
    statement = a_statement(a_credit("INV-2026-02-0001"), a_credit("hello"), account="532013000")
    _has_account(world, number)
    assert kinds(imports(world, statement)) == [Booked, Waiting]
    _has_account(world, replace(number, iban=IBAN, account_number="532 013 000"))
    assert kinds(imports(world, statement)) == [AlreadyKnown, AlreadyKnown]
    assert kinds(imports(world, a_statement(*statement.entries, a_credit("more")))) == [AlreadyKnown] * 2 + [Waiting]


def _has_account(world: World, bank: BankDetails) -> None:
    change_tenant(world.documents, lambda before: replace(before, bank=bank), call=call(world))


def test_a_reversal_told_anew_waits(world: World) -> None:
    paid = [a_credit(f"INV-2026-0{month}-0001", bank_reference=BATCH) for month in (1, 2)]
    back = a_credit("R1", kind=EntryKind.CREDIT_REVERSED, bank_reference=BATCH)
    assert kinds(imports(world, *paid, back)) == [Booked, Booked, TakenBack]
    assert kinds(imports(world, replace(back, remittance="R1 and more"))) == [Waiting]


def test_eight_imports_at_once_book_everything_once(world: World) -> None:
    statement = a_statement(a_credit(BOTH, 10_000), a_credit("hello"), a_credit("INV-2026-02-0002", 100))
    with ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(lambda _: imports(world, statement), range(8)))
    assert sum(each.count(Booked) for each in reports) == 2
    assert sum(each.count(Waiting) for each in reports) == 1
    assert (len(payments(world)), balance(world)) == (2, 200)
    assert len(world.collection("bank_transactions")) == 3


class Killed(Exception):
    """The process ends here."""


@pytest.mark.parametrize("after", range(9))
def test_an_import_killed_after_any_commit_is_finished_by_the_next(world: World, after: int) -> None:
    other_world = World(tenant=world.tenant, now=world.now)
    other_world.copies(world)
    statement = a_statement(
        a_credit("INV-2026-01-0001", end_to_end_id="E2E-0001"),
        a_credit(BOTH, 5000),
        a_credit("hello"),
        a_credit("", kind=EntryKind.CREDIT_REVERSED, end_to_end_id="E2E-0001"),
    )
    imports(other_world, statement)

    left = after

    def kill(_writes: Sequence[Write]) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    with suppress(Killed):
        imports(world, statement, through=WatchedDocuments(world.documents, after=kill))
    imports(world, statement)
    assert state(world) == state(other_world)
    assert balance(world) == balance(other_world)
    assert [(each.id, each.status) for each in payments(world)] == [
        (each.id, each.status) for each in payments(other_world)
    ]
    assert statuses(world) == statuses(other_world)


def statuses(world: World) -> dict[str, str]:
    return {each.id: str(each.fields["status"]) for each in world.collection("bank_transactions")}


def test_a_store_that_does_not_answer_ends_the_import_and_nothing_is_lost(world: World) -> None:
    def fail(_writes: Sequence[Write]) -> None:
        raise StoreUnavailable("sqlite", reason="gone")

    with pytest.raises(StoreUnavailable):
        imports(world, a_credit("INV-2026-01-0001"), through=WatchedDocuments(world.documents, before=fail))
    assert kinds(imports(world, a_credit("INV-2026-01-0001"))) == [Booked]


def test_a_dry_run_says_the_same_and_writes_nothing(world: World) -> None:
    statement = a_statement(
        a_credit("INV-2026-01-0001", 3000, end_to_end_id="E2E-0001"),
        a_credit(BOTH, 10_000),
        a_credit("hello"),
        a_credit("", 3000, kind=EntryKind.CREDIT_REVERSED, end_to_end_id="E2E-0001"),
        a_credit("", kind=EntryKind.DEBIT),
    )
    before = world.everything()
    dry = imports(world, statement, dry_run=True)
    assert world.everything() == before
    assert imports(world, statement) == dry
    assert kinds(imports(world, statement, dry_run=True))[:4] == [AlreadyKnown] * 4
