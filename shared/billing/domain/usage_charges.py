"""Usage lines: each meter of each phase in the period, rated over the local days that the phase owns."""

from collections.abc import Iterator

from billing.domain.billing_cycle import plan_stretch
from billing.domain.catalog import ZERO, MeteredCharge, Plan
from billing.domain.charge import Charge, ChargeFacts, Origin, charge
from billing.domain.explanation import amount_of
from billing.domain.invoice import LineKind
from billing.domain.late_charges import invoice_of, local_days
from billing.domain.period import Period
from billing.domain.rated_twice import difference, rated_twice, usage_steps
from billing.domain.rating import RatedPart, rate, zero_part
from billing.domain.stamp import stamp
from billing.domain.subscription import plan_of
from billing.domain.suspension import is_left_out
from billing.domain.usage import quantity
from billing.domain.usage_ownership import owned_buckets


def usage_charges(facts: ChargeFacts, period: Period) -> Iterator[Charge]:
    """The non-empty tiers of every meter. Tiers are never prorated; a plan change splits usage by day (semantics 5).

    Nothing for a stretch in which the service was suspended all the time. Where a bill of the same plan's period was
    made before, for a change that was taken back, tiers and allowances go on from there: one line where that matters.
    """
    for phase, span in facts.subscription.spans(period):
        plan = plan_of(phase, facts.plans)
        owned = owned_buckets(facts.subscription, span) if plan.metered else None
        if owned is None or is_left_out(facts.subscription, owned):
            continue
        stretch = plan_stretch(facts.subscription, span, until=span.end)
        for metered in plan.metered:
            used = quantity(metered.aggregation, facts.usage.get(metered.meter, {}), owned)
            parts = rate(metered, max(used, ZERO))
            if stretch.start < span.start:
                parts = _rest(facts, metered, parts, stretch=stretch, span=span)
            for index, part in enumerate(parts):
                yield _line(facts, part, metered=metered, plan=plan, span=span, period=period, index=index)


def _rest(
    facts: ChargeFacts, metered: MeteredCharge, alone: tuple[RatedPart, ...], *, stretch: Period, span: Period
) -> tuple[RatedPart, ...]:
    """What a span adds to the price of its stretch: its own parts where they come to that, else the difference."""
    subscription, usage = facts.subscription, facts.usage.get(metered.meter, {})
    first = owned_buckets(subscription, Period(start=stretch.start, end=span.start))
    whole = owned_buckets(subscription, stretch)
    if first is None or whole is None or is_left_out(subscription, first):
        return alone
    before, after = (quantity(metered.aggregation, usage, each) for each in (first, whole))
    invoice_id = invoice_of(facts, bill_for_date=span.start)
    step = rated_twice(metered, before=before, after=after, invoice_id=invoice_id, is_rest=True)
    added, own = (
        sum([amount_of(each, facts.currency, rounding=facts.rounding) for each in steps])
        for steps in ([step], usage_steps(alone))
    )
    if added == own:
        return alone
    days = local_days(stretch, zone=subscription.zone)
    is_more = step.usage_after != step.usage_before
    return (difference(step, description=f"{metered.name} - rest of {days}"),) if is_more else ()


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
