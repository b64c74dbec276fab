"""Which bill prices a bucket of usage: the day of a change belongs to the new phase as a whole (semantics 5)."""

from datetime import datetime, timedelta

from billing.domain.billing_cycle import anchored_period, period_around, usage_bucket
from billing.domain.period import Period, local_date, local_midnight
from billing.domain.subscription import Subscription
from billing.domain.usage import bucket_start

_MOMENT = timedelta(microseconds=1)


def owned_buckets(subscription: Subscription, span: Period) -> Period | None:
    """The stretch whose buckets a phase prices, or None for a phase that lasted less than a day.

    The day of a change belongs to the new phase as a whole, and so does the first day to the subscription; where a
    trial was before, only what followed it.
    """
    start, end = _bucket_around(subscription, span.start), billed_until(subscription, period_end=span.end)
    return Period(start=start, end=end) if start < end else None


def billed_until(subscription: Subscription, *, period_end: datetime) -> datetime:
    """The UTC instant up to which a bill prices buckets: its period's end, or the start of the day of a change."""
    return period_end if period_end == subscription.end else _bucket_around(subscription, period_end)


def owned_from(subscription: Subscription, *, at: datetime) -> datetime:
    """The UTC instant from which buckets belong to what begins at an instant: its day as a whole (semantics 5).

    An ordinary boundary within that day cuts it, a change that restarted the cycle within it does not.
    """
    return _bucket_around(subscription, usage_bucket(subscription, occurred_at=at))


def priced_period(subscription: Subscription, *, bucket: datetime) -> Period | None:
    """The billing period whose bill prices the bucket that starts then (UTC).

    None where no bill made here does: it lies in the trial, or in a period that was billed elsewhere.
    """
    if bucket < _bucket_around(subscription, subscription.start):
        return None
    period = period_around(subscription, max(bucket, subscription.start))
    while period.end != subscription.end and billed_until(subscription, period_end=period.end) <= bucket:
        period = period_around(subscription, period.end)
    elsewhere = subscription.billed_from is not None and period.end < subscription.billed_from
    return None if elsewhere else period


def _bucket_around(subscription: Subscription, instant: datetime) -> datetime:
    schedule = subscription.schedule_before(instant)
    if anchored_period(schedule, instant).start == instant:
        return instant  # an ordinary boundary cuts the buckets
    if instant <= subscription.start:
        return bucket_start(instant, schedule, trial_end=subscription.trial_end)
    midnight = local_midnight(local_date(instant, zone=subscription.zone), zone=subscription.zone)
    start = max(midnight, period_around(subscription, instant - _MOMENT).start)
    return start if start == midnight else _bucket_around(subscription, start)  # of two changes in a day the last
