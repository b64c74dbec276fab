"""From which day a book is billed (docs/adr/0011): what was billed elsewhere is not billed here again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from billing.adapters.book_files.subscription_rows import BookedSubscription
from billing.domain.billing_cycle import bill_for_on_or_after, first_bill_for, period_around
from billing.domain.period import local_date, local_midnight
from billing.domain.subscription import OneTimeCharge, Subscription, SubscriptionStatus
from billing.domain.takeover import taken_over
from billing.domain.usage import UsageEvent

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingStart:
    """The first day whose bills are made here (None: each subscription's own start), and why, in words."""

    day: date | None
    reason: str


def billing_start(
    subscriptions: Sequence[BookedSubscription], usage: Sequence[UsageEvent], *, zone: str, bill_from: date | None
) -> BillingStart:
    """The rule that this book is billed by."""
    if bill_from is not None:
        return BillingStart(day=bill_from, reason=f"billing starts on {bill_from}, the day that was asked for")
    if not usage:
        return BillingStart(day=None, reason="billing starts with each subscription: the book has no usage")
    first = min(event.occurred_at for event in usage)
    if not any(_ran_before(each.value, first) for each in subscriptions):
        return BillingStart(day=None, reason="billing starts with each subscription: the book is of a new business")
    day = _newest_day(subscriptions, usage)
    reason = (
        f"billing continues after {day}, the newest usage row; bills for earlier days count as made elsewhere, because "
        f"subscriptions had completed a cycle before the first usage row ({local_date(first, zone=zone)})"
    )
    return BillingStart(day=day + timedelta(days=1), reason=reason)


def _newest_day(subscriptions: Sequence[BookedSubscription], usage: Sequence[UsageEvent]) -> date:
    """The latest day of usage, each in its subscription's zone."""
    zones, newest = {each.value.id: each.value.zone for each in subscriptions}, dict[str, datetime]()
    for event in usage:
        zone = zones[event.subscription_id]
        newest[zone] = max(newest.get(zone, event.occurred_at), event.occurred_at)
    return max(local_date(instant, zone=zone) for zone, instant in newest.items())


def with_first_bill(booked: BookedSubscription, start: BillingStart) -> Subscription:
    """The subscription with its next bill; one without a bill to come has ended."""
    subscription, plans = booked.value, {booked.plan.ref: booked.plan}
    if subscription.end is not None and subscription.end <= subscription.start:  # in its trial
        return replace(subscription, status=SubscriptionStatus.ENDED)
    day = booked.bill_from or start.day
    if day is None:
        return replace(subscription, next_billing_at=first_bill_for(subscription, plans))
    instant = local_midnight(day, zone=subscription.zone)
    due = bill_for_on_or_after(subscription, plans, instant=instant)
    status = SubscriptionStatus.ENDED if due is None else SubscriptionStatus.ACTIVE
    one_time = _not_billed_elsewhere(subscription, due, first=first_bill_for(subscription, plans))
    moved_in = replace(subscription, next_billing_at=due, status=status, billed_from=instant, one_time=one_time)
    return taken_over(moved_in, plans)


def _not_billed_elsewhere(
    subscription: Subscription, due: datetime | None, *, first: datetime
) -> tuple[OneTimeCharge, ...]:
    """The one-time charges that the bill due next, or a later one, is the first to carry."""
    if due is None:
        return ()
    before = period_around(subscription, due - _MOMENT).start if due > first else None
    return tuple(each for each in subscription.one_time if before is None or each.charged_at > before)


def _ran_before(subscription: Subscription, instant: datetime) -> bool:
    """Whether it had completed a whole cycle before the cycle that an instant lies in."""
    start, schedule = subscription.start, subscription.phases[0].schedule
    if start >= instant:
        return False
    first = schedule.period_at(start)
    if instant < first.end:
        return False
    completed = first.end if first.start == start else schedule.period_at(first.end).end
    if subscription.end is not None and completed > subscription.end:
        return False
    return completed <= schedule.period_at(instant).start
