"""A charge: an invoice line with what the document need not show: its tax treatment and what it pays ahead."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from billing.domain.charged_stretch import ChargedStretch
from billing.domain.explanation import Explanation, Step, amount_of
from billing.domain.invoice import LineItem, LineKind
from billing.domain.late_usage import LateBuckets
from billing.domain.money import Money, Rounding
from billing.domain.period import Period
from billing.domain.rating import RatedPart
from billing.domain.subscription import Plans, Prepaid, Subscription
from billing.domain.tax import TaxableLine, TaxTreatment
from billing.domain.usage import Buckets

_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeFacts:
    """All that a bill's charges are computed from.

    `usage` holds each meter's buckets, `late` what came too late for earlier bills, `invoice_id` names the bill being
    made, and `treatment` gives the buyer's tax treatment for a billing period, at its tax point. `charged` is what
    later bills have charged already of the time that a bill made again pays ahead.
    """

    subscription: Subscription
    plans: Plans
    usage: Mapping[str, Buckets]
    invoice_id: str
    currency: str
    rounding: Rounding
    treatment: Callable[[Period], TaxTreatment]
    late: Mapping[str, LateBuckets] = field(default_factory=dict)
    charged: tuple[ChargedStretch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A line of the invoice; `prepaid` remembers what it pays ahead, so that an unused part can be credited."""

    line: LineItem
    treatment: TaxTreatment
    prepaid: Prepaid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a line comes from: the price version, the stretch it covers, and the billing period that it belongs to."""

    kind: LineKind
    plan: str
    span: Period
    period: Period
    tax_inclusive: bool


def taxable_lines(charges: Iterable[Charge]) -> list[TaxableLine]:
    """The lines' amounts, added up where they are taxed alike: tax is computed on their sum (semantics 6)."""
    sums: dict[tuple[int, bool], int] = {}
    treatments: dict[int, TaxTreatment] = {}
    for each in charges:
        alike = id(each.treatment), each.line.tax_inclusive  # by identity: comparing a treatment costs more than adding
        sums[alike] = sums.get(alike, 0) + each.line.amount
        treatments[alike[0]] = each.treatment
    return [
        TaxableLine(amount=amount, inclusive=inclusive, treatment=treatments[key])
        for (key, inclusive), amount in sums.items()
    ]


def charge(facts: ChargeFacts, part: RatedPart, *, line_id: str, origin: Origin) -> Charge:
    """Make the line of a rated part, taxed as its billing period is."""
    return taxed(facts, part, line_id=line_id, origin=origin, treatment=facts.treatment(origin.period))


def one_amount(facts: ChargeFacts, description: str, step: Step) -> RatedPart:
    """A part that is one amount: its unit price is the amount itself."""
    price = Money(amount_of(step, facts.currency, rounding=facts.rounding), facts.currency).amount
    return RatedPart(description=description, quantity=_ONE, unit_price=price, step=step)


def taxed(facts: ChargeFacts, part: RatedPart, *, line_id: str, origin: Origin, treatment: TaxTreatment) -> Charge:
    """Make the line of a rated part under a given tax treatment."""
    line = LineItem(
        id=line_id,
        kind=origin.kind,
        description=part.description,
        quantity=part.quantity,
        unit_price=part.unit_price,
        amount=amount_of(part.step, facts.currency, rounding=facts.rounding),
        period=origin.span,
        tax_category=str(treatment.category),
        tax_percent=sum([rate.percent for rate in treatment.rates], _ZERO),
        tax_inclusive=origin.tax_inclusive,
        explanation=Explanation(plan=origin.plan, step=part.step),
    )
    return Charge(line=line, treatment=treatment)
