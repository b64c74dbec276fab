"""A CSV file is opened by a spreadsheet: nothing in it may run."""

import csv
import io
from decimal import Decimal

import pytest

from billing.render.csv_row import csv_row


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_what_a_spreadsheet_would_run_has_an_apostrophe_before_it(cell: str) -> None:
    read = csv.reader(io.StringIO(csv_row([cell]), newline=""))
    assert next(read) == [f"'{cell}"]


def test_other_cells_stay_as_they_are_and_are_quoted_where_they_have_to_be() -> None:
    assert csv_row(["a=b", "", 'say "hi", Ann', "2026-03-01"]) == 'a=b,,"say ""hi"", Ann",2026-03-01\r\n'


def test_a_number_below_zero_is_a_number() -> None:
    assert csv_row([Decimal("-412.36"), -3, "-412.36"]) == "-412.36,-3,'-412.36\r\n"
