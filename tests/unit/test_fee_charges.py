"""Recurring fees: prorated at both ends, in a short first period, for items there for a while. Amounts are in cents."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.catalog import Billed, FirstPeriod, Proration
from billing.domain.explanation import ProrationStep
from billing.domain.fee_charges import cycle_name
from billing.domain.invoice import LineKind
from billing.domain.money import Rounding
from billing.domain.period import Cycle, Period, Unit
from billing.domain.subscription import UnknownPlan
from tests.builders import HOURLY, MONTHLY, QUARTERLY, WEEKLY, YEARLY, Account, a_fee, a_plan, shown, utc
from tests.fees import AHEAD, IN_ARREARS, SEAT, billed

LEADING = {
    # [20 January, 1 February) is 12 days
    "monthly": (MONTHLY, "30", [3000, -1839]),  # 12 of 31: 11.6129 -> 11.61
    "quarterly": (QUARTERLY, "90", [9000, -7826]),  # 12 of 92 (November to January): 11.7391 -> 11.74
    "yearly": (YEARLY, "365", [36500, -35300]),  # 12 of 365: 12.00
}
TRAILING = {
    # [1 February, 11 February) is 10 days
    "monthly": (MONTHLY, "30", [3000, -1929]),  # 10 of 28: 10.7142 -> 10.71
    "quarterly": (QUARTERLY, "90", [9000, -7989]),  # 10 of 89 (February to April): 10.1123 -> 10.11
    "yearly": (YEARLY, "365", [36500, -35500]),  # 10 of 365: 10.00
}


@pytest.mark.parametrize("case", LEADING)
@pytest.mark.parametrize(("mode", "first_bill"), [(Billed.IN_ARREARS, "2026-02-01"), (AHEAD, "2026-01-20")])
def test_leading_proration_of_a_calendar_plan(case: str, mode: Billed, first_bill: str) -> None:
    cycle, price, expected = LEADING[case]
    account = Account.opened(
        a_plan(fees=[a_fee(price)], cycle=cycle, anchor_day=1, billed=mode), start="2026-01-20T15:00"
    )
    assert billed(account, until=f"{first_bill}T23:00")[0] == expected


@pytest.mark.parametrize("case", TRAILING)
def test_trailing_proration_in_arrears_is_on_the_last_bill(case: str) -> None:
    cycle, price, expected = TRAILING[case]
    plan = a_plan(fees=[a_fee(price)], cycle=cycle, anchor_day=1)
    account = Account.opened(plan, start="2026-02-01", end="2026-02-11T09:00")
    assert billed(account, until="2027-12-31") == [expected]


@pytest.mark.parametrize("case", TRAILING)
def test_trailing_proration_in_advance_of_an_end_known_beforehand_needs_no_credit(case: str) -> None:
    cycle, price, expected = TRAILING[case]
    plan = a_plan(fees=[a_fee(price)], cycle=cycle, anchor_day=1, billed=AHEAD)
    account = Account.opened(plan, start="2026-02-01", end="2026-02-11T09:00")
    assert billed(account, until="2027-12-31") == [expected, []]


@pytest.mark.parametrize("case", TRAILING)
def test_trailing_proration_in_advance_of_an_end_that_came_as_a_surprise_is_a_credit(case: str) -> None:
    cycle, price, (full, minus) = TRAILING[case]
    plan = a_plan(fees=[a_fee(price)], cycle=cycle, anchor_day=1, billed=AHEAD)
    account = Account.opened(plan, start="2026-02-01").billed(1).ending("2026-02-11T09:00")
    assert billed(account, until="2027-12-31") == [[minus]]
    assert full + minus in (1071, 1011, 1000)  # what is kept


@pytest.mark.parametrize("mode", list(Billed))
def test_double_proration_over_two_periods(mode: Billed) -> None:
    plan = a_plan(fees=[a_fee("30")], anchor_day=1, billed=mode)
    account = Account.opened(plan, start="2026-01-20", end="2026-02-11")
    assert [row for row in billed(account, until="2027-12-31") if row] == [[3000, -1839], [3000, -1929]]


@pytest.mark.parametrize("mode", list(Billed))
def test_sign_up_and_cancellation_within_one_period_are_measured_against_the_whole_of_it(mode: Billed) -> None:
    plan = a_plan(fees=[a_fee("30")], anchor_day=1, billed=mode)
    account = Account.opened(plan, start="2026-02-05", end="2026-02-15")
    # 10 of 28 days: 10.71; not 10 of the stub's 24
    assert [row for row in billed(account, until="2027-12-31") if row] == [[3000, -1929]]


def test_an_anniversary_plan_prorates_only_its_end() -> None:
    account = Account.opened(a_plan(fees=[a_fee("31")]), start="2026-01-20", end="2026-03-01")
    # 20 January to 20 February in full; then 9 of 28 days: 31 x 9 / 28 = 9.9642 -> 9.96
    assert billed(account, until="2027-12-31") == [[3100], [3100, -2104]]


def test_an_anchor_on_the_31st_has_a_whole_period_of_28_days_in_february() -> None:
    account = Account.opened(a_plan(fees=[a_fee("28")]), start="2026-01-31", end="2026-03-01")
    # 31 January to 28 February in full; 28 February to 31 March is 31 days, of which 1: 28 / 31 = 0.9032 -> 0.90
    assert billed(account, until="2027-12-31") == [[2800], [2800, -2710]]


def test_a_leap_day_counts() -> None:
    account = Account.opened(a_plan(fees=[a_fee("29")], anchor_day=1), start="2024-02-15")
    assert billed(account, until="2024-03-01") == [[2900, -1400]]  # 15 of 29 days


def test_a_whole_period_across_a_clock_change_is_the_price() -> None:
    plan = a_plan(fees=[a_fee("31", proration=Proration.SECOND)], anchor_day=1)
    account = Account.opened(plan, start="2026-02-28T23:00", zone="Europe/Berlin")  # local 1 March
    assert billed(account, until="2026-03-31T22:00") == [[3100]]


def test_days_are_local_when_the_clock_changes_within_the_stub() -> None:
    account = Account.opened(
        a_plan(fees=[a_fee("31")], anchor_day=1), start="2026-03-28T23:00", zone="Europe/Berlin"
    )  # local 29 March, the day with 23 hours: 3 of 31 days
    assert billed(account, until="2026-03-31T22:00") == [[3100, -2800]]


def test_by_second_is_measured_in_seconds() -> None:
    plan = a_plan(fees=[a_fee("28", proration=Proration.SECOND)], anchor_day=1)
    account = Account.opened(plan, start="2026-02-28T12:00")
    assert billed(account, until="2026-03-01") == [[2800, -2750]]  # half a day of 28


def test_without_proration_a_stub_costs_the_full_price() -> None:
    plan = a_plan(fees=[a_fee("28", proration=Proration.NONE)], anchor_day=1)
    assert billed(Account.opened(plan, start="2026-02-28"), until="2026-03-01") == [[2800]]


@pytest.mark.parametrize(
    ("cycle", "start", "end", "expected"),
    [
        # half of the second hour: 1.00 x 1800 / 3600
        (HOURLY, "2026-02-01T00:00", "2026-02-01T01:30", [[100], [100, -50]]),
        # the 1st and 2nd; the 3rd is the day of the end and owes nothing
        (Cycle(1, Unit.DAY), "2026-02-01", "2026-02-03T08:00", [[100], [100], []]),
        (WEEKLY, "2026-02-01", "2026-02-10", [[100], [100, -71]]),  # 2 of 7 days: 0.2857 -> 0.29
        (Cycle(2, Unit.WEEK), "2026-02-01", "2026-02-22", [[100], [100, -50]]),  # 7 of 14 days
        (YEARLY, "2024-02-29", "2025-03-01", [[100], [100, -100]]),  # 1 of 365 days: 0.0027 -> 0.00
    ],
)
def test_every_cycle_prorates_its_end(cycle: Cycle, start: str, end: str, expected: list[list[int]]) -> None:
    account = Account.opened(a_plan(fees=[a_fee("1")], cycle=cycle), start=start, end=end)
    assert billed(account, until="2027-12-31") == expected


# The short first period of calendar billing


@pytest.mark.parametrize("mode", list(Billed))
@pytest.mark.parametrize(
    ("rule", "first"),
    [
        (FirstPeriod.PRORATE, [[3000, -2036]]),  # 9 of 28 days: 9.6428 -> 9.64
        (FirstPeriod.FREE, []),
        (FirstPeriod.FULL, [[3000]]),
    ],
)
def test_a_short_first_period_is_prorated_free_or_full(mode: Billed, rule: FirstPeriod, first: list[list[int]]) -> None:
    plan = a_plan(fees=[a_fee("30")], anchor_day=1, first_period=rule, billed=mode)
    account = Account.opened(plan, start="2026-02-20", end="2026-04-01")
    assert [row for row in billed(account, until="2027-12-31") if row] == [*first, [3000]]


@pytest.mark.parametrize("rule", list(FirstPeriod))
@pytest.mark.parametrize("anchor_day", [None, 20])
def test_a_first_period_that_is_not_short_is_billed_as_any_other(rule: FirstPeriod, anchor_day: int | None) -> None:
    plan = a_plan(fees=[a_fee("30")], anchor_day=anchor_day, first_period=rule)
    assert billed(Account.opened(plan, start="2026-02-20T10:00"), until="2026-03-20T10:00") == [[3000]]


@pytest.mark.parametrize("rule", list(FirstPeriod))
def test_a_start_in_the_second_pass_of_a_repeated_hour_is_no_short_period(rule: FirstPeriod) -> None:
    account = Account.opened(
        a_plan(fees=[a_fee("30")], first_period=rule), start="2026-10-25T01:30", zone="Europe/Berlin"
    )  # 02:30 for the second time; the anchor is the first
    assert billed(account, until="2026-11-25T01:30") == [[3000]]


@pytest.mark.parametrize("rule", list(FirstPeriod))
def test_a_restart_is_no_first_period(rule: FirstPeriod) -> None:
    calendar = a_plan(fees=[a_fee("30")], anchor_day=1, first_period=rule, version=2)
    account = Account.opened(a_plan(), start="2026-02-05").changing_plan(calendar, at="2026-02-20")
    assert billed(account, until="2026-03-01") == [[], [3000, -2036]]


def test_what_is_added_in_a_free_first_period_is_free_as_well() -> None:
    plan = a_plan(addons=[SEAT], anchor_day=1, first_period=FirstPeriod.FREE)
    account = Account.opened(plan, start="2026-02-05").adding("seat", start="2026-02-20")
    assert billed(account, until="2026-04-01") == [[], [3000]]


def test_a_change_in_a_first_period_billed_in_full_adds_up_to_one_full_price() -> None:
    plan = a_plan(addons=[SEAT], anchor_day=1, first_period=FirstPeriod.FULL)
    account = Account.opened(plan, start="2026-02-05").adding("seat", start="2026-02-05")
    changed = account.changing_quantity("seat", to="2", at="2026-02-15")
    # one seat as if since the 1st: 14 of 28 days, 15.00; two seats from the 15th: 14 of 28 days of 60.00, 30.00
    assert billed(changed, until="2026-03-01") == [[3000, -1500, 6000, -3000]]


def test_an_end_within_a_first_period_paid_ahead_in_full_credits_only_what_follows_it() -> None:
    plan = a_plan(addons=[SEAT], anchor_day=1, first_period=FirstPeriod.FULL, billed=AHEAD)
    account = Account.opened(plan, start="2026-02-05").adding("seat", start="2026-02-05").billed(1)
    # 15.00 for [1st, 15th) are used up, 15.00 come back
    assert billed(account.ending("2026-02-15"), until="2026-03-01") == [[-1500]]


# Two lines for a prorated charge


def test_a_prorated_charge_is_the_full_price_and_what_it_is_lowered_by() -> None:
    account = Account.opened(IN_ARREARS, start="2026-02-01").adding("seat", start="2026-02-20", quantity="3")
    invoice = account.bill()
    assert shown(invoice.lines) == [
        ("Seat (monthly)", "3", "30", 9000),
        ("Seat - proration", "1", "-61.07", -6107),  # 90 x 9 / 28 = 28.9285 -> 28.93
    ]
    assert [line.kind for line in invoice.lines] == [LineKind.FLAT, LineKind.PRORATION]
    assert invoice.lines[1].explanation.step == ProrationStep(price=Decimal(90), active=9, whole=28, unit="day")
    assert {line.period for line in invoice.lines} == {Period(utc("2026-02-20"), utc("2026-03-01"))}


@pytest.mark.parametrize(
    ("cycle", "words"),
    [
        (Cycle(1, Unit.HOUR), "hourly"),
        (Cycle(1, Unit.DAY), "daily"),
        (Cycle(1, Unit.WEEK), "weekly"),
        (Cycle(1, Unit.MONTH), "monthly"),
        (Cycle(1, Unit.YEAR), "yearly"),
        (Cycle(3, Unit.MONTH), "every 3 months"),
        (Cycle(2, Unit.WEEK), "every 2 weeks"),
    ],
)
def test_a_line_names_its_cycle(cycle: Cycle, words: str) -> None:
    assert cycle_name(cycle) == words


def test_half_even_rounds_the_share_to_the_even_cent() -> None:
    plan = a_plan(fees=[a_fee("0.25")], anchor_day=1)
    account = Account.opened(plan, start="2026-02-15")  # 14 of 28 days: 0.125
    assert billed(account, until="2026-03-01") == [[25, -12]]  # up to 0.13
    half_even = replace(account, tenant=replace(account.tenant, rounding=Rounding.HALF_EVEN))
    assert billed(half_even, until="2026-03-01") == [[25, -13]]  # to the even 0.12


# Items that are there for a while only


def test_an_item_opened_and_closed_on_one_day_owes_nothing() -> None:
    account = Account.opened(IN_ARREARS, start="2026-02-01").adding(
        "seat", start="2026-02-10T08:00", end="2026-02-10T20:00"
    )
    assert billed(account, until="2026-03-01") == [[]]


def test_an_item_that_was_there_before_the_subscription_and_stays_after_it_is_billed_for_its_life() -> None:
    account = Account.opened(IN_ARREARS, start="2026-02-11", end="2026-02-21").adding(
        "seat", start="2025-01-01", end="2027-01-01"
    )
    assert billed(account, until="2027-12-31") == [[3000, -1929]]  # 10 of 28 days


def test_a_quantity_of_zero_is_a_line_of_zero() -> None:
    account = Account.opened(IN_ARREARS, start="2026-02-01").adding("seat", start="2026-02-01", quantity="0")
    assert billed(account, until="2026-03-01") == [[0]]


def test_an_item_that_the_plan_does_not_offer_is_named() -> None:
    account = Account.opened(IN_ARREARS, start="2026-02-01").adding("lamp", start="2026-02-01")
    with pytest.raises(UnknownPlan, match="addon_id: expected an add-on of plan@1, got 'lamp'"):
        account.bill()
