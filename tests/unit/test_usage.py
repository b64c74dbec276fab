"""Usage: events into buckets, buckets into a period's quantity."""

from decimal import Decimal
from itertools import permutations

import pytest

from billing.domain.catalog import Aggregation
from billing.domain.errors import InvalidInput
from billing.domain.period import Period, Schedule
from billing.domain.usage import Bucket, LastReading, UsageEvent, bucket_of, bucket_start, joined, quantity
from tests.builders import HOURLY, MONTHLY, utc

FEBRUARY = Period(utc("2026-02-01"), utc("2026-03-01"))


def event(number: str, *, at: str = "2026-02-10T12:00", id: str = "e1", value: str = "") -> UsageEvent:  # noqa: A002
    return UsageEvent(
        id=id, subscription_id="sub-1", meter="calls", occurred_at=utc(at), quantity=Decimal(number), value=value
    )


def kept_of(aggregation: Aggregation, *events: UsageEvent) -> Bucket | None:
    bucket: Bucket | None = None
    for each in events:
        bucket = joined(aggregation, bucket, bucket_of(aggregation, each))
    return bucket


def reading(number: str, at: str, *, event_id: str = "e1") -> LastReading:
    return LastReading(occurred_at=utc(at), event_id=event_id, quantity=Decimal(number))


# Which bucket


def test_a_bucket_starts_at_local_midnight() -> None:
    row = Schedule.anniversary(MONTHLY, utc("2026-01-15T09:00"), "America/New_York")
    # 03:00 UTC on the 11th is 22:00 on the 10th in New York, whose midnight is 05:00 UTC
    assert bucket_start(utc("2026-02-11T03:00"), row) == utc("2026-02-10T05:00")


def test_a_boundary_inside_a_day_cuts_its_bucket() -> None:
    row = Schedule.anniversary(MONTHLY, utc("2026-01-15T09:00"), "UTC")
    assert bucket_start(utc("2026-02-15T08:59"), row) == utc("2026-02-15T00:00")
    assert bucket_start(utc("2026-02-15T09:00"), row) == utc("2026-02-15T09:00")


def test_an_hourly_subscription_has_a_bucket_an_hour() -> None:
    row = Schedule.anniversary(HOURLY, utc("2026-01-01T00:30"), "UTC")
    assert bucket_start(utc("2026-02-10T12:29"), row) == utc("2026-02-10T11:30")
    assert bucket_start(utc("2026-02-10T00:10"), row) == utc("2026-02-10T00:00")  # midnight cuts as well


# What a bucket keeps


def test_a_sum_adds_up_corrections_too() -> None:
    assert kept_of(Aggregation.SUM, event("5"), event("2.5"), event("-1")) == Decimal("6.5")


def test_a_count_counts_events_whatever_their_quantity() -> None:
    assert kept_of(Aggregation.COUNT, event("5"), event("0"), event("7")) == Decimal(3)


def test_a_maximum_keeps_the_greatest_even_below_zero() -> None:
    assert kept_of(Aggregation.MAX, event("-5"), event("-2"), event("-3")) == Decimal(-2)


def test_the_last_reading_is_the_latest_by_its_own_time_not_by_arrival() -> None:
    late, early = event("7", at="2026-02-10T13:00", id="a"), event("9", at="2026-02-10T12:00", id="b")
    assert kept_of(Aggregation.LAST, late, early) == reading("7", "2026-02-10T13:00", event_id="a")


def test_of_two_readings_at_one_instant_the_greater_id_wins_in_either_order() -> None:
    one, other = event("7", id="a"), event("9", id="b")
    expected = reading("9", "2026-02-10T12:00", event_id="b")
    assert kept_of(Aggregation.LAST, one, other) == kept_of(Aggregation.LAST, other, one) == expected


def test_a_unique_count_keeps_each_value_once() -> None:
    seen = [event("1", value=value) for value in ("ann", "bob", "ann")]
    assert kept_of(Aggregation.UNIQUE, *seen) == frozenset({"ann", "bob"})


@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_the_order_of_arrival_never_matters(aggregation: Aggregation) -> None:
    events = [
        event("3", at="2026-02-10T12:00", id="a", value="x"),
        event("-1", at="2026-02-10T14:00", id="b", value="y"),
        event("8.25", at="2026-02-10T14:00", id="c", value="x"),
    ]
    assert len({kept_of(aggregation, *order) for order in permutations(events)}) == 1


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_an_event_that_would_spoil_its_whole_bucket_is_refused(number: str) -> None:
    with pytest.raises(InvalidInput, match="quantity: expected a finite decimal"):
        event(number)


@pytest.mark.parametrize(
    ("kept", "asked"),
    [
        (Aggregation.SUM, Aggregation.LAST),
        (Aggregation.SUM, Aggregation.UNIQUE),
        (Aggregation.LAST, Aggregation.SUM),
        (Aggregation.LAST, Aggregation.UNIQUE),
        (Aggregation.UNIQUE, Aggregation.MAX),
        (Aggregation.UNIQUE, Aggregation.LAST),
    ],
)
def test_usage_kept_by_another_aggregation_is_an_error_and_never_dropped(kept: Aggregation, asked: Aggregation) -> None:
    bucket = kept_of(kept, event("5", value="ann"))
    assert bucket is not None
    with pytest.raises(InvalidInput, match="aggregation: expected the one that the meter's usage was kept by"):
        joined(asked, bucket, bucket_of(asked, event("1")))
    with pytest.raises(InvalidInput, match="aggregation: expected the one that the meter's usage was kept by"):
        quantity(asked, {utc("2026-02-10"): bucket}, FEBRUARY)


# What a period used


def test_a_bucket_belongs_to_the_period_that_it_starts_in() -> None:
    buckets: dict = {
        utc("2026-01-31"): Decimal(1),
        utc("2026-02-01"): Decimal(20),
        utc("2026-02-28"): Decimal(300),
        utc("2026-03-01"): Decimal(4000),
    }
    assert quantity(Aggregation.SUM, buckets, FEBRUARY) == 320
    assert quantity(Aggregation.COUNT, buckets, FEBRUARY) == 320
    assert quantity(Aggregation.MAX, buckets, FEBRUARY) == 300


def test_the_period_takes_the_latest_reading_of_its_days() -> None:
    buckets: dict = {
        utc("2026-02-03"): reading("8", "2026-02-03T10:00"),
        utc("2026-02-02"): reading("5", "2026-02-02T23:00"),
        utc("2026-03-02"): reading("99", "2026-03-02T10:00"),
    }
    assert quantity(Aggregation.LAST, buckets, FEBRUARY) == 8


def test_the_same_value_on_two_days_is_one() -> None:
    buckets: dict = {
        utc("2026-02-02"): frozenset({"ann", "bob"}),
        utc("2026-02-03"): frozenset({"bob", "eve"}),
        utc("2026-03-02"): frozenset({"mallory"}),
    }
    assert quantity(Aggregation.UNIQUE, buckets, FEBRUARY) == 3


@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_a_period_without_usage_used_nothing(aggregation: Aggregation) -> None:
    assert quantity(aggregation, {}, FEBRUARY) == 0
