"""Usage: events become buckets, buckets become a period's quantity (semantics 4).

A bucket is the stretch of a local day that lies in one billing period: it starts at local midnight or at the boundary
inside that day, whichever is later. So one roll-up serves days, hours and odd anchors, and no event is ever re-read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import assert_never

from billing.domain.catalog import ZERO, Aggregation
from billing.domain.exact import plus
from billing.domain.period import Period, Schedule, local_date, local_midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEvent:
    """One measurement at the UTC instant `occurred_at`.

    `id` is the sender's idempotency key; `value` is what a unique count counts.
    """

    id: str
    subscription_id: str
    meter: str
    occurred_at: datetime
    quantity: Decimal
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastReading:
    """The latest reading of a gauge; of two at one instant the greater event id wins, so that arrival can't matter."""

    occurred_at: datetime
    event_id: str
    quantity: Decimal


Bucket = Decimal | LastReading | frozenset[str]
Buckets = Mapping[datetime, Bucket]


def bucket_start(occurred_at: datetime, schedule: Schedule) -> datetime:
    """The UTC instant at which the bucket of an event starts."""
    midnight = local_midnight(local_date(occurred_at, zone=schedule.zone), zone=schedule.zone)
    return max(midnight, schedule.period_at(occurred_at).start)


def add_event(aggregation: Aggregation, bucket: Bucket | None, event: UsageEvent) -> Bucket:
    """The bucket with one more event in it; the result does not depend on the order of arrival."""
    match aggregation:
        case Aggregation.SUM:
            return plus(bucket, event.quantity) if isinstance(bucket, Decimal) else event.quantity
        case Aggregation.COUNT:
            return plus(bucket, Decimal(1)) if isinstance(bucket, Decimal) else Decimal(1)
        case Aggregation.MAX:
            return max(bucket, event.quantity) if isinstance(bucket, Decimal) else event.quantity
        case Aggregation.LAST:
            reading = LastReading(occurred_at=event.occurred_at, event_id=event.id, quantity=event.quantity)
            return max(bucket, reading, key=_reading_order) if isinstance(bucket, LastReading) else reading
        case Aggregation.UNIQUE:
            return (bucket if isinstance(bucket, frozenset) else frozenset()) | {event.value}
        case _:
            assert_never(aggregation)


def quantity(aggregation: Aggregation, buckets: Buckets, period: Period) -> Decimal:
    """The period's quantity: the buckets that start in [start, end), put together as the meter says; 0 without any."""
    inside = [bucket for start, bucket in buckets.items() if period.start <= start < period.end]
    numbers = [bucket for bucket in inside if isinstance(bucket, Decimal)]
    match aggregation:
        case Aggregation.SUM | Aggregation.COUNT:
            return total(numbers)
        case Aggregation.MAX:
            return max(numbers, default=ZERO)
        case Aggregation.LAST:
            readings = [bucket for bucket in inside if isinstance(bucket, LastReading)]
            return max(readings, key=_reading_order).quantity if readings else ZERO
        case Aggregation.UNIQUE:
            values = frozenset[str]().union(*(bucket for bucket in inside if isinstance(bucket, frozenset)))
            return Decimal(len(values))
        case _:
            assert_never(aggregation)


def total(numbers: Iterable[Decimal]) -> Decimal:
    """The exact sum; 0 of none."""
    result = ZERO
    for number in numbers:
        result = plus(result, number)
    return result


def _reading_order(reading: LastReading) -> tuple[datetime, str]:
    return reading.occurred_at, reading.event_id
