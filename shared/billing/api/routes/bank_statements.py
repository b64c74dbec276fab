"""`/api/billing/bank-statements`: what a bank says came in, and what a person decides on what waits."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import Field

from billing.api.problem import MalformedRequest
from billing.api.routes.books import Books, changing, reading
from billing.api.routes.field_names import by_name, said_of
from billing.api.routes.models import AnswerModel, GivenModel, Id, NamedId, Reason, Text
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging, Several, any_of
from billing.domain.bank import EntryKind, Statement, StatementFormat
from billing.domain.bank_transaction import BankTransaction, TransactionStatus, Unmatched
from billing.domain.reconciliation import (
    AlreadyKnown,
    Booked,
    NotOurs,
    ReconciliationReport,
    Settles,
    TakenBack,
    Waiting,
)
from billing.store.bank_transactions import BankTransactions
from billing.store.codec import decode
from billing.store.pages import page_by_id
from billing.usecases.decide_transaction import ignore_transaction, match_transaction, unmatch_transaction
from billing.usecases.reconcile import ReconcileOptions, close_ways, reconcile
from billing.usecases.waiting_transactions import waiting_transactions

router = noun("bank-statements")
Reading = Annotated[Books, reading("bank-statements")]
Changing = Annotated[Books, changing("bank-statements")]
_MATCHED = by_name(dict.fromkeys(("customer_id", "currency", "invoice_ids"), "invoices"))

_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class EntryAnswer(AnswerModel):
    """What the bank says of a transfer; `amount` in minor units of `currency`."""

    kind: EntryKind
    amount: int
    currency: str
    booked_on: date
    valued_on: date
    remittance: str
    payer: str
    payer_iban: str
    end_to_end_id: str
    bank_reference: str


class TransactionAnswer(AnswerModel):
    """A transfer and what became of it; `reason` and `explanation` say why it waits."""

    id: str
    status: TransactionStatus
    entry: EntryAnswer
    payment_id: str
    customer_id: str
    reason: Unmatched | None
    explanation: str
    note: str


class PartAnswer(AnswerModel):
    """What an invoice got of a transfer."""

    invoice_id: str
    number: str
    amount: int
    settles: Settles


class BookedAnswer(AnswerModel):
    """A transfer that paid invoices; what was over is `to_balance`."""

    transaction: TransactionAnswer
    parts: list[PartAnswer]
    to_balance: int


class SuggestedInvoiceAnswer(AnswerModel):
    """An open invoice that a transfer may pay."""

    invoice_id: str
    number: str
    customer_id: str
    customer_name: str
    currency: str
    amount_due: int


class SuggestionAnswer(AnswerModel):
    """A suggestion, and each reason to think so; it is never booked by itself."""

    invoice: SuggestedInvoiceAnswer
    why: list[str]


class WaitingAnswer(AnswerModel):
    """A transfer that waits, and what it may be for."""

    transaction: TransactionAnswer
    suggestions: list[SuggestionAnswer]


class ImportAnswer(AnswerModel):
    """What became of each transfer of a file; importing it again changes nothing.

    `pending` entries are announced and not booked, `zero` have no amount: both are left out.
    """

    transactions: int
    already_known: int
    ignored: int
    taken_back: int
    pending: int
    zero: int
    booked: list[BookedAnswer]
    waiting: list[WaitingAnswer]
    warnings: list[str]


class GivenMatch(GivenModel):
    """The invoices, by id or number, that a transfer pays, the first due first."""

    invoices: Annotated[list[Id], Field(min_length=1, max_length=50)]
    note: Text = ""


class GivenTransactionReason(GivenModel):
    """Why it is decided so."""

    reason: Reason


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post("", openapi_extra=_FILE)
def upload(
    books: Changing,
    body: Annotated[bytes, Depends(_body)],
    *,
    file_format: Annotated[StatementFormat | None, Query(alias="format")] = None,
    dry_run: bool = False,
) -> ImportAnswer:
    """Import a camt.053, MT940 or CSV file, sent as the body; what names an open invoice is booked."""
    options = ReconcileOptions(dry_run=dry_run, close=books.other_ways.close)
    statements = _statements(body, file_format=file_format)
    return _answer(reconcile(books.documents, statements, call=books.call, options=options))


@router.get("/transactions")
def list_transactions(
    books: Reading, paging: Paging, *, status: Several[TransactionStatus]
) -> Paged[TransactionAnswer]:
    """List transfers in the order of their ids."""
    found = page_by_id(
        BankTransactions.of(books.documents, books.tenant_id).collection,
        paging.wanted,
        read=lambda each: decode(each.fields, BankTransaction),
        equals={"status": any_of(status)},
    )
    return paging.answer(found, TransactionAnswer, id_of=lambda each: each.id)


@router.get("/unmatched")
def list_unmatched(books: Reading, paging: Paging) -> Paged[WaitingAnswer]:
    """List the transfers that wait for a person in the order of their ids, with the open invoices each may be for."""
    found = waiting_transactions(books.documents, paging.wanted, tenant_id=books.tenant_id)
    return paging.answer(found, WaitingAnswer, id_of=lambda each: each.transaction.id)


@router.post("/transactions/{transaction_id}/match")
def match(transaction_id: NamedId, given: GivenMatch, books: Changing) -> BookedAnswer:
    """Book a transfer that waits, or was set aside, on invoices."""
    with said_of(_MATCHED):
        booked = match_transaction(books.documents, transaction_id, given.invoices, note=given.note, call=books.call)
    close_ways([booked], close=books.other_ways.close)
    return BookedAnswer.model_validate(booked)


@router.post("/transactions/{transaction_id}/unmatch")
def unmatch(transaction_id: NamedId, given: GivenTransactionReason, books: Changing) -> TransactionAnswer:
    """Take the booking of a transfer back: what it paid is owed again, and it waits again."""
    done = unmatch_transaction(books.documents, transaction_id, note=given.reason, call=books.call)
    return TransactionAnswer.model_validate(done)


@router.post("/transactions/{transaction_id}/ignore")
def ignore(transaction_id: NamedId, given: GivenTransactionReason, books: Changing) -> TransactionAnswer:
    """Take a transfer out of the queue without booking it; again changes nothing."""
    done = ignore_transaction(books.documents, transaction_id, note=given.reason, call=books.call)
    return TransactionAnswer.model_validate(done)


def _statements(body: bytes, *, file_format: StatementFormat | None) -> tuple[Statement, ...]:
    from billing.adapters.bank_statements import read_statements  # noqa: PLC0415 - loads lxml and mt940
    from billing.adapters.bank_statements.unreadable import UnreadableStatement  # noqa: PLC0415 - the same

    with TemporaryDirectory(prefix="billing-statement-") as folder:
        file = Path(folder) / "statement"
        file.write_bytes(body)
        try:
            return read_statements(file, file_format=file_format)
        except UnreadableStatement as error:
            message = f"the body is no statement that can be read: {error}"
            raise MalformedRequest(message) from error


def _answer(report: ReconciliationReport) -> ImportAnswer:
    return ImportAnswer(
        transactions=len(report.outcomes),
        already_known=report.count(AlreadyKnown),
        ignored=report.count(NotOurs),
        taken_back=report.count(TakenBack),
        pending=report.pending,
        zero=report.zero,
        booked=[BookedAnswer.model_validate(each) for each in report.outcomes if isinstance(each, Booked)],
        waiting=[WaitingAnswer.model_validate(each) for each in report.outcomes if isinstance(each, Waiting)],
        warnings=[*report.warnings],
    )
