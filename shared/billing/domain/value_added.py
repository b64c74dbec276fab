"""Whether what a document is taxed with is a value added tax, which has one rate for an amount, or sales taxes."""

from collections.abc import Iterable

from billing.domain.invoice import LineItem
from billing.domain.tax import TaxLine

_WITHOUT_VAT = frozenset({"US"})


def is_value_added(lines: Iterable[LineItem], taxes: Iterable[TaxLine]) -> bool:
    """Tell whether each line stands under exactly one row of the tax breakdown, and none of them is a US sales tax.

    Jurisdictions that tax the same amount side by side (a state and its county, GST and PST) are no VAT: EN 16931 has
    one category and one rate for a line.
    """
    rows = list(taxes)
    if any(row.country in _WITHOUT_VAT for row in rows):
        return False
    under = {(line.tax_category, line.tax_percent) for line in lines}
    return under == {(str(row.category), row.percent) for row in rows}
