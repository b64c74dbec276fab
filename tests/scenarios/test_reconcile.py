"""Transfers come in as statements: what they name is paid, once; the rest waits; what the bank takes back is owed."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from billing.domain.bank import BankEntry, EntryKind, OtherAccount, Statement, StatementFormat, StatementOutOfBalance
from billing.domain.bank_transaction import BankTransaction, TransactionDecided, TransactionStatus, Unmatched
from billing.domain.errors import InvalidInput, NotFound, Unavailable
from billing.domain.invoice import BankDetails, InvoiceStatus
from billing.domain.payment import PaymentSource, PaymentStatus
from billing.domain.reconciliation import (
    AlreadyKnown,
    Booked,
    NotOurs,
    Outcome,
    Part,
    ReconciliationReport,
    Settles,
    TakenBack,
    Waiting,
)
from billing.ports import Documents, StoreUnavailable, Write
from billing.store.customers import Customers
from billing.store.payments import Payments
from billing.usecases.call import Call
from billing.usecases.decide_transaction import ignore_transaction, match_transaction, unmatch_transaction
from billing.usecases.reconcile import ReconcileOptions, reconcile
from billing.usecases.record_payment import NewPayment, record_payment
from billing.usecases.void_invoice import void_invoice
from billing.usecases.waiting_transactions import waiting_transactions
from tests.builders import a_fee, a_party, a_plan, a_tenant, utc
from tests.watched_documents import WatchedDocuments
from tests.world import World

IBAN = "DE89370400440532013000"
ACCOUNT = BankDetails(account_holder="Acme", iban=IBAN)
MARCH = date(2026, 3, 3)
BOTH = "INV-2026-02-0001 INV-2026-01-0001"


@pytest.fixture
def world() -> World:
    """Invoices of 49.00: acme's of January and February, other's of February (INV-2026-02-0002)."""
    world = World(tenant=a_tenant(bank=ACCOUNT))
    plan = world.plan(a_plan(fees=[a_fee("49.00")]))
    world.customer("acme", party=a_party(name="Lumen Health GmbH"))
    world.customer("other", party=a_party(name="Nimbus Media Inc."))
    world.subscribes("acme", to=plan, on="2026-01-01")
    world.subscribes("other", to=plan, on="2026-02-01")
    world.travels_to("2026-03-01")
    world.runs_billing()
    assert world.numbers() == ["INV-2026-01-0001", "INV-2026-02-0001", "INV-2026-02-0002"]
    return world


def a_credit(remittance: str = "", amount: int = 4900, **changes: Any) -> BankEntry:  # noqa: ANN401 - any field
    entry = BankEntry(
        kind=EntryKind.CREDIT,
        amount=amount,
        currency="USD",
        booked_on=MARCH,
        valued_on=MARCH,
        remittance=remittance,
    )
    return replace(entry, **changes)


def a_statement(*entries: BankEntry, **changes: Any) -> Statement:  # noqa: ANN401
    statement = Statement(format=StatementFormat.CAMT053, account=IBAN, number="3", currency="USD", entries=entries)
    return replace(statement, **changes)


def call(world: World) -> Call:
    return Call(tenant_id=world.tenant.id, actor="kenji", recorded_at=world.now)


def imports(
    world: World,
    *statements: Statement | BankEntry,
    through: Documents | None = None,
    **options: Any,  # noqa: ANN401
) -> ReconciliationReport:
    entries = [each for each in statements if isinstance(each, BankEntry)]
    given = [each for each in statements if isinstance(each, Statement)] + ([a_statement(*entries)] if entries else [])
    return reconcile(through or world.documents, given, call=call(world), options=ReconcileOptions(**options))


def kinds(report: ReconciliationReport) -> list[type[Outcome]]:
    return [type(each) for each in report.outcomes]


def only(report: ReconciliationReport) -> Any:  # noqa: ANN401 - whichever outcome it was
    [outcome] = report.outcomes
    return outcome


def state(world: World) -> dict[str, tuple[InvoiceStatus, int]]:
    return {each.number: (each.status, each.amount_due) for each in world.invoices()}


def balance(world: World, customer: str = "acme") -> int:
    [stored] = Customers.of(world.documents, world.tenant.id).get([customer])
    assert stored is not None
    return stored.value.credit_balance


def payments(world: World) -> Sequence[Any]:
    return Payments.of(world.documents, world.tenant.id).page(limit=100)


def a_part(world: World, number: str, amount: int, settles: Settles) -> Part:
    [invoice_id] = [each.id for each in world.invoices() if each.number == number]
    return Part(invoice_id=invoice_id, number=number, amount=amount, settles=settles)


PAID, ISSUED = (InvoiceStatus.PAID, 0), (InvoiceStatus.ISSUED, 4900)


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
    new = NewPayment(
        id="stripe.pi_1",
        amount=4900,
        currency="USD",
        source=PaymentSource.CARD,
        received_at=world.now,
        invoice_ids=(invoice.id,),
        gateway_id="pi_1",
    )
    record_payment(world.documents, new, call=call(world))
    assert (state(world)[invoice.number], balance(world, "other")) == (PAID, 4900)


def test_a_transfer_that_comes_after_the_card_becomes_credit(world: World) -> None:
    invoice = world.invoices("other")[0]
    new = NewPayment(
        id="stripe.pi_1",
        amount=4900,
        currency="USD",
        source=PaymentSource.CARD,
        received_at=world.now,
        invoice_ids=(invoice.id,),
    )
    record_payment(world.documents, new, call=call(world))
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
    assert [each.suggestions for each in waiting_transactions(world.documents, tenant_id="acme", limit=5)] == [
        waiting.suggestions
    ]


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


# once


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
    other_world = World(tenant=world.tenant)
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


# what the bank takes back


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
    assert waiting_transactions(world.documents, tenant_id="acme", limit=5) == ()


@pytest.mark.parametrize(
    "changes", [{"amount": 4800}, {"end_to_end_id": "NOTPROVIDED"}, {"booked_on": date(2026, 3, 1)}]
)
def test_another_sum_no_id_or_an_earlier_day_takes_nothing_back(world: World, changes: dict[str, Any]) -> None:
    imports(world, a_credit("INV-2026-01-0001", end_to_end_id="E2E-4711"))
    reversal = a_credit("", kind=EntryKind.CREDIT_REVERSED, end_to_end_id="E2E-4711")
    waiting = only(imports(world, replace(reversal, **changes)))
    assert waiting.transaction.reason is Unmatched.NOTHING_TO_REVERSE
    assert waiting.suggestions == ()


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


# by hand


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
    assert waiting_transactions(world.documents, tenant_id="acme", limit=5) == ()
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
