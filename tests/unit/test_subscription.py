"""The subscription: what it can't be, and how it changes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from billing.domain.catalog import Billed
from billing.domain.errors import InvalidInput
from billing.domain.item_changes import set_quantity
from billing.domain.period import Period, Schedule
from billing.domain.stamp import stamp
from billing.domain.subscription import Item, Phase, Subscription, SubscriptionStatus, UnknownPlan, plan_of, schedule_of
from billing.domain.subscription_changes import change_plan, end_subscription
from tests.builders import MONTHLY, QUARTERLY, YEARLY, Account, a_fee, a_plan, a_subscription, utc

PLAN = a_plan(addons=[a_fee("30", "seat")])
OPENED = Account.opened(PLAN, start="2026-01-15").adding("seat", start="2026-01-15", quantity="2")


def items(account: Account) -> list[tuple[str, str, str, str | None]]:
    return [
        (item.id, str(item.quantity), f"{item.start:%m-%d}", None if item.end is None else f"{item.end:%m-%d}")
        for item in account.subscription.items
    ]


# What can't be built


def test_a_subscription_has_at_least_one_phase() -> None:
    with pytest.raises(InvalidInput, match="phases: expected at least one"):
        replace(OPENED.subscription, phases=())


@pytest.mark.parametrize("second", ["2026-01-15", "2026-01-14"])
def test_phases_follow_one_another(second: str) -> None:
    (first,) = OPENED.subscription.phases
    with pytest.raises(InvalidInput, match="each starting after the one before"):
        replace(OPENED.subscription, phases=(first, replace(first, start=utc(second))))


@pytest.mark.parametrize("end", ["2026-01-15", "2026-01-14"])
def test_the_end_comes_after_the_start(end: str) -> None:
    with pytest.raises(InvalidInput, match="end: expected an instant after 2026-01-15"):
        replace(OPENED.subscription, end=utc(end))


def test_two_items_of_one_id_are_refused() -> None:
    with pytest.raises(InvalidInput, match="items: expected ids used once"):
        OPENED.adding("seat", start="2026-02-01")


@pytest.mark.parametrize("quantity", ["-1", "NaN", "sNaN", "Infinity"])
def test_an_item_has_a_quantity_of_0_or_more(quantity: str) -> None:
    with pytest.raises(InvalidInput, match="quantity: expected 0 or more"):
        OPENED.adding("seat", start="2026-02-01", quantity=quantity, item_id="other")


def test_an_item_does_not_end_before_it_starts() -> None:
    with pytest.raises(InvalidInput, match="end: expected an instant not before 2026-02-01"):
        OPENED.adding("seat", start="2026-02-01", end="2026-01-31", item_id="other")


# Items and phases within a stretch of time

FEBRUARY = Period(utc("2026-02-01"), utc("2026-03-01"))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2025-06-01", None, FEBRUARY),
        ("2026-02-10", None, Period(utc("2026-02-10"), utc("2026-03-01"))),
        ("2025-06-01", "2026-02-10", Period(utc("2026-02-01"), utc("2026-02-10"))),
        ("2026-02-10", "2026-04-01", Period(utc("2026-02-10"), utc("2026-03-01"))),
        ("2026-03-01", None, None),
        ("2025-06-01", "2026-02-01", None),
        ("2026-02-10", "2026-02-10", None),
    ],
)
def test_the_part_of_a_period_in_which_an_item_runs(start: str, end: str | None, expected: Period | None) -> None:
    item = Item(id="i", charge_id="seat", quantity=Decimal(1), start=utc(start), end=None if end is None else utc(end))
    assert item.within(FEBRUARY) == expected


def test_phases_share_a_period_and_stop_at_the_subscriptions_end() -> None:
    changed = (
        OPENED.changing_plan(a_plan(version=2), at="2026-02-05")
        .changing_plan(a_plan(version=3), at="2026-02-20")
        .ending("2026-02-12")
    )
    shares = [(phase.plan, part.start.day, part.end.day) for phase, part in changed.subscription.spans(FEBRUARY)]
    assert shares == [("plan@1", 1, 5), ("plan@2", 5, 12)]


def test_the_phase_in_force_starts_at_its_instant() -> None:
    changed = OPENED.changing_plan(a_plan(version=2), at="2026-02-05T10:00").subscription
    assert changed.phase_at(utc("2026-02-05T09:59")).plan == "plan@1"
    assert changed.phase_at(utc("2026-02-05T10:00")).plan == "plan@2"


def test_before_the_start_no_phase_is_in_force() -> None:
    with pytest.raises(InvalidInput, match="instant: expected one from the start on, 2026-01-15"):
        OPENED.subscription.phase_at(utc("2026-01-14"))


def test_a_plan_version_that_nobody_has_is_named() -> None:
    phase = Phase(plan="gone@7", start=utc("2026-01-01"), schedule=OPENED.subscription.phases[0].schedule)
    with pytest.raises(UnknownPlan, match="plan: expected a published plan version, got 'gone@7'"):
        plan_of(phase, {PLAN.ref: PLAN})


# A change of quantity


def test_a_new_quantity_closes_the_item_and_opens_another_at_that_instant() -> None:
    changed = OPENED.changing_quantity("seat", to="5", at="2026-02-03")
    assert items(changed) == [("seat", "2", "01-15", "02-03"), ("seat~20260203T000000Z", "5", "02-03", None)]


def test_a_second_change_is_named_after_the_add_on_too() -> None:
    changed = OPENED.changing_quantity("seat", to="5", at="2026-02-03")
    changed = changed.changing_quantity("seat", to="7", at="2026-02-05")
    assert [each[0] for each in items(changed)] == ["seat", "seat~20260203T000000Z", "seat~20260205T000000Z"]


def test_a_quantity_of_zero_only_closes() -> None:
    assert items(OPENED.changing_quantity("seat", to="0", at="2026-02-03")) == [("seat", "2", "01-15", "02-03")]


def test_a_second_change_at_one_instant_replaces_the_first() -> None:
    changed = OPENED.changing_quantity("seat", to="5", at="2026-02-03")
    changed = changed.changing_quantity("seat", to="7", at="2026-02-03")
    assert items(changed) == [("seat", "2", "01-15", "02-03"), ("seat~20260203T000000Z", "7", "02-03", None)]


def test_two_changes_within_one_second_keep_their_own_ids() -> None:
    changed = OPENED.changing_quantity("seat", to="5", at="2026-02-03T10:00:00.100000")
    changed = changed.changing_quantity("seat", to="7", at="2026-02-03T10:00:00.200000")
    assert [each[0] for each in items(changed)][1:] == ["seat~20260203T100000100000Z", "seat~20260203T100000200000Z"]


def test_other_items_are_left_alone() -> None:
    both = OPENED.adding("support", start="2026-01-20")
    changed = both.changing_quantity("seat", to="5", at="2026-02-03")
    assert ("support", "1", "01-20", None) in items(changed)


PARIS = Account.opened(PLAN, start="2026-01-15").adding("seat", start="2026-01-15", end="2026-02-03", item_id="paris")


def test_of_two_items_that_end_together_as_many_go_on_as_are_asked_for() -> None:
    both = PARIS.adding("seat", start="2026-01-15", end="2026-02-03", item_id="rome")
    changed = both.changing_quantity("seat", to="1", at="2026-02-03")
    assert items(changed) == [("paris", "1", "01-15", None), ("rome", "1", "01-15", "02-03")]


def test_as_many_as_run_after_all_is_that_item_and_not_one_that_had_ended() -> None:
    both = PARIS.adding("seat", start="2026-01-15", item_id="rome").changing_quantity("seat", to="2", at="2026-02-20")
    changed = both.changing_quantity("seat", to="1", at="2026-02-03")
    assert items(changed) == [("paris", "1", "01-15", "02-03"), ("rome", "1", "01-15", None)]


# A change of plan


def test_the_same_interval_keeps_the_anchor_and_the_next_bill() -> None:
    changed = OPENED.changing_plan(a_plan(version=2), at="2026-02-03").subscription
    assert changed.phases[1] == Phase(plan="plan@2", start=utc("2026-02-03"), schedule=changed.phases[0].schedule)
    assert changed.next_billing_at == utc("2026-02-15")


def test_another_interval_restarts_the_cycle_and_bills_what_was_running_then() -> None:
    changed = OPENED.changing_plan(a_plan(version=2, cycle=YEARLY), at="2026-02-03").subscription
    assert changed.phases[1].schedule == Schedule.anniversary(YEARLY, utc("2026-02-03"), "UTC")
    assert changed.next_billing_at == utc("2026-02-03")


def test_a_restart_after_bills_still_to_be_made_does_not_pass_over_them() -> None:
    changed = OPENED.changing_plan(a_plan(version=2, cycle=YEARLY), at="2026-06-01").subscription
    assert changed.next_billing_at == utc("2026-02-15")


def test_another_anchor_day_restarts_the_cycle() -> None:
    changed = OPENED.changing_plan(a_plan(version=2, anchor_day=1), at="2026-02-03").subscription
    assert changed.phases[1].schedule == Schedule.calendar(MONTHLY, 1, utc("2026-02-03"), "UTC")
    assert changed.next_billing_at == utc("2026-02-03")


def test_before_the_first_bill_is_known_a_change_leaves_it_open() -> None:
    fresh = replace(OPENED.subscription, next_billing_at=None)
    changed = change_plan(fresh, plan=a_plan(version=2, cycle=YEARLY), plans=OPENED.plans, at=utc("2026-02-03"))
    assert changed.next_billing_at is None


def test_a_plan_with_an_anchor_day_is_billed_by_the_calendar() -> None:
    assert schedule_of(a_plan(anchor_day=31), utc("2026-02-03"), "UTC").boundary(0) == utc("2026-02-28")
    assert schedule_of(a_plan(cycle=QUARTERLY), utc("2026-02-03"), "UTC").boundary(1) == utc("2026-05-03")


# The end


def test_an_end_before_the_next_boundary_is_billed_then() -> None:
    ended = OPENED.ending("2026-02-03").subscription
    assert (ended.end, ended.next_billing_at) == (utc("2026-02-03"), utc("2026-02-03"))


def test_an_end_after_the_next_boundary_changes_nothing_before_it() -> None:
    assert OPENED.ending("2026-03-03").subscription.next_billing_at == utc("2026-02-15")


def test_an_end_may_come_nearer_but_not_move_away() -> None:
    ended = OPENED.ending("2026-03-03")
    assert ended.ending("2026-02-20").subscription.end == utc("2026-02-20")
    assert ended.ending("2026-03-03") == ended
    with pytest.raises(InvalidInput, match="at: expected an instant until the end"):
        ended.ending("2026-03-04")


# What was billed stays billed


CHANGES: dict[str, Callable[[Subscription, datetime], Subscription]] = {
    "plan": lambda billed, at: change_plan(billed, plan=a_plan(version=2), plans=OPENED.plans, at=at),
    "quantity": lambda billed, at: set_quantity(billed, "seat", quantity=Decimal(1), at=at, plans=OPENED.plans),
    "end": lambda billed, at: end_subscription(billed, at=at),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_change_reaches_into_a_period_that_was_billed(
    change: Callable[[Subscription, datetime], Subscription],
) -> None:
    billed = OPENED.billed(2).subscription  # up to 15 March
    with pytest.raises(InvalidInput, match="at: expected an instant not billed yet, from 2026-03-15"):
        change(billed, utc("2026-03-14T23:59"))
    assert change(billed, utc("2026-03-15")) != billed


def test_a_subscription_that_has_had_its_last_bill_changes_no_more() -> None:
    over = OPENED.ending("2026-02-15").billed(1).subscription
    assert over.status is SubscriptionStatus.ENDED
    with pytest.raises(InvalidInput, match="subscription_id: expected a subscription that has not had its last bill"):
        change_plan(over, plan=a_plan(version=2), plans=OPENED.plans, at=utc("2026-02-15"))


def test_a_change_before_the_first_bill_in_advance_is_possible_from_the_start_on() -> None:
    fresh = a_subscription(a_plan(billed=PLAN.billed.IN_ADVANCE), start="2026-01-15")
    assert fresh.next_billing_at == utc("2026-01-15")
    assert end_subscription(fresh, at=utc("2026-01-16")).next_billing_at == utc("2026-01-15")


def test_an_instant_that_is_not_utc_is_refused() -> None:
    berlin = datetime(2026, 2, 3, tzinfo=ZoneInfo("Europe/Berlin"))
    with pytest.raises(InvalidInput, match="at: expected an aware instant in UTC"):
        end_subscription(OPENED.subscription, at=berlin)


def test_a_stamp_shows_a_fraction_of_a_second_only_where_there_is_one() -> None:
    assert stamp(utc("2026-02-01")) == "20260201T000000Z"
    assert stamp(utc("2026-02-01T10:30:05.000250")) == "20260201T103005000250Z"


def test_another_interval_from_a_boundary_that_was_billed_bills_nothing_before_it_again() -> None:
    billed = Account.opened(a_plan(fees=[a_fee("31")]), start="2026-01-01").billed(2)  # up to 1 March
    yearly = a_plan(plan_id="yearly", cycle=YEARLY, fees=[a_fee("365")])
    changed = billed.changing_plan(yearly, at="2026-03-01")
    assert changed.subscription.next_billing_at == utc("2027-03-01")
    assert [(line.period.start, line.amount) for line in changed.bill().lines] == [(utc("2026-03-01"), 36_500)]


def test_another_interval_from_a_billed_boundary_ends_with_the_subscription() -> None:
    ending = Account.opened(a_plan(fees=[a_fee("31")]), start="2026-01-01").billed(2).ending("2026-06-01")
    yearly = a_plan(plan_id="yearly", cycle=YEARLY, fees=[a_fee("365")])
    assert ending.changing_plan(yearly, at="2026-03-01").subscription.next_billing_at == utc("2026-06-01")


def test_another_interval_from_a_boundary_that_paid_ahead_starts_after_it() -> None:
    ahead = a_plan(fees=[a_fee("31")], billed=Billed.IN_ADVANCE)
    yearly = a_plan(plan_id="yearly", cycle=YEARLY, fees=[a_fee("365")], billed=Billed.IN_ADVANCE)
    billed = Account.opened(ahead, start="2026-01-01").billed(3)  # March is paid ahead
    with pytest.raises(InvalidInput, match="at: expected an instant after 2026-03-01.* whose bill is made already"):
        billed.changing_plan(yearly, at="2026-03-01")
    assert billed.changing_plan(yearly, at="2026-03-02").subscription.next_billing_at == utc("2026-03-02")
