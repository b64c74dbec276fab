"""The roll-up: one meter of one subscription in one month, kept as events arrive so that a run never re-reads them.

When a period is invoiced the roll-up is closed up to the period's end. What arrives for closed time later is kept apart
in `late`: it is never lost and never changes an issued invoice (semantics 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from billing.domain.catalog import Aggregation
from billing.domain.period import Period, Schedule, local_date
from billing.domain.usage import Bucket, UsageEvent, add_event, bucket_start


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRollup:
    """`month` is the local yyyy-mm that the buckets start in; `closed_until` (UTC) the end of what was invoiced."""

    subscription_id: str
    meter: str
    month: str
    aggregation: Aggregation
    buckets: Mapping[datetime, Bucket] = field(default_factory=dict)
    closed_until: datetime | None = None
    late: Mapping[datetime, Bucket] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The document's id: subscription, meter, month."""
        return rollup_id(self.subscription_id, self.meter, self.month)


def rollup_id(subscription_id: str, meter: str, month: str) -> str:
    """The id of a roll-up, whether it exists or not."""
    return f"{subscription_id}.{meter}.{month}"


@lru_cache(maxsize=4096)
def month_of(instant: datetime, *, zone: str) -> str:
    """The local month of a UTC instant, as yyyy-mm."""
    return f"{local_date(instant, zone=zone):%Y-%m}"


@lru_cache(maxsize=1024)  # one answer for all subscriptions that share a period
def months_of(period: Period, *, zone: str) -> tuple[str, ...]:
    """The local months that a period's buckets can start in, in order."""
    day = local_date(period.start, zone=zone).replace(day=1)
    last = local_date(period.end - timedelta(microseconds=1), zone=zone)
    months = []
    while day <= last:
        months.append(f"{day:%Y-%m}")
        day = _next_month(day)
    return tuple(months)


def with_event(
    rollup: UsageRollup, event: UsageEvent, *, schedule: Schedule, trial_end: datetime | None = None
) -> UsageRollup:
    """The roll-up with one more event: in its bucket, or in the late part where that time is closed already.

    `trial_end` is the end of the subscription's trial, if it had one: what was used before it is never late.
    """
    start = bucket_start(event.occurred_at, schedule, trial_end=trial_end)
    in_trial = trial_end is not None and event.occurred_at < trial_end
    is_late = not in_trial and rollup.closed_until is not None and start < rollup.closed_until
    part = rollup.late if is_late else rollup.buckets
    added = {**part, start: add_event(rollup.aggregation, part.get(start), event)}
    return replace(rollup, late=added) if is_late else replace(rollup, buckets=added)


def closed(rollup: UsageRollup, *, until: datetime) -> UsageRollup:
    """The roll-up after its buckets before `until` (UTC) were invoiced."""
    return replace(rollup, closed_until=max(until, rollup.closed_until or until))


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)
