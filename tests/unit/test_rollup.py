"""Roll-ups: which months a period touches, which bucket an event falls in, and what happens to closed time."""

from datetime import datetime
from decimal import Decimal

import pytest

from billing.domain.catalog import Aggregation
from billing.domain.period import Period
from billing.domain.rollup import UsageRollup, Used, closed, month_of, months_of, rollup_id, with_usage
from tests.builders import a_plan, a_subscription, utc

BERLIN = "Europe/Berlin"
SUBSCRIPTION = a_subscription(a_plan(anchor_day=1), start="2026-01-01")
EMPTY = UsageRollup(subscription_id="sub-1", meter="calls", month="2026-02", aggregation=Aggregation.SUM)


def added(rollup: UsageRollup, at: str, quantity: str) -> UsageRollup:
    return with_usage(rollup, Used(occurred_at=utc(at), bucket=Decimal(quantity)), subscription=SUBSCRIPTION)


def shown(buckets: object) -> dict[datetime, str]:
    assert isinstance(buckets, dict)
    return {start: str(bucket) for start, bucket in buckets.items()}


def test_the_id_names_subscription_meter_and_month() -> None:
    assert EMPTY.id == rollup_id("sub-1", "calls", "2026-02") == "sub-1.calls.2026-02"


def test_the_month_is_that_of_the_local_day() -> None:
    # 31 January 23:30 UTC is half past midnight in Berlin
    assert month_of(utc("2026-01-31T23:30"), zone="UTC") == "2026-01"
    assert month_of(utc("2026-01-31T23:30"), zone=BERLIN) == "2026-02"


@pytest.mark.parametrize(
    ("start", "end", "zone", "expected"),
    [
        ("2026-02-01", "2026-03-01", "UTC", ("2026-02",)),
        ("2026-01-15", "2026-02-15", "UTC", ("2026-01", "2026-02")),
        ("2025-11-30", "2026-02-01", "UTC", ("2025-11", "2025-12", "2026-01")),
        ("2026-01-31T23:00", "2026-02-28T23:00", BERLIN, ("2026-02",)),
        ("2026-01-31T23:00", "2026-02-28T23:00", "UTC", ("2026-01", "2026-02")),
        ("2026-02-01T10:00", "2026-02-01T11:00", "UTC", ("2026-02",)),
    ],
)
def test_a_period_touches_the_months_its_buckets_can_start_in(
    start: str, end: str, zone: str, expected: tuple[str, ...]
) -> None:
    assert months_of(Period(utc(start), utc(end)), zone=zone) == expected


def test_events_of_one_day_share_a_bucket_and_other_days_have_their_own() -> None:
    rollup = added(added(added(EMPTY, "2026-02-03T08:00", "2"), "2026-02-03T23:59", "3.5"), "2026-02-04T00:00", "1")
    assert shown(rollup.buckets) == {utc("2026-02-03"): "5.5", utc("2026-02-04"): "1"}
    assert rollup.late == {}


def test_what_arrives_for_closed_time_is_kept_apart() -> None:
    rollup = closed(added(EMPTY, "2026-02-28", "2"), until=utc("2026-03-01"))
    late = added(rollup, "2026-02-28T23:59", "5")
    assert shown(late.buckets) == {utc("2026-02-28"): "2"}
    assert shown(late.late) == {utc("2026-02-28"): "5"}
    later = added(late, "2026-02-28T12:00", "1")
    assert shown(later.late) == {utc("2026-02-28"): "6"}


def test_time_that_is_still_open_takes_events_beside_closed_time() -> None:
    rollup = closed(EMPTY, until=utc("2026-02-15"))
    assert shown(added(rollup, "2026-02-15", "4").buckets) == {utc("2026-02-15"): "4"}
    assert shown(added(rollup, "2026-02-14T23:59", "4").late) == {utc("2026-02-14"): "4"}


def test_closing_never_opens_what_was_closed_further() -> None:
    rollup = closed(closed(EMPTY, until=utc("2026-03-01")), until=utc("2026-02-15"))
    assert rollup.closed_until == utc("2026-03-01")
