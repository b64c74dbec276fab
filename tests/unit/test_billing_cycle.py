"""When a subscription is billed, and for which periods, in every order in which a plan may change."""

import pytest

from billing.domain.billing_cycle import bill_for_on_or_after, cycle_at, first_bill_for, next_bill_for
from billing.domain.catalog import Billed, FirstPeriod, Plan
from billing.domain.errors import InvalidInput
from billing.domain.period import Cycle, Period, Unit
from tests.builders import HOURLY, QUARTERLY, WEEKLY, YEARLY, Account, a_fee, a_plan, utc

ARREARS = a_plan(fees=[a_fee("30")])
ADVANCE = a_plan(fees=[a_fee("30")], plan_id="ahead", billed=Billed.IN_ADVANCE)


def shown(period: Period | None) -> str | None:
    if period is None:
        return None
    return " to ".join(f"{at:%m-%d %H:%M}".removesuffix(" 00:00") for at in (period.start, period.end))


def cycles(account: Account, *, count: int) -> list[tuple[str | None, str | None, str]]:
    """Arrears, advance and key of the first bills."""
    due, rows = first_bill_for(account.subscription, account.plans), []
    for _ in range(count):
        cycle = cycle_at(account.subscription, account.plans, bill_for_date=due)
        rows.append((shown(cycle.arrears), shown(cycle.advance), cycle.key))
        following = next_bill_for(account.subscription, after=due)
        if following is None:
            break
        due = following
    return rows


def bill_days(plan: Plan, *, start: str, count: int, zone: str = "UTC") -> list[str]:
    account = Account.opened(plan, start=start, zone=zone)
    due = account.subscription.next_billing_at
    days = []
    for _ in range(count):
        assert due is not None
        days.append(f"{due:%Y-%m-%d %H:%M}".removesuffix(" 00:00"))
        due = next_bill_for(account.subscription, after=due)
    return days


# The row of bill-for dates


def test_in_arrears_the_first_bill_is_at_the_end_of_the_first_period() -> None:
    assert cycles(Account.opened(ARREARS, start="2026-01-15"), count=2) == [
        ("01-15 to 02-15", None, "20260115T000000Z"),
        ("02-15 to 03-15", None, "20260215T000000Z"),
    ]


def test_in_advance_the_first_bill_is_at_the_start_and_each_looks_both_ways() -> None:
    assert cycles(Account.opened(ADVANCE, start="2026-01-15"), count=2) == [
        (None, "01-15 to 02-15", "20260115T000000Z"),
        ("01-15 to 02-15", "02-15 to 03-15", "20260215T000000Z"),
    ]


def test_an_anniversary_on_the_31st_comes_back_to_it() -> None:
    assert bill_days(ARREARS, start="2025-12-31", count=5) == [
        "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31",
    ]  # fmt: skip


def test_a_yearly_anniversary_on_29_february_is_the_28th_until_the_next_leap_year() -> None:
    assert bill_days(a_plan(cycle=YEARLY), start="2024-02-29", count=4) == [
        "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29",
    ]  # fmt: skip


def test_calendar_billing_starts_with_a_stub_up_to_the_first_anchor_day() -> None:
    account = Account.opened(a_plan(anchor_day=1), start="2026-01-20T09:30")
    assert [row[0] for row in cycles(account, count=2)] == ["01-20 09:30 to 02-01", "02-01 to 03-01"]


def test_a_quarterly_stub_ends_at_the_first_anchor_day_and_is_never_longer_than_a_month() -> None:
    account = Account.opened(a_plan(anchor_day=1, cycle=QUARTERLY), start="2026-01-20")
    assert [row[0] for row in cycles(account, count=2)] == ["01-20 to 02-01", "02-01 to 05-01"]


def test_a_start_on_the_anchor_day_has_no_stub() -> None:
    account = Account.opened(a_plan(anchor_day=20), start="2026-01-20T09:30")
    assert [row[0] for row in cycles(account, count=2)] == ["01-20 09:30 to 02-20", "02-20 to 03-20"]


def test_an_anchor_on_the_31st_is_clamped_each_month_anew() -> None:
    assert bill_days(a_plan(anchor_day=31), start="2026-01-05", count=4) == [
        "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cycle", "expected"),
    [
        (HOURLY, ["2026-03-28 01:00", "2026-03-28 02:00"]),
        (Cycle(1, Unit.DAY), ["2026-03-29", "2026-03-29 23:00"]),  # local midnight moves with the clock on the 29th
        (WEEKLY, ["2026-04-03 23:00", "2026-04-10 23:00"]),
        (Cycle(2, Unit.WEEK), ["2026-04-10 23:00", "2026-04-24 23:00"]),
    ],
)
def test_short_cycles_follow_the_clock_of_the_zone(cycle: Cycle, expected: list[str]) -> None:
    assert bill_days(a_plan(cycle=cycle), start="2026-03-28T00:00", count=2, zone="Europe/London") == expected


# The end


def test_an_end_inside_a_period_is_its_last_bill() -> None:
    account = Account.opened(ARREARS, start="2026-01-15", end="2026-02-20")
    assert [row[0] for row in cycles(account, count=9)] == ["01-15 to 02-15", "02-15 to 02-20"]


def test_an_end_on_a_boundary_brings_no_further_bill() -> None:
    account = Account.opened(ARREARS, start="2026-01-15", end="2026-02-15")
    assert [row[0] for row in cycles(account, count=9)] == ["01-15 to 02-15"]


def test_an_end_before_the_first_boundary_makes_one_short_bill() -> None:
    account = Account.opened(ARREARS, start="2026-01-15", end="2026-01-18")
    assert [row[0] for row in cycles(account, count=9)] == ["01-15 to 01-18"]


def test_in_advance_the_end_is_known_to_the_bill_before_it_and_has_a_last_one() -> None:
    account = Account.opened(ADVANCE, start="2026-01-15", end="2026-02-20")
    assert cycles(account, count=9) == [
        (None, "01-15 to 02-15", "20260115T000000Z"),
        ("01-15 to 02-15", "02-15 to 02-20", "20260215T000000Z"),
        ("02-15 to 02-20", None, "20260215T000000Z-arrears"),
    ]


# Changes of plan


def test_a_change_with_the_same_interval_moves_no_bill() -> None:
    account = Account.opened(ARREARS, start="2026-01-15").changing_plan(a_plan(version=2), at="2026-02-01T10:00")
    assert [row[0] for row in cycles(account, count=2)] == ["01-15 to 02-15", "02-15 to 03-15"]


def test_a_restart_ends_the_running_period_and_begins_its_own() -> None:
    account = Account.opened(ARREARS, start="2026-01-15").changing_plan(
        a_plan(version=2, cycle=QUARTERLY), at="2026-02-01T10:00"
    )
    assert [row[0] for row in cycles(account, count=3)] == [
        "01-15 to 02-01 10:00",
        "02-01 10:00 to 05-01 10:00",
        "05-01 10:00 to 08-01 10:00",
    ]


def test_a_restart_on_the_calendar_begins_with_a_stub() -> None:
    account = Account.opened(ARREARS, start="2026-01-15").changing_plan(
        a_plan(version=2, anchor_day=1), at="2026-02-10"
    )
    assert [row[0] for row in cycles(account, count=3)] == ["01-15 to 02-10", "02-10 to 03-01", "03-01 to 04-01"]


def test_keys_stay_apart_when_a_plan_turns_from_advance_to_arrears_in_mid_period_and_back() -> None:
    account = (
        Account.opened(ADVANCE, start="2026-01-15")
        .changing_plan(ARREARS, at="2026-02-20T10:00")
        .changing_plan(a_plan(plan_id="again", billed=Billed.IN_ADVANCE), at="2026-04-20T10:00")
    )
    assert cycles(account, count=6) == [
        (None, "01-15 to 02-15", "20260115T000000Z"),
        ("01-15 to 02-15", "02-15 to 03-15", "20260215T000000Z"),
        ("02-15 to 03-15", None, "20260215T000000Z-arrears"),  # the key without a suffix is taken by the bill above
        ("03-15 to 04-15", None, "20260315T000000Z"),
        ("04-15 to 05-15", "05-15 to 06-15", "20260515T000000Z"),
        ("05-15 to 06-15", "06-15 to 07-15", "20260615T000000Z"),
    ]


def test_keys_stay_apart_when_two_periods_start_within_one_second() -> None:
    account = Account.opened(ARREARS, start="2026-01-15T10:00:00.100000").changing_plan(
        a_plan(version=2, cycle=YEARLY), at="2026-01-15T10:00:00.200000"
    )
    assert len({key for *_, key in cycles(account, count=3)}) == 3


# Where to begin and what is no bill


def test_billing_goes_on_at_the_first_date_not_before_an_instant() -> None:
    account = Account.opened(ARREARS, start="2026-01-15", end="2026-06-01")
    found = [
        bill_for_on_or_after(account.subscription, account.plans, instant=utc(at))
        for at in ("2025-06-01", "2026-02-15", "2026-02-15T00:00:01", "2026-05-20", "2026-06-01", "2026-06-02")
    ]
    assert found == [
        utc("2026-02-15"), utc("2026-02-15"), utc("2026-03-15"), utc("2026-06-01"), utc("2026-06-01"), None,
    ]  # fmt: skip


@pytest.mark.parametrize("at", ["2026-01-15", "2026-01-20", "2026-02-14T23:59"])
def test_an_instant_that_is_no_bill_for_date_is_refused(at: str) -> None:
    account = Account.opened(ARREARS, start="2026-01-15")
    with pytest.raises(InvalidInput, match="bill_for_date: expected a bill-for date of the subscription"):
        cycle_at(account.subscription, account.plans, bill_for_date=utc(at))


def test_a_free_or_full_first_period_moves_no_bill() -> None:
    for rule in FirstPeriod:
        account = Account.opened(a_plan(anchor_day=1, first_period=rule), start="2026-01-20")
        assert [row[0] for row in cycles(account, count=1)] == ["01-20 to 02-01"]
