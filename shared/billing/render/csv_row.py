"""One row of a CSV file that a spreadsheet opens as text, whatever stands in it."""

import csv
import io
from collections.abc import Iterable
from typing import Final

_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_row(cells: Iterable[str]) -> str:
    """The cells as a line of RFC 4180; an apostrophe stands before what a spreadsheet would run as a formula.

    Rule: https://owasp.org/www-community/attacks/CSV_Injection.
    """
    line = io.StringIO()
    csv.writer(line).writerow([f"'{cell}" if cell.startswith(_STARTS_A_FORMULA) else cell for cell in cells])
    return line.getvalue()
