"""The table of lines: its head again on every page, a row never cut unless it is higher than a page.

Where it goes on on another page, the sum so far closes the one and opens the other.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from billing.render.branding import INK
from billing.render.document_view import Row
from billing.render.page_flow import GREY, HAIRLINE, LEADING, LEFT, SMALL, TEXT, PageFlow
from billing.render.typesetting import typeset
from billing.render.wrapping import wrap

_HEAD = 21.0
_PADDING = 6.5  # above and below a row's text, together
_GAP = 20.0  # between columns
_CARRIED = 18.0  # the height of the sum so far
_NARROWEST_DESCRIPTION = 120.0
_FEWEST_LINES = 3  # of a cut row, before it goes on on the next page
_LAST_ROWS = 2  # go to the next page with the totals, so that these never stand there alone


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A column of numbers: they end `fraction` points right of `pivot`, where each has its decimal sign."""

    right: float
    pivot: float


@dataclass(frozen=True, kw_only=True)
class _SetRow:
    """A row with its lines broken: (text, size, colour) each. Only the first part of a cut row has `cells`."""

    lines: tuple[tuple[str, float, str], ...]
    cells: tuple[str, ...]
    running: str

    @cached_property
    def height(self) -> float:
        return len(self.lines) * LEADING + _PADDING

    def cut(self, lines: int) -> tuple["_SetRow", "_SetRow"]:
        first = _SetRow(lines=self.lines[:lines], cells=self.cells, running="")
        return first, _SetRow(lines=self.lines[lines:], cells=(), running=self.running)


def draw_table(flow: PageFlow, *, with_last: float) -> None:
    """Draw every row, breaking pages between them; `with_last` points stay free below the last ones."""
    words, decimal_sign = flow.view.words, flow.view.decimal_sign
    labels = (words.description, words.quantity, words.unit_price, words.tax, words.amount)
    cells = [(row.quantity, row.unit_price, row.tax, row.amount) for row in flow.view.rows]
    columns, width = _columns(cells, labels=labels, flow=flow)
    table = _Table(flow=flow, columns=columns, labels=labels, decimal_sign=decimal_sign)
    rows = [_set(row, numbers, width=width) for row, numbers in zip(flow.view.rows, cells, strict=True)]
    flow.document.structure.open("Table")
    table.draw_head(tag="TH")
    running = ""
    for row, together in zip(rows, _heights_together(rows, with_last=with_last, flow=flow), strict=True):
        last = table.draw_all_but_a_page_of(row)
        if not flow.has_room(max(together, last.height + _CARRIED) if last is row else last.height):
            table.continue_on_new_sheet(running)
        table.draw_row(last)
        running = last.running
    flow.document.structure.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    flow: PageFlow
    columns: tuple[_Column, ...]
    labels: tuple[str, ...]
    decimal_sign: str

    def draw_head(self, *, tag: str = "") -> None:
        """Draw the columns' labels; where they are repeated they are decoration and have no tag."""
        sheet, y, structure = self.flow.sheet, self.flow.y, self.flow.document.structure
        if tag:
            structure.open("TR")
        sheet.text(self.labels[0], x=LEFT, y=y - 10, size=SMALL, bold=True, colour=GREY, tag=tag)
        for label, column in zip(self.labels[1:], self.columns, strict=True):
            x = column.right
            sheet.text(label, x=x, y=y - 10, size=SMALL, bold=True, colour=GREY, align="right", tag=tag)
        if tag:
            structure.close()
        sheet.rule(x=LEFT, y=y - 18, width=self.flow.width, thickness=1.2, colour=self.flow.palette.accent)
        self.flow.y -= _HEAD

    def continue_on_new_sheet(self, running: str) -> None:
        """Go on on the next page; `running` is the sum of all rows before it, "" for none."""
        words = self.flow.view.words
        self._draw_sum(words.carried_forward, running)
        self.flow.new_sheet()
        self.draw_head()
        if running:
            self._draw_sum(words.brought_forward, running)
            self.flow.y -= _CARRIED
            self.flow.sheet.rule(x=LEFT, y=self.flow.y, width=self.flow.width, colour=HAIRLINE)

    def draw_all_but_a_page_of(self, row: _SetRow) -> _SetRow:
        """Draw of a row that is higher than a page what fills pages, and give the rest; others stay whole."""
        while row.height > self.flow.full_page - _HEAD - 2 * _CARRIED:
            lines = int((self.flow.room - _PADDING) // LEADING)
            if lines >= _FEWEST_LINES:
                part, row = row.cut(lines)
                self.draw_row(part)
            self.continue_on_new_sheet("")
        return row

    def draw_row(self, row: _SetRow) -> None:
        """Draw a row: the whole description first, then its figures, in the first line."""
        sheet, baseline, structure = self.flow.sheet, self.flow.y - LEADING + 0.5, self.flow.document.structure
        structure.open("TR")
        if len(row.lines) == 1:
            sheet.text(row.lines[0][0], x=LEFT, y=baseline, size=TEXT, tag="TD")
        else:
            with sheet.tagged("TD"):
                for place, (line, size, colour) in enumerate(row.lines):
                    sheet.text(line, x=LEFT, y=baseline - place * LEADING, size=size, colour=colour)
        for number, column in zip(row.cells, self.columns, strict=False):  # the rest of a cut row has no figures
            x = column.pivot + _fraction_width(number, decimal_sign=self.decimal_sign)
            sheet.text(number, x=x, y=baseline, size=TEXT, align="right", tag="TD")
        structure.close()
        self.flow.y -= row.height
        sheet.rule(x=LEFT, y=self.flow.y, width=self.flow.width, colour=HAIRLINE)

    def _draw_sum(self, label: str, amount: str) -> None:
        if amount:
            sheet, y, column = self.flow.sheet, self.flow.y - LEADING, self.columns[-1]
            x = column.pivot + _fraction_width(amount, decimal_sign=self.decimal_sign)
            sheet.text(label, x=LEFT, y=y, size=SMALL, colour=GREY)
            sheet.text(amount, x=x, y=y, size=TEXT, colour=GREY, align="right")


def _heights_together(rows: Sequence[_SetRow], *, with_last: float, flow: PageFlow) -> list[float]:
    """The room that each row asks for: the last ones stay with each other and with what follows the table."""
    heights = [row.height for row in rows]
    most = flow.full_page - _HEAD - _CARRIED
    for place in range(max(0, len(rows) - _LAST_ROWS), len(rows)):
        closing = sum(heights[place:]) + with_last
        heights[place] = closing if closing <= most else heights[place]
    return heights


def _columns(
    cells: Sequence[tuple[str, ...]], *, labels: tuple[str, ...], flow: PageFlow
) -> tuple[tuple[_Column, ...], float]:
    """The number columns, each as wide as its widest number, and what remains for the description."""
    right, decimal_sign = flow.right, flow.view.decimal_sign
    columns: list[_Column] = []
    for place in range(len(labels) - 2, -1, -1):
        numbers = {row[place] for row in cells}
        fraction = max((_fraction_width(number, decimal_sign=decimal_sign) for number in numbers), default=0.0)
        whole = max(
            (_width(number) - _fraction_width(number, decimal_sign=decimal_sign) for number in numbers), default=0.0
        )
        columns.append(_Column(right=right, pivot=right - fraction))
        right -= max(whole + fraction, typeset(labels[place + 1], bold=True).width(SMALL)) + _GAP
    return tuple(reversed(columns)), max(right - LEFT, _NARROWEST_DESCRIPTION)


def _set(row: Row, cells: tuple[str, ...], *, width: float) -> _SetRow:
    details = wrap(row.detail, width=width, size=SMALL) if row.detail else ()
    return _SetRow(
        lines=(
            *((line, TEXT, INK) for line in wrap(row.description, width=width, size=TEXT)),
            *((line, SMALL, GREY) for line in details),
        ),
        cells=cells,
        running=row.running,
    )


def _width(text: str) -> float:
    return typeset(text).width(TEXT)


@lru_cache(maxsize=16_384)
def _fraction_width(number: str, *, decimal_sign: str) -> float:
    """The width from the decimal sign to the end; of a whole number, of what follows its digits."""
    tail = _tail_pattern(decimal_sign).search(number)
    return _width(tail[0]) if tail else 0.0


@lru_cache(maxsize=16)
def _tail_pattern(decimal_sign: str) -> re.Pattern[str]:
    return re.compile(rf"({re.escape(decimal_sign)}\d+)?\D*$")
