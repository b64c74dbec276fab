"""A roll-up against the raw usage that it was made of, day by day."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.domain.catalog import Aggregation
from billing.domain.figures import plain
from billing.domain.period import local_date
from billing.domain.rollup import UsageRollup
from billing.domain.usage import Bucket, LastReading, joined


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDifference:
    """A local day of which the roll-up and the raw usage say something else, both in words."""

    day: date
    rolled_up: str
    recorded: str


def differing_days(
    rollup: UsageRollup, recorded: Iterable[tuple[date, Bucket]], *, zone: str, since: date
) -> Iterator[UsageDifference]:
    """The days from `since` on that differ; `recorded` is the local day of each piece of usage and what it adds.

    What came late counts, whether it was billed or not: it is usage all the same. InvalidInput where the usage is not
    kept as the roll-up says.
    """
    parts = (rollup.buckets, rollup.late, *[each.buckets for each in rollup.late_billed])
    used = ((local_date(start, zone=zone), bucket) for part in parts for start, bucket in part.items())
    kept, events = _by_day(rollup.aggregation, used), _by_day(rollup.aggregation, recorded)
    for day in sorted(kept.keys() | events.keys()):
        one, other = kept.get(day, _NOTHING), events.get(day, _NOTHING)
        if day >= since and one != other:
            yield UsageDifference(day=day, rolled_up=_in_words(one), recorded=_in_words(other))


_NOTHING = Decimal(0)


def _by_day(aggregation: Aggregation, used: Iterable[tuple[date, Bucket]]) -> dict[date, Bucket]:
    days: dict[date, Bucket] = {}
    for day, bucket in used:
        days[day] = joined(aggregation, days.get(day), bucket)
    return days


def _in_words(bucket: Bucket) -> str:
    match bucket:
        case Decimal():
            return plain(bucket)
        case LastReading():
            return f"{plain(bucket.quantity)} at {bucket.occurred_at.isoformat()}"
        case _:
            return f"{len(bucket)} different values"
