"""The table of lines: its head again on every page, a row never cut unless it is higher than a page."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from billing.render.invoice_view import Row
from billing.render.page_flow import (
    CONTENT_WIDTH,
    FULL_PAGE,
    GREY,
    HAIRLINE,
    LEADING,
    LEFT,
    RIGHT,
    SMALL,
    TEXT,
    PageFlow,
)
from billing.render.sheet import INK
from billing.render.typesetting import typeset
from billing.render.wrapping import wrap

_LABELS = ("Description", "Quantity", "Unit price", "Tax", "Amount")
_HEAD = 18.0
_PADDING = 7.0  # above and below a row's text, together
_GAP = 20.0  # between columns
_NARROWEST_DESCRIPTION = 120.0
_FEWEST_LINES = 3  # of a cut row, before it goes on on the next page
_MOST = FULL_PAGE - _HEAD
_LAST_ROWS = 2  # go to the next page with the totals, so that these never stand there alone


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A column of numbers: they end `fraction` points right of `pivot`, where each has its decimal sign."""

    right: float
    pivot: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _SetRow:
    """A row with its lines broken: (text, size, colour) each. Only the first part of a cut row has `cells`."""

    lines: tuple[tuple[str, float, str], ...]
    cells: tuple[str, ...]

    @property
    def height(self) -> float:
        return len(self.lines) * LEADING + _PADDING

    def cut(self, lines: int) -> tuple["_SetRow", "_SetRow"]:
        first = _SetRow(lines=self.lines[:lines], cells=self.cells)
        return first, _SetRow(lines=self.lines[lines:], cells=())


def draw_table(flow: PageFlow, *, rows: Sequence[Row], decimal_sign: str, with_last: float) -> None:
    """Draw every row, breaking pages between them; `with_last` points stay free below the last ones."""
    cells = [(row.quantity, row.unit_price, row.tax, row.amount) for row in rows]
    columns, width = _columns(cells, decimal_sign=decimal_sign)
    table = _Table(flow=flow, columns=columns, decimal_sign=decimal_sign)
    set_rows = [_set(row, numbers, width=width) for row, numbers in zip(rows, cells, strict=True)]
    table.draw_head()
    for number, row in enumerate(set_rows):
        last = table.draw_all_but_a_page_of(row)
        rest = set_rows[number + 1 :]
        closing = sum((other.height for other in rest), last.height + with_last)
        together = closing if len(rest) < _LAST_ROWS and closing <= _MOST else last.height
        if not flow.has_room(together):
            table.continue_on_new_sheet()
        table.draw_row(last)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    flow: PageFlow
    columns: tuple[_Column, ...]
    decimal_sign: str

    def draw_head(self) -> None:
        sheet, y = self.flow.sheet, self.flow.y
        sheet.text(_LABELS[0], x=LEFT, y=y - 10, size=SMALL, bold=True, colour=GREY)
        for label, column in zip(_LABELS[1:], self.columns, strict=True):
            sheet.text(label, x=column.right, y=y - 10, size=SMALL, bold=True, colour=GREY, align="right")
        sheet.rule(x=LEFT, y=y - 16, width=CONTENT_WIDTH, thickness=0.8, colour=GREY)
        self.flow.y -= _HEAD

    def continue_on_new_sheet(self) -> None:
        self.flow.new_sheet()
        self.draw_head()

    def draw_all_but_a_page_of(self, row: _SetRow) -> _SetRow:
        """Draw of a row that is higher than a page what fills pages, and give the rest; others stay whole."""
        while row.height > _MOST:
            lines = int((self.flow.room - _PADDING) // LEADING)
            if lines >= _FEWEST_LINES:
                part, row = row.cut(lines)
                self.draw_row(part)
            self.continue_on_new_sheet()
        return row

    def draw_row(self, row: _SetRow) -> None:
        sheet, baseline = self.flow.sheet, self.flow.y - LEADING
        for place, (line, size, colour) in enumerate(row.lines):
            sheet.text(line, x=LEFT, y=baseline - place * LEADING, size=size, colour=colour)
            if place == 0:  # where who extracts the text expects them: in the line that they stand in
                self._draw_cells(row.cells, y=baseline)
        self.flow.y -= row.height
        sheet.rule(x=LEFT, y=self.flow.y, width=CONTENT_WIDTH, colour=HAIRLINE)

    def _draw_cells(self, cells: tuple[str, ...], *, y: float) -> None:
        for number, column in zip(cells, self.columns, strict=False):  # the rest of a cut row has no numbers
            x = column.pivot + _fraction_width(number, decimal_sign=self.decimal_sign)
            self.flow.sheet.text(number, x=x, y=y, size=TEXT, align="right")


def _columns(cells: Sequence[tuple[str, ...]], *, decimal_sign: str) -> tuple[tuple[_Column, ...], float]:
    """The number columns, each as wide as its widest number, and what remains for the description."""
    right = RIGHT
    columns: list[_Column] = []
    for place in range(len(_LABELS) - 2, -1, -1):
        numbers = {row[place] for row in cells}
        fraction = max((_fraction_width(number, decimal_sign=decimal_sign) for number in numbers), default=0.0)
        whole = max(
            (_width(number) - _fraction_width(number, decimal_sign=decimal_sign) for number in numbers), default=0.0
        )
        columns.append(_Column(right=right, pivot=right - fraction))
        right -= max(whole + fraction, typeset(_LABELS[place + 1], bold=True).width(SMALL)) + _GAP
    return tuple(reversed(columns)), max(right - LEFT, _NARROWEST_DESCRIPTION)


def _set(row: Row, cells: tuple[str, ...], *, width: float) -> _SetRow:
    details = wrap(row.detail, width=width, size=SMALL) if row.detail else ()
    return _SetRow(
        lines=(
            *((line, TEXT, INK) for line in wrap(row.description, width=width, size=TEXT)),
            *((line, SMALL, GREY) for line in details),
        ),
        cells=cells,
    )


def _width(text: str) -> float:
    return typeset(text).width(TEXT)


def _fraction_width(number: str, *, decimal_sign: str) -> float:
    """The width from the decimal sign to the end; of a whole number, of what follows its digits."""
    tail = _tail_pattern(decimal_sign).search(number)
    return _width(tail[0]) if tail else 0.0


@lru_cache(maxsize=16)
def _tail_pattern(decimal_sign: str) -> re.Pattern[str]:
    return re.compile(rf"({re.escape(decimal_sign)}\d+)?\D*$")
