"""What is no cycle, anchor, zone or instant is refused by name."""

from datetime import datetime, timedelta, timezone
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.period import Cycle, Period, Unit, UnknownTimeZone, local_date, zone_named
from tests.builders import DAILY, HOURLY, MONTHLY, WEEKLY, YEARLY, utc
from tests.schedules import schedule


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
    assert row.boundary(12 * 175) == utc("2201-01-01")


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
