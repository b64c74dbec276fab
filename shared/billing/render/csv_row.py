"""One row of a CSV file that a spreadsheet opens as text, whatever stands in it."""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_row(cells: Iterable[str | int | Decimal]) -> str:
    """The cells as a line of RFC 4180; an apostrophe stands before text that a spreadsheet would run as a formula.

    Numbers stay numbers, also below zero. Rule: https://owasp.org/www-community/attacks/CSV_Injection.
    """
    line = io.StringIO()
    csv.writer(line).writerow([_harmless(cell) for cell in cells])
    return line.getvalue()


def _harmless(cell: str | int | Decimal) -> str | int | Decimal:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_STARTS_A_FORMULA) else cell
