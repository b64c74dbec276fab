"""Settle issued credit notes: PDF, e-invoice and JSON, each under `credit_notes/{tenant}/{year}/{number}`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from billing.domain.credit import CreditNote
from billing.domain.run_report import Settled
from billing.ports import Documents, Objects
from billing.store.credit_notes import CreditNotes, decode_credit_note
from billing.store.invoices import Invoices
from billing.usecases.file_document import Files
from billing.usecases.issued_json import filed_under, issued_json
from billing.usecases.settle_documents import Desk, sweep_all


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedCredit:
    """A credit note, and the number of the invoice that it corrects: the law asks for it (art. 219), not for our id."""

    credit_note: CreditNote
    invoice_number: str


RenderCreditNotes = Callable[[Sequence[NumberedCredit]], Iterable[Files]]
"""Makes the files of credit notes, in their order: the same bytes for the same credit note."""


def sweep_credit_notes(
    documents: Documents,
    objects: Objects,
    *,
    tenant_id: str,
    render: RenderCreditNotes,
    out_of_time: Callable[[], bool],
) -> Settled:
    """Settle every credit note of a tenant with steps pending, a page at a time."""

    def made(credit_notes: Sequence[CreditNote]) -> Iterable[Files]:
        return render(_numbered(Invoices.of(documents, tenant_id), credit_notes))

    desk = Desk(
        documents=documents,
        objects=objects,
        repository=CreditNotes.of(documents, tenant_id),
        decode=decode_credit_note,
        as_issued=lambda credit_note: replace(credit_note, pending=(), attachments=()),
        render=made,
        json=issued_json,
        key=lambda credit_note: filed_under("credit_notes", tenant_id, credit_note),
    )
    return sweep_all(desk, out_of_time=out_of_time)


def _numbered(invoices: Invoices, credit_notes: Sequence[CreditNote]) -> list[NumberedCredit]:
    """Each with its invoice's number, read at once; "" where the invoice is of another system."""
    found = invoices.get([each.invoice_id for each in credit_notes])
    return [
        NumberedCredit(credit_note=each, invoice_number="" if invoice is None else invoice.value.number)
        for each, invoice in zip(credit_notes, found, strict=True)
    ]
