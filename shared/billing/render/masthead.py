"""The head of the first page: which document this is, who bills whom, its dates, and the amount that matters."""

from billing.render.document_view import Mark, PartyBlock, Tone
from billing.render.logo import logo
from billing.render.page_flow import GREY, LEADING, LEFT, SMALL, TEXT, PageFlow
from billing.render.typesetting import typeset
from billing.render.wrapping import wrap

_LOGO_WIDTH, _LOGO_HEIGHT = 180.0, 48.0
_WORDMARK, _WORDMARK_LEADING = 15.0, 19.0
_TITLE, _NUMBER, _MARK = 26.0, 11.0, 9.0
_MARK_COLOURS = {Tone.QUIET: GREY, Tone.GOOD: "0.08 0.47 0.24", Tone.BAD: "0.72 0.11 0.13"}
_SELLER_AT = 0.6  # of the width: where the seller's column begins
_PANEL_PADDING = 13.0
_FACT_COLUMNS, _FACT_HEIGHT = 3, 31.0
_HIGHLIGHT = 0.31  # of the width
_AMOUNT, _AMOUNT_LINE = 18.0, 62.0


def draw_masthead(flow: PageFlow, *, logo_png: bytes) -> None:
    """Draw title and status mark, logo or name, buyer and seller, and the panel with the dates and the amount."""
    left = _draw_title(flow)
    right = _draw_logo(flow, logo_png=logo_png) if logo_png else _draw_wordmark(flow)
    flow.y -= max(left, right) + 18
    _draw_parties(flow)
    _draw_panel(flow)


def _draw_title(flow: PageFlow) -> float:
    view, width = flow.view, flow.width * _SELLER_AT - 16
    baseline = flow.y - 20
    size = min(_TITLE, width * 1000 / typeset(view.heading, bold=True).em_width)
    title = flow.sheet.text(view.heading, x=LEFT, y=baseline, size=size, bold=True, colour=flow.palette.text, tag="H1")
    baseline -= 18
    for line in wrap(view.number, width=width, size=_NUMBER) if view.number else ():
        flow.sheet.text(line, x=LEFT, y=baseline, size=_NUMBER, colour=GREY, tag="P")
        baseline -= 14
    if view.mark:
        beside = title + typeset(view.mark.text.upper(), bold=True).width(_MARK) + 28 < width
        place = (LEFT + title + 12, flow.y - 19) if beside else (LEFT, baseline - 3)
        _draw_mark(flow, mark=view.mark, x=place[0], y=place[1])
        baseline -= 0 if beside else 18
    return flow.y - baseline - 10


def _draw_mark(flow: PageFlow, *, mark: Mark, x: float, y: float) -> None:
    text = mark.text.upper()
    width = typeset(text, bold=True).width(_MARK)
    flow.sheet.box(x=x, y=y, width=width + 14, height=16, colour=_MARK_COLOURS[mark.tone])
    flow.sheet.text(text, x=x + 7, y=y + 4.8, size=_MARK, bold=True, colour="1 1 1", tag="P")


def _draw_logo(flow: PageFlow, *, logo_png: bytes) -> float:
    picture = logo(logo_png)
    scale = min(_LOGO_WIDTH / picture.width, _LOGO_HEIGHT / picture.height)
    width, height = picture.width * scale, picture.height * scale
    with flow.sheet.tagged("Figure", text=flow.view.seller.name):
        x = LEFT + flow.width * _SELLER_AT
        flow.sheet.picture(picture, x=x, y=flow.y - height, width=width, height=height)
    return height


def _draw_wordmark(flow: PageFlow) -> float:
    x = LEFT + flow.width * _SELLER_AT
    lines = wrap(flow.view.seller.name, width=flow.right - x, size=_WORDMARK, bold=True)
    with flow.sheet.tagged("P"):
        for number, line in enumerate(lines):
            baseline = flow.y - 14 - number * _WORDMARK_LEADING
            flow.sheet.text(line, x=x, y=baseline, size=_WORDMARK, bold=True, colour=flow.palette.text)
    return len(lines) * _WORDMARK_LEADING


def _draw_parties(flow: PageFlow) -> None:
    column = flow.width * _SELLER_AT
    heights = (
        _draw_party(flow, party=flow.view.buyer, x=LEFT, width=column - 24),
        _draw_party(flow, party=flow.view.seller, x=LEFT + column, width=flow.width - column),
    )
    flow.y -= max(heights) + 20


def _draw_party(flow: PageFlow, *, party: PartyBlock, x: float, width: float) -> float:
    y = flow.y - SMALL
    with flow.sheet.tagged("P"):
        flow.sheet.text(party.label, x=x, y=y, size=SMALL, colour=GREY)
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


def _draw_panel(flow: PageFlow) -> None:
    """The facts on a tint of the seller's colour, the amount on the colour itself."""
    highlight = flow.width * _HIGHLIGHT
    placed, facts = _placed_facts(flow, width=flow.width - highlight - _PANEL_PADDING)
    height = max(facts + 2 * _PANEL_PADDING - 8, _AMOUNT_LINE + 12)
    bottom = flow.y - height
    flow.sheet.box(x=LEFT, y=bottom, width=flow.width - highlight, height=height, colour=flow.palette.tint)
    flow.sheet.box(x=flow.right - highlight, y=bottom, width=highlight, height=height, colour=flow.palette.accent)
    lowered = (height - facts - 2 * _PANEL_PADDING + 8) / 2
    for label, lines, x, top in placed:
        y = top - lowered
        with flow.sheet.tagged("P"):
            flow.sheet.text(label, x=x, y=y, size=SMALL, colour=GREY)
            for place, line in enumerate(lines):
                flow.sheet.text(line, x=x, y=y - LEADING * (place + 1), size=TEXT, bold=True)
    _draw_highlight(flow, x=flow.right - highlight + 14, width=highlight - 28, height=height)
    flow.y = bottom - 22


def _placed_facts(flow: PageFlow, *, width: float) -> tuple[list[tuple[str, tuple[str, ...], float, float]], float]:
    """Label, lines and place of each fact in three columns, a long one over several; and the height of all."""
    column = (width - _PANEL_PADDING) / _FACT_COLUMNS
    placed, taken, depth, row = [], 0, 0.0, 0.0
    for fact in flow.view.facts:
        wide = max(typeset(fact.value, bold=True).width(TEXT), typeset(fact.label).width(SMALL))
        span = min(_FACT_COLUMNS, int((wide + 10) // column) + 1)
        if taken + span > _FACT_COLUMNS:
            taken, depth, row = 0, depth + row, 0.0
        lines = wrap(fact.value, width=column * span - 10, size=TEXT, bold=True)
        x, y = LEFT + _PANEL_PADDING + taken * column, flow.y - _PANEL_PADDING - SMALL + 1 - depth
        placed.append((fact.label, lines, x, y))
        taken, row = taken + span, max(row, _FACT_HEIGHT + LEADING * (len(lines) - 1))
    return placed, depth + row


def _draw_highlight(flow: PageFlow, *, x: float, width: float, height: float) -> None:
    highlight, colour = flow.view.highlight, flow.palette.on_accent
    size = min(_AMOUNT, width * 1000 / typeset(highlight.value, bold=True).em_width)
    top = flow.y - (height - _AMOUNT_LINE) / 2
    with flow.sheet.tagged("P"):
        flow.sheet.text(highlight.label, x=x, y=top - 11, size=SMALL + 0.5, colour=colour)
        flow.sheet.text(highlight.value, x=x, y=top - 34, size=size, bold=True, colour=colour)
        for place, line in enumerate(wrap(highlight.remark, width=width, size=SMALL + 0.5)):
            flow.sheet.text(line, x=x, y=top - 52 - place * (SMALL + 2), size=SMALL + 0.5, colour=colour)
