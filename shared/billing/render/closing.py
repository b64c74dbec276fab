"""What closes an invoice: the totals, the notes, how to pay."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.render.invoice_view import Field, PaymentBlock
from billing.render.page_flow import (
    CONTENT_WIDTH,
    GREY,
    LEADING,
    LEFT,
    RIGHT,
    SMALL,
    SMALL_LEADING,
    TEXT,
    PageFlow,
)
from billing.render.qr import qr_modules, qr_operations
from billing.render.sheet import INK
from billing.render.typesetting import typeset
from billing.render.wrapping import wrap

_TOTALS_WIDTH = 270.0
_TOTALS_LEADING, _STRONG_LEADING = 16.0, 20.0
_STRONG = 10.5
_LABEL_WIDTH = 84.0
_QR, _QR_GAP = 82.0, 26.0  # the gap holds the quiet zone of the coarsest code
_SMALLEST_MODULE = 1.3  # 0.46 mm: what a telephone reads from paper
_LONGEST_CODE = 1000  # bytes; a denser code can't be read from paper at this size
_LINKS = ("https://", "http://")  # nothing else is made clickable


def totals_height(totals: Sequence[Field]) -> float:
    """The room that the totals take below the table."""
    return 10 + sum(len(lines) * leading for _, lines, leading in _set_totals(totals))


def draw_totals(flow: PageFlow, *, totals: Sequence[Field]) -> None:
    """Draw subtotal, taxes, total, paid and due, all on one page."""
    flow.keep_together(totals_height(totals))
    left = RIGHT - _TOTALS_WIDTH
    flow.y -= 8
    for field, lines, leading in _set_totals(totals):
        size = _STRONG if field.strong else TEXT
        if field.strong:
            flow.sheet.rule(x=left, y=flow.y - 3, width=_TOTALS_WIDTH, thickness=0.8, colour=GREY)
        baseline = flow.y - leading + 3
        for number, line in enumerate(lines):
            flow.sheet.text(line, x=left, y=baseline - number * leading, size=size, bold=field.strong)
        flow.sheet.text(field.value, x=RIGHT, y=baseline, size=size, bold=field.strong, align="right")
        flow.y -= leading * len(lines)
    flow.y -= 2


def draw_notes(flow: PageFlow, *, notes: Sequence[str]) -> None:
    """Draw the notes below each other; a long one goes on on the next page."""
    flow.keep_together(14 + SMALL_LEADING * 3)
    flow.y -= 14
    for note in notes:
        for line in wrap(note, width=CONTENT_WIDTH, size=SMALL + 0.5):
            flow.keep_together(SMALL_LEADING + 1)
            flow.y -= SMALL_LEADING + 1
            flow.sheet.text(line, x=LEFT, y=flow.y, size=SMALL + 0.5)
        flow.y -= 3


def draw_payment(flow: PageFlow, *, payment: PaymentBlock, accent: str) -> None:
    """Draw the bank details, the link and the QR codes, all on one page."""
    codes = [
        _Code(url=payment.url, caption="Pay online", modules=_modules(payment.url)),
        _Code(url="", caption="Bank transfer in euro", modules=_modules(payment.credit_transfer)),
    ]
    codes = [code for code in codes if code.modules]
    width = CONTENT_WIDTH - sum(code.size + _QR_GAP for code in codes) - _LABEL_WIDTH
    fields = [*payment.fields, *([Field(label="Pay online", value=payment.url)] if payment.url else [])]
    set_fields = [(field, wrap(field.value, width=width, size=TEXT, bold=field.strong)) for field in fields]
    text_height = sum(len(lines) for _, lines in set_fields) * (LEADING + 2)
    flow.keep_together(46 + max([text_height, *(code.size + 16 for code in codes)]))
    flow.y -= 16
    flow.sheet.rule(x=LEFT, y=flow.y, width=CONTENT_WIDTH, thickness=1.2, colour=accent)
    flow.sheet.text("Payment", x=LEFT, y=flow.y - 16, size=_STRONG, bold=True, colour=accent)
    flow.y -= 22
    _draw_codes(flow, codes=codes)
    for field, lines in set_fields:
        url = payment.url if field.value == payment.url else ""
        _draw_field(flow, field=field, lines=lines, url=url, accent=accent)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    """A QR code with its caption, and the address that a click on it leads to."""

    url: str
    caption: str
    modules: tuple[bytes, ...]

    @property
    def size(self) -> float:
        return max(_QR, len(self.modules) * _SMALLEST_MODULE)


def _modules(content: str) -> tuple[bytes, ...]:
    return qr_modules(content) if content and len(content.encode()) <= _LONGEST_CODE else ()


def _set_totals(totals: Sequence[Field]) -> list[tuple[Field, tuple[str, ...], float]]:
    """Each total with its label's lines and their leading; a label leaves room for the amount beside it."""
    rows = []
    for field in totals:
        size, leading = (_STRONG, _STRONG_LEADING) if field.strong else (TEXT, _TOTALS_LEADING)
        room = _TOTALS_WIDTH - typeset(field.value, bold=field.strong).width(size) - 12
        rows.append((field, wrap(field.label, width=max(room, 60), size=size, bold=field.strong), leading))
    return rows


def _draw_codes(flow: PageFlow, *, codes: Sequence[_Code]) -> None:
    x = RIGHT + _QR_GAP - sum(code.size + _QR_GAP for code in codes)
    for code in codes:
        y = flow.y - code.size - 2
        flow.sheet.draw(qr_operations(code.modules, x=x, y=y, size=code.size))
        if code.url.startswith(_LINKS):
            flow.sheet.link(code.url, x=x, y=y, width=code.size, height=code.size)
        centre = x + (code.size - typeset(code.caption).width(SMALL)) / 2
        flow.sheet.text(code.caption, x=centre, y=y - 15, size=SMALL, colour=GREY)
        x += code.size + _QR_GAP


def _draw_field(flow: PageFlow, *, field: Field, lines: Sequence[str], url: str, accent: str) -> None:
    flow.sheet.text(field.label, x=LEFT, y=flow.y - LEADING, size=TEXT, colour=GREY)
    for line in lines:
        flow.y -= LEADING + 2
        x, y = LEFT + _LABEL_WIDTH, flow.y + 2
        width = flow.sheet.text(line, x=x, y=y, size=TEXT, bold=field.strong, colour=accent if url else INK)
        if url.startswith(_LINKS):
            flow.sheet.rule(x=x, y=y - 1.5, width=width, colour=accent)
            flow.sheet.link(url, x=x, y=y - 3, width=width, height=LEADING)
