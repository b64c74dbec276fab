"""Usage: events become buckets, buckets become a period's quantity (semantics 4).

A bucket is the stretch of a local day that lies in one billing period: it starts at local midnight or at the boundary
inside that day, whichever is later. So one roll-up serves days, hours and odd anchors, and no event is ever re-read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeVar, assert_never

from billing.domain.catalog import ZERO, Aggregation
from billing.domain.errors import InvalidInput
from billing.domain.exact import plus, total
from billing.domain.period import Period, Schedule, local_date, local_midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEvent:
    """One measurement at the UTC instant `occurred_at`.

    `id` is the sender's idempotency key; `value` is what a unique count counts. `replaces` is the id of the event that
    it stands for from now on, `replaced_by` the one that stands for it.
    """

    id: str
    subscription_id: str
    meter: str
    occurred_at: datetime
    quantity: Decimal
    value: str = ""
    replaces: str = ""
    replaced_by: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Refuse NaN and infinity: one of them would spoil its whole bucket."""
        if not self.quantity.is_finite():
            raise InvalidInput("quantity", expected="a finite decimal", given=str(self.quantity))


@dataclass(frozen=True, slots=True, kw_only=True)
class LastReading:
    """The latest reading of a gauge; of two at one instant the greater event id wins, so that arrival can't matter."""

    occurred_at: datetime
    event_id: str
    quantity: Decimal


Bucket = Decimal | LastReading | frozenset[str]
Buckets = Mapping[datetime, Bucket]


def bucket_start(occurred_at: datetime, schedule: Schedule, *, trial_end: datetime | None = None) -> datetime:
    """The UTC instant at which the bucket of an event starts.

    `trial_end` is when a trial ended: it cuts that day's bucket too, so that no bill holds a part of the trial.
    """
    midnight = local_midnight(local_date(occurred_at, zone=schedule.zone), zone=schedule.zone)
    start = max(midnight, schedule.period_at(occurred_at).start)
    return start if trial_end is None or occurred_at < trial_end else max(start, trial_end)


def joined(aggregation: Aggregation, bucket: Bucket | None, more: Bucket) -> Bucket:
    """Two buckets of one stretch of time as one, in whichever order.

    Raises InvalidInput where they were kept by different aggregations: dropping one would lose usage.
    """
    match bucket, more:
        case None, _:
            return more
        case Decimal(), Decimal():
            return max(bucket, more) if aggregation is Aggregation.MAX else plus(bucket, more)
        case LastReading(), LastReading():
            return max(bucket, more, key=_reading_order)
        case frozenset(), frozenset():
            return bucket | more
        case _:
            raise _mixed(aggregation)


def all_joined(aggregation: Aggregation, parts: Iterable[Buckets]) -> dict[datetime, Bucket]:
    """Several parts of one meter's usage as one."""
    whole: dict[datetime, Bucket] = {}
    for buckets in parts:
        for start, bucket in buckets.items():
            whole[start] = joined(aggregation, whole.get(start), bucket)
    return whole


def quantity(aggregation: Aggregation, buckets: Buckets, period: Period) -> Decimal:
    """The period's quantity: the buckets that start in [start, end), put together as the meter says; 0 without any.

    Raises InvalidInput where a bucket was made by another kind of aggregation.
    """
    first, end = period.start, period.end
    inside = [bucket for start, bucket in buckets.items() if first <= start < end]
    match aggregation:
        case Aggregation.SUM | Aggregation.COUNT:
            return total(_all(Decimal, inside, aggregation=aggregation))
        case Aggregation.MAX:
            return max(_all(Decimal, inside, aggregation=aggregation), default=ZERO)
        case Aggregation.LAST:
            readings = _all(LastReading, inside, aggregation=aggregation)
            return max(readings, key=_reading_order).quantity if readings else ZERO
        case Aggregation.UNIQUE:
            return Decimal(len(frozenset[str]().union(*_all(frozenset, inside, aggregation=aggregation))))
        case _:
            assert_never(aggregation)


def bucket_of(aggregation: Aggregation, event: UsageEvent) -> Bucket:
    """The bucket that an event alone makes."""
    match aggregation:
        case Aggregation.SUM | Aggregation.MAX:
            return event.quantity
        case Aggregation.COUNT:
            return Decimal(1)
        case Aggregation.LAST:
            return LastReading(occurred_at=event.occurred_at, event_id=event.id, quantity=event.quantity)
        case Aggregation.UNIQUE:
            return frozenset((event.value,))
        case _:
            assert_never(aggregation)


_Kind = TypeVar("_Kind", Decimal, LastReading, frozenset[str])


def _all(kind: type[_Kind], buckets: list[Bucket], *, aggregation: Aggregation) -> list[_Kind]:
    fitting = [bucket for bucket in buckets if isinstance(bucket, kind)]
    if len(fitting) != len(buckets):
        raise _mixed(aggregation)
    return fitting


def _mixed(aggregation: Aggregation) -> InvalidInput:
    return InvalidInput("aggregation", expected="the one that the meter's usage was kept by", given=aggregation.value)


def _reading_order(reading: LastReading) -> tuple[datetime, str]:
    return reading.occurred_at, reading.event_id
