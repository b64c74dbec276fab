"""A subscription is changed by command: once, audited; the books agree with it afterwards. In cents."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.catalog import Billed
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.life_change import (
    Cancellation,
    CancellationUndone,
    ItemsChange,
    Moment,
    Pausing,
    PlanChange,
    Resuming,
)
from billing.domain.subscription import OneTimeCharge, SubscriptionStatus, Unused
from billing.domain.trial import subscribed
from billing.store.audit import AuditLog
from billing.store.customers import Customers
from billing.store.subscriptions import Subscriptions
from billing.usecases.admit_usage import ReportedUsage
from billing.usecases.change_subscription import add_one_time_charge
from billing.usecases.record_usage import record_usage
from billing.usecases.usage_outcome import OutcomeStatus
from tests.april_subscriptions import AHEAD, does, totals, world
from tests.builders import YEARLY, a_fee, a_plan, utc
from tests.changing_plans import bills
from tests.paying import balance
from tests.reviewing import call
from tests.world import World

__all__ = ["world"]


def records(world: World, name: str) -> list[tuple[str, str, str]]:
    found = AuditLog.of(world.documents, "acme").about(f"subscriptions/sub-{name}")
    return [(each.event, each.before, each.after) for each in found]


def active(world: World, name: str) -> int:
    [stored] = Customers.of(world.documents, "acme").get([name])
    assert stored is not None
    return stored.value.active_subscriptions


def test_add_ons_are_changed_and_audited_once(world: World) -> None:
    change = ItemsChange(quantities={"seat": Decimal(2)})
    done = does(world, "basic", change)
    assert done.after == world.subscription("sub-basic")
    assert done.after.changed_at == utc("2026-04-11")
    assert does(world, "basic", change, at="2026-04-12").after == done.after
    assert records(world, "basic") == [
        ("subscription.items_changed", "add-ons: none", "add-ons: 2 x seat from 2026-04-11T00:00:00Z")
    ]
    bills(world, "2026-05-01")
    assert totals(world, "basic") == [6000 + 4000]  # 2 x 30.00 for 20 of 30 days


def test_the_plan_changes_now_and_with_the_next_period(world: World) -> None:
    does(world, "basic", PlanChange(plan="ahead@1", at=Moment.PERIOD_END))
    bills(world, "2026-05-01", "2026-06-01")
    # April in arrears and May in advance on one invoice, then June in advance
    assert totals(world, "basic") == [12000, 6000]


def test_cancelled_at_the_period_s_end_nothing_follows(world: World) -> None:
    does(world, "ahead", Cancellation())
    bills(world, "2026-05-01", "2026-06-01")
    assert totals(world, "ahead") == [6000, 0]  # the last bill is for April's usage: none
    after = world.subscription("sub-ahead")
    assert (after.status, after.end, active(world, "ahead")) == (SubscriptionStatus.ENDED, utc("2026-05-01"), 0)


def test_cancelled_now_the_unused_part_is_credited_and_the_last_usage_billed(world: World) -> None:
    world.uses("sub-ahead", "calls", "7", on="2026-04-10")
    does(world, "ahead", Cancellation(at=Moment.NOW))
    bills(world, "2026-04-12")
    [note] = world.credit_notes()
    assert (note.total, balance(world, "ahead")) == (4000 - 700, 3300)  # 20 of 30 days, less 7 calls


def test_taken_back_it_goes_on_as_if_nothing_had_been(world: World) -> None:
    before = world.subscription("sub-ahead")
    does(world, "ahead", Cancellation())
    after = does(world, "ahead", CancellationUndone(), at="2026-04-20").after
    assert replace(after, changed_at=None) == before
    assert [each[0] for each in records(world, "ahead")] == [
        "subscription.cancelled",
        "subscription.cancellation_undone",
    ]
    bills(world, "2026-05-01")
    assert totals(world, "ahead") == [6000, 6000]


def test_paused_over_two_periods_and_gone_on(world: World) -> None:
    does(world, "ahead", Pausing())
    world.uses("sub-ahead", "calls", "5", on="2026-04-20")
    bills(world, "2026-05-01", "2026-06-01")
    assert [each.total for each in world.credit_notes()] == [4000]  # 20 of 30 days; the paused calls are not billed
    does(world, "ahead", Resuming(), at="2026-06-16")
    bills(world, "2026-07-01")
    # 15 of 30 days of June 30.00, July ahead 60.00, paid with the balance of 40.00
    assert totals(world, "ahead") == [6000, 9000]
    assert world.invoices("ahead")[-1].amount_due == 5000
    assert [each[0] for each in records(world, "ahead")] == [
        "subscription.paused", "subscription.not_billed", "subscription.resumed",
    ]  # fmt: skip


def test_cancelled_while_paused(world: World) -> None:
    does(world, "basic", Pausing())
    does(world, "basic", Cancellation(at=Moment.NOW), at="2026-04-21")
    bills(world, "2026-04-22")
    assert totals(world, "basic") == [2000]  # 10 of 30 days


def test_changed_then_cancelled_then_run_late(world: World) -> None:
    does(world, "ahead", ItemsChange(quantities={"seat": Decimal(1)}), at="2026-04-06")
    does(world, "ahead", Cancellation(at=Moment.NOW), at="2026-04-16")
    bills(world, "2026-06-01")
    # the seat for 10 of 30 days 10.00; 15 of 30 days of the plan 30.00 back
    assert [each.total for each in world.credit_notes()] == [2000]


def test_an_end_before_recorded_usage_is_refused_and_so_is_usage_after_the_end(world: World) -> None:
    world.uses("sub-basic", "calls", "7", on="2026-04-10")
    with pytest.raises(InvalidInput, match="at: expected an instant after the usage of calls recorded for 2026-04-10"):
        does(world, "basic", Cancellation(at=utc("2026-04-10")))
    with pytest.raises(InvalidInput, match="at: expected an instant after the usage of calls recorded for 2026-04-10"):
        does(world, "basic", PlanChange(plan="bare@1", at=utc("2026-04-10T12:00")))
    does(world, "basic", PlanChange(plan="bare@1", at=utc("2026-04-11")))
    bills(world, "2026-05-01")
    assert totals(world, "basic") == [2000 + 700 + 6000]  # 10 of 30 days, 7 calls, 20 of 30 days of 90.00


def test_usage_that_comes_after_the_last_bill_is_billed_late(world: World) -> None:
    does(world, "basic", Cancellation(at=Moment.NOW))
    bills(world, "2026-04-12")
    late, after = (
        ReportedUsage(id=day, subscription_id="sub-basic", meter="calls", occurred_at=utc(day), quantity=3)
        for day in ("2026-04-09", "2026-04-11")
    )
    outcomes = record_usage(world.documents, tenant_id="acme", events=[late, after], recorded_at=world.now)
    assert [each.status for each in outcomes] == [OutcomeStatus.ACCEPTED, OutcomeStatus.REJECTED]
    bills(world, "2026-04-13")
    assert totals(world, "basic") == [2000, 300]


def test_what_is_unknown_is_told_and_nothing_is_written(world: World) -> None:
    before = world.everything()
    with pytest.raises(NotFound, match="no subscription 'sub-x'"):
        does(world, "x", Pausing())
    with pytest.raises(NotFound, match="no plan version 'gone@1'"):
        does(world, "basic", PlanChange(plan="gone@1"))
    assert world.everything() == before


def test_in_a_trial_the_customer_s_count_follows(world: World) -> None:
    trial = world.plan(a_plan(plan_id="trial", fees=[a_fee("60.00")], trial_days=14))
    customers = Customers.of(world.documents, "acme")
    world.customer("trying")
    bare = subscribed("sub-trying", "trying", plan=trial, start=utc("2026-04-01"), zone="UTC")
    opened = replace(bare, next_billing_at=utc("2026-05-15"))
    world.documents.commit(
        [Subscriptions.of(world.documents, "acme").creation(opened), customers.subscriptions_added("trying", 1)]
    )
    ended = does(world, "trying", Cancellation()).after
    assert (ended.end, ended.status, active(world, "trying")) == (utc("2026-04-15"), SubscriptionStatus.ENDED, 0)
    assert does(world, "trying", CancellationUndone()).after.next_billing_at == utc("2026-05-15")
    assert active(world, "trying") == 1


def test_an_end_in_the_trial_taken_back_after_a_run_that_was_ahead_has_the_trial_s_bill_made_once(world: World) -> None:
    """That run billed a set-up alone; the seat that is added since costs 30.00, and half of it until 1 May."""
    seats = world.plan(
        a_plan(
            plan_id="seats",
            addons=[a_fee("30.00", "seat")],
            anchor_day=1,
            trial_days=14,
            billed=Billed.IN_ADVANCE,
        )
    )
    world.customer("trying")
    opened = subscribed("sub-trying", "trying", plan=seats, start=utc("2026-04-02"), zone="UTC")
    opened = replace(opened, next_billing_at=opened.start)
    world.documents.commit([Subscriptions.of(world.documents, "acme").creation(opened)])
    world.travels_to("2026-04-03")
    setup = OneTimeCharge(
        id="setup", name="Set-up", quantity=Decimal(1), unit_price=Decimal(40), charged_at=opened.start
    )
    add_one_time_charge(world.documents, "sub-trying", one_time=setup, call=call(world))
    bills(world, "2026-04-16")
    does(world, "trying", Cancellation(at=opened.start), at="2026-04-10")
    after = does(world, "trying", CancellationUndone(), at="2026-04-11").after
    assert (opened.start, after.next_billing_at) == (utc("2026-04-16"), utc("2026-05-01"))
    does(world, "trying", ItemsChange(quantities={"seat": Decimal(1)}, at=opened.start), at="2026-04-11")
    bills(world, "2026-05-01")
    assert totals(world, "trying") == [4000, 1500 + 3000]


@pytest.mark.parametrize("taken_back", [False, True])
def test_a_restart_before_an_end_without_credit_credits_the_plan_before_it(world: World, taken_back: bool) -> None:
    """20 of April's 30 days of 60.00 come back on the 11th, when a year of 365.00 begins, until the 21st or whole."""
    world.plan(replace(AHEAD, plan_id="year", fees=(a_fee("365.00"),), cycle=YEARLY, anchor_day=None))
    does(world, "ahead", Cancellation(at=utc("2026-04-21"), unused=Unused.NONE), at="2026-04-05")
    does(world, "ahead", PlanChange(plan="year@1", at=utc("2026-04-11")), at="2026-04-10")
    bills(world, "2026-04-11")
    assert [each.total for each in world.credit_notes()] == [4000 - 1000]
    if taken_back:
        does(world, "ahead", CancellationUndone(), at="2026-04-15")
    bills(world, "2026-04-21", "2027-04-11")
    assert totals(world, "ahead") == ([6000, 35500 + 36500] if taken_back else [6000, 0])
