"""Usage lines: each meter of each phase in the period, rated over the local days that the phase owns."""

from collections.abc import Iterator
from datetime import datetime

from billing.domain.billing_cycle import anchored_period
from billing.domain.catalog import ZERO, MeteredCharge, Plan
from billing.domain.charge import Charge, ChargeFacts, Origin, charge
from billing.domain.invoice import LineKind
from billing.domain.period import Period
from billing.domain.rating import RatedPart, rate, zero_part
from billing.domain.stamp import stamp
from billing.domain.subscription import Subscription, plan_of
from billing.domain.usage import bucket_start, quantity


def usage_charges(facts: ChargeFacts, period: Period) -> Iterator[Charge]:
    """The non-empty tiers of every meter. Tiers are never prorated; a plan change splits usage by day (semantics 5)."""
    for phase, span in facts.subscription.spans(period):
        plan = plan_of(phase, facts.plans)
        owned = _owned_buckets(facts.subscription, span) if plan.metered else None
        if owned is None:
            continue
        for metered in plan.metered:
            used = quantity(metered.aggregation, facts.usage.get(metered.meter, {}), owned)
            for index, part in enumerate(rate(metered, max(used, ZERO))):
                yield _line(facts, part, metered=metered, plan=plan, span=span, period=period, index=index)


def unused_charge(facts: ChargeFacts, period: Period) -> Iterator[Charge]:
    """The one zero line of an active subscription that used nothing and owes no fee: an invoice has a line."""
    phase, span = facts.subscription.spans(period)[-1]
    plan = plan_of(phase, facts.plans)
    for metered in plan.metered[:1]:
        yield _line(facts, zero_part(metered), metered=metered, plan=plan, span=span, period=period, index=0)


def _line(
    facts: ChargeFacts,
    part: RatedPart,
    *,
    metered: MeteredCharge,
    plan: Plan,
    span: Period,
    period: Period,
    index: int,
) -> Charge:
    origin = Origin(kind=LineKind.USAGE, plan=plan.ref, span=span, period=period, tax_inclusive=metered.tax_inclusive)
    return charge(facts, part, line_id=f"{metered.meter}:{stamp(span.start)}:{index}", origin=origin)


def _owned_buckets(subscription: Subscription, span: Period) -> Period | None:
    """The stretch whose buckets a phase prices, or None for a phase that lasted less than a day.

    The day of a change belongs to the new phase as a whole, and so does the first day to the subscription.
    """
    start = _bucket_around(subscription, span.start)
    end = span.end if span.end == subscription.end else _bucket_around(subscription, span.end)
    return Period(start=start, end=end) if start < end else None


def _bucket_around(subscription: Subscription, instant: datetime) -> datetime:
    schedule = subscription.schedule_before(instant)
    if anchored_period(schedule, instant).start == instant:
        return instant  # an ordinary boundary cuts the buckets
    return bucket_start(instant, schedule)
