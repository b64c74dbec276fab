"""`/api/billing/invoices/...`: what a person does with single invoices. Each writes one audit record."""

from typing import Annotated

from fastapi import Response
from pydantic import Field

from billing.adapters.book_files.cell_types import Email
from billing.api.routes.books import Books, changing
from billing.api.routes.conditions import Seen
from billing.api.routes.credit_notes import CreditNoteAnswer
from billing.api.routes.documents import SettlementFailureAnswer
from billing.api.routes.invoice_answers import InvoiceAnswer, SettledInvoiceAnswer, invoice_answer
from billing.api.routes.models import AnswerModel, GivenModel, Id, NamedId, Reason
from billing.api.routes.noun import noun
from billing.api.routes.reviews import ReviewAnswer
from billing.domain.credit import CreditNote
from billing.domain.run_report import Settled
from billing.store.collection import Stored
from billing.store.credit_notes import CreditNotes
from billing.store.invoices import Invoices
from billing.usecases.approve_invoices import ApprovalReport, approve_invoices
from billing.usecases.reissue_invoice import CreditedInstead, reissue_invoice
from billing.usecases.reject_invoice import reject_invoice
from billing.usecases.send_invoice import Sending, send_invoice
from billing.usecases.version_check import VersionCheck, any_version
from billing.usecases.void_invoice import void_invoice
from billing.usecases.write_off_invoice import write_off_invoice

router = noun("invoices")
Changing = Annotated[Books, changing("invoices")]


class GivenReason(GivenModel):
    """Why something is done, for the audit log."""

    reason: Reason


class GivenApproval(GivenModel):
    """The held invoices to issue, by id."""

    invoice_ids: Annotated[list[Id], Field(min_length=1, max_length=200)]


class GivenSending(GivenModel):
    """Where to send an invoice; without it, to the customer's own address."""

    to: Email | None = None


class SentAnswer(AnswerModel):
    """Where an invoice was sent to, and the Message-ID of the mail."""

    invoice_id: str
    number: str
    to: str
    message_id: str


class ReissuedAnswer(AnswerModel):
    """What a void invoice is in its new form: an invoice, or a credit note where it comes out below zero.

    The other one is null. What is unsettled, the next run does.
    """

    invoice: InvoiceAnswer | None
    credit_note: CreditNoteAnswer | None
    unsettled: list[SettlementFailureAnswer]


class SummaryAnswer(AnswerModel):
    """An invoice that was issued; `total` in minor units of `currency`."""

    id: str
    number: str
    customer_id: str
    subscription_id: str
    currency: str
    total: int


class ApprovalFailureAnswer(AnswerModel):
    """An invoice that could not be issued, and why."""

    invoice_id: str
    code: str
    message: str


class ApprovalAnswer(AnswerModel):
    """What was issued in the order of numbers, what had been before, what could not be, and what is left to settle."""

    approved: list[SummaryAnswer]
    unchanged: list[str]
    failures: list[ApprovalFailureAnswer]
    unsettled: list[SettlementFailureAnswer]


@router.post("/approve")
def approve(given: GivenApproval, books: Changing) -> ApprovalAnswer:
    """Issue held invoices. One that was issued before stays as it is; one that fails stops no other."""
    return _approval(_approved(books, given.invoice_ids))


@router.post("/{invoice_id}/approve")
def approve_one(invoice_id: NamedId, books: Changing, seen: Seen) -> SettledInvoiceAnswer:
    """Issue one held invoice; again changes nothing."""
    report = _approved(books, [invoice_id], seen=seen)
    for failure in report.failures:
        raise failure.error
    return _settled(books, invoice_id, report.settled)


@router.post("/{invoice_id}/reject")
def reject(invoice_id: NamedId, given: GivenReason, books: Changing, seen: Seen) -> ReviewAnswer:
    """Take a held invoice back: the next run bills its cycle anew. One made by hand is discarded."""
    review = reject_invoice(books.documents, invoice_id, note=given.reason, call=books.call, seen=seen)
    return ReviewAnswer.model_validate(review)


@router.post("/{id_or_number}/void")
def void(id_or_number: NamedId, given: GivenReason, books: Changing, seen: Seen) -> InvoiceAnswer:
    """Make an unpaid invoice void; it keeps its number, and its hosted page is closed. Again changes nothing."""
    settle = books.engine.run_options(books.tenant_id).settle
    invoice = void_invoice(
        books.documents, id_or_number, reason=given.reason, call=books.call, settle=settle, seen=seen
    )
    return invoice_answer(invoice)


@router.post("/{id_or_number}/write-off")
def write_off(id_or_number: NamedId, given: GivenReason, books: Changing, seen: Seen) -> InvoiceAnswer:
    """Give an invoice up: nobody is chased any more, and money that comes all the same is booked."""
    invoice = write_off_invoice(books.documents, id_or_number, reason=given.reason, call=books.call, seen=seen)
    return invoice_answer(invoice)


@router.post("/{id_or_number}/send")
def send(id_or_number: NamedId, books: Changing, seen: Seen, given: GivenSending | None = None) -> SentAnswer:
    """Mail an issued invoice with its PDF once more. Each request is a mail; with one Idempotency-Key all are one."""
    to = (given.to if given is not None else None) or ""
    asked = Sending(id=books.access.new_id("sending"), claim_id=books.access.fresh_id, to=to)
    engine = books.engine
    mailing = engine.mailing(books.tenant)
    sent = send_invoice(
        books.documents, id_or_number, asked, objects=engine.objects, mailing=mailing, call=books.call, seen=seen
    )
    invoice = sent.invoice
    return SentAnswer(invoice_id=invoice.id, number=invoice.number, to=sent.to, message_id=sent.message_id)


@router.post("/{id_or_number}/reissue", status_code=201)
def reissue(id_or_number: NamedId, books: Changing, response: Response, seen: Seen) -> ReissuedAnswer:
    """Invoice the period of a void invoice again, with a new number, as things stand now.

    What comes out below zero is a credit note onto the customer's balance.
    """
    options = books.engine.run_options(books.tenant_id)
    issued = reissue_invoice(books.documents, id_or_number, call=books.call, payment_url=options.payment_url, seen=seen)
    if isinstance(issued, CreditedInstead):
        return _credited(books, issued.credit_note, response)
    settled = options.settle([issued], {})
    response.headers["Location"] = f"/api/billing/invoices/{issued.value.id}"
    answer = _settled(books, issued.value.id, settled)
    return ReissuedAnswer(invoice=answer.invoice, credit_note=None, unsettled=answer.unsettled)


def _credited(books: Books, issued: Stored[CreditNote], response: Response) -> ReissuedAnswer:
    settled = books.engine.settle_credit_notes(books.tenant, [issued])
    note = CreditNotes.of(books.documents, books.tenant_id).named(issued.value.id).value
    response.headers["Location"] = f"/api/billing/credit-notes/{note.id}"
    answer = CreditNoteAnswer.model_validate(note)
    return ReissuedAnswer(invoice=None, credit_note=answer, unsettled=unsettled(settled))


def _approved(books: Books, invoice_ids: list[str], *, seen: VersionCheck = any_version) -> ApprovalReport:
    options = books.engine.run_options(books.tenant_id)
    return approve_invoices(books.documents, invoice_ids, call=books.call, options=options, seen=seen)


def _approval(report: ApprovalReport) -> ApprovalAnswer:
    failures = [
        ApprovalFailureAnswer(invoice_id=each.invoice_id, code=each.error.code, message=str(each.error))
        for each in report.failures
    ]
    return ApprovalAnswer(
        approved=[SummaryAnswer.model_validate(each) for each in report.approved],
        unchanged=report.unchanged,
        failures=failures,
        unsettled=unsettled(report.settled),
    )


def _settled(books: Books, invoice_id: str, settled: Settled) -> SettledInvoiceAnswer:
    invoice = Invoices.of(books.documents, books.tenant_id).named(invoice_id).value
    return SettledInvoiceAnswer(invoice=invoice_answer(invoice), unsettled=unsettled(settled))


def unsettled(settled: Settled) -> list[SettlementFailureAnswer]:
    """What could not be settled."""
    return [SettlementFailureAnswer.model_validate(each) for each in settled.failures]
