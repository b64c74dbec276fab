"""Periods by the calendar: half-open, counted from their anchor, clamped to short months."""

from datetime import timedelta

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.period import Cycle, Period, Unit, count_days
from tests.builders import DAILY, HOURLY, MONTHLY, QUARTERLY, WEEKLY, YEARLY, utc
from tests.schedules import days, schedule


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
    assert row.period_at(utc("2026-02-28")) == Period(utc("2026-02-28"), utc("2026-03-31"))
    assert row.period_at(utc("2026-02-27T23:59:59")) == Period(utc("2026-01-31"), utc("2026-02-28"))


def test_a_distant_instant_is_found_from_the_anchor() -> None:
    # 2026-01-01 to 2126-01-01 is 100 years, 25 of them leap years but for 2100: 36500 + 24 days
    assert schedule(HOURLY, "2026-01-01").index_at(utc("2126-01-01")) == 36_524 * 24
    assert schedule(DAILY, "2026-01-01").index_at(utc("2126-01-01")) == 36_524
    assert schedule(WEEKLY, "2026-01-01").index_at(utc("2126-01-01")) == 5_217
    assert schedule(MONTHLY, "2026-01-01").index_at(utc("2126-01-01")) == 1_200
    assert schedule(YEARLY, "2026-01-01").index_at(utc("1970-01-01")) == -56


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
    with pytest.raises(InvalidInput, match=r"period\.end: expected an instant after 2026-02-01T00:00:00Z"):
        Period(utc("2026-02-01"), utc(end))


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
