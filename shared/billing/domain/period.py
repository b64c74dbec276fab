"""Billing periods: half-open pairs of UTC instants that tile time, each boundary counted from one anchor.

The anchor is wall time in an IANA zone. Every boundary is computed from it and never from its neighbour, so the 31st
comes back after February, and a clock change shifts no later boundary.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar, Self, assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from billing.domain.errors import InvalidInput
from billing.domain.given import as_iso

_FIRST_YEAR = 1970
_LAST_YEAR = 2200
_MOST_UNITS = 10_000
_NOT_IANA = ("localtime", "posixrules", "Factory", "posix/", "right/")  # what a machine's zone folder holds besides


class UnknownTimeZone(InvalidInput):
    """A time zone's name is not in the IANA database."""

    code: ClassVar[str] = "unknown_time_zone"

    def __init__(self, zone: object) -> None:
        super().__init__("time_zone", expected="an IANA time zone such as Europe/Berlin", given=zone)


class Unit(StrEnum):
    """What a billing cycle is counted in."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Cycle:
    """How often a subscription is billed: `every` 3 of `unit` month is quarterly."""

    every: int
    unit: Unit

    def __post_init__(self) -> None:
        if type(self.every) is not int or not 1 <= self.every <= _MOST_UNITS:
            raise InvalidInput("cycle.every", expected=f"a whole number from 1 to {_MOST_UNITS}", given=self.every)
        if not isinstance(self.unit, Unit):
            raise InvalidInput("cycle.unit", expected=f"one of {', '.join(Unit)}", given=self.unit)


@dataclass(frozen=True, slots=True)
class Period:
    """The time from `start` up to but without `end`, both aware UTC instants, `start` before `end`."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        _require_instant(self.start, field="period.start")
        _require_instant(self.end, field="period.end")
        if self.start >= self.end:
            raise InvalidInput("period.end", expected=f"an instant after {as_iso(self.start)}", given=self.end)

    def contains(self, instant: datetime) -> bool:
        """Whether `instant` falls in the period; its end belongs to the next one."""
        return self.start <= instant < self.end

    def intersect(self, other: "Period") -> "Period | None":
        """The time that both periods cover, or None where they only touch or lie apart."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The endless row of a subscription's periods, numbered from the one that starts at the anchor (0; -1 before it).

    `anchor` is naive wall time in `zone`. `anchor_day` (1-31, month and year cycles only) is the day of month to come
    back to where the anchor's own month is too short for it; without it the anchor's day counts.
    """

    cycle: Cycle
    anchor: datetime
    zone: str
    anchor_day: int | None = None

    def __post_init__(self) -> None:
        zone_named(self.zone)
        if self.anchor.tzinfo is not None:
            raise InvalidInput("anchor", expected="local wall time without an offset", given=str(self.anchor))
        _require_year(self.anchor, field="anchor")
        if self.anchor_day is not None:
            _require_anchor_day(self.anchor_day, cycle=self.cycle)
            if self.anchor.day != _clamped(self.anchor, day=self.anchor_day).day:
                raise InvalidInput("anchor", expected=f"a day of month {self.anchor_day}", given=str(self.anchor))

    @classmethod
    def anniversary(cls, cycle: Cycle, started_at: datetime, zone: str) -> Self:
        """Periods counted from the subscription's own start, a UTC instant, at its wall time in `zone`.

        A day whose midnight a clock change skips begins at 1 o'clock; what starts then is anchored at midnight, or
        every later period would begin an hour into its day. A start in the second pass of a repeated hour anchors at
        that wall time's first pass: ask `period_at` for the first period, do not take number 0.
        """
        wall_time = _wall_time(started_at, zone=zone)
        midnight = wall_time.replace(hour=0, minute=0, second=0, microsecond=0)
        is_days_first = _instant_of(midnight, zone=zone) == started_at
        return cls(cycle=cycle, anchor=midnight if is_days_first else wall_time, zone=zone)

    @classmethod
    def calendar(cls, cycle: Cycle, anchor_day: int, started_at: datetime, zone: str) -> Self:
        """Periods that start at local midnight of a fixed day of month, whatever day the subscription started.

        The anchor is that day's first midnight on or after the local day of `started_at`, a UTC instant. A start on
        another day lies in period -1, which the caller clips to the stub [started_at, anchor).
        """
        _require_anchor_day(anchor_day, cycle=cycle)
        start = _wall_time(started_at, zone=zone).replace(hour=0, minute=0, second=0, microsecond=0)
        anchor = _clamped(start, day=anchor_day)
        if anchor < start:
            anchor = _months_later(start, months=1, day=anchor_day)
        return cls(cycle=cycle, anchor=anchor, zone=zone, anchor_day=anchor_day)

    def boundary(self, k: int) -> datetime:
        """The UTC instant at which period `k` starts and period `k - 1` ends."""
        return _boundary(self, k)

    def index_at(self, instant: datetime) -> int:
        """The number of the period that contains the UTC `instant`; never that of a period without length."""
        _require_instant(instant, field="instant")
        k = _estimated_index(self, instant=instant)
        while _boundary(self, k) > instant:
            k -= 1
        while _boundary(self, k + 1) <= instant:
            k += 1
        return k

    def period(self, k: int) -> Period:
        """Period `k`. `InvalidInput` where a zone change left it without length (Apia had no 30 December 2011)."""
        return _period(self, k)

    def period_at(self, instant: datetime) -> Period:
        """The period that contains the UTC `instant`."""
        return _period(self, self.index_at(instant))


def zone_named(zone: object) -> ZoneInfo:
    """The rules of an IANA time zone, found by its name; `UnknownTimeZone` for anything else."""
    if not isinstance(zone, str) or zone.startswith(_NOT_IANA):
        raise UnknownTimeZone(zone)
    return _zone_named(zone)


def local_date(instant: datetime, zone: str) -> date:
    """The calendar day that it is in `zone` at the UTC `instant`."""
    _require_instant(instant, field="instant")  # before the cache, to which 1 o'clock in London is the same in winter
    return _local_date(instant, zone)


@lru_cache(maxsize=16_384)  # usage is recorded by the hundred thousand for the same few days
def local_midnight(day: date, zone: str) -> datetime:
    """The UTC instant at which `day` starts in `zone`: its first midnight, or the end of the gap that swallowed it."""
    return _instant_of(datetime.combine(day, time()), zone=zone)


def count_days(period: Period, zone: str) -> int:
    """Local calendar days of `period` for proration by day: the days from its start's up to, without, its end's.

    So the day of a change belongs to what follows, adjoining periods add up, and two instants of one day make 0 days.
    A day that a zone change skipped counts all the same, because a clock change moves no cent.
    """
    return (local_date(period.end, zone) - local_date(period.start, zone)).days


@lru_cache(maxsize=16_384)  # a run asks for the same few days of thousands of subscriptions
def _local_date(instant: datetime, zone: str) -> date:
    return _wall_time(instant, zone=zone).date()


@lru_cache(maxsize=1024)
def _zone_named(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # no such file; a path or a file of another kind; a folder
        raise UnknownTimeZone(zone) from None


@lru_cache(maxsize=16_384)
def _period(schedule: Schedule, k: int) -> Period:
    return Period(_boundary(schedule, k), _boundary(schedule, k + 1))


@lru_cache(maxsize=16_384)
def _boundary(schedule: Schedule, k: int) -> datetime:
    try:
        return _boundary_from_anchor(schedule, units=k * schedule.cycle.every)
    except (ValueError, OverflowError):  # outside the years that a datetime can hold
        raise InvalidInput("period", expected=f"one that ends by {_LAST_YEAR}", given=k) from None


def _boundary_from_anchor(schedule: Schedule, *, units: int) -> datetime:
    anchor, zone = schedule.anchor, schedule.zone
    day = schedule.anchor_day or anchor.day
    match schedule.cycle.unit:
        case Unit.HOUR:  # absolute time: a day with a clock change still has a boundary every hour
            return _instant_of(anchor, zone=zone) + timedelta(hours=units)
        case Unit.DAY:
            return _instant_of(anchor + timedelta(days=units), zone=zone)
        case Unit.WEEK:
            return _instant_of(anchor + timedelta(weeks=units), zone=zone)
        case Unit.MONTH:
            return _instant_of(_months_later(anchor, months=units, day=day), zone=zone)
        case Unit.YEAR:
            return _instant_of(_months_later(anchor, months=12 * units, day=day), zone=zone)
        case _:
            assert_never(schedule.cycle.unit)


def _estimated_index(schedule: Schedule, *, instant: datetime) -> int:
    """The period's number from calendar arithmetic alone, which clock changes and short months put off by one."""
    anchor, every = schedule.anchor, schedule.cycle.every
    now = _wall_time(instant, zone=schedule.zone)
    months = 12 * (now.year - anchor.year) + now.month - anchor.month
    match schedule.cycle.unit:
        case Unit.HOUR:
            return (instant - _boundary(schedule, 0)) // timedelta(hours=every)
        case Unit.DAY:
            return (now - anchor) // timedelta(days=every)
        case Unit.WEEK:
            return (now - anchor) // timedelta(weeks=every)
        case Unit.MONTH:
            return months // every
        case Unit.YEAR:
            return months // (12 * every)
        case _:
            assert_never(schedule.cycle.unit)


def _months_later(wall_time: datetime, *, months: int, day: int) -> datetime:
    year, month0 = divmod(12 * wall_time.year + wall_time.month - 1 + months, 12)
    return _clamped(wall_time.replace(year=year, month=month0 + 1, day=1), day=day)


def _clamped(wall_time: datetime, *, day: int) -> datetime:
    """The same time on `day` of that month, or on the month's last day where it is shorter."""
    return wall_time.replace(day=min(day, monthrange(wall_time.year, wall_time.month)[1]))


def _wall_time(instant: datetime, *, zone: str) -> datetime:
    _require_instant(instant, field="instant")
    return instant.astimezone(zone_named(zone)).replace(tzinfo=None, fold=0)


def _instant_of(wall_time: datetime, *, zone: str) -> datetime:
    """A repeated wall time is its first, a skipped one moves forward by the gap: both are PEP 495's fold 0."""
    return wall_time.replace(tzinfo=zone_named(zone), fold=0).astimezone(UTC)


def _require_instant(instant: datetime, *, field: str) -> None:
    if instant.tzinfo is not UTC:  # London in winter has UTC's offset too, and not in summer
        raise InvalidInput(field, expected="an aware instant in UTC", given=instant)
    _require_year(instant, field=field)


def _require_year(moment: datetime, *, field: str) -> None:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise InvalidInput(field, expected=f"a year from {_FIRST_YEAR} to {_LAST_YEAR}", given=moment)


def _require_anchor_day(anchor_day: int, *, cycle: Cycle) -> None:
    if cycle.unit not in (Unit.MONTH, Unit.YEAR):
        raise InvalidInput("anchor_day", expected="none, as the cycle is not of months or years", given=anchor_day)
    if type(anchor_day) is not int or not 1 <= anchor_day <= 31:
        raise InvalidInput("anchor_day", expected="a day of month from 1 to 31", given=anchor_day)
