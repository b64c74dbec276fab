"""A charge: an invoice line with what the document need not show: its tax treatment and what it pays ahead."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from billing.domain.billing_cycle import BillingCycle
from billing.domain.explanation import Explanation, amount_of
from billing.domain.invoice import LineItem, LineKind
from billing.domain.money import Rounding
from billing.domain.period import Period, local_date
from billing.domain.rating import RatedPart
from billing.domain.subscription import Plans, Prepaid, Subscription
from billing.domain.tax import TaxTreatment
from billing.domain.usage import Buckets

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeFacts:
    """All that a cycle's charges are computed from.

    `usage` holds each meter's buckets, `invoice_id` names the bill being made, and `treatment` gives the buyer's tax
    treatment at a tax point, a local day.
    """

    subscription: Subscription
    plans: Plans
    usage: Mapping[str, Buckets]
    cycle: BillingCycle
    invoice_id: str
    currency: str
    rounding: Rounding
    treatment: Callable[[date], TaxTreatment]


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


def charge(facts: ChargeFacts, part: RatedPart, *, line_id: str, origin: Origin) -> Charge:
    """Make the line of a rated part, taxed at its tax point: the last local day of its billing period (semantics 6)."""
    tax_point = local_date(origin.period.end - _MOMENT, zone=facts.subscription.zone)
    return taxed(facts, part, line_id=line_id, origin=origin, treatment=facts.treatment(tax_point))


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
        tax_category=treatment.category.value,
        tax_percent=sum((rate.percent for rate in treatment.rates), Decimal(0)),
        tax_inclusive=origin.tax_inclusive,
        explanation=Explanation(plan=origin.plan, step=part.step),
    )
    return Charge(line=line, treatment=treatment)


def stamp(instant: datetime) -> str:
    """An instant as a part of an id: 20260201T000000Z."""
    return f"{instant:%Y%m%dT%H%M%SZ}"
