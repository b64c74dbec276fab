"""Trials: days before billing begins, in which usage is recorded and never billed."""

from datetime import datetime

from billing.domain.catalog import Plan
from billing.domain.period import Cycle, Schedule, Unit
from billing.domain.subscription import Phase, Subscription, schedule_of


def subscribed(subscription_id: str, customer_id: str, *, plan: Plan, start: datetime, zone: str) -> Subscription:
    """A subscription of a plan from `start` (UTC), with its trial first; `next_billing_at` is left to the caller."""
    begins = end_of_trial(start, days=plan.trial_days, zone=zone)
    return Subscription(
        id=subscription_id,
        customer_id=customer_id,
        zone=zone,
        phases=(Phase(plan=plan.ref, start=begins, schedule=schedule_of(plan, begins, zone)),),
        trial_start=start if plan.trial_days else None,
    )


def end_of_trial(start: datetime, *, days: int, zone: str) -> datetime:
    """The UTC instant at which billing begins: that many local days after `start` (UTC), at the same wall time.

    A wall time that a clock change skips moves forward with it, one that exists twice is its first (semantics 2).
    """
    return Schedule.anniversary(Cycle(days, Unit.DAY), started_at=start, zone=zone).boundary(1) if days else start
