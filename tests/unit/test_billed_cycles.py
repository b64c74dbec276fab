"""Which bills a subscription must have had."""

from dataclasses import replace

from billing.domain.billed_cycles import before_cycle, billed_cycles, is_bill_for_date
from billing.domain.catalog import Billed
from billing.domain.subscription import Subscription
from tests.builders import a_fee, a_plan, a_subscription, utc

PLAN = a_plan(fees=[a_fee("31.00")], anchor_day=1)
AHEAD = a_plan(plan_id="ahead", fees=[a_fee("31.00")], anchor_day=1, billed=Billed.IN_ADVANCE)
PLANS = {PLAN.ref: PLAN, AHEAD.ref: AHEAD}


def dates(subscription: Subscription) -> list[str]:
    return [f"{each.bill_for_date:%Y-%m-%d}" for each in billed_cycles(subscription, PLANS)]


def due(subscription: Subscription, on: str) -> Subscription:
    return replace(subscription, next_billing_at=utc(on))


def test_every_boundary_before_the_next_bill_had_one() -> None:
    assert dates(due(a_subscription(PLAN, start="2026-01-15"), "2026-04-01")) == ["2026-02-01", "2026-03-01"]
    assert dates(due(a_subscription(AHEAD, start="2026-01-15"), "2026-03-01")) == ["2026-01-15", "2026-02-01"]


def test_what_was_billed_elsewhere_is_not_asked_for() -> None:
    moved = replace(due(a_subscription(PLAN, start="2025-01-01"), "2026-04-01"), billed_from=utc("2026-02-17"))
    assert dates(moved) == ["2026-03-01"]


def test_one_that_had_its_last_bill_had_all_of_them() -> None:
    ended = replace(a_subscription(PLAN, start="2026-01-01", end="2026-02-10"), next_billing_at=None)
    assert dates(ended) == ["2026-02-01", "2026-02-10"]
    assert dates(replace(ended, late_bills=1, next_billing_at=utc("2026-02-10"))) == ["2026-02-01", "2026-02-10"]


def test_one_that_ended_before_bills_were_made_here_had_none_here() -> None:
    ended = replace(a_subscription(PLAN, start="2025-01-01", end="2025-06-01"), next_billing_at=None)
    assert dates(replace(ended, billed_from=utc("2026-02-01"))) == []


def test_a_boundary_is_a_bill_for_date_and_nothing_else_is() -> None:
    subscription = a_subscription(PLAN, start="2026-01-01")
    assert is_bill_for_date(subscription, PLANS, utc("2026-03-01"))
    assert not is_bill_for_date(subscription, PLANS, utc("2026-03-02"))


def test_to_ask_what_a_cycle_comes_to_nothing_else_waits_for_it() -> None:
    subscription = replace(a_subscription(PLAN, start="2026-01-01"), late_usage=("x",), late_bills=2)
    [cycle] = billed_cycles(due(replace(subscription, late_bills=0), "2026-03-01"), PLANS)
    before = before_cycle(subscription, cycle)
    assert (before.next_billing_at, before.late_usage, before.late_bills) == (utc("2026-02-01"), (), 0)


def test_one_that_ended_in_its_trial_was_never_billed() -> None:
    subscription = replace(a_subscription(PLAN, start="2026-02-01"), trial_start=utc("2026-01-01"))
    assert dates(replace(subscription, end=utc("2026-01-15"), next_billing_at=None)) == []
