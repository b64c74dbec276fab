"""The head of the first page: who bills whom, which invoice this is, and its dates."""

from billing.render.invoice_view import InvoiceView, PartyBlock
from billing.render.logo import logo
from billing.render.page_flow import CONTENT_WIDTH, GREY, LEADING, LEFT, RIGHT, SMALL, TEXT, PageFlow
from billing.render.sheet import Sheet
from billing.render.wrapping import wrap

_LOGO_WIDTH, _LOGO_HEIGHT = 180.0, 46.0
_WORDMARK, _WORDMARK_LEADING, _WORDMARK_WIDTH = 17.0, 21.0, 300.0
_TITLE = 24.0
_MARK_COLOURS = {"PAID": "0.09 0.5 0.25", "VOID": "0.75 0.13 0.13", "DRAFT": GREY}
_HEADING_SHARES = (0.23, 0.2, 0.2, 0.37)
_GUTTER = 28.0


def draw_masthead(flow: PageFlow, *, view: InvoiceView, logo_png: bytes, accent: str) -> None:
    """Draw logo or name, title and status mark, buyer and seller, and the strip with number and dates."""
    left = (
        _draw_logo(flow, logo_png=logo_png) if logo_png else _draw_wordmark(flow, name=view.seller.name, accent=accent)
    )
    right = _draw_title(flow, view=view, accent=accent)
    flow.y -= max(left, right) + 26
    _draw_parties(flow, view=view)
    _draw_heading(flow, view=view, accent=accent)


def _draw_logo(flow: PageFlow, *, logo_png: bytes) -> float:
    picture = logo(logo_png)
    scale = min(_LOGO_WIDTH / picture.width, _LOGO_HEIGHT / picture.height)
    width, height = picture.width * scale, picture.height * scale
    flow.sheet.picture(picture, x=LEFT, y=flow.y - height, width=width, height=height)
    return height


def _draw_wordmark(flow: PageFlow, *, name: str, accent: str) -> float:
    lines = wrap(name, width=_WORDMARK_WIDTH, size=_WORDMARK, bold=True)
    for number, line in enumerate(lines):
        baseline = flow.y - 15 - number * _WORDMARK_LEADING
        flow.sheet.text(line, x=LEFT, y=baseline, size=_WORDMARK, bold=True, colour=accent)
    return len(lines) * _WORDMARK_LEADING


def _draw_title(flow: PageFlow, *, view: InvoiceView, accent: str) -> float:
    flow.sheet.text("INVOICE", x=RIGHT, y=flow.y - 18, size=_TITLE, bold=True, colour=accent, align="right")
    baseline = flow.y - 34
    if view.number:
        flow.sheet.text(view.number, x=RIGHT, y=baseline, size=10, colour=GREY, align="right")
    if view.mark:
        _draw_mark(flow.sheet, mark=view.mark, y=flow.y - 58)
        return 62
    return 40


def _draw_mark(sheet: Sheet, *, mark: str, y: float) -> None:
    colour = _MARK_COLOURS[mark]
    width = sheet.text(mark, x=RIGHT - 8, y=y + 5.5, size=10, bold=True, colour=colour, align="right")
    sheet.frame(x=RIGHT - width - 16, y=y, width=width + 16, height=18, colour=colour)


def _draw_parties(flow: PageFlow, *, view: InvoiceView) -> None:
    width = (CONTENT_WIDTH - _GUTTER) / 2
    heights = (
        _draw_party(flow, party=view.buyer, x=LEFT, width=width),
        _draw_party(flow, party=view.seller, x=LEFT + width + _GUTTER, width=width),
    )
    flow.y -= max(heights) + 16


def _draw_party(flow: PageFlow, *, party: PartyBlock, x: float, width: float) -> float:
    y = flow.y - SMALL
    flow.sheet.text(party.label.upper(), x=x, y=y, size=SMALL - 0.5, colour=GREY)
    y -= 3
    for line in wrap(party.name, width=width, size=TEXT + 1, bold=True):
        y -= LEADING + 1
        flow.sheet.text(line, x=x, y=y, size=TEXT + 1, bold=True)
    y -= 2
    for line in party.lines:
        for part in wrap(line, width=width, size=TEXT):
            y -= LEADING
            flow.sheet.text(part, x=x, y=y, size=TEXT)
    return flow.y - y


def _draw_heading(flow: PageFlow, *, view: InvoiceView, accent: str) -> None:
    flow.sheet.rule(x=LEFT, y=flow.y, width=CONTENT_WIDTH, thickness=1.2, colour=accent)
    x, lowest = LEFT, flow.y
    for field, share in zip(view.heading, _HEADING_SHARES, strict=True):
        width = CONTENT_WIDTH * share
        flow.sheet.text(field.label, x=x, y=flow.y - 14, size=SMALL, colour=GREY)
        y = flow.y - 14
        for line in wrap(field.value, width=width - 10, size=TEXT, bold=True):
            y -= LEADING
            flow.sheet.text(line, x=x, y=y, size=TEXT, bold=True)
        x, lowest = x + width, min(lowest, y)
    flow.y = lowest - 24
