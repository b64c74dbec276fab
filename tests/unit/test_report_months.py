"""Months and weeks of a report, in the tenant's zone."""

import pytest

from billing.domain.report_months import a_month_before, closed_months, weeks_until
from tests.builders import utc


@pytest.mark.parametrize(
    ("as_of", "zone", "months"),
    [
        ("2026-03-01", "UTC", ("2025-12", "2026-01", "2026-02")),
        ("2026-02-28T23:59", "UTC", ("2025-11", "2025-12", "2026-01")),
        ("2026-02-28T23:30", "Europe/Berlin", ("2025-12", "2026-01", "2026-02")),  # 00:30 on 1 March there
        ("2026-03-01T04:30", "America/New_York", ("2025-11", "2025-12", "2026-01")),  # 23:30 on 28 February
    ],
)
def test_a_month_is_closed_once_it_is_over_where_the_tenant_is(as_of: str, zone: str, months: tuple[str, ...]) -> None:
    assert closed_months(utc(as_of), zone=zone, count=3) == months


def test_weeks_keep_their_wall_time_over_a_clock_change() -> None:
    # Berlin's clocks went forward on 29 March 2026: midnight is 23:00 UTC before, 22:00 UTC after
    assert weeks_until(utc("2026-04-05T22:00"), zone="Europe/Berlin", count=3) == (
        utc("2026-03-22T23:00"),
        utc("2026-03-29T22:00"),
        utc("2026-04-05T22:00"),
    )


@pytest.mark.parametrize(
    ("as_of", "before"),
    [("2026-03-01", "2026-02-01"), ("2026-03-31", "2026-02-28"), ("2026-01-15T10:30", "2025-12-15T10:30")],
)
def test_a_month_before_is_the_same_day_or_the_month_s_last(as_of: str, before: str) -> None:
    assert a_month_before(utc(as_of), zone="UTC") == utc(before)
