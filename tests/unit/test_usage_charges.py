"""Usage lines: which events a bill prices, also around boundaries, changes of plan and the first and last day."""

from decimal import Decimal

import pytest

from billing.domain.catalog import Aggregation, GraduatedPrice, PackagePrice, VolumePrice
from billing.domain.invoicing import Draft
from billing.domain.period import Schedule
from billing.domain.usage import Bucket, LastReading, bucket_start, joined
from tests.builders import (
    API_CALLS,
    HOURLY,
    QUARTERLY,
    YEARLY,
    Account,
    a_fee,
    a_meter,
    a_plan,
    amounts,
    shown,
    tiers,
    utc,
)

CENT_EACH = a_plan(metered=[a_meter("0.01")])
CALENDAR = a_plan(metered=[a_meter("0.01")], anchor_day=1)
TWO_CENTS_EACH = a_plan(metered=[a_meter("0.02")], version=2)


def recorded(*events: tuple[str, str], schedule: Schedule) -> dict[str, str | Bucket]:
    """Buckets as a recorder keeps them, from instants and quantities."""
    buckets: dict[str, str | Bucket] = {}
    for at, amount in events:
        start = f"{bucket_start(utc(at), schedule):%Y-%m-%dT%H:%M:%S}"
        before = buckets.get(start)
        buckets[start] = joined(Aggregation.SUM, None if isinstance(before, str) else before, Decimal(amount))
    return buckets


def billed_calls(account: Account, *, until: str) -> list[int]:
    """Cents of each bill."""
    return [outcome.invoice.subtotal for outcome in account.bills(until=until) if hasattr(outcome, "invoice")]


def test_usage_on_a_boundary_belongs_to_the_period_that_begins() -> None:
    account = Account.opened(CENT_EACH, start="2026-01-15T09:00")
    events = [("2026-02-15T08:59:59", "100"), ("2026-02-15T09:00:00", "700")]
    used = account.using("calls", recorded(*events, schedule=account.subscription.phases[0].schedule))
    assert billed_calls(used, until="2026-03-20") == [100, 700]  # 100 and 700 x 0.01


def test_the_first_day_is_billed_from_its_first_event_though_the_sign_up_was_at_ten() -> None:
    account = Account.opened(CALENDAR, start="2026-01-20T10:00")
    events = [("2026-01-20T11:00", "500"), ("2026-01-21T11:00", "200")]
    used = account.using("calls", recorded(*events, schedule=account.subscription.phases[0].schedule))
    assert billed_calls(used, until="2026-02-01") == [700]


def test_usage_up_to_the_end_is_billed_with_the_last_bill() -> None:
    account = Account.opened(CENT_EACH, start="2026-01-15", end="2026-02-20T12:00")
    events = [("2026-02-14T10:00", "100"), ("2026-02-20T11:59", "30")]
    used = account.using("calls", recorded(*events, schedule=account.subscription.phases[0].schedule))
    assert billed_calls(used, until="2026-12-31") == [100, 30]


def test_a_change_of_plan_splits_usage_by_day_and_the_day_of_change_is_the_new_plans() -> None:
    account = Account.opened(CENT_EACH, start="2026-02-01").changing_plan(TWO_CENTS_EACH, at="2026-02-10T15:00")
    invoice = account.using("calls", {"2026-02-09": "100", "2026-02-10": "1000", "2026-02-11": "10000"}).bill()
    assert shown(invoice.lines) == [("Calls", "100", "0.01", 100), ("Calls", "11000", "0.02", 22000)]
    assert [line.explanation.plan for line in invoice.lines] == ["plan@1", "plan@2"]


def test_each_plan_fills_its_tiers_from_the_first_for_tiers_are_never_prorated() -> None:
    graduated = a_meter(GraduatedPrice(tiers=tiers(("100", "1"), (None, "0.5"))))
    first, second = a_plan(metered=[graduated]), a_plan(metered=[graduated], version=2)
    account = Account.opened(first, start="2026-02-01").changing_plan(second, at="2026-02-10")
    invoice = account.using("calls", {"2026-02-05": "150", "2026-02-15": "120"}).bill()
    # 100 x 1 + 50 x 0.5, then again 100 x 1 + 20 x 0.5
    assert [line.amount for line in invoice.lines] == [10000, 2500, 10000, 1000]


def test_a_plan_of_less_than_a_day_prices_nothing_and_owes_no_fee_of_a_tier() -> None:
    with_fee = a_meter(VolumePrice(tiers=tiers((None, "0.01", "10"))))
    account = Account.opened(a_plan(metered=[with_fee]), start="2026-02-01T08:00").changing_plan(
        a_plan(metered=[with_fee], version=2), at="2026-02-01T20:00"
    )
    assert amounts(account.using("calls", {"2026-02-01T08:00": "100"}).bill().lines) == {"Calls - tier 1": 1100}


def test_a_restart_in_mid_day_loses_and_doubles_no_usage() -> None:
    yearly = a_plan(metered=[a_meter("0.02")], version=2, cycle=YEARLY)
    account = Account.opened(CENT_EACH, start="2026-01-15").changing_plan(yearly, at="2026-02-03T10:00")
    old, new = (phase.schedule for phase in account.subscription.phases)
    used = account.using(
        "calls",
        {
            **recorded(("2026-02-02T12:00", "100"), ("2026-02-03T09:00", "20"), schedule=old),
            **recorded(("2026-02-03T11:00", "3"), ("2026-02-04T12:00", "4000"), schedule=new),
        },
    )
    # until the 2nd: 100 x 0.01; from the 3rd, the day of the change, on: (20 + 3 + 4000) x 0.02
    assert billed_calls(used, until="2027-02-03T10:00") == [100, 8046]


def test_a_restart_onto_the_calendar_takes_the_whole_day_of_the_change_along() -> None:
    calendar = a_plan(metered=[a_meter("0.02")], version=2, anchor_day=1)
    account = Account.opened(CENT_EACH, start="2026-01-15").changing_plan(calendar, at="2026-02-03T10:00")
    new = account.subscription.phases[1].schedule
    used = account.using(
        "calls", {"2026-02-02": "100", **recorded(("2026-02-03T11:00", "30"), schedule=new)}
    )  # that event's bucket starts at midnight, ten hours before the restart
    assert billed_calls(used, until="2026-03-01") == [100, 60]


def test_a_stretch_of_no_day_before_a_restart_owes_no_fee_of_a_tier() -> None:
    tiered = a_meter(GraduatedPrice(tiers=tiers(("5", "1", "10"), (None, "1"))))
    yearly = a_plan(plan_id="yearly", metered=[tiered], cycle=YEARLY)
    account = Account.opened(a_plan(metered=[tiered], anchor_day=1), start="2026-04-01")
    changed = account.billed(1).changing_plan(yearly, at="2026-05-01T09:00")
    [bill] = changed.bills(until="2026-05-02")
    assert isinstance(bill, Draft)
    assert shown(bill.invoice.lines) == [("Calls - tier 1", "0", "1", 0)]


def test_of_two_restarts_on_a_day_the_last_has_that_day_and_the_first_owes_nothing() -> None:
    tiered = a_meter(VolumePrice(tiers=tiers((None, "0.01", "10"))))
    yearly, quarterly = (
        a_plan(plan_id=name, metered=[tiered], cycle=cycle) for name, cycle in (("y", YEARLY), ("q", QUARTERLY))
    )
    account = Account.opened(a_plan(metered=[tiered], anchor_day=1), start="2026-02-01")
    account = account.changing_plan(yearly, at="2026-02-10T10:00").changing_plan(quarterly, at="2026-02-10T10:05")
    used = account.using("calls", {"2026-02-09": "100", "2026-02-10": "20", "2026-02-10T10:05": "3"})
    # 10.00 and 100 x 0.01; nothing for five minutes; 10.00 and 23 x 0.01 for the quarter
    assert billed_calls(used, until="2026-05-10T10:05") == [1100, 0, 1023]


def test_hours_have_buckets_of_their_own_and_a_last_short_one() -> None:
    hourly = a_plan(metered=[a_meter("1")], cycle=HOURLY)
    account = Account.opened(hourly, start="2026-02-01T22:30", end="2026-02-02T00:45")
    row = account.subscription.phases[0].schedule
    events = [
        ("2026-02-01T23:29", "1"),
        ("2026-02-01T23:30", "2"),
        ("2026-02-02T00:10", "3"),
        ("2026-02-02T00:40", "4"),
    ]
    used = account.using("calls", recorded(*events, schedule=row))
    # 22:30-23:30: 1; 23:30-00:30: 2 + 3, in two buckets around midnight; 00:30-00:45: 4
    assert billed_calls(used, until="2026-02-03") == [100, 500, 400]


def test_each_meter_has_its_own_lines_in_the_plans_order() -> None:
    plan = a_plan(
        metered=[
            API_CALLS,
            a_meter(PackagePrice(size=Decimal(10), unit_price=Decimal(3)), meter="disk", name="Disk"),
            a_meter("0.10", meter="seats", name="Seats", aggregation=Aggregation.UNIQUE),
        ]
    )
    account = (
        Account.opened(plan, start="2026-02-01")
        .using("calls", {"2026-02-03": "12000"})
        .using("disk", {"2026-02-03": "21"})
        .using("seats", {"2026-02-03": frozenset({"ann", "bob"}), "2026-02-04": frozenset({"ann"})})
    )
    assert shown(account.bill().lines) == [
        ("API calls - Free tier", "10000", "0", 0),
        ("API calls - Standard tier", "2000", "0.001", 200),
        ("Disk - per started 10", "3", "3", 900),
        ("Seats", "2", "0.10", 20),
    ]


@pytest.mark.parametrize(
    ("aggregation", "buckets", "expected"),
    [
        (Aggregation.MAX, {"2026-02-03": "40", "2026-02-09": "70", "2026-02-20": "55"}, "70"),
        (Aggregation.COUNT, {"2026-02-03": "4", "2026-02-09": "3"}, "7"),
        (
            Aggregation.LAST,
            {
                "2026-02-09": LastReading(occurred_at=utc("2026-02-09T08:00"), event_id="a", quantity=Decimal(12)),
                "2026-02-20": LastReading(occurred_at=utc("2026-02-20T08:00"), event_id="b", quantity=Decimal(9)),
            },
            "9",
        ),
    ],
)
def test_a_meter_counts_as_it_says(aggregation: Aggregation, buckets: dict[str, str | Bucket], expected: str) -> None:
    account = Account.opened(a_plan(metered=[a_meter("1", aggregation=aggregation)]), start="2026-02-01")
    assert str(account.using("calls", buckets).bill().lines[0].quantity) == expected


def test_corrections_beyond_what_was_used_bring_the_month_to_nothing_and_not_below() -> None:
    account = Account.opened(CENT_EACH, start="2026-02-01").using("calls", {"2026-02-03": "5", "2026-02-04": "-20"})
    assert shown(account.bill().lines) == [("Calls", "0", "0.01", 0)]


def test_an_active_month_without_usage_shows_one_zero_line() -> None:
    plan = a_plan(metered=[API_CALLS, a_meter("1", meter="disk", name="Disk")])
    assert shown(Account.opened(plan, start="2026-02-01").bill().lines) == [("API calls - Free tier", "0", "0", 0)]


def test_a_month_with_a_fee_and_no_usage_needs_no_zero_line() -> None:
    plan = a_plan(metered=[API_CALLS], fees=[a_fee("30")])
    assert shown(Account.opened(plan, start="2026-02-01").bill().lines) == [("Base (monthly)", "1", "30", 3000)]


def test_usage_of_a_meter_that_the_plan_does_not_have_is_left_alone() -> None:
    account = Account.opened(CENT_EACH, start="2026-02-01").using("other", {"2026-02-03": "5"})
    assert [line.amount for line in account.bill().lines] == [0]
