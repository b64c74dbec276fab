"""Settle issued invoices: what is pending outside the database is done, then the steps are taken off in one commit."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.run_report import Settled
from billing.ports import Documents, Objects
from billing.store.collection import Stored
from billing.store.invoices import Invoices, decode_invoice
from billing.usecases.file_document import Files
from billing.usecases.issued_json import filed_under, issued_json
from billing.usecases.settle_credit_notes import RenderCreditNotes, sweep_credit_notes
from billing.usecases.settle_documents import Desk, settle, sweep_all

Render = Callable[[Sequence[Invoice]], Iterable[Files]]
"""Makes the files of invoices, in their order: the same bytes for the same invoice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Where and how one tenant's documents are settled; without `render_credit_notes` those wait."""

    documents: Documents
    objects: Objects
    tenant_id: str
    render: Render
    render_credit_notes: RenderCreditNotes | None = None

    @property
    def invoices(self) -> Desk[Invoice]:
        """How the tenant's invoices are settled."""
        return Desk(
            documents=self.documents,
            objects=self.objects,
            repository=Invoices.of(self.documents, self.tenant_id),
            decode=decode_invoice,
            as_issued=as_issued,
            render=self.render,
            json=invoice_json,
            key=lambda invoice: filed_under("invoices", self.tenant_id, invoice),
        )


def settle_invoices(settlement: Settlement, invoices: Sequence[Stored[Invoice]]) -> Settled:
    """Do the pending steps of issued invoices, as they were just committed or read.

    One that can't be settled keeps its steps and is named with its error; it stops no other.
    """
    return settle(settlement.invoices, invoices)


def sweep(settlement: Settlement, *, out_of_time: Callable[[], bool]) -> Settled:
    """Settle what earlier runs left, and every credit note that waits, a page at a time."""
    settled = sweep_all(settlement.invoices, out_of_time=out_of_time)
    if settlement.render_credit_notes is not None:
        settled += sweep_credit_notes(
            settlement.documents,
            settlement.objects,
            tenant_id=settlement.tenant_id,
            render=settlement.render_credit_notes,
            out_of_time=out_of_time,
        )
    return settled


def object_key(tenant_id: str, invoice: Invoice, *, suffix: str) -> str:
    """Where an invoice's file stands."""
    return f"{filed_under('invoices', tenant_id, invoice)}.{suffix}"


def as_issued(invoice: Invoice) -> Invoice:
    """The invoice as it was when it was issued: a file made late, or again, says nothing of what happened since.

    What the credit balance paid was paid at issue.
    """
    status = InvoiceStatus.PAID if invoice.total == invoice.balance_applied else InvoiceStatus.ISSUED
    return replace(
        invoice,
        status=status,
        amount_paid=invoice.balance_applied,
        amount_credited=0,
        attempts=(),
        checkout_id="",
        paid_at=None,
        pending=(),
        attachments=(),
    )


def invoice_json(invoice: Invoice) -> bytes:
    """The invoice as it was issued, as JSON: amounts in minor units, exact decimals as text, keys sorted."""
    return issued_json(as_issued(invoice))
