"""Every file that is made of an issued document: its PDF, and the e-invoices that its tenant has on.

With Factur-X the PDF is a PDF/A-3 with the XML in it, and the XML stands beside it too; UBL is a file of its own.
"""

from collections.abc import Collection

from billing.domain.credit import CreditNote
from billing.domain.invoice import Invoice
from billing.domain.tenant import EInvoiceFormat
from billing.render.branding import Branding
from billing.render.credit_note_pdf import render_credit_note
from billing.render.invoice_pdf import render_invoice


def invoice_files(invoice: Invoice, *, branding: Branding, formats: Collection[EInvoiceFormat]) -> dict[str, bytes]:
    """The files of an issued invoice by suffix; equal arguments give equal bytes."""
    pdf = render_invoice(invoice, branding=branding)
    if not formats:
        return {"pdf": pdf}
    from billing.render.e_invoice.documents import e_invoice_of
    from billing.render.e_invoice.formats import e_invoice_files

    return e_invoice_files(e_invoice_of(invoice), pdf=pdf, formats=formats)


def credit_note_files(
    credit_note: CreditNote, *, branding: Branding, formats: Collection[EInvoiceFormat], invoice_number: str
) -> dict[str, bytes]:
    """The files of an issued credit note by suffix; `invoice_number` is that of the invoice that it corrects."""
    pdf = render_credit_note(credit_note, branding=branding, invoice_number=invoice_number)
    if not formats:
        return {"pdf": pdf}
    from billing.render.e_invoice.documents import e_credit_note_of
    from billing.render.e_invoice.formats import e_invoice_files

    return e_invoice_files(e_credit_note_of(credit_note, credited_number=invoice_number), pdf=pdf, formats=formats)
