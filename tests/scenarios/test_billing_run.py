"""The billing run, told as stories: what is billed, what is skipped, and which numbers are given."""

from datetime import UTC, datetime

import pytest

from billing.domain.catalog import Billed, FirstPeriod
from billing.domain.invoice import InvoiceStatus
from billing.domain.numbering import NumberOrder, NumberSeries, Restart
from billing.domain.subscription import SubscriptionStatus
from billing.domain.subscription_changes import end_subscription
from billing.store.subscriptions import subscription_fields
from tests.builders import API_CALLS, a_fee, a_meter, a_plan, a_tenant, utc
from tests.world import World

FLAT = a_plan(fees=[a_fee("49.00")], anchor_day=1)


@pytest.fixture
def world() -> World:
    return World()


def test_a_period_is_invoiced_once_however_often_the_run_is_called(world: World) -> None:
    world.subscribes("acme", to=world.plan(FLAT), on="2026-01-01")
    world.travels_to("2026-02-01")
    assert len(world.runs_billing().invoices) == 1
    for _ in range(3):
        assert world.runs_billing().invoices == []
    assert [each.total for each in world.invoices("acme")] == [4900]


def test_nothing_is_billed_before_its_bill_for_date(world: World) -> None:
    world.subscribes("acme", to=world.plan(FLAT), on="2026-01-01")
    world.travels_to("2026-01-31T23:59:59")
    assert world.runs_billing().invoices == []


def test_fees_in_arrears_are_billed_at_the_end_and_fees_in_advance_at_the_start(world: World) -> None:
    world.subscribes("later", to=world.plan(FLAT), on="2026-01-01")
    ahead = a_plan(plan_id="ahead", fees=[a_fee("49.00")], anchor_day=1, billed=Billed.IN_ADVANCE)
    world.subscribes("sooner", to=world.plan(ahead), on="2026-01-01")
    assert [each.customer_id for each in world.runs_billing().invoices] == ["sooner"]
    world.travels_to("2026-02-01")
    world.runs_billing()
    [arrears] = world.invoices("later")
    january, february = world.invoices("sooner")
    assert (arrears.period.start, arrears.period.end) == (utc("2026-01-01"), utc("2026-02-01"))
    assert (january.period.start, february.period.start) == (utc("2026-01-01"), utc("2026-02-01"))


def test_usage_and_fee_stand_on_one_invoice_of_the_past_month(world: World) -> None:
    plan = world.plan(a_plan(fees=[a_fee("99.00")], metered=[API_CALLS], anchor_day=1))
    world.subscribes("acme", to=plan, on="2026-02-01")
    world.uses("sub-acme", "calls", "10000", on="2026-02-03")
    world.uses("sub-acme", "calls", "50000", on="2026-02-28T23:59:59")
    world.uses("sub-acme", "calls", "777", on="2026-03-01")
    world.travels_to("2026-03-01")
    world.runs_billing()
    [invoice] = world.invoices("acme")
    # 10,000 free, 50,000 at 0.001 = 50.00, and the fee
    assert (invoice.subtotal, invoice.total) == (14900, 14900)


def test_a_zero_total_is_issued_and_paid_at_once(world: World) -> None:
    world.subscribes("acme", to=world.plan(a_plan(metered=[API_CALLS], anchor_day=1)), on="2026-02-01")
    world.uses("sub-acme", "calls", "10", on="2026-02-03")
    world.travels_to("2026-03-01")
    world.runs_billing()
    [invoice] = world.invoices("acme")
    assert (invoice.total, invoice.status, invoice.number) == (0, InvoiceStatus.PAID, "INV-2026-02-0001")


def test_a_tenant_may_have_zero_invoices_skipped_and_the_subscription_still_moves_on() -> None:
    world = World(tenant=a_tenant(skip_zero_invoices=True))
    world.subscribes("acme", to=world.plan(a_plan(metered=[API_CALLS], anchor_day=1)), on="2026-02-01")
    world.uses("sub-acme", "calls", "10", on="2026-02-03")
    world.travels_to("2026-03-01")
    report = world.runs_billing()
    assert (dict(report.skipped), world.collection("invoices"), world.collection("counters")) == (
        {"zero_total": 1},
        [],
        [],
    )
    assert world.subscription("sub-acme").next_billing_at == utc("2026-04-01")


def test_a_period_with_nothing_to_bill_is_skipped_with_its_reason_and_leaves_no_document(world: World) -> None:
    free = world.plan(a_plan(fees=[a_fee("49.00")], anchor_day=1, first_period=FirstPeriod.FREE))
    world.subscribes("acme", to=free, on="2026-01-15")
    world.travels_to("2026-02-01")
    report = world.runs_billing()
    assert (dict(report.skipped), report.invoices, world.collection("invoices")) == ({"nothing_to_bill": 1}, [], [])
    assert world.subscription("sub-acme").next_billing_at == utc("2026-03-01")


def test_customers_without_a_subscription_are_counted_as_skipped(world: World) -> None:
    world.customer("lonely")
    world.subscribes("acme", to=world.plan(FLAT), on="2026-01-01")
    world.travels_to("2026-02-01")
    report = world.runs_billing()
    assert (report.customers, dict(report.skipped)) == (2, {"no_active_subscription": 1})


def test_an_ended_subscription_gets_its_last_bill_and_leaves_its_customer(world: World) -> None:
    world.subscribes("acme", to=world.plan(FLAT), on="2026-01-01", until="2026-02-15")
    world.travels_to("2026-02-15")
    report = world.runs_billing()
    january, february = world.invoices("acme")
    # 14 of February's 28 days
    assert (january.total, february.total) == (4900, 2450)
    ended = world.subscription("sub-acme")
    assert (ended.status, ended.next_billing_at) == (SubscriptionStatus.ENDED, None)
    customer = world.stored("customers/acme")
    assert customer is not None
    assert customer.fields["active_subscriptions"] == 0
    assert dict(report.skipped) == {}  # who was just billed for the last time was not skipped
    world.travels_to("2026-06-01")
    report = world.runs_billing()
    assert (report.invoices, dict(report.skipped)) == ([], {"no_active_subscription": 1})


def test_two_subscriptions_of_one_customer_that_end_together_are_both_taken_off(world: World) -> None:
    plan = world.plan(FLAT)
    for name in ("one", "two", "three"):
        world.subscribes("acme", to=plan, on="2026-01-01", until=None if name == "three" else "2026-02-01", named=name)
    world.travels_to("2026-02-01")
    world.runs_billing()
    customer = world.stored("customers/acme")
    assert customer is not None
    assert customer.fields["active_subscriptions"] == 1


def test_credits_above_charges_become_a_credit_note_and_a_balance_in_one_commit(world: World) -> None:
    plan = world.plan(a_plan(fees=[a_fee("62.00")], anchor_day=1, billed=Billed.IN_ADVANCE))
    subscription = world.subscribes("acme", to=plan, on="2026-01-01")
    world.runs_billing()  # 62.00 for January, ahead
    ended = end_subscription(world.subscription(subscription.id), at=utc("2026-01-11"))
    world.damages(f"subscriptions/{ended.id}", subscription_fields(ended))
    world.travels_to("2026-01-11")
    report = world.runs_billing()
    [note] = world.credit_notes()
    # 10 of 31 days were used: 20.00; 42.00 goes back
    assert (note.number, note.total, note.balance_added) == ("CN-2026-01-0001", 4200, 4200)
    assert [(each.number, each.total) for each in report.credit_notes] == [("CN-2026-01-0001", 4200)]
    customer = world.stored("customers/acme")
    assert customer is not None
    assert (customer.fields["credit_balance"], customer.fields["active_subscriptions"]) == (4200, 0)
    assert len(world.invoices()) == 1
    assert world.runs_billing().credit_notes == []


def test_numbers_follow_the_customers_in_one_unbroken_row_over_several_pages(world: World) -> None:
    world.book(450, to=world.plan(FLAT), on="2026-01-01")
    world.travels_to("2026-02-01")
    report = world.runs_billing()
    given = [(each.number, each.customer_id) for each in world.invoices()]
    assert given == [(f"INV-2026-01-{n + 1:04}", f"c{n:04}") for n in range(450)]
    assert [(each.number, each.customer_id) for each in report.invoices] == given


def test_numbers_run_on_over_the_shards() -> None:
    world = World(tenant=a_tenant(shards=3))
    world.book(30, to=world.plan(FLAT), on="2026-01-01", shards=3)
    world.travels_to("2026-02-01")
    report = world.runs_billing()
    assert [each.number for each in report.invoices] == [f"INV-2026-01-{n:04}" for n in range(1, 31)]
    # shard by shard: 0, 3, 6 ... 1, 4, 7 ... 2, 5, 8 ...
    assert [each.customer_id for each in report.invoices] == [f"c{n:04}" for s in range(3) for n in range(s, 30, 3)]


def test_a_tenant_may_number_by_subscription(world: World) -> None:
    numbers = NumberSeries(order=NumberOrder.SUBSCRIPTION)
    world = World(tenant=a_tenant(numbers=numbers))
    plan = world.plan(FLAT)
    world.subscribes("zeta", to=plan, on="2026-01-01", named="s1")
    world.subscribes("alfa", to=plan, on="2026-01-01", named="s2")
    world.travels_to("2026-02-01")
    world.runs_billing()
    assert [(each.number, each.subscription_id) for each in world.invoices()] == [
        ("INV-2026-01-0001", "s1"),
        ("INV-2026-01-0002", "s2"),
    ]


@pytest.mark.parametrize(
    ("restart", "pattern", "expected"),
    [
        (Restart.MONTH, "{year}-{month:02}-{sequence}", ["2025-12-1", "2026-01-1", "2026-02-1"]),
        (Restart.YEAR, "{year}/{sequence}", ["2025/1", "2026/1", "2026/2"]),
        (Restart.NEVER, "{sequence:04}", ["0001", "0002", "0003"]),
    ],
)
def test_a_sequence_restarts_as_the_tenant_says(restart: Restart, pattern: str, expected: list[str]) -> None:
    world = World(tenant=a_tenant(numbers=NumberSeries(format=pattern, restart=restart)))
    world.subscribes("acme", to=world.plan(FLAT), on="2025-12-01")
    for month in ("2026-01-01", "2026-02-01", "2026-03-01"):
        world.travels_to(month)
        world.runs_billing()
    assert world.numbers() == expected


def test_a_later_run_goes_on_with_the_next_number(world: World) -> None:
    plan = world.plan(FLAT)
    world.subscribes("one", to=plan, on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    world.subscribes("two", to=plan, on="2026-01-01")
    world.runs_billing()
    assert [(each.number, each.customer_id) for each in world.invoices()] == [
        ("INV-2026-01-0001", "one"),
        ("INV-2026-01-0002", "two"),
    ]


def test_a_run_leaves_its_record(world: World) -> None:
    world.customer("lonely")
    plan = world.plan(a_plan(fees=[a_fee("49.00")], metered=[a_meter("0.01")], anchor_day=1))
    world.subscribes("acme", to=plan, on="2026-01-01")
    world.uses("sub-acme", "calls", "200", on="2026-01-05")
    world.travels_to("2026-02-01")
    world.runs_billing()
    [record] = world.collection("runs")
    assert record.fields == {
        "actor": "scheduler",
        "recorded_at": datetime(2026, 2, 1, tzinfo=UTC),
        "expires_at": datetime(2027, 3, 8, tzinfo=UTC),
        "as_of": datetime(2026, 2, 1, tzinfo=UTC),
        "complete": True,
        "customers": 2,
        "generated": 1,
        "credited": 0,
        "held": 0,
        "settled": 1,
        "unsettled": 0,
        "skipped": {"no_active_subscription": 1},
        "failed": 0,
        "failures": [],
        "collected": {"charged": 0, "failed": {}, "amounts": {}, "mailed": 0},
        "totals": [
            {
                "currency": "USD",
                "usage": 200,
                "flat": 4900,
                "proration": 0,
                "one_time": 0,
                "commitment": 0,
                "discount": 0,
                "tax": 0,
                "total": 5100,
            }
        ],
        "schema_version": 1,
    }
