"""Periods across clock changes, those of the IANA time zone database: gaps, repeated hours, zones."""

from datetime import date, timedelta

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.period import Cycle, Period, Schedule, Unit, local_date, local_midnight
from tests.builders import DAILY, HOURLY, MONTHLY, WEEKLY, utc
from tests.schedules import schedule


@pytest.mark.parametrize(
    ("zone", "day", "start", "end", "hours"),
    [
        ("America/New_York", "2026-03-08", "2026-03-08T05:00", "2026-03-09T04:00", 23),
        ("America/New_York", "2026-11-01", "2026-11-01T04:00", "2026-11-02T05:00", 25),
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00", 23),
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00", 25),
        # Lord Howe Island moves its clocks by half an hour, from +10:30 to +11 in October
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30", "2026-10-04T13:00", 23.5),
    ],
)
def test_a_day_across_a_clock_change_is_as_long_as_the_wall_clock_says(
    zone: str, day: str, start: str, end: str, hours: float
) -> None:
    period = schedule(DAILY, day, zone).period(0)
    assert period == Period(utc(start), utc(end))
    assert period.end - period.start == timedelta(hours=hours)


def test_a_wall_time_that_does_not_exist_moves_forward_by_the_gap_on_that_day_only() -> None:
    row = schedule(DAILY, "2026-03-28T02:30", "Europe/Berlin")
    assert row.boundary(0) == utc("2026-03-28T01:30")  # 02:30 +01:00
    assert row.boundary(1) == utc("2026-03-29T01:30")  # 02:30 does not exist: 03:30 +02:00
    assert row.boundary(2) == utc("2026-03-30T00:30")  # 02:30 +02:00


def test_a_subscription_that_starts_on_a_day_without_midnight_is_billed_from_midnight_ever_after() -> None:
    # Egypt's clocks go from 00:00 +02:00 to 01:00 +03:00 on 24 April 2026 (tz database), so that day begins at 01:00
    start = utc("2026-04-23T22:00")
    assert local_midnight(date(2026, 4, 24), "Africa/Cairo") == start
    row = Schedule.anniversary(MONTHLY, start, "Africa/Cairo")
    assert row.boundary(0) == start
    assert row.boundary(1) == utc("2026-05-23T21:00")  # 24 May, 00:00 +03:00, and not 01:00
    assert row.boundary(7) == utc("2026-11-23T22:00")  # 24 November, 00:00 +02:00


def test_a_wall_time_that_exists_twice_is_its_first() -> None:
    row = schedule(DAILY, "2026-10-24T02:30", "Europe/Berlin")
    assert row.boundary(1) == utc("2026-10-25T00:30")  # 02:30 +02:00, an hour before 02:30 +01:00
    assert row.boundary(2) == utc("2026-10-26T01:30")


def test_a_repeated_wall_time_before_the_boundarys_lies_after_the_boundary_in_its_second_pass() -> None:
    row = schedule(DAILY, "2026-10-24T02:30", "Europe/Berlin")
    assert row.index_at(utc("2026-10-25T00:00")) == 0  # 02:00 +02:00
    assert row.index_at(utc("2026-10-25T01:00")) == 1  # 02:00 +01:00


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00"),  # 01:00 -02:00
        ("Asia/Beirut", "2022-03-27", "2022-03-26T22:00"),  # 01:00 +03:00
        ("Africa/Cairo", "2023-04-28", "2023-04-27T22:00"),  # 01:00 +03:00
    ],
)
def test_a_day_without_midnight_starts_at_one_oclock(zone: str, day: str, start: str) -> None:
    assert local_midnight(date.fromisoformat(day), zone) == utc(start)
    assert schedule(DAILY, day, zone).period(0).end - utc(start) == timedelta(hours=23)
    assert local_date(utc(start), zone) == date.fromisoformat(day)
    assert local_date(utc(start) - timedelta(seconds=1), zone) == date.fromisoformat(day) - timedelta(days=1)


def test_a_midnight_that_exists_twice_is_its_first() -> None:
    # Havana turns 01:00 -04:00 back to 00:00 -05:00 on 1 November 2026
    assert local_midnight(date(2026, 11, 1), "America/Havana") == utc("2026-11-01T04:00")
    assert local_date(utc("2026-11-01T05:30"), "America/Havana") == date(2026, 11, 1)


def test_a_day_that_a_zone_change_removed_has_no_period() -> None:
    # Samoa went from 29 December 2011 -10:00 to 31 December +14:00
    row = schedule(DAILY, "2011-12-28", "Pacific/Apia")
    assert [row.boundary(k) for k in range(5)] == [
        utc("2011-12-28T10:00"),
        utc("2011-12-29T10:00"),
        utc("2011-12-30T10:00"),
        utc("2011-12-30T10:00"),
        utc("2011-12-31T10:00"),
    ]
    assert row.index_at(utc("2011-12-30T09:59:59")) == 1
    assert row.index_at(utc("2011-12-30T10:00")) == 3
    assert row.period_at(utc("2011-12-29T10:00")).end == utc("2011-12-30T10:00")
    with pytest.raises(InvalidInput, match=r"period\.end: expected an instant after 2011-12-30T10:00:00Z"):
        row.period(2)


def test_a_weekly_time_of_day_stays_across_a_clock_change() -> None:
    row = schedule(WEEKLY, "2026-03-02T09:00", "America/New_York")
    assert row.boundary(0) == utc("2026-03-02T14:00")
    assert row.boundary(1) == utc("2026-03-09T13:00")
    assert row.period(0).end - row.period(0).start == timedelta(days=7, hours=-1)


def test_hours_run_on_absolute_time_where_days_follow_the_wall_clock() -> None:
    by_hour = schedule(Cycle(24, Unit.HOUR), "2026-03-28T12:00", "Europe/Berlin")
    by_day = schedule(DAILY, "2026-03-28T12:00", "Europe/Berlin")
    assert by_hour.boundary(0) == by_day.boundary(0) == utc("2026-03-28T11:00")
    assert by_hour.boundary(1) == utc("2026-03-29T11:00")
    assert by_day.boundary(1) == utc("2026-03-29T10:00")


def test_an_hourly_cycle_bills_both_passes_of_a_repeated_hour() -> None:
    row = schedule(HOURLY, "2026-10-25T01:00", "Europe/Berlin")  # 23:00 UTC of the 24th
    assert [row.index_at(utc(f"2026-10-25T0{hour}:59")) for hour in range(3)] == [1, 2, 3]
    assert row.boundary(3) == utc("2026-10-25T02:00")
    assert row.period_at(utc("2026-10-25T01:30")) == Period(utc("2026-10-25T01:00"), utc("2026-10-25T02:00"))


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        ("UTC", "2026-03-01T00:00", "2026-04-01T00:00"),
        ("Pacific/Kiritimati", "2026-02-28T10:00", "2026-03-31T10:00"),  # +14:00
        ("Pacific/Pago_Pago", "2026-03-01T11:00", "2026-04-01T11:00"),  # -11:00
        ("Asia/Kathmandu", "2026-02-28T18:15", "2026-03-31T18:15"),  # +05:45
        ("Europe/Berlin", "2026-02-28T23:00", "2026-03-31T22:00"),
    ],
)
def test_the_same_month_is_another_pair_of_instants_in_each_zone(zone: str, start: str, end: str) -> None:
    assert schedule(MONTHLY, "2026-03-01", zone).period(0) == Period(utc(start), utc(end))
