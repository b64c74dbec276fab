"""Proration: what part of its period a recurring charge owes (semantics 5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never

from billing.domain.catalog import FirstPeriod, Plan, Proration
from billing.domain.period import Cycle, Period, Unit, count_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`active` of `whole` local days or seconds. A full share owes the full price."""

    active: int
    whole: int
    unit: str

    @property
    def is_full(self) -> bool:
        """Whether nothing is missing from the period."""
        return self.active >= self.whole


def share_of(active: Period, whole: Period, *, proration: Proration, zone: str) -> Share:
    """Measure a stretch of a period: in local calendar days over those of the whole anchored period, or in seconds."""
    match proration:
        case Proration.DAY:
            days = count_days(whole, zone=zone)
            return Share(active=days if active == whole else count_days(active, zone=zone), whole=days, unit="day")
        case Proration.SECOND:
            return Share(active=_seconds(active), whole=_seconds(whole), unit="second")
        case Proration.NONE:
            return Share(active=1, whole=1, unit="period")
        case _:
            assert_never(proration)


def measured_by(proration: Proration, plan: Plan) -> Proration:
    """How what prorates so does under a plan: cycles of hours have no days to count and go by the second."""
    return Proration.SECOND if proration is Proration.DAY and plan.cycle.unit is Unit.HOUR else proration


def has_a_day(stretch: Period, *, cycle: Cycle, zone: str) -> bool:
    """Whether a stretch has a local day of its own: that of a change belongs to what follows.

    Cycles of hours have no days to count: any stretch will do.
    """
    return cycle.unit is Unit.HOUR or count_days(stretch, zone=zone) > 0


def as_first_period(stretch: Period, whole: Period, *, rule: FirstPeriod, begun: datetime) -> Period | None:
    """What a stretch of a short first period owes: itself, nothing (None), or as if begun with the whole period.

    `begun` is the subscription's start: in full is owed what started with it, not what was added later.
    """
    match rule:
        case FirstPeriod.PRORATE:
            return stretch
        case FirstPeriod.FREE:
            return None
        case FirstPeriod.FULL:
            return Period(start=whole.start, end=stretch.end) if stretch.start == begun else stretch
        case _:
            assert_never(rule)


def without(stretch: Period, taken: Iterable[Period]) -> list[Period]:
    """What is left of a stretch of time when others are taken out of it, in order."""
    left = [(stretch.start, stretch.end)]
    for other in taken:
        left = [
            (start, end)
            for one in left
            for start, end in ((one[0], min(one[1], other.start)), (max(one[0], other.end), one[1]))
            if start < end
        ]
    return [Period(start=start, end=end) for start, end in left]


def _seconds(period: Period) -> int:
    """Whole seconds, counted from one origin for start and end alike, so that adjoining stretches add up."""
    return (period.end - _ORIGIN) // _SECOND - (period.start - _ORIGIN) // _SECOND


_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
