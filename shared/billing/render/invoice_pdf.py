"""The invoice as a PDF: everything of semantics 7, byte for byte the same for the same invoice."""

from billing.domain.invoice import Invoice
from billing.render.branding import Branding
from billing.render.closing import draw_notes, draw_payment, draw_totals, totals_height
from billing.render.document_view import DocumentView
from billing.render.invoice_view import invoice_view
from billing.render.line_table import draw_table
from billing.render.masthead import draw_masthead
from billing.render.page_flow import PageFlow

__all__ = ["Branding", "draw_document", "render_invoice"]

_PLAIN = Branding()


def render_invoice(invoice: Invoice, *, branding: Branding = _PLAIN) -> bytes:
    """Draw an invoice in its locale, zone and currency; equal arguments give equal bytes, in any process.

    Reads nothing but its arguments and the packaged fonts. A logo that is no PNG is `InvalidInput`.
    """
    return draw_document(invoice_view(invoice, footer=branding.footer), branding=branding)


def draw_document(view: DocumentView, *, branding: Branding) -> bytes:
    """Draw what a document says in the seller's look."""
    flow = PageFlow(view, branding=branding)
    draw_masthead(flow, logo_png=branding.logo_png)
    draw_table(flow, with_last=totals_height(flow))
    draw_notes(flow, beside=draw_totals(flow))
    if view.payment:
        draw_payment(flow, payment=view.payment)
    flow.draw_footers()
    return flow.to_bytes()
