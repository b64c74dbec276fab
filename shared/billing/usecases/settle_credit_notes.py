"""Settle issued credit notes: file what is made of them, give money back, send the mail, then take the steps off.

Files stand under `credit_notes/{tenant}/{year}/{number}`. A crash anywhere leaves the steps on the note, and the next
sweep does them again, which is harmless: objects are written only if absent, a refund is one by the note's id, and the
mail is the same mail.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from billing.domain.collected import Collected
from billing.domain.credit import CreditNote
from billing.domain.errors import BillingError
from billing.domain.invoice import Attachment, SettlementStep
from billing.domain.notice import Notice, NoticeKind
from billing.domain.run_report import Settled, SettlementFailure
from billing.ports import Documents, Gateway, Objects, Update, WriteConflict
from billing.store.collection import Stored
from billing.store.credit_notes import CreditNotes, decode_credit_note
from billing.store.invoices import Invoices
from billing.usecases.call import Call
from billing.usecases.deliver import Mailing, deliver
from billing.usecases.file_document import Files
from billing.usecases.issued_json import filed_under, issued_json
from billing.usecases.refund_credit import refund_credit
from billing.usecases.settle_documents import Desk, Filed, failure_of, file_all, sweep_all
from billing.usecases.wanted_mails import wanted_mails

_ATTEMPTS = 4
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedCredit:
    """A credit note, and the number of the invoice that it corrects: the law asks for it (art. 219), not for our id."""

    credit_note: CreditNote
    invoice_number: str


RenderCreditNotes = Callable[[Sequence[NumberedCredit]], Iterable[Files]]
"""Makes the files of credit notes, in their order: the same bytes for the same credit note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditSettlement:
    """How one tenant's credit notes are settled; steps that there is nothing for (None) wait.

    `call` says who settles, now; the gateway is made when it is first needed.
    """

    documents: Documents
    objects: Objects
    tenant_id: str
    render: RenderCreditNotes
    call: Callable[[], Call]
    gateway: Callable[[], Gateway] | None = None
    mailing: Mailing | None = None

    @property
    def notes(self) -> CreditNotes:
        """The tenant's credit notes."""
        return CreditNotes.of(self.documents, self.tenant_id)

    @property
    def desk(self) -> Desk[CreditNote]:
        """How their files are made."""
        return Desk(
            documents=self.documents,
            objects=self.objects,
            collection=self.notes.collection,
            decode=decode_credit_note,
            as_issued=lambda credit_note: replace(credit_note, pending=(), attachments=()),
            render=lambda notes: self.render(_numbered(Invoices.of(self.documents, self.tenant_id), notes)),
            json=issued_json,
            key=lambda credit_note: filed_under("credit_notes", self.tenant_id, credit_note),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """A credit note, its steps that are done, its files, and what went wrong."""

    note: Stored[CreditNote]
    steps: frozenset[SettlementStep]
    attachments: tuple[Attachment, ...]
    failures: tuple[SettlementFailure, ...] = ()
    mailed: int = 0


def sweep_credit_notes(settlement: CreditSettlement, *, out_of_time: Callable[[], bool], after: str = "") -> Settled:
    """Settle every credit note of a tenant with steps pending, a page at a time, from after an id."""
    settle = partial(settle_credit_notes, settlement)
    return sweep_all(settlement.desk, out_of_time=out_of_time, settle=settle, after=after)


def settle_credit_notes(settlement: CreditSettlement, notes: Sequence[Stored[CreditNote]]) -> Settled:
    """Do the pending steps of issued credit notes; one that can't be settled keeps its steps and stops no other."""
    filed, unfiled = file_all(settlement.desk, notes)
    files, failed = {each.document.value.id: each for each in filed}, {each.invoice_id for each in unfiled}
    done = [_do(settlement, each, files.get(each.value.id)) for each in notes if each.value.id not in failed]
    failures = [*unfiled, *(failure for each in done for failure in each.failures)]
    failures += _take_off(settlement, [each for each in done if each.steps])
    failed = {each.invoice_id for each in failures}
    return Settled(
        done=[each.note.value.id for each in done if each.steps and each.note.value.id not in failed],
        failures=failures,
        collected=Collected(mailed=sum(each.mailed for each in done)),
    )


def _do(settlement: CreditSettlement, note: Stored[CreditNote], filed: Filed[CreditNote] | None) -> _Done:
    pending, attachments = note.value.pending, note.value.attachments if filed is None else filed.attachments
    done = _Done(note=note, steps=frozenset({SettlementStep.RENDER} if filed else ()), attachments=attachments)
    try:
        if SettlementStep.REFUND in pending and refund_credit(
            settlement.documents, note.value, gateway=settlement.gateway, call=settlement.call()
        ):
            done = replace(done, steps=done.steps | {SettlementStep.REFUND})
    except BillingError as error:
        done = replace(done, failures=(failure_of(note.value.id, error),))
    if SettlementStep.DELIVER in pending and settlement.mailing is not None:
        done = _mailed(settlement, settlement.mailing, done)
    return done


def _mailed(settlement: CreditSettlement, mailing: Mailing, done: _Done) -> _Done:
    """The mail to the customer; there is none about an invoice that another system issued."""
    note = done.note.value
    [invoice] = Invoices.of(settlement.documents, settlement.tenant_id).get([note.invoice_id])
    if invoice is None:
        return replace(done, steps=done.steps | {SettlementStep.DELIVER})
    try:
        notice = Notice(
            kind=NoticeKind.CREDIT_NOTE_ISSUED,
            tenant=mailing.tenant,
            invoice=invoice.value,
            sent_at=settlement.call().recorded_at,
            credit_note=note,
            reason=note.reason,
            pdf=next(settlement.objects.get(each.key) for each in done.attachments if each.content_type == _PDF),
        )
    except BillingError as error:
        return replace(done, failures=(*done.failures, failure_of(note.id, error)))
    delivery = deliver(mailing, wanted_mails(settlement.documents, [notice]))
    if delivery.error is not None:
        return replace(done, failures=(*done.failures, failure_of(note.id, delivery.error)))
    return replace(done, steps=done.steps | {SettlementStep.DELIVER}, mailed=delivery.sent)


def _take_off(settlement: CreditSettlement, done: Sequence[_Done], *, attempt: int = 1) -> list[SettlementFailure]:
    """Take the finished steps off, together where nobody else did meanwhile; what can't be written."""
    if not done:
        return []
    try:
        settlement.documents.commit([_settled(settlement, each) for each in done])
    except WriteConflict as error:
        if attempt == _ATTEMPTS:
            return [failure_of(each.note.value.id, error) for each in done]
        found = settlement.notes.get([each.note.value.id for each in done])
        left = [
            replace(each, note=now)
            for each, now in zip(done, found, strict=True)
            if now is not None and each.steps & {*now.value.pending}
        ]
        return _take_off(settlement, left, attempt=attempt + 1)
    return []


def _settled(settlement: CreditSettlement, done: _Done) -> Update:
    pending = tuple(step for step in done.note.value.pending if step not in done.steps)
    attachments = done.attachments or done.note.value.attachments
    return settlement.notes.settled(done.note, pending=pending, attachments=attachments)


def _numbered(invoices: Invoices, credit_notes: Sequence[CreditNote]) -> list[NumberedCredit]:
    """Each with its invoice's number, read at once; "" where the invoice is of another system."""
    found = invoices.get([each.invoice_id for each in credit_notes])
    return [
        NumberedCredit(credit_note=each, invoice_number="" if invoice is None else invoice.value.number)
        for each, invoice in zip(credit_notes, found, strict=True)
    ]
