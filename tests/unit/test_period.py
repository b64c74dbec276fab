"""Billing periods, worked out by hand; clock changes are those of the IANA time zone database."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.period import (
    Cycle,
    Period,
    Schedule,
    Unit,
    UnknownTimeZone,
    count_days,
    local_date,
    local_midnight,
    zone_named,
)

HOURLY = Cycle(1, Unit.HOUR)
DAILY = Cycle(1, Unit.DAY)
WEEKLY = Cycle(1, Unit.WEEK)
MONTHLY = Cycle(1, Unit.MONTH)
QUARTERLY = Cycle(3, Unit.MONTH)
YEARLY = Cycle(1, Unit.YEAR)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def schedule(cycle: Cycle, anchor: str, zone: str = "UTC", anchor_day: int | None = None) -> Schedule:
    return Schedule(cycle=cycle, anchor=datetime.fromisoformat(anchor), zone=zone, anchor_day=anchor_day)


def days(row: Schedule, count: int) -> list[str]:
    return [str(row.boundary(k).date()) for k in range(count)]


# Counting from the anchor


def test_the_31st_is_clamped_to_short_months_and_comes_back() -> None:
    assert days(schedule(MONTHLY, "2026-01-31"), 7) == [
        "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30", "2026-07-31",
    ]  # fmt: skip


def test_the_31st_is_29_february_in_a_leap_year() -> None:
    assert days(schedule(MONTHLY, "2024-01-31"), 3) == ["2024-01-31", "2024-02-29", "2024-03-31"]


def test_boundaries_before_the_anchor_are_counted_the_same_way() -> None:
    row = schedule(MONTHLY, "2026-03-31")
    assert row.boundary(-1) == utc("2026-02-28")
    assert row.boundary(-4) == utc("2025-11-30")
    assert row.period(-1) == Period(utc("2026-02-28"), utc("2026-03-31"))


def test_29_february_is_the_28th_in_common_years_and_the_29th_again_in_leap_years() -> None:
    assert days(schedule(YEARLY, "2024-02-29"), 5) == [
        "2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29",
    ]  # fmt: skip


def test_no_29_february_comes_in_2100() -> None:
    assert schedule(YEARLY, "2096-02-29").boundary(4) == utc("2100-02-28")


def test_every_three_months_from_30_november_falls_on_the_28th_only_in_february() -> None:
    assert days(schedule(QUARTERLY, "2025-11-30"), 5) == [
        "2025-11-30", "2026-02-28", "2026-05-30", "2026-08-30", "2026-11-30",
    ]  # fmt: skip


def test_an_anchor_in_a_short_month_comes_back_to_its_anchor_day() -> None:
    assert days(schedule(MONTHLY, "2026-02-28", anchor_day=31), 3) == ["2026-02-28", "2026-03-31", "2026-04-30"]
    assert days(schedule(MONTHLY, "2026-02-28"), 3) == ["2026-02-28", "2026-03-28", "2026-04-28"]


def test_weeks_and_days_count_by_the_calendar() -> None:
    assert days(schedule(Cycle(2, Unit.WEEK), "2026-02-19"), 3) == ["2026-02-19", "2026-03-05", "2026-03-19"]
    assert days(schedule(Cycle(10, Unit.DAY), "2024-02-20"), 3) == ["2024-02-20", "2024-03-01", "2024-03-11"]


# Which period an instant falls in


def test_a_boundary_belongs_to_the_period_that_it_starts() -> None:
    row = schedule(MONTHLY, "2026-01-31")
    assert row.index_at(utc("2026-02-28")) == 1
    assert row.index_at(utc("2026-02-28") - timedelta(microseconds=1)) == 0
    assert row.index_at(utc("2026-01-30T23:59:59")) == -1
    assert row.period_at(utc("2026-03-01")) == Period(utc("2026-02-28"), utc("2026-03-31"))


def test_the_next_boundary_lies_after_the_instant_and_never_on_it() -> None:
    row = schedule(MONTHLY, "2026-01-31")
    assert row.next_boundary(utc("2026-02-28")) == utc("2026-03-31")
    assert row.next_boundary(utc("2026-02-27T23:59:59")) == utc("2026-02-28")


def test_a_distant_instant_is_found_from_the_anchor() -> None:
    # 2026-01-01 to 2126-01-01 is 100 years, 25 of them leap years but for 2100: 36500 + 24 days
    assert schedule(HOURLY, "2026-01-01").index_at(utc("2126-01-01")) == 36_524 * 24
    assert schedule(DAILY, "2026-01-01").index_at(utc("2126-01-01")) == 36_524
    assert schedule(WEEKLY, "2026-01-01").index_at(utc("2126-01-01")) == 5_217
    assert schedule(MONTHLY, "2026-01-01").index_at(utc("2126-01-01")) == 1_200
    assert schedule(YEARLY, "2026-01-01").index_at(utc("1970-01-01")) == -56


# Clock changes


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
    assert row.next_boundary(utc("2011-12-29T10:00")) == utc("2011-12-30T10:00")
    with pytest.raises(InvalidInput, match=r"period\.end: expected an instant after 2011-12-30 10:00:00"):
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


# Anniversary and calendar billing


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


# Periods


FEBRUARY = Period(utc("2026-02-01"), utc("2026-03-01"))


def test_a_period_contains_its_start_and_not_its_end() -> None:
    assert FEBRUARY.contains(utc("2026-02-01"))
    assert FEBRUARY.contains(utc("2026-02-28T23:59:59.999999"))
    assert not FEBRUARY.contains(utc("2026-03-01"))
    assert not FEBRUARY.contains(utc("2026-01-31T23:59:59.999999"))


@pytest.mark.parametrize(
    ("start", "end", "common"),
    [
        ("2026-01-15", "2026-02-15", ("2026-02-01", "2026-02-15")),
        ("2026-02-15", "2026-03-15", ("2026-02-15", "2026-03-01")),
        ("2026-02-10", "2026-02-11", ("2026-02-10", "2026-02-11")),
        ("2026-01-01", "2026-12-31", ("2026-02-01", "2026-03-01")),
        ("2026-01-01", "2026-02-01", None),
        ("2026-03-01", "2026-04-01", None),
        ("2026-05-01", "2026-06-01", None),
    ],
)
def test_two_periods_share_the_time_that_both_cover(start: str, end: str, common: tuple[str, str] | None) -> None:
    other = Period(utc(start), utc(end))
    expected = Period(utc(common[0]), utc(common[1])) if common else None
    assert FEBRUARY.intersect(other) == expected
    assert other.intersect(FEBRUARY) == expected


@pytest.mark.parametrize("end", ["2026-02-01", "2026-01-31"])
def test_a_period_ends_after_it_starts(end: str) -> None:
    with pytest.raises(InvalidInput, match=r"period\.end: expected an instant after 2026-02-01 00:00:00\+00:00"):
        Period(utc("2026-02-01"), utc(end))


@pytest.mark.parametrize(
    "instant",
    [
        datetime.fromisoformat("2026-01-15"),
        datetime(2026, 1, 15, tzinfo=ZoneInfo("Europe/London")),
        datetime(2026, 1, 15, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_an_instant_is_aware_and_in_utc(instant: datetime) -> None:
    with pytest.raises(InvalidInput, match=r"period\.start: expected an aware instant in UTC"):
        Period(instant, utc("2026-02-01"))
    with pytest.raises(InvalidInput, match=r"period\.end: expected an aware instant in UTC"):
        Period(utc("2026-01-01"), instant)
    with pytest.raises(InvalidInput, match="instant: expected an aware instant in UTC"):
        schedule(MONTHLY, "2026-01-01").index_at(instant)
    with pytest.raises(InvalidInput, match="instant: expected an aware instant in UTC"):
        local_date(instant, "UTC")


def test_absurd_dates_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"period\.start: expected a year from 1970 to 2200"):
        Period(utc("1969-12-31"), utc("2026-01-01"))
    with pytest.raises(InvalidInput, match=r"period\.end: expected a year from 1970 to 2200"):
        Period(utc("2026-01-01"), utc("2201-01-01"))
    with pytest.raises(InvalidInput, match="instant: expected a year from 1970 to 2200"):
        schedule(DAILY, "2026-01-01").index_at(utc("0001-01-01"))
    with pytest.raises(InvalidInput, match="anchor: expected a year from 1970 to 2200, got '2206-01-01"):
        schedule(DAILY, "2206-01-01")


@pytest.mark.parametrize("cycle", [HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY])
@pytest.mark.parametrize("k", [10**8, -(10**8), 10**30, -(10**30)])
def test_a_period_beyond_the_calendar_is_refused(cycle: Cycle, k: int) -> None:
    with pytest.raises(InvalidInput, match="period: expected one that ends by 2200"):
        schedule(cycle, "2026-01-01").period(k)


def test_the_last_of_the_allowed_days_still_falls_in_a_period() -> None:
    row = schedule(MONTHLY, "2026-01-01")
    assert row.index_at(utc("2200-12-31T23:59:59")) == 12 * 175 - 1
    assert row.next_boundary(utc("2200-12-31T23:59:59")) == utc("2201-01-01")


# What a schedule is made of


@pytest.mark.parametrize("every", [0, -1, 10_001, True, 1.0, "1"])
def test_a_cycle_counts_a_whole_number_of_units(every: int) -> None:
    with pytest.raises(InvalidInput, match=r"cycle\.every: expected a whole number from 1 to 10000"):
        Cycle(every, Unit.MONTH)


@pytest.mark.parametrize("unit", ["month", "fortnight", None])
def test_a_cycle_has_one_of_the_units(unit: Unit) -> None:
    with pytest.raises(InvalidInput, match=r"cycle\.unit: expected one of hour, day, week, month, year"):
        Cycle(1, unit)


@pytest.mark.parametrize("given", ["2026-01-01T00:00+00:00", "2026-01-01T00:00+01:00"])
def test_an_anchor_is_wall_time_without_an_offset(given: str) -> None:
    with pytest.raises(InvalidInput, match="anchor: expected local wall time without an offset"):
        schedule(MONTHLY, given)


@pytest.mark.parametrize(
    "zone",
    [
        "Mars/Olympus", "", "America", "../etc/passwd", "/etc/localtime", "Europe/Berlin\0", "a" * 5_000, "Zürich",
        "localtime", "posixrules", "Factory", "right/UTC", "posix/UTC", cast("str", None), cast("str", ["UTC"]),
    ],
)  # fmt: skip
def test_what_is_no_iana_zone_is_refused_by_name(zone: str) -> None:
    with pytest.raises(UnknownTimeZone, match="time_zone: expected an IANA time zone such as Europe/Berlin") as refusal:
        schedule(MONTHLY, "2026-01-01", zone)
    assert refusal.value.code == "unknown_time_zone"
    assert refusal.value.given == zone


def test_a_zone_is_found_by_its_name() -> None:
    assert zone_named("Asia/Kathmandu").key == "Asia/Kathmandu"


# Days for proration


@pytest.mark.parametrize(
    ("start", "end", "zone", "expected"),
    [
        ("2026-02-01T00:00", "2026-03-01T00:00", "UTC", 28),
        ("2024-02-01T00:00", "2024-03-01T00:00", "UTC", 29),
        # the day of a change belongs to what follows: the 10th counts after the change, not before
        ("2026-02-01T00:00", "2026-02-10T15:00", "UTC", 9),
        ("2026-02-10T15:00", "2026-03-01T00:00", "UTC", 19),
        ("2026-02-10T09:00", "2026-02-10T15:00", "UTC", 0),
        # days of 23 and 25 hours are days
        ("2026-03-28T23:00", "2026-03-29T22:00", "Europe/Berlin", 1),
        ("2026-10-24T22:00", "2026-10-25T23:00", "Europe/Berlin", 1),
        ("2026-02-28T23:00", "2026-03-31T22:00", "Europe/Berlin", 31),
        # a day that starts at 01:00, because it has no midnight
        ("2018-11-04T03:00", "2018-11-05T02:00", "America/Sao_Paulo", 1),
        # a month that lost a day still counts 31 of them
        ("2011-12-01T10:00", "2011-12-31T10:00", "Pacific/Apia", 31),
        # the same instants are one day in UTC and two in New York
        ("2026-02-10T01:00", "2026-02-11T23:00", "UTC", 1),
        ("2026-02-10T01:00", "2026-02-11T23:00", "America/New_York", 2),
    ],
)
def test_days_are_counted_on_the_local_calendar(start: str, end: str, zone: str, expected: int) -> None:
    assert count_days(Period(utc(start), utc(end)), zone) == expected
