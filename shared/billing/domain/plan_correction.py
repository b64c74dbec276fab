"""A plan version that was wrong: subscriptions go on with the right one, as if they had been on it (semantics 4).

A published version never changes, so a wrong price is put right by another version in its place. That is no change of
plan: the day stays whole and the cycle goes on.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from billing.domain.billing_cycle import BillingCycle
from billing.domain.catalog import Plan
from billing.domain.errors import InvalidInput
from billing.domain.subscription import Phase, Subscription


def with_plan_corrected(subscription: Subscription, *, wrong: Plan, right: Plan, since: datetime) -> Subscription:
    """The subscription on `right` wherever it is on `wrong` at or after a UTC instant; itself where it never is.

    Raises InvalidInput where the versions differ in currency, cycle or day: then it is a change of plan.
    """
    for name in ("currency", "cycle", "anchor_day", "billed"):
        if getattr(wrong, name) != getattr(right, name):
            raise InvalidInput(
                name, expected=f"that of {wrong.ref}, {getattr(wrong, name)}", given=getattr(right, name)
            )
    return replace(subscription, phases=tuple(_phases(subscription, wrong=wrong.ref, right=right.ref, since=since)))


def not_billed_since(cycle: BillingCycle) -> datetime:
    """The start (UTC) of what a subscription's open cycle is the first to bill."""
    starts = [period.start for period in (cycle.arrears, cycle.advance) if period is not None]
    return min(starts, default=cycle.bill_for_date)


def _phases(subscription: Subscription, *, wrong: str, right: str, since: datetime) -> Iterator[Phase]:
    ends = [*[phase.start for phase in subscription.phases[1:]], None]
    for phase, end in zip(subscription.phases, ends, strict=True):
        if phase.plan != wrong or (end is not None and end <= since):
            yield phase
        elif phase.start >= since:
            yield replace(phase, plan=right)
        else:
            yield phase
            yield Phase(plan=right, start=since, schedule=phase.schedule)
