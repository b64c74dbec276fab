"""Late usage lines: the difference between a past period rated with and without it (semantics 4)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from billing.domain.billing_cycle import BillingCycle, cycle_at
from billing.domain.catalog import ZERO, MeteredCharge
from billing.domain.charge import Charge, ChargeFacts, Origin, charge
from billing.domain.exact import EXACT, divide, plus, times, total
from billing.domain.explanation import LateUsageStep, PackageStep, TierStep, UsageStep
from billing.domain.invoice import LineKind
from billing.domain.late_usage import LateBuckets
from billing.domain.money import Rounding
from billing.domain.period import Period, local_date
from billing.domain.rating import RatedPart, rate
from billing.domain.stamp import stamp
from billing.domain.subscription import Subscription, plan_of
from billing.domain.usage import Buckets, all_joined, quantity
from billing.domain.usage_ownership import owned_buckets, priced_period

_MOMENT = timedelta(microseconds=1)
_PRICE_PLACES = 12


def late_charges(facts: ChargeFacts) -> Iterator[Charge]:
    """A line for each past period and meter (and plan version in it) whose quantity the late usage changes.

    It is priced by the version in force then and taxed at that period's tax point; 0.00 where no price changes.
    """
    for meter, late in facts.late.items():
        for period in _periods(facts.subscription, late.late):
            yield from _of_period(facts, meter, late, period=period)


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


def _of_period(facts: ChargeFacts, meter: str, late: LateBuckets, *, period: Period) -> Iterator[Charge]:
    subscription = facts.subscription
    for phase, span in subscription.spans(period):
        plan = plan_of(phase, facts.plans)
        metered = next((each for each in plan.metered if each.meter == meter), None)
        owned = owned_buckets(subscription, span)
        if metered is None or owned is None:
            continue
        step = _step(metered, late, owned=owned, invoice_id=_invoice_of(facts, period))
        if step.usage_after == step.usage_before:
            continue
        part = RatedPart(
            description=f"{metered.name} - late usage {_days(span, zone=subscription.zone)}",
            quantity=EXACT.subtract(step.usage_after, step.usage_before),
            unit_price=_average_price(step),
            step=step,
        )
        origin = Origin(
            kind=LineKind.USAGE, plan=plan.ref, span=span, period=period, tax_inclusive=metered.tax_inclusive
        )
        yield charge(facts, part, line_id=f"late:{meter}:{stamp(span.start)}", origin=origin)


def _step(metered: MeteredCharge, late: LateBuckets, *, owned: Period, invoice_id: str) -> LateUsageStep:
    with_late = all_joined(metered.aggregation, (late.billed, late.late))
    before = max(quantity(metered.aggregation, late.billed, owned), ZERO)
    after = max(quantity(metered.aggregation, with_late, owned), ZERO)
    return LateUsageStep(
        meter=metered.meter,
        usage_before=before,
        usage_after=after,
        before=_usage_steps(rate(metered, before)),
        after=_usage_steps(rate(metered, after)),
        invoice_id=invoice_id,
    )


def _invoice_of(facts: ChargeFacts, period: Period) -> str:
    """The invoice that the period's timely usage was billed by."""
    cycle = cycle_at(facts.subscription, facts.plans, bill_for_date=period.end)
    return f"{facts.subscription.id}.{cycle.key}.r0"


def _usage_steps(parts: Iterable[RatedPart]) -> tuple[UsageStep, ...]:
    return tuple(part.step for part in parts if isinstance(part.step, TierStep | PackageStep))


def _days(span: Period, *, zone: str) -> str:
    """The local days of a stretch, the last one included."""
    first, last = local_date(span.start, zone=zone), local_date(span.end - _MOMENT, zone=zone)
    return f"{first}" if first == last else f"{first} to {last}"


def _average_price(step: LateUsageStep) -> Decimal:
    """What a unit of the difference costs (major units): its tier's price, or the average of several, to 12 places."""
    difference = EXACT.subtract(_price(step.after), _price(step.before)).as_integer_ratio()
    units = EXACT.subtract(step.usage_after, step.usage_before).as_integer_ratio()
    scaled = divide(difference[0] * units[1] * 10**_PRICE_PLACES, difference[1] * units[0], rounding=Rounding.HALF_UP)
    price = EXACT.normalize(EXACT.scaleb(Decimal(scaled), -_PRICE_PLACES))
    return Decimal(f"{price:f}")


def _price(steps: Iterable[UsageStep]) -> Decimal:
    """The exact price (major units), not rounded."""
    return total(
        plus(times(step.quantity, step.unit_price), step.flat_fee if isinstance(step, TierStep) else ZERO)
        for step in steps
    )
