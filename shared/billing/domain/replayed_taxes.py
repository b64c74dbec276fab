"""The taxes of a document, computed again from its own lines: what anybody who holds it can check."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

from billing.domain.calculation import Calculation, calculated
from billing.domain.credit import CreditNote
from billing.domain.currency import exponent
from billing.domain.figures import amount, plain
from billing.domain.invoice import Invoice, LineItem
from billing.domain.money import Rounding
from billing.domain.tax import TaxableLine, TaxCategory, TaxLine, TaxRate, TaxTreatment, net_total, tax_lines

_MOST_RATES = 6
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedTaxes:
    """What the lines come to: the rows of the breakdown and the subtotal, and the `taxable` amounts behind them."""

    rows: tuple[TaxLine, ...]
    subtotal: int
    taxable: tuple[TaxableLine, ...]
    currency: str
    rounding: Rounding

    def calculations(self, row: TaxLine) -> tuple[Calculation, ...]:
        """What a row's tax is computed from: prices without tax, and for each set of rates those that contain it."""
        return tuple(_calculations(row, self.taxable, currency=self.currency, rounding=self.rounding))


def replay_taxes(document: Invoice | CreditNote, *, rounding: Rounding) -> ReplayedTaxes | None:
    """Compute the breakdown again, or None where the document does not tell which rates a line bears.

    A line names the sum of its rates; two sets of rows of one place with the same sum leave it open.
    """
    taxable: list[TaxableLine] = []
    known: dict[tuple[str, Decimal], TaxTreatment | None] = {}
    for line in document.lines:
        key = line.tax_category, line.tax_percent
        if key not in known:
            known[key] = _treatment(line, document.tax_lines)
        treatment = known[key]
        if treatment is None:
            return None
        taxable.append(TaxableLine(amount=line.amount, inclusive=line.tax_inclusive, treatment=treatment))
    rows = tax_lines(taxable, currency=document.currency, rounding=rounding)
    return ReplayedTaxes(
        rows=rows,
        subtotal=net_total(taxable, rounding=rounding),
        taxable=tuple(taxable),
        currency=document.currency,
        rounding=rounding,
    )


def _treatment(line: LineItem, rows: Sequence[TaxLine]) -> TaxTreatment | None:
    """The only treatment among the rows that fits a line; of nested ones the largest, as a county may levy 0 %."""
    untaxed = [row for row in rows if not row.name and row.category == line.tax_category]
    if untaxed:
        one = untaxed[0]
        return TaxTreatment(category=one.category, note=one.note) if len(untaxed) == 1 else None
    rated = [row for row in rows if row.name]
    for size in range(min(len(rated), _MOST_RATES), 0, -1):
        fitting = [each for each in combinations(rated, size) if _fits(line, each)]
        if fitting:
            return _taxed(fitting[0]) if len(fitting) == 1 else None
    return None


def _fits(line: LineItem, rows: Sequence[TaxLine]) -> bool:
    category = TaxCategory.STANDARD if any(row.percent for row in rows) else TaxCategory.ZERO
    return (
        category == line.tax_category
        and len({(row.country, row.state, row.note) for row in rows}) == 1
        and len({row.name for row in rows}) == len(rows)
        and sum(row.percent for row in rows) == line.tax_percent
    )


def _taxed(rows: Sequence[TaxLine]) -> TaxTreatment:
    rates = tuple(TaxRate(country=row.country, state=row.state, name=row.name, percent=row.percent) for row in rows)
    category = TaxCategory.STANDARD if any(rate.percent for rate in rates) else TaxCategory.ZERO
    return TaxTreatment(category=category, rates=rates, note=rows[0].note)


def _calculations(
    row: TaxLine, lines: Sequence[TaxableLine], *, currency: str, rounding: Rounding
) -> Iterator[Calculation]:
    """The tax on what is priced without it, and for each set of rates the tax that inclusive prices contain."""
    own = [line for line in lines if _bears(line.treatment, row)]
    exclusive = sum(line.amount for line in own if not line.inclusive)
    unit = 10 ** exponent(currency)
    if exclusive or not any(line.inclusive for line in own):
        value = Fraction(exclusive, unit * 100) * Fraction(row.percent)
        text = f"{amount(exclusive, currency)} × {plain(row.percent)}%"
        yield calculated(text, value, currency=currency, rounding=rounding)
    for treatment in dict.fromkeys(line.treatment for line in own if line.inclusive):
        gross = sum(line.amount for line in own if line.inclusive and line.treatment == treatment)
        whole = sum((rate.percent for rate in treatment.rates), _HUNDRED)
        text = f"contained in {amount(gross, currency)}: × {plain(row.percent)} ÷ {plain(whole)}"
        value = Fraction(Fraction(gross, unit) * Fraction(row.percent), Fraction(whole))
        yield calculated(text, value, currency=currency, rounding=rounding)


def _bears(treatment: TaxTreatment, row: TaxLine) -> bool:
    if not row.name:
        return not treatment.rates and (treatment.category, treatment.note) == (row.category, row.note)
    return treatment.note == row.note and any(
        (rate.country, rate.state, rate.name, rate.percent) == (row.country, row.state, row.name, row.percent)
        for rate in treatment.rates
    )
