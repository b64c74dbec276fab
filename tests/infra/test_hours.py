"""When tenants are billed: by the first call after their day has begun, wherever they are."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, available_timezones

import pytest

from infra.declaration import Declaration
from infra.loading import load
from tests.infra.cloud import DECLARATION, PROJECT

WINTER, SUMMER = date(2026, 1, 15), date(2026, 7, 15)
DAY = 24 * 60


@pytest.fixture(scope="module")
def calls() -> Sequence[int]:
    """Of the billing run and the sweep, in minutes after midnight UTC."""
    declaration: Declaration = load(DECLARATION, {"project": PROJECT})
    schedules = [declaration.jobs[name].schedule.split() for name in ("generate-invoices", "sweep")]
    return [60 * int(hour) + int(minute) for minute, hours, *_ in schedules for hour in hours.split(",")]


def begins(day: date, zone: str) -> int:
    """When a day begins there, in minutes after midnight UTC."""
    start = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    return 60 * start.hour + start.minute


def wait(begun: int, calls: Sequence[int]) -> int:
    return min((call - begun) % DAY for call in calls)


@pytest.mark.parametrize(
    ("zone", "winter", "summer"),
    [
        ("Australia/Sydney", "18:35", "18:35"),
        ("Asia/Tokyo", "18:35", "18:35"),
        ("Asia/Kolkata", "18:35", "18:35"),
        ("Asia/Karachi", "00:05", "00:05"),
        ("Europe/Berlin", "00:05", "00:05"),
        ("Europe/London", "00:05", "00:05"),
        ("America/Sao_Paulo", "06:35", "06:35"),
        ("America/New_York", "06:35", "06:35"),
        ("America/Chicago", "06:35", "06:35"),
        ("America/Denver", "12:35", "06:35"),
        ("America/Los_Angeles", "12:35", "12:35"),
        ("America/Anchorage", "12:35", "12:35"),
        ("Pacific/Honolulu", "12:35", "12:35"),
        ("Pacific/Auckland", "12:35", "12:35"),
    ],
)
def test_a_day_is_billed_at_the_hour_that_the_guide_names(
    calls: Sequence[int], zone: str, winter: str, summer: str
) -> None:
    billed = [(begun + wait(begun, calls)) % DAY for begun in (begins(WINTER, zone), begins(SUMMER, zone))]
    assert [f"{at // 60:02}:{at % 60:02}" for at in billed] == [winter, summer]


def test_no_zone_waits_longer_than_the_guide_says(calls: Sequence[int]) -> None:
    zones = [zone for zone in available_timezones() if "/" in zone]
    assert len(zones) > 300
    longest = max(wait(begins(day, zone), calls) for zone in zones for day in (WINTER, SUMMER))
    assert longest == 5 * 60 + 35
