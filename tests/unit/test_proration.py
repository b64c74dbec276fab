"""Shares of a period: local days over the days of the whole anchored period, or seconds."""

import pytest

from billing.domain.catalog import FirstPeriod, Proration
from billing.domain.period import Period
from billing.domain.proration import Share, as_first_period, measured_by, share_of, without
from tests.builders import DAILY, HOURLY, MONTHLY, a_plan, utc


def span(start: str, end: str) -> Period:
    return Period(utc(start), utc(end))


FEBRUARY = span("2026-02-01", "2026-03-01")


def test_days_are_counted_over_the_whole_period_never_over_30() -> None:
    share = share_of(span("2026-02-20", "2026-03-01"), FEBRUARY, proration=Proration.DAY, zone="UTC")
    assert share == Share(active=9, whole=28, unit="day")
    assert not share.is_full


def test_february_of_a_leap_year_has_29_days() -> None:
    share = share_of(
        span("2024-02-15", "2024-03-01"), span("2024-02-01", "2024-03-01"), proration=Proration.DAY, zone="UTC"
    )
    assert share == Share(active=15, whole=29, unit="day")


def test_a_full_period_is_full() -> None:
    assert share_of(FEBRUARY, FEBRUARY, proration=Proration.DAY, zone="UTC").is_full


def test_a_clock_change_moves_no_day() -> None:
    march = span("2026-02-28T23:00", "2026-03-31T22:00")  # local March in Berlin, one hour short
    from_the_29th = span("2026-03-28T23:00", "2026-03-31T22:00")  # 29, 30, 31
    assert share_of(from_the_29th, march, proration=Proration.DAY, zone="Europe/Berlin") == Share(
        active=3, whole=31, unit="day"
    )


def test_the_day_of_a_change_belongs_to_what_follows() -> None:
    before, after = span("2026-02-01", "2026-02-10T15:30"), span("2026-02-10T15:30", "2026-03-01")
    shares = [share_of(part, FEBRUARY, proration=Proration.DAY, zone="UTC").active for part in (before, after)]
    assert shares == [9, 19]


def test_the_day_is_that_of_the_subscriptions_zone() -> None:
    # 02:00 UTC on the 10th is still the 9th in New York
    local_february = span("2026-02-01T05:00", "2026-03-01T05:00")
    share = share_of(
        span("2026-02-10T02:00", "2026-03-01T05:00"), local_february, proration=Proration.DAY, zone="America/New_York"
    )
    assert share == Share(active=20, whole=28, unit="day")


def test_seconds_are_absolute() -> None:
    share = share_of(
        span("2026-02-15", "2026-03-01"), FEBRUARY, proration=Proration.SECOND, zone="UTC"
    )  # 14 and 28 days of 86,400 seconds
    assert share == Share(active=1_209_600, whole=2_419_200, unit="second")


def test_seconds_of_adjoining_parts_add_up_even_when_cut_between_two_seconds() -> None:
    cut = "2026-02-10T10:00:00.600000"
    parts = [span("2026-02-01T00:00:00.300000", cut), span(cut, "2026-03-01T00:00:00.300000")]
    whole = span("2026-02-01T00:00:00.300000", "2026-03-01T00:00:00.300000")
    shares = [share_of(part, whole, proration=Proration.SECOND, zone="UTC") for part in parts]
    assert sum(share.active for share in shares) == shares[0].whole == 28 * 86_400


def test_without_proration_any_part_is_the_whole() -> None:
    assert share_of(span("2026-02-28", "2026-03-01"), FEBRUARY, proration=Proration.NONE, zone="UTC").is_full


@pytest.mark.parametrize("proration", list(Proration))
def test_a_charge_prorates_as_it_says(proration: Proration) -> None:
    for cycle in (MONTHLY, DAILY):
        assert measured_by(proration, a_plan(cycle=cycle)) is proration


def test_hours_have_no_days_so_they_go_by_the_second() -> None:
    assert measured_by(Proration.DAY, a_plan(cycle=HOURLY)) is Proration.SECOND
    assert measured_by(Proration.NONE, a_plan(cycle=HOURLY)) is Proration.NONE


STUB = span("2026-02-20", "2026-03-01")


@pytest.mark.parametrize(
    ("rule", "owed"), [(FirstPeriod.PRORATE, STUB), (FirstPeriod.FREE, None), (FirstPeriod.FULL, FEBRUARY)]
)
def test_a_short_first_period_is_prorated_free_or_full(rule: FirstPeriod, owed: Period | None) -> None:
    assert as_first_period(STUB, FEBRUARY, rule=rule, begun=STUB.start) == owed


def test_in_full_is_owed_what_began_with_the_subscription_not_what_was_added_later() -> None:
    later = span("2026-02-25", "2026-03-01")
    assert as_first_period(later, FEBRUARY, rule=FirstPeriod.FULL, begun=STUB.start) == later


@pytest.mark.parametrize(
    ("taken", "left"),
    [
        ([], [FEBRUARY]),
        ([FEBRUARY], []),
        ([span("2026-01-01", "2026-04-01")], []),
        ([span("2026-01-01", "2026-02-01"), span("2026-03-01", "2026-04-01")], [FEBRUARY]),  # they only touch
        ([span("2026-02-01", "2026-02-10")], [span("2026-02-10", "2026-03-01")]),
        ([span("2026-02-10", "2026-03-01")], [span("2026-02-01", "2026-02-10")]),
        (
            [span("2026-02-10", "2026-02-12"), span("2026-02-20", "2026-02-21")],
            [span("2026-02-01", "2026-02-10"), span("2026-02-12", "2026-02-20"), span("2026-02-21", "2026-03-01")],
        ),
    ],
)
def test_what_is_left_of_a_stretch_when_others_are_taken_out(taken: list[Period], left: list[Period]) -> None:
    assert without(FEBRUARY, taken) == left
