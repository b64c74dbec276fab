"""What is left of an issued invoice to be credited: of each charge, of each tax row, in all (semantics 8).

A charge is a line with what lowers it: its proration right below, its part of each coupon, and its share of the credits
that stand on the same invoice under the same rates. So the charges add up to the invoice, and crediting one gives back
what was in fact asked for it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from billing.domain.credit import CreditNote
from billing.domain.document_check import rounding_of
from billing.domain.exact import divide
from billing.domain.explanation import (
    CommitmentStep,
    CreditedStep,
    CreditStep,
    DiscountStep,
    LateUsageStep,
    PackageStep,
    ProrationStep,
    TierStep,
    discount_parts,
)
from billing.domain.invoice import Invoice, LineItem
from billing.domain.money import Rounding, allocate
from billing.domain.replayed_taxes import replay_taxes
from billing.domain.tax import TaxableLine, TaxLine, TaxTreatment, net_total, tax_lines, total_tax


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftCharge:
    """A charge of the invoice: what it came to and what is left of it, in minor units, with tax where it is in it.

    Below zero where the invoice's credits at some rate exceed its charges there: those go back with the whole only.
    """

    line: LineItem
    treatment: TaxTreatment
    billed: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Tax rows, `subtotal` and taxes of a document or of what is left of it, in minor units."""

    rows: tuple[TaxLine, ...]
    subtotal: int

    @property
    def tax(self) -> int:
        """The tax of all rows."""
        return total_tax(self.rows)

    @property
    def total(self) -> int:
        """Subtotal and taxes."""
        return self.subtotal + self.tax

    def less(self, other: "Sums") -> "Sums":
        """The difference, row by row, in the order of these rows."""
        taken = {row_key(row): row for row in other.rows}
        rows = [_less(row, taken.get(row_key(row))) for row in self.rows]
        return Sums(rows=tuple(rows), subtotal=self.subtotal - other.subtotal)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLeft:
    """What is left of an invoice. Without `charges` it does not tell which rates its lines bear."""

    invoice: Invoice
    charges: tuple[LeftCharge, ...]
    sums: Sums
    is_untouched: bool

    def sums_of(self, left: Sequence[int]) -> Sums:
        """What the invoice would say if only these amounts of its charges were on it, in their order."""
        return _sums(self.charges, left, currency=self.invoice.currency, rounding=rounding_of(self.invoice))


def amount_of_units(units: Decimal, *, of: Decimal, billed: int, rounding: Rounding) -> int:
    """What some units of a charge came to, in minor units, where `of` of them were `billed`."""
    (part, parts), (whole, by) = units.as_integer_ratio(), of.as_integer_ratio()
    return divide(billed * part * by, parts * whole, rounding=rounding)


def credit_left(invoice: Invoice, *, earlier: Iterable[CreditNote], later: Iterable[LineItem] = ()) -> CreditLeft:
    """What credit notes (`earlier`, all against the invoice) and later bills left of it.

    `later` are lines of other bills that gave a part of it back, as amounts below zero: unused time of what was billed
    ahead, and usage that was corrected.
    """
    charges = _charges(invoice)
    given_back = _after_bills(charges, [line for line in later if _corrects(line, invoice) and line.amount < 0])
    notes = [note for note in earlier if note.is_by_hand]
    credited = _credited(notes)
    left = tuple(replace(each, left=each.left - credited.get(each.line.id, 0)) for each in given_back)
    sums = Sums(rows=invoice.tax_lines, subtotal=invoice.subtotal)
    rounding = rounding_of(invoice)
    before, after = (
        _sums(each, [charge.left for charge in each], currency=invoice.currency, rounding=rounding)
        for each in (charges, given_back)
    )
    sums = sums.less(before.less(after))
    for note in notes:
        sums = sums.less(Sums(rows=note.tax_lines, subtotal=note.subtotal))
    return CreditLeft(invoice=invoice, charges=left, sums=sums, is_untouched=not notes and given_back == charges)


def _charges(invoice: Invoice) -> tuple[LeftCharge, ...]:
    replayed = replay_taxes(invoice, rounding=rounding_of(invoice))
    if replayed is None:
        return ()
    treatments = [each.treatment for each in replayed.taxable]
    charges, lowering = list[LeftCharge](), list[LeftCharge]()
    for line, treatment in zip(invoice.lines, treatments, strict=True):
        one = LeftCharge(line=line, treatment=treatment, billed=line.amount, left=line.amount)
        if isinstance(line.explanation.step, ProrationStep):  # it stands right below its fee
            charges[-1] = _plus(charges[-1], line.amount)
        elif line.amount < 0:
            lowering.append(one)
        else:
            charges.append(one)
    charges = _discounted(charges, lowering, rounding=rounding_of(invoice))
    for each in lowering:
        if not isinstance(each.line.explanation.step, DiscountStep):
            charges = _lowered(charges, each)
    return tuple(replace(each, billed=each.left) for each in charges)


def _discounted(
    charges: Sequence[LeftCharge], lowering: Iterable[LeftCharge], *, rounding: Rounding
) -> list[LeftCharge]:
    """The charges less what each coupon took off them: a coupon's weights are theirs, in their order."""
    after = list(charges)
    bases = [place for place, each in enumerate(charges) if each.left > 0 and _is_discounted(each.line)]
    for each in lowering:
        step = each.line.explanation.step
        if isinstance(step, DiscountStep):
            parts = discount_parts(step, rounding=rounding)
            for place in step.own:
                after[bases[place]] = _plus(after[bases[place]], -parts[place])
    return after


def _is_discounted(line: LineItem) -> bool:
    step = line.explanation.step
    return not isinstance(step, CommitmentStep | CreditStep) and (not isinstance(step, LateUsageStep) or step.is_rest)


def _lowered(charges: Sequence[LeftCharge], lowering: LeftCharge) -> list[LeftCharge]:
    """The charges of the same rates less a credit, each in proportion; what they do not bear stands for itself."""
    bearing = [each.left if _alike(each, lowering) else 0 for each in charges]
    after, borne = _taken(charges, bearing, -lowering.left)
    return after if borne == -lowering.left else [*after, _plus(lowering, borne)]


def _alike(one: LeftCharge, other: LeftCharge) -> bool:
    return one.left > 0 and one.treatment == other.treatment and one.line.tax_inclusive == other.line.tax_inclusive


def _after_bills(charges: Sequence[LeftCharge], given_back: Iterable[LineItem]) -> tuple[LeftCharge, ...]:
    after = list(charges)
    for line in given_back:
        bearing = [max(0, each.left) if _bills(each.line, line) else 0 for each in after]
        after, _ = _taken(after, bearing, -line.amount)
    return tuple(after)


def _taken(charges: Sequence[LeftCharge], bearing: Sequence[int], amount: int) -> tuple[list[LeftCharge], int]:
    """The charges less an amount, spread over what each can bear, and how much of it they bear."""
    borne = min(amount, sum(bearing))
    parts = allocate(borne, bearing) if borne else (0,) * len(bearing)
    return [_plus(each, -part) for each, part in zip(charges, parts, strict=True)], borne


def _corrects(line: LineItem, invoice: Invoice) -> bool:
    step = line.explanation.step
    return isinstance(step, CreditStep | LateUsageStep) and step.invoice_id == invoice.id


def _bills(billed: LineItem, credit: LineItem) -> bool:
    """Whether a line billed what another bill's line gave back: the same item, or the same meter."""
    step, billing = credit.explanation.step, billed.explanation.step
    if isinstance(step, LateUsageStep):
        if isinstance(billing, LateUsageStep) and not billing.is_rest:
            return False
        return isinstance(billing, TierStep | PackageStep | LateUsageStep) and billing.meter == step.meter
    return billed.id.rsplit(":", 2)[0] == credit.id.rsplit(":", 2)[0]


def _credited(notes: Iterable[CreditNote]) -> Mapping[str, int]:
    steps = [line.explanation.step for note in notes for line in note.lines]
    credited = Counter[str]()
    for step in [step for step in steps if isinstance(step, CreditedStep)]:
        credited[step.line_id] += step.credited
    return credited


def _sums(charges: Sequence[LeftCharge], left: Sequence[int], *, currency: str, rounding: Rounding) -> Sums:
    lines = [
        TaxableLine(amount=amount, inclusive=each.line.tax_inclusive, treatment=each.treatment)
        for each, amount in zip(charges, left, strict=True)
    ]
    rows = tax_lines(lines, currency=currency, rounding=rounding)
    return Sums(rows=rows, subtotal=net_total(lines, rounding=rounding))


def _plus(charge: LeftCharge, amount: int) -> LeftCharge:
    return replace(charge, left=charge.left + amount)


def _less(row: TaxLine, other: TaxLine | None) -> TaxLine:
    return row if other is None else replace(row, base=row.base - other.base, tax=row.tax - other.tax)


def row_key(row: TaxLine) -> TaxLine:
    """What makes two tax rows the same one, whatever they come to."""
    return replace(row, base=0, tax=0)
