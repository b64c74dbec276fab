"""The credit note as a PDF: what an invoice's document says, of money that goes the other way."""

from billing.domain.credit import CreditNote
from billing.render.branding import Branding
from billing.render.credit_note_view import credit_note_view
from billing.render.invoice_pdf import draw_document

_PLAIN = Branding()


def render_credit_note(credit_note: CreditNote, *, branding: Branding = _PLAIN, invoice_number: str = "") -> bytes:
    """Draw a credit note in its locale, zone and currency; equal arguments give equal bytes, in any process.

    `invoice_number` is the number of the invoice that it corrects; without it the document names the invoice's id.
    """
    view = credit_note_view(credit_note, footer=branding.footer, invoice_number=invoice_number)
    return draw_document(view, branding=branding)
