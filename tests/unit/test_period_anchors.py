"""Where a subscription's periods are anchored: at its start, or at a day of the calendar."""

from datetime import datetime

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.period import Cycle, Period, Schedule, Unit
from tests.builders import DAILY, HOURLY, MONTHLY, QUARTERLY, YEARLY, utc
from tests.schedules import schedule


def test_anniversary_billing_is_anchored_at_the_local_time_of_the_start() -> None:
    row = Schedule.anniversary(MONTHLY, utc("2026-01-31T23:30"), "Europe/Berlin")  # 1 February, 00:30
    assert row.anchor == datetime.fromisoformat("2026-02-01T00:30")
    assert row.boundary(0) == utc("2026-01-31T23:30")
    assert row.boundary(1) == utc("2026-02-28T23:30")
    assert row.boundary(2) == utc("2026-03-31T22:30")


def test_an_hourly_anniversary_keeps_the_minute_of_the_start() -> None:
    row = Schedule.anniversary(HOURLY, utc("2026-02-10T09:17"), "Asia/Kathmandu")
    assert row.period(0) == Period(utc("2026-02-10T09:17"), utc("2026-02-10T10:17"))


def test_a_start_in_the_second_pass_of_a_repeated_hour_is_anchored_at_the_first() -> None:
    started_at = utc("2026-10-25T01:30")  # 02:30 +01:00
    row = Schedule.anniversary(DAILY, started_at, "Europe/Berlin")
    assert row.period_at(started_at) == Period(utc("2026-10-25T00:30"), utc("2026-10-26T01:30"))


@pytest.mark.parametrize(
    ("started_at", "anchor_day", "anchor", "next_boundary"),
    [
        ("2026-02-10T15:00", 1, "2026-03-01", "2026-04-01"),
        ("2026-02-10T15:00", 10, "2026-02-10", "2026-03-10"),
        ("2026-02-10T15:00", 9, "2026-03-09", "2026-04-09"),
        ("2026-02-10T15:00", 31, "2026-02-28", "2026-03-31"),
        ("2026-02-28T15:00", 31, "2026-02-28", "2026-03-31"),
        ("2026-01-31T15:00", 30, "2026-02-28", "2026-03-30"),
        ("2025-12-20T15:00", 15, "2026-01-15", "2026-02-15"),
        ("2026-03-31T00:00", 31, "2026-03-31", "2026-04-30"),
    ],
)
def test_calendar_billing_is_anchored_at_the_next_anchor_day(
    started_at: str, anchor_day: int, anchor: str, next_boundary: str
) -> None:
    row = Schedule.calendar(MONTHLY, anchor_day, utc(started_at), "UTC")
    assert row.boundary(0) == utc(anchor)
    assert row.boundary(1) == utc(next_boundary)


def test_a_calendar_start_between_anchor_days_lies_in_the_period_before_the_anchor() -> None:
    started_at = utc("2026-02-10T15:00")
    assert Schedule.calendar(MONTHLY, 31, started_at, "UTC").period_at(started_at) == Period(
        utc("2026-01-31"), utc("2026-02-28")
    )
    assert Schedule.calendar(QUARTERLY, 1, started_at, "UTC").period_at(started_at) == Period(
        utc("2025-12-01"), utc("2026-03-01")
    )
    assert Schedule.calendar(YEARLY, 1, started_at, "UTC").period_at(started_at) == Period(
        utc("2025-03-01"), utc("2026-03-01")
    )


def test_the_anchor_day_is_that_of_the_local_calendar() -> None:
    # 23:30 UTC on 31 January is 1 February in Berlin and still 31 January in New York
    started_at = utc("2026-01-31T23:30")
    berlin = Schedule.calendar(MONTHLY, 1, started_at, "Europe/Berlin")
    new_york = Schedule.calendar(MONTHLY, 1, started_at, "America/New_York")
    assert berlin.boundary(0) == utc("2026-01-31T23:00")
    assert berlin.index_at(started_at) == 0
    assert new_york.boundary(0) == utc("2026-02-01T05:00")
    assert new_york.index_at(started_at) == -1


@pytest.mark.parametrize("unit", [Unit.HOUR, Unit.DAY, Unit.WEEK])
def test_an_anchor_day_needs_a_cycle_of_months_or_years(unit: Unit) -> None:
    with pytest.raises(InvalidInput, match="anchor_day: expected none, as the cycle is not of months or years, got 1"):
        Schedule.calendar(Cycle(1, unit), 1, utc("2026-02-10"), "UTC")


@pytest.mark.parametrize("anchor_day", [0, 32, -1, True, 1.0, "1"])
def test_an_anchor_day_is_a_day_of_month(anchor_day: int) -> None:
    with pytest.raises(InvalidInput, match="anchor_day: expected a day of month from 1 to 31"):
        Schedule.calendar(MONTHLY, anchor_day, utc("2026-02-10"), "UTC")


@pytest.mark.parametrize(("anchor", "anchor_day"), [("2026-02-27", 31), ("2026-03-30", 31), ("2026-02-15", 1)])
def test_an_anchor_off_its_anchor_day_is_refused(anchor: str, anchor_day: int) -> None:
    with pytest.raises(InvalidInput, match=f"anchor: expected a day of month {anchor_day}"):
        schedule(MONTHLY, anchor, anchor_day=anchor_day)
