"""A subscription that is behind gets one invoice per missed period, oldest first, none merged (semantics 3)."""

from datetime import date
from itertools import pairwise

from billing.domain.tax import TaxTable
from tests.builders import a_fee, a_meter, a_plan, a_rate, utc
from tests.world import World

FLAT = a_plan(fees=[a_fee("49.00")], anchor_day=1)


def test_three_months_behind_brings_three_invoices_in_order_each_with_its_own_period_and_tax_point() -> None:
    rates = (a_rate("19", until="2026-01-31"), a_rate("16", since="2026-02-01", until="2026-02-28"))
    world = World(taxes=TaxTable(rates=(*rates, a_rate("21", since="2026-03-01"))))
    plan = world.plan(a_plan(fees=[a_fee("100.00")], metered=[a_meter("1.00")], anchor_day=1))
    world.subscribes("acme", to=plan, on="2026-01-01")
    for month, calls in (("01", "1"), ("02", "2"), ("03", "3")):
        world.uses("sub-acme", "calls", calls, on=f"2026-{month}-10")
    world.travels_to("2026-04-02")
    report = world.runs_billing()
    assert [each.number for each in report.invoices] == ["INV-2026-01-0001", "INV-2026-02-0001", "INV-2026-03-0001"]
    invoices = world.invoices("acme")
    assert [(each.period.start, each.period.end) for each in invoices] == list(
        pairwise([utc("2026-01-01"), utc("2026-02-01"), utc("2026-03-01"), utc("2026-04-01")])
    )
    # (100 + calls) and that month's rate: 101 at 19 %, 102 at 16 %, 103 at 21 %
    assert [(each.subtotal, each.tax) for each in invoices] == [(10100, 1919), (10200, 1632), (10300, 2163)]
    assert {each.issued_on for each in invoices} == {date(2026, 4, 2)}
    assert {each.due_on for each in invoices} == {date(2026, 5, 2)}
    assert world.subscription("sub-acme").next_billing_at == utc("2026-05-01")


def test_thirty_months_behind_takes_two_runs_and_skips_none() -> None:
    world = World()
    world.subscribes("acme", to=world.plan(FLAT), on="2023-09-01")
    world.travels_to("2026-03-01")
    first, second, third = (world.runs_billing() for _ in range(3))
    assert [len(each.invoices) for each in (first, second, third)] == [24, 6, 0]
    assert [each.complete for each in (first, second, third)] == [False, True, True]  # the first has to be continued
    invoices = sorted(world.invoices("acme"), key=lambda each: each.bill_for_date)
    assert invoices[0].period.start == utc("2023-09-01")
    assert all(one.period.end == other.period.start for one, other in pairwise(invoices))
    assert invoices[-1].period.end == utc("2026-03-01")


def test_those_behind_and_those_on_time_are_billed_by_one_run_oldest_period_first() -> None:
    world = World()
    plan = world.plan(FLAT)
    world.subscribes("behind", to=plan, on="2026-01-01")
    world.subscribes("also", to=plan, on="2026-02-01")
    world.subscribes("today", to=plan, on="2026-03-01")
    world.travels_to("2026-04-01")
    report = world.runs_billing()
    assert [(each.number, each.customer_id) for each in report.invoices] == [
        ("INV-2026-01-0001", "behind"),
        ("INV-2026-02-0001", "also"),
        ("INV-2026-02-0002", "behind"),
        ("INV-2026-03-0001", "also"),
        ("INV-2026-03-0002", "behind"),
        ("INV-2026-03-0003", "today"),
    ]


def test_each_series_is_unbroken_where_a_whole_book_is_months_behind() -> None:
    world = World()
    plan = world.plan(FLAT)
    world.book(250, to=plan, on="2026-01-01")
    world.subscribes("late-comer", to=plan, on="2026-02-01")
    world.travels_to("2026-04-01")
    report = world.runs_billing()
    assert report.complete
    assert world.numbers() == [
        f"INV-2026-{month}-{number:04}"
        for month, last in (("01", 250), ("02", 251), ("03", 251))
        for number in range(1, last + 1)
    ]
    assert [each.number for each in report.invoices] == world.numbers()


def test_a_roll_up_that_two_periods_share_bills_each_day_once() -> None:
    world = World()
    plan = world.plan(a_plan(metered=[a_meter("1.00")]))
    world.subscribes("acme", to=plan, on="2026-01-15")
    for day, calls in (("01-20", "1"), ("02-10", "10"), ("02-20", "100"), ("03-10", "1000")):
        world.uses("sub-acme", "calls", calls, on=f"2026-{day}")
    world.travels_to("2026-03-15")
    world.runs_billing()
    # 15 January to 15 February holds 1 + 10, the next month 100 + 1000
    assert [each.total for each in world.invoices("acme")] == [1100, 110000]


def test_a_broken_month_stops_only_its_own_subscription_and_nothing_is_billed_out_of_order() -> None:
    world = World()
    plan = world.plan(a_plan(metered=[a_meter("1.00")], anchor_day=1))
    for name in ("broken", "sound"):
        world.subscribes(name, to=plan, on="2026-01-01")
        world.uses(f"sub-{name}", "calls", "5", on="2026-02-10")
    kept = world.damages("usage/sub-broken.calls.2026-02", {"buckets": "gone"})
    world.travels_to("2026-04-01")
    report = world.runs_billing()
    assert [each.subscription_id for each in report.failures] == ["sub-broken"]
    assert len(world.invoices("broken")) == 1  # January; February failed, and March must not overtake it
    assert len(world.invoices("sound")) == 3
    world.damages("usage/sub-broken.calls.2026-02", kept)
    assert [each.number for each in world.runs_billing().invoices] == ["INV-2026-02-0002", "INV-2026-03-0002"]
