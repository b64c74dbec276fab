"""What an invoice or credit note says of itself, checked from the document alone: lines replayed, sums added up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import zip_longest
from typing import assert_never

from billing.domain.credit import CreditNote
from billing.domain.exact import EXACT, times
from billing.domain.explanation import (
    CommitmentStep,
    CreditedStep,
    CreditStep,
    DiscountStep,
    FlatStep,
    LateUsageStep,
    PackageStep,
    ProrationStep,
    Step,
    TierStep,
    UsageStep,
    amount_of,
)
from billing.domain.figures import amount, plain
from billing.domain.invoice import Invoice, LineItem
from billing.domain.money import Money, Rounding, to_minor
from billing.domain.replayed_taxes import ReplayedTaxes, replay_taxes
from billing.domain.tax import TaxLine

ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as it must be: `field` in words, what stands there and what was expected, as text."""

    field: str
    stored: str
    expected: str

    def __str__(self) -> str:
        """As a sentence's end."""
        return f"{self.field} is {self.stored}, expected {self.expected}"


def rounding_of(document: Invoice | CreditNote) -> Rounding:
    """How the document's amounts were rounded; half up for one that does not say."""
    return Rounding.HALF_UP if document.basis is None else document.basis.rounding


def replayed_amount(line: LineItem, document: Invoice | CreditNote) -> int:
    """A line's explanation replayed, in minor units; a credit note's lines have their signs turned."""
    replayed = amount_of(line.explanation.step, document.currency, rounding=rounding_of(document))
    return -replayed if isinstance(document, CreditNote) else replayed


def differing_lines(document: Invoice | CreditNote) -> Iterator[Difference]:
    """Lines that say something else than their own explanation."""
    for line in document.lines:
        yield from _differing_line(line, document)


def differing_sums(document: Invoice | CreditNote) -> Iterator[Difference]:
    """Sums that are not the sum of what stands above them, and taxes that are not their rate of their base."""
    replayed = replay_taxes(document, rounding=rounding_of(document))
    currency = document.currency
    if replayed is not None and isinstance(document, CreditNote) and document.is_by_hand:
        yield from _differing_by_cents(document, replayed)
    elif replayed is not None:
        yield from differing_taxes(document.tax_lines, replayed.rows, currency=currency)
        yield from _different("subtotal", document.subtotal, replayed.subtotal, currency=currency)
    yield from _different("tax", document.tax, sum(row.tax for row in document.tax_lines), currency=currency)
    yield from _different("total", document.total, document.subtotal + document.tax, currency=currency)
    if document.accounting_tax is not None and not (isinstance(document, CreditNote) and document.is_by_hand):
        accounted = document.accounting_tax
        exact = times(Money(document.tax, currency).amount, accounted.rate)
        tax = to_minor(exact, accounted.currency, rounding=rounding_of(document))
        yield from _different(f"tax in {accounted.currency}", accounted.tax, tax, currency=accounted.currency)


def differing_taxes(stored: Sequence[TaxLine], expected: Sequence[TaxLine], *, currency: str) -> Iterator[Difference]:
    """Two breakdowns, row by row."""
    for one, other in zip_longest(stored, expected):
        if one != other:
            yield Difference(field="tax row", stored=tax_row(one, currency), expected=tax_row(other, currency))


def _differing_by_cents(note: CreditNote, replayed: ReplayedTaxes) -> Iterator[Difference]:
    """Of a note against an invoice: it takes what was left less what is left, which rounds each side by itself."""
    near = 2 + len(note.tax_lines)
    expected = {replace(row, base=0, tax=0): row for row in replayed.rows}
    for row in note.tax_lines:
        other = expected.get(replace(row, base=0, tax=0))
        if other is None or abs(row.base - other.base) > near or abs(row.tax - other.tax) > near:
            yield Difference(
                field="tax row", stored=tax_row(row, note.currency), expected=tax_row(other, note.currency)
            )
    if abs(note.subtotal - replayed.subtotal) > near:
        yield from _different("subtotal", note.subtotal, replayed.subtotal, currency=note.currency)


def tax_row(row: TaxLine | None, currency: str) -> str:
    """A row of a tax breakdown in a line, such as `VAT 19% (DE) on 262.95: 49.96`."""
    if row is None:
        return "missing"
    place = f"{row.country}-{row.state}" if row.state else row.country
    name = f"{row.name} {plain(row.percent)}% ({place})" if row.name else f"No tax ({row.note or row.category})"
    return f"{name} on {amount(row.base, currency)}: {amount(row.tax, currency)}"


def _differing_line(line: LineItem, document: Invoice | CreditNote) -> Iterator[Difference]:
    step, name, currency = line.explanation.step, f"line {line.description!r}", document.currency
    sign = -1 if isinstance(document, CreditNote) else 1
    yield from _different(f"{name}: amount", line.amount, replayed_amount(line, document), currency=currency)
    for each in _usage_steps(step):
        if each.quantity != (units := _units(each)):
            yield Difference(field=f"{name}: units", stored=plain(each.quantity), expected=plain(units))
    quantity, price = _shown(step) or (ONE, Money(sign * replayed_amount(line, document), currency).amount)
    if isinstance(step, LateUsageStep):  # its price is an average, rounded: the amount is what counts
        units = EXACT.subtract(step.usage_after, step.usage_before)
        quantity, price = units if sign > 0 else units.copy_abs(), sign * line.unit_price
    if line.quantity != quantity:
        yield Difference(field=f"{name}: quantity", stored=plain(line.quantity), expected=plain(quantity))
    if line.unit_price != sign * price:
        yield Difference(field=f"{name}: unit price", stored=plain(line.unit_price), expected=plain(sign * price))


def _shown(step: Step) -> tuple[Decimal, Decimal] | None:
    """The quantity and unit price that the step's line shows, or None where the line is one amount."""
    match step:
        case TierStep(model="stairstep"):
            return ONE, step.flat_fee
        case TierStep() | PackageStep() | FlatStep():
            return step.quantity, step.unit_price
        case CreditedStep():
            return step.quantity, -step.unit_price
        case ProrationStep() | CreditStep() | LateUsageStep() | DiscountStep() | CommitmentStep():
            return None
        case _:
            assert_never(step)


def _usage_steps(step: Step) -> tuple[UsageStep, ...]:
    match step:
        case TierStep() | PackageStep():
            return (step,)
        case LateUsageStep():
            return (*step.before, *step.after)
        case _:
            return ()


def _units(step: UsageStep) -> Decimal:
    """How much of the usage the step prices: what is inside its tier, all of it, or the started blocks."""
    if isinstance(step, PackageStep):
        whole, rest = EXACT.divmod(step.usage, step.size)
        return EXACT.add(whole, ONE) if rest else whole
    if step.model not in ("graduated", "included"):
        return step.usage
    return EXACT.subtract(step.usage if step.up_to is None else min(step.usage, step.up_to), step.above)


def _different(field: str, stored: int, expected: int, *, currency: str) -> Iterator[Difference]:
    if stored != expected:
        yield Difference(field=field, stored=amount(stored, currency), expected=amount(expected, currency))
