"""How much tax an invoice bears: one tax line per category and rate, from the lines and how each of them is taxed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from billing.domain.currency import exponent
from billing.domain.exact import EXACT, divide, times
from billing.domain.money import Rounding, to_minor
from billing.domain.tax_table import OverlappingTaxRates, TaxRate, TaxTable
from billing.domain.tax_territory import is_vat_territory
from billing.domain.tax_treatment import TaxCategory, TaxParty, TaxTreatment, treatment

__all__ = [
    "OverlappingTaxRates",
    "TaxCategory",
    "TaxLine",
    "TaxParty",
    "TaxRate",
    "TaxTable",
    "TaxTreatment",
    "TaxableLine",
    "is_vat_territory",
    "net_total",
    "tax_lines",
    "total_tax",
    "treatment",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxableLine:
    """What one invoice line brings: its signed amount in minor units, which contains the tax if `inclusive`."""

    amount: int
    inclusive: bool = False
    treatment: TaxTreatment


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxLine:
    """A row of an invoice's tax breakdown: `tax` on `base`, in minor units. Untaxed rows have no name and no place."""

    category: TaxCategory
    name: str
    percent: Decimal
    country: str
    state: str
    base: int
    tax: int
    note: str


_ZERO = Decimal(0)
_HUNDRED = Decimal(100)


def tax_lines(lines: Sequence[TaxableLine], *, currency: str, rounding: Rounding) -> tuple[TaxLine, ...]:
    """Compute the tax breakdown of an invoice from its lines, ordered by place, name and rate.

    Tax is computed once per category and rate, on the sum of that rate's lines, and rounded there (EN 16931 BR-CO-17).
    Tax on exclusive amounts is added. Inclusive amounts contain theirs: it is rounded and the base is the rest, so that
    what is paid is the price shown, also where a rate has lines of both kinds. Under several rates each gets the base.
    """
    sums: dict[_Row, _Sums] = {}
    for taxed_as, (exclusive, gross) in _amounts_by_treatment(lines).items():
        contained = _contained_taxes(gross, rates=taxed_as.rates, rounding=rounding)
        net = gross - sum(contained)
        for row, tax in zip(_rows(taxed_as), contained or (0,), strict=True):
            before = sums.get(row, _NOTHING)
            sums[row] = _Sums(before.exclusive + exclusive, before.net + net, before.contained + tax)
    return tuple([_tax_line(row, sums[row], currency=currency, rounding=rounding) for row in sorted(sums)])


def total_tax(taxes: Iterable[TaxLine]) -> int:
    """Add up the tax of a breakdown, in minor units."""
    return sum([line.tax for line in taxes])


def net_total(lines: Sequence[TaxableLine], *, rounding: Rounding) -> int:
    """Add up the lines without tax, in minor units: an invoice's subtotal, to which `total_tax` is added."""
    return sum(
        [
            exclusive + gross - sum(_contained_taxes(gross, rates=taxed_as.rates, rounding=rounding))
            for taxed_as, (exclusive, gross) in _amounts_by_treatment(lines).items()
        ]
    )


class _Row(NamedTuple):
    """What makes two lines share a tax line, in the order in which an invoice lists them."""

    country: str
    state: str
    name: str
    percent: Decimal
    category: TaxCategory
    note: str


class _Sums(NamedTuple):
    """Amounts under one rate: without tax, what is left of inclusive ones, and the tax that those contained."""

    exclusive: int
    net: int
    contained: int


_NOTHING = _Sums(0, 0, 0)


def _amounts_by_treatment(lines: Sequence[TaxableLine]) -> dict[TaxTreatment, tuple[int, int]]:
    """The sums of exclusive and of inclusive amounts: what rates contain together can only be taken out together."""
    amounts: dict[TaxTreatment, tuple[int, int]] = {}
    for line in lines:
        exclusive, gross = amounts.get(line.treatment, (0, 0))
        amounts[line.treatment] = (
            (exclusive, gross + line.amount) if line.inclusive else (exclusive + line.amount, gross)
        )
    return amounts


def _contained_taxes(gross: int, *, rates: tuple[TaxRate, ...], rounding: Rounding) -> tuple[int, ...]:
    """The tax of each rate in an amount: gross * rate / (100 + all rates), in integers because 100/119 has no end."""
    if not gross:
        return (0,) * len(rates)
    all_parts, all_whole = sum([rate.percent for rate in rates], _HUNDRED).as_integer_ratio()
    return tuple(
        [
            divide(gross * parts * all_whole, whole * all_parts, rounding=rounding)
            for parts, whole in [rate.percent.as_integer_ratio() for rate in rates]
        ]
    )


def _rows(taxed_as: TaxTreatment) -> list[_Row]:
    """The rows of a treatment. A 0 % rate beside others (a US county without tax) is a row of category Z (BR-Z-5)."""
    if not taxed_as.rates:
        return [_Row("", "", "", _ZERO, taxed_as.category, taxed_as.note)]
    return [
        _Row(
            rate.country,
            rate.state,
            rate.name,
            rate.percent,
            TaxCategory.STANDARD if rate.percent else TaxCategory.ZERO,
            taxed_as.note,
        )
        for rate in taxed_as.rates
    ]


def _tax_line(row: _Row, sums: _Sums, *, currency: str, rounding: Rounding) -> TaxLine:
    added = EXACT.scaleb(times(Decimal(sums.exclusive), row.percent), -2 - exponent(currency))
    return TaxLine(
        category=row.category,
        name=row.name,
        percent=row.percent,
        country=row.country,
        state=row.state,
        base=sums.exclusive + sums.net,
        tax=to_minor(added, currency, rounding=rounding) + sums.contained,
        note=row.note,
    )
