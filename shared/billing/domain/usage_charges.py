"""Usage lines: each meter of each phase in the period, rated over the local days that the phase owns."""

from collections.abc import Iterator

from billing.domain.catalog import ZERO, MeteredCharge, Plan
from billing.domain.charge import Charge, ChargeFacts, Origin, charge
from billing.domain.invoice import LineKind
from billing.domain.period import Period
from billing.domain.rating import RatedPart, rate, zero_part
from billing.domain.stamp import stamp
from billing.domain.subscription import plan_of
from billing.domain.suspension import is_left_out
from billing.domain.usage import quantity
from billing.domain.usage_ownership import owned_buckets


def usage_charges(facts: ChargeFacts, period: Period) -> Iterator[Charge]:
    """The non-empty tiers of every meter. Tiers are never prorated; a plan change splits usage by day (semantics 5).

    Nothing for a stretch in which the service was suspended all the time.
    """
    for phase, span in facts.subscription.spans(period):
        plan = plan_of(phase, facts.plans)
        owned = owned_buckets(facts.subscription, span) if plan.metered else None
        if owned is None or is_left_out(facts.subscription, owned):
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
