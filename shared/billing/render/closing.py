"""What closes a document: the totals, the notes, how to pay."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.render.branding import INK
from billing.render.document_view import Field, PaymentBlock
from billing.render.page_flow import GREY, HAIRLINE, LEADING, LEFT, SMALL, SMALL_LEADING, TEXT, PageFlow
from billing.render.qr import qr_modules, qr_operations
from billing.render.typesetting import typeset
from billing.render.wrapping import wrap

_TOTALS_WIDTH = 262.0
_TOTALS_LEADING, _STRONG_LEADING, _LAST_LEADING = 15.0, 19.0, 24.0
_STRONG = 10.5
_REMARK_LEADING = 12.0
_NOTE, _NOTE_LEADING, _NOTE_GAP = 8.0, 11.0, 30.0
_LABEL_WIDTH, _SENTENCE_GAP = 96.0, 4.0
_QR, _QR_GAP = 78.0, 26.0  # the gap holds the quiet zone of the coarsest code
_SMALLEST_MODULE = 1.3  # 0.46 mm: what a telephone reads from paper
_LONGEST_CODE = 1000  # bytes; a denser code can't be read from paper at this size
_LINKS = ("https://", "http://")  # nothing else is made clickable


def totals_height(flow: PageFlow) -> float:
    """The room that the totals take below the table."""
    totals = sum(len(total.lines) * total.leading for total in _set_totals(flow.view.totals))
    return 14 + totals + _REMARK_LEADING * len(_set_remarks(flow))


def draw_totals(flow: PageFlow) -> float:
    """Draw subtotal, taxes, total, paid and due, and what is remarked on them, all on one page; gives their top."""
    flow.keep_together(totals_height(flow))
    flow.y -= 8
    top = flow.y
    flow.document.structure.open("Table")
    totals = _set_totals(flow.view.totals)
    for place, total in enumerate(totals, start=1):
        _draw_total(flow, total=total, last=place == len(totals))
    flow.document.structure.close()
    flow.y -= 6
    for line in _set_remarks(flow):
        flow.y -= _REMARK_LEADING
        flow.sheet.text(line, x=flow.right, y=flow.y, size=SMALL, colour=GREY, align="right", tag="P")
    return top


def draw_notes(flow: PageFlow, *, beside: float) -> None:
    """Draw the notes left of the totals, whose top is `beside`, or below them; a long one goes on on the next page."""
    narrow = [wrap(note, width=flow.width - _TOTALS_WIDTH - _NOTE_GAP, size=_NOTE) for note in flow.view.notes]
    bottom, height = flow.y, sum(len(lines) * _NOTE_LEADING + 3 for lines in narrow)
    if height <= beside - bottom - _REMARK_LEADING * len(_set_remarks(flow)):
        flow.y = beside - 2
        _draw_notes(flow, notes=narrow)
        flow.y = bottom
        return
    flow.keep_together(14 + SMALL_LEADING * 3)
    flow.y -= 14
    _draw_notes(flow, notes=[wrap(note, width=flow.width, size=_NOTE) for note in flow.view.notes])


def draw_payment(flow: PageFlow, *, payment: PaymentBlock) -> None:
    """Draw the bank details, the link and the QR codes, all on one page."""
    words = flow.view.words
    codes = [
        _Code(url=payment.url, caption=words.pay_online, modules=_modules(payment.url)),
        _Code(url="", caption=words.transfer_code, modules=_modules(payment.credit_transfer)),
    ]
    codes = [code for code in codes if code.modules]
    set_fields = _set_fields(payment, words.pay_online, codes=codes, flow=flow)
    text_height = sum(len(each.lines) * (LEADING + 2) + (0 if each.label else _SENTENCE_GAP) for each in set_fields)
    flow.keep_together(27 + max([text_height + 14, *(code.size + 18 for code in codes)]))
    flow.y -= 15
    flow.sheet.rule(x=LEFT, y=flow.y, width=flow.width, colour=HAIRLINE)
    flow.sheet.text(words.payment, x=LEFT, y=flow.y - 20, size=_STRONG, bold=True, colour=flow.palette.text, tag="H2")
    flow.y -= 12
    top = flow.y
    flow.y -= 14
    for each in set_fields:
        _draw_field(flow, field=each)
        flow.y -= 0 if each.label else _SENTENCE_GAP
    _draw_codes(flow, codes=codes, top=top)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    """A QR code with its caption, and the address that a click on it leads to."""

    url: str
    caption: str
    modules: tuple[bytes, ...]

    @property
    def size(self) -> float:
        return max(_QR, len(self.modules) * _SMALLEST_MODULE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SetField:
    """A payment field with its lines broken, and the address that a click on it leads to. A sentence has no label."""

    label: str
    lines: tuple[str, ...]
    strong: bool
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _SetTotal:
    """A total with its label's lines and their leading."""

    field: Field
    lines: tuple[str, ...]
    leading: float


def _modules(content: str) -> tuple[bytes, ...]:
    return qr_modules(content) if content and len(content.encode()) <= _LONGEST_CODE else ()


def _set_totals(totals: Sequence[Field]) -> list[_SetTotal]:
    """Each total with its label's lines and their leading; a label leaves room for the amount beside it."""
    set_totals = []
    for place, field in enumerate(totals, start=1):
        size, leading = (_STRONG, _STRONG_LEADING) if field.strong else (TEXT, _TOTALS_LEADING)
        leading = _LAST_LEADING if place == len(totals) else leading
        room = _TOTALS_WIDTH - typeset(field.value, bold=field.strong).width(size) - 12
        lines = wrap(field.label, width=max(room, 60), size=size, bold=field.strong)
        set_totals.append(_SetTotal(field=field, lines=lines, leading=leading))
    return set_totals


def _set_remarks(flow: PageFlow) -> tuple[str, ...]:
    width = flow.width
    return tuple(line for remark in flow.view.remarks for line in wrap(remark, width=width, size=SMALL))


def _draw_notes(flow: PageFlow, *, notes: Sequence[tuple[str, ...]]) -> None:
    for lines in notes:
        for line in lines:
            flow.keep_together(_NOTE_LEADING)
            flow.y -= _NOTE_LEADING
            flow.sheet.text(line, x=LEFT, y=flow.y, size=_NOTE, tag="P")
        flow.y -= 3


def _draw_total(flow: PageFlow, *, total: _SetTotal, last: bool) -> None:
    sheet, field, left = flow.sheet, total.field, flow.right - _TOTALS_WIDTH
    height = total.leading * len(total.lines)
    if field.strong:
        thickness, colour = (1.2, flow.palette.accent) if last else (0.6, GREY)
        sheet.rule(x=left, y=flow.y - 2, width=_TOTALS_WIDTH, thickness=thickness, colour=colour)
    size = _STRONG if field.strong else TEXT
    colour = flow.palette.text if last else INK
    baseline = flow.y - total.leading + (6 if last else 3.5)
    flow.document.structure.open("TR")
    with sheet.tagged("TD"):
        for number, line in enumerate(total.lines):
            y = baseline - number * total.leading
            sheet.text(line, x=left, y=y, size=size, bold=field.strong, colour=colour)
    x = flow.right
    sheet.text(field.value, x=x, y=baseline, size=size, bold=field.strong, colour=colour, align="right", tag="TD")
    flow.document.structure.close()
    flow.y -= height


def _set_fields(payment: PaymentBlock, pay_online: str, *, codes: Sequence[_Code], flow: PageFlow) -> list[_SetField]:
    width = flow.width - sum(code.size + _QR_GAP for code in codes)
    sentence = wrap(payment.sentence, width=width, size=TEXT) if payment.sentence else ()
    fields = [*payment.fields, *([Field(label=pay_online, value=payment.url)] if payment.url else [])]
    return [
        *([_SetField(label="", lines=sentence, strong=False, url="")] if sentence else []),
        *(
            _SetField(
                label=field.label,
                lines=wrap(field.value, width=width - _LABEL_WIDTH, size=TEXT, bold=field.strong),
                strong=field.strong,
                url=payment.url if field.value == payment.url else "",
            )
            for field in fields
        ),
    ]


def _draw_codes(flow: PageFlow, *, codes: Sequence[_Code], top: float) -> None:
    x = flow.right + _QR_GAP - sum(code.size + _QR_GAP for code in codes)
    for code in codes:
        y = top - code.size
        with flow.sheet.tagged("Figure", text=code.caption):
            flow.sheet.draw(qr_operations(code.modules, x=x, y=y, size=code.size))
        if code.url.startswith(_LINKS):
            flow.sheet.link(code.url, x=x, y=y, width=code.size, height=code.size)
        centre = x + (code.size - typeset(code.caption).width(SMALL)) / 2
        flow.sheet.text(code.caption, x=centre, y=y - 15, size=SMALL, colour=GREY, tag="P")
        x += code.size + _QR_GAP
        flow.y = min(flow.y, y - 18)


def _draw_field(flow: PageFlow, *, field: _SetField) -> None:
    clickable = field.url.startswith(_LINKS)
    x, colour = LEFT + (_LABEL_WIDTH if field.label else 0), flow.palette.text if clickable else INK
    with flow.sheet.tagged("Link" if clickable else "P"):
        flow.sheet.text(field.label, x=LEFT, y=flow.y - LEADING, size=TEXT, colour=GREY)
        for line in field.lines:
            flow.y -= LEADING + 2
            y = flow.y + 2
            width = flow.sheet.text(line, x=x, y=y, size=TEXT, bold=field.strong, colour=colour)
            if clickable:
                flow.sheet.rule(x=x, y=y - 1.5, width=width, colour=colour)
                flow.sheet.link(field.url, x=x, y=y - 3, width=width, height=LEADING)
