"""The invoice as a PDF: everything of semantics 7, on A4, byte for byte the same for the same invoice."""

import re
from dataclasses import dataclass

from billing.domain.errors import InvalidInput
from billing.domain.invoice import Invoice
from billing.render.closing import draw_notes, draw_payment, draw_totals, totals_height
from billing.render.invoice_view import invoice_view
from billing.render.line_table import draw_table
from billing.render.masthead import draw_masthead
from billing.render.page_flow import CONTENT_WIDTH, GREY, HAIRLINE, LEFT, RIGHT, SMALL, PageFlow
from billing.render.wrapping import wrap

_ACCENT = re.compile(r"#[0-9a-fA-F]{6}")
_FOOTER_Y = 50.0
_FOOTER_LINES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Branding:
    """The seller's look: a PNG logo (else the name stands there), a colour as #rrggbb, a closing line for each page."""

    logo_png: bytes = b""
    accent: str = "#1f3a5f"
    footer: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no colour, with `InvalidInput`."""
        if not _ACCENT.fullmatch(self.accent):
            raise InvalidInput("branding.accent", expected="a colour as #rrggbb", given=self.accent)


_PLAIN = Branding()


def render_invoice(invoice: Invoice, *, branding: Branding = _PLAIN) -> bytes:
    """Draw an invoice in its locale, zone and currency; equal arguments give equal bytes, in any process.

    Reads nothing but its arguments and the packaged fonts. A logo that is no PNG is `InvalidInput`.
    """
    view = invoice_view(invoice, footer=branding.footer)
    accent = _operand(branding.accent)
    flow = PageFlow(view)
    draw_masthead(flow, view=view, logo_png=branding.logo_png, accent=accent)
    draw_table(flow, rows=view.rows, decimal_sign=view.decimal_sign, with_last=totals_height(view.totals))
    draw_totals(flow, totals=view.totals)
    draw_notes(flow, notes=view.notes)
    if view.payment:
        draw_payment(flow, payment=view.payment, accent=accent)
    _draw_footers(flow, footer=view.footer)
    return flow.document.to_bytes()


def _draw_footers(flow: PageFlow, *, footer: str) -> None:
    lines = wrap(footer, width=CONTENT_WIDTH - 90, size=SMALL)[:_FOOTER_LINES]
    sheets = flow.document.sheets
    for number, sheet in enumerate(sheets, start=1):
        sheet.rule(x=LEFT, y=_FOOTER_Y, width=CONTENT_WIDTH, colour=HAIRLINE)
        for place, line in enumerate(lines):
            sheet.text(line, x=LEFT, y=_FOOTER_Y - 13 - place * 10, size=SMALL, colour=GREY)
        page = f"Page {number} of {len(sheets)}"
        sheet.text(page, x=RIGHT, y=_FOOTER_Y - 13, size=SMALL, colour=GREY, align="right")


def _operand(accent: str) -> str:
    return " ".join(f"{int(accent[i : i + 2], 16) / 255:.3f}" for i in (1, 3, 5))
