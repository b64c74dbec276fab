"""The table of lines: its head again on every page, a row never cut unless it is higher than a page."""

import re
from collections.abc import Iterator, Sequence
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
_HEAD = 22.0
_PADDING = 7.0  # above and below a row's text, together
_GAP = 14.0  # between columns
_NARROWEST_DESCRIPTION = 120.0
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


def draw_table(flow: PageFlow, *, rows: Sequence[Row], decimal_sign: str, with_last: float) -> None:
    """Draw every row, breaking pages between them; `with_last` points stay free below the last ones."""
    cells = [(row.quantity, row.unit_price, row.tax, row.amount) for row in rows]
    columns, description = _columns(cells, decimal_sign=decimal_sign)
    set_rows = [
        part for row, numbers in zip(rows, cells, strict=True) for part in _set(row, numbers, width=description)
    ]
    _draw_head(flow, columns=columns)
    for number, row in enumerate(set_rows):
        left = len(set_rows) - number
        follows = sum(other.height for other in set_rows[number:]) + with_last if left <= _LAST_ROWS else row.height
        if not flow.has_room(follows if follows <= FULL_PAGE - _HEAD else row.height):
            flow.new_sheet()
            _draw_head(flow, columns=columns)
        _draw_row(flow, row=row, columns=columns, decimal_sign=decimal_sign)


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


def _set(row: Row, cells: tuple[str, ...], *, width: float) -> Iterator[_SetRow]:
    lines = (
        *((line, TEXT, INK) for line in wrap(row.description, width=width, size=TEXT)),
        *((line, SMALL, GREY) for line in (wrap(row.detail, width=width, size=SMALL) if row.detail else ())),
    )
    most = int((FULL_PAGE - _HEAD - _PADDING) // LEADING)
    for first in range(0, len(lines), most):
        yield _SetRow(lines=lines[first : first + most], cells=cells if not first else ())


def _draw_head(flow: PageFlow, *, columns: tuple[_Column, ...]) -> None:
    baseline = flow.y - 10
    flow.sheet.text(_LABELS[0], x=LEFT, y=baseline, size=SMALL, bold=True, colour=GREY)
    for label, column in zip(_LABELS[1:], columns, strict=True):
        flow.sheet.text(label, x=column.right, y=baseline, size=SMALL, bold=True, colour=GREY, align="right")
    flow.sheet.rule(x=LEFT, y=flow.y - 16, width=CONTENT_WIDTH, thickness=0.8, colour=GREY)
    flow.y -= _HEAD - 4


def _draw_row(flow: PageFlow, *, row: _SetRow, columns: tuple[_Column, ...], decimal_sign: str) -> None:
    baseline = flow.y - LEADING
    for place, (line, size, colour) in enumerate(row.lines):
        flow.sheet.text(line, x=LEFT, y=baseline - place * LEADING, size=size, colour=colour)
    for number, column in zip(row.cells, columns, strict=False):  # the rest of a cut row has no numbers
        x = column.pivot + _fraction_width(number, decimal_sign=decimal_sign)
        flow.sheet.text(number, x=x, y=baseline, size=TEXT, align="right")
    flow.y -= row.height
    flow.sheet.rule(x=LEFT, y=flow.y, width=CONTENT_WIDTH, colour=HAIRLINE)


def _width(text: str) -> float:
    return typeset(text).width(TEXT)


def _fraction_width(number: str, *, decimal_sign: str) -> float:
    """The width from the decimal sign to the end; of a whole number, of what follows its digits."""
    tail = _tail_pattern(decimal_sign).search(number)
    return _width(tail[0]) if tail else 0.0


@lru_cache(maxsize=16)
def _tail_pattern(decimal_sign: str) -> re.Pattern[str]:
    return re.compile(rf"({re.escape(decimal_sign)}\d+)?\D*$")
