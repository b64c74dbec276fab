"""The VAT breakdown (BG-23), and taxes that are no VAT, which EN 16931 knows as charges only."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from billing.domain.invoice import LineItem
from billing.domain.tax import TaxCategory, TaxLine
from billing.render.e_invoice.line_terms import money
from billing.render.e_invoice.plain_text import plain
from billing.render.e_invoice.terms import AllowanceTerms, TaxSubtotal, TaxTerms

OUTSIDE_VAT = TaxTerms(category=TaxCategory.OUTSIDE, percent=None)

_NOT_SUBJECT = "Not subject to VAT"
_VATEX = {TaxCategory.REVERSE_CHARGE: "VATEX-EU-AE", TaxCategory.OUTSIDE: "VATEX-EU-O"}
_EXPLAINED = frozenset({TaxCategory.EXEMPT, TaxCategory.REVERSE_CHARGE, TaxCategory.OUTSIDE})


def tax_of(line: LineItem) -> TaxTerms:
    """How a line under a VAT is taxed."""
    return _terms(TaxCategory(line.tax_category), line.tax_percent)


def vat_breakdown(rows: Iterable[TaxLine], *, currency: str) -> tuple[TaxSubtotal, ...]:
    """One row for each category and rate (BR-S-8): rows of one rate under two names are one here."""
    bases: dict[tuple[TaxCategory, Decimal], int] = defaultdict(int)
    taxes: dict[tuple[TaxCategory, Decimal], int] = defaultdict(int)
    notes: dict[tuple[TaxCategory, Decimal], list[str]] = defaultdict(list)
    for row in rows:
        key = row.category, row.percent
        bases[key] += row.base
        taxes[key] += row.tax
        notes[key].append(plain(row.note))
    return tuple(
        TaxSubtotal(
            tax=_terms(category, percent),
            base=money(bases[category, percent], currency),
            amount=money(taxes[category, percent], currency),
            reason=_reason(category, notes[category, percent]),
            reason_code=_VATEX.get(category, ""),
        )
        for category, percent in bases
    )


def outside_breakdown(base: int, *, currency: str) -> tuple[TaxSubtotal, ...]:
    """The one row of a document without VAT."""
    return (
        TaxSubtotal(
            tax=OUTSIDE_VAT,
            base=money(base, currency),
            amount=money(0, currency),
            reason=_NOT_SUBJECT,
            reason_code=_VATEX[TaxCategory.OUTSIDE],
        ),
    )


def sales_tax_charges(rows: Iterable[TaxLine], *, currency: str) -> tuple[AllowanceTerms, ...]:
    """Each sales tax as a charge (BG-21), or an allowance if it is taken back, with its name, place and rate."""
    return tuple(
        AllowanceTerms(
            is_charge=row.tax > 0,
            amount=money(abs(row.tax), currency),
            reason=plain(f"{row.name} {row.state} {row.percent.normalize():f} %"),
            tax=OUTSIDE_VAT,
        )
        for row in rows
        if row.tax
    )


def _terms(category: TaxCategory, percent: Decimal) -> TaxTerms:
    return OUTSIDE_VAT if category is TaxCategory.OUTSIDE else TaxTerms(category=category, percent=percent)


def _reason(category: TaxCategory, notes: Iterable[str]) -> str:
    if category not in _EXPLAINED:
        return ""
    return "; ".join(dict.fromkeys(filter(None, notes))) or _NOT_SUBJECT
