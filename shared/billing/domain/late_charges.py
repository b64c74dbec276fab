"""Late usage lines: the difference between a past period rated with and without it (semantics 4)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from billing.domain.billing_cycle import BillingCycle, cycle_at, plan_stretch
from billing.domain.charge import Charge, ChargeFacts, Origin, charge
from billing.domain.invoice import LineKind
from billing.domain.late_usage import LateBuckets
from billing.domain.period import Period, local_date
from billing.domain.rated_twice import difference, rated_twice
from billing.domain.stamp import stamp
from billing.domain.subscription import Phase, Subscription, plan_of
from billing.domain.usage import Buckets, all_joined, quantity
from billing.domain.usage_ownership import owned_buckets, priced_period

_MOMENT = timedelta(microseconds=1)


def late_charges(facts: ChargeFacts) -> Iterator[Charge]:
    """A line for each past period and meter (and plan version in it) whose quantity the late usage changes.

    It is priced by the version in force then and taxed at that period's tax point; 0.00 where no price changes.
    """
    for meter, late in facts.late.items():
        known: set[Period] = set()
        for period in _periods(facts.subscription, late.late):
            for phase, span in facts.subscription.spans(period):
                stretch = plan_stretch(facts.subscription, span, until=facts.subscription.next_billing_at or span.end)
                if stretch not in known:
                    known.add(stretch)
                    yield from _of_stretch(facts, meter, late, phase=phase, stretch=stretch, period=period)


def covering(charges: Sequence[Charge], cycle: BillingCycle) -> BillingCycle:
    """The cycle itself; that of a bill of what came late with the time that its lines are for as its period."""
    if not cycle.is_late or not charges:
        return cycle
    starts, ends = zip(*[(each.line.period.start, each.line.period.end) for each in charges], strict=True)
    return replace(cycle, period=Period(start=min(starts), end=max(ends)))


def _periods(subscription: Subscription, late: Buckets) -> list[Period]:
    """The billing periods that price the late buckets, in order of time."""
    found = {priced_period(subscription, bucket=start) for start in late}
    return sorted((each for each in found if each is not None), key=lambda period: period.start)


def _of_stretch(
    facts: ChargeFacts, meter: str, late: LateBuckets, *, phase: Phase, stretch: Period, period: Period
) -> Iterator[Charge]:
    plan, owned = plan_of(phase, facts.plans), owned_buckets(facts.subscription, stretch)
    metered = next((each for each in plan.metered if each.meter == meter), None)
    if metered is None or owned is None:
        return
    with_late = all_joined(metered.aggregation, (late.billed, late.late))
    before, after = (quantity(metered.aggregation, each, owned) for each in (late.billed, with_late))
    invoice_id = invoice_of(facts, bill_for_date=period.end)
    step = rated_twice(metered, before=before, after=after, invoice_id=invoice_id)
    if step.usage_after == step.usage_before:
        return
    days = local_days(stretch, zone=facts.subscription.zone)
    part = difference(step, description=f"{metered.name} - late usage {days}")
    origin = Origin(
        kind=LineKind.USAGE, plan=plan.ref, span=stretch, period=period, tax_inclusive=metered.tax_inclusive
    )
    yield charge(facts, part, line_id=f"late:{meter}:{stamp(stretch.start)}", origin=origin)


def invoice_of(facts: ChargeFacts, *, bill_for_date: datetime) -> str:
    """The invoice that the timely usage of the period until then (UTC) was billed by."""
    cycle = cycle_at(facts.subscription, facts.plans, bill_for_date=bill_for_date)
    return f"{facts.subscription.id}.{cycle.key}.r0"


def local_days(span: Period, *, zone: str) -> str:
    """The local days of a stretch, the last one included."""
    first, last = local_date(span.start, zone=zone), local_date(span.end - _MOMENT, zone=zone)
    return f"{first}" if first == last else f"{first} to {last}"
