"""What may be asked of a subscription: when it takes effect, what it costs, what is refused. Amounts are in cents."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.life_change import (
    Cancellation,
    CancellationUndone,
    ItemsChange,
    LifeChange,
    Moment,
    Pausing,
    PlanChange,
    Resuming,
    changed,
    effective_at,
)
from billing.domain.subscription import Item, Subscription, SubscriptionStatus, UnknownPlan, Unused
from billing.domain.trial import subscribed
from tests.builders import YEARLY, Account, a_fee, a_plan, utc
from tests.fees import AHEAD, billed

SEAT, SUPPORT = a_fee("30", "seat"), a_fee("15", "support")
BASIC = a_plan(fees=[a_fee("60")], addons=[SEAT, SUPPORT], anchor_day=1)
AHEAD_BASIC = a_plan(fees=[a_fee("60")], addons=[SEAT], anchor_day=1, billed=AHEAD, plan_id="ahead")
DEARER = a_plan(fees=[a_fee("90")], addons=[SEAT], anchor_day=1, plan_id="dearer")
ANNUAL = a_plan(fees=[a_fee("365")], addons=[SEAT], cycle=YEARLY, plan_id="annual")
PLANS = {plan.ref: plan for plan in (BASIC, AHEAD_BASIC, DEARER, ANNUAL)}


def after(account: Account, change: LifeChange, *, now: str = "2026-04-11") -> Account:
    value = changed(account.subscription, change, plans=PLANS, now=utc(now))
    return replace(account, subscription=value, plans=PLANS)


def opened(plan: str = "plan@1", start: str = "2026-04-01") -> Account:
    return replace(Account.opened(PLANS[plan], start=start), plans=PLANS)


def seats(quantity: str, at: str | None = None, addon: str = "seat") -> ItemsChange:
    return ItemsChange(quantities={addon: Decimal(quantity)}, at=Moment.NOW if at is None else utc(at))


def items(account: Account) -> list[tuple[str, str, str, str | None]]:
    return [
        (each.id, str(each.quantity), f"{each.start:%m-%d}", None if each.end is None else f"{each.end:%m-%d}")
        for each in account.subscription.items
    ]


# Add-ons


def test_an_add_on_is_added_changed_and_ended_from_a_day_on() -> None:
    account = after(opened(), seats("2", "2026-04-07"))
    account = after(account, seats("5", "2026-04-16"))
    account = after(account, seats("0", "2026-04-25"))
    assert items(account) == [("seat", "2", "04-07", "04-16"), ("seat~20260416T000000Z", "5", "04-16", "04-25")]
    # the plan; 2 x 30.00 for 9 of 30 days: 18.00; 5 x 30.00 for 9 of 30 days: 45.00
    assert billed(account, until="2026-05-01") == [[6000, 6000, -4200, 15000, -10500]]


def test_two_add_ons_change_at_once() -> None:
    both = ItemsChange(quantities={"seat": Decimal(3), "support": Decimal(1)})
    assert items(after(opened(), both)) == [("seat", "3", "04-11", None), ("support", "1", "04-11", None)]


def test_the_same_quantity_again_changes_nothing() -> None:
    account = after(opened(), seats("2", "2026-04-07"))
    assert after(account, seats("2")) == account
    assert after(opened(), seats("0")) == opened()


def test_a_change_takes_the_place_of_what_was_planned_for_later() -> None:
    planned = after(after(opened(), seats("2", "2026-04-07")), seats("9", "2026-05-01"))
    assert items(planned)[1:] == [("seat~20260501T000000Z", "9", "05-01", None)]
    assert items(after(planned, seats("3"))) == [
        ("seat", "2", "04-07", "04-11"),
        ("seat~20260411T000000Z", "3", "04-11", None),
    ]
    assert items(after(after(opened(), seats("2")), seats("4"))) == [("seat", "4", "04-11", None)]


def test_an_add_on_that_was_ended_may_come_back() -> None:
    ended = after(after(opened(), seats("2", "2026-04-03")), seats("0", "2026-04-07"))
    assert items(after(ended, seats("1")))[1:] == [("seat~20260411T000000Z", "1", "04-11", None)]


def test_an_add_on_that_the_plan_lacks_is_refused_also_where_a_later_one_does() -> None:
    with pytest.raises(UnknownPlan, match=r"addon_id: expected an add-on of plan@1 \(seat, support\), got 'phone'"):
        after(opened(), seats("1", addon="phone"))
    later = after(opened(), PlanChange(plan="dearer@1", at=utc("2026-05-01")))
    with pytest.raises(UnknownPlan, match=r"expected an add-on of dearer@1 \(seat\), got 'support'"):
        after(later, seats("1", addon="support"))
    none = a_plan(plan_id="none")
    with pytest.raises(UnknownPlan, match=r"an add-on of none@1 \(none\)"):
        changed(
            Account.opened(none, start="2026-04-01").subscription,
            seats("1"),
            plans={"none@1": none},
            now=utc("2026-04-11"),
        )


def test_one_that_runs_twice_at_a_time_and_a_change_of_nothing_are_refused() -> None:
    twice = opened().adding("seat", start="2026-04-01").adding("seat", start="2026-04-02", item_id="second")
    with pytest.raises(
        InvalidInput, match="addon_id: expected an add-on that runs once at a time, not as seat, second"
    ):
        after(twice, seats("3"))
    with pytest.raises(InvalidInput, match="quantities: expected at least one add-on"):
        after(opened(), ItemsChange(quantities={}))


def test_in_a_trial_an_add_on_may_be_added_and_not_before_it() -> None:
    trial = replace(BASIC, trial_days=14)
    subscription = replace(
        subscribed("sub-1", "acct-1", plan=trial, start=utc("2026-04-01"), zone="UTC"),
        next_billing_at=utc("2026-05-01"),
    )
    added = changed(subscription, seats("2"), plans=PLANS, now=utc("2026-04-05"))
    assert [each.start for each in added.items] == [utc("2026-04-05")]
    with pytest.raises(InvalidInput, match="at: expected an instant from the start on, 2026-04-01"):
        changed(subscription, seats("2"), plans=PLANS, now=utc("2026-03-31"))


# The plan


def test_another_plan_now_or_from_the_next_period_on() -> None:
    # 10 of 30 days at 60.00, 20 of 30 at 90.00
    assert billed(after(opened(), PlanChange(plan="dearer@1")), until="2026-05-01") == [[6000, -4000, 9000, -3000]]
    later = after(opened(), PlanChange(plan="dearer@1", at=Moment.PERIOD_END))
    assert billed(later, until="2026-06-01") == [[6000], [9000]]


def test_the_same_plan_change_again_changes_nothing() -> None:
    once = after(opened(), PlanChange(plan="dearer@1"))
    assert after(once, PlanChange(plan="dearer@1"), now="2026-04-12") == once
    assert after(once, PlanChange(plan="dearer@1")).subscription.phases == once.subscription.phases


def test_at_a_start_that_was_billed_ahead_another_plan_takes_its_place() -> None:
    account = after(opened("ahead@1").billed(1), PlanChange(plan="dearer@1"), now="2026-04-01")
    assert [phase.plan for phase in account.subscription.phases] == ["dearer@1"]
    assert billed(account, until="2026-05-01") == [[9000, -6000]]  # in arrears from now on


def test_the_plan_in_force_takes_a_planned_change_back_with_its_restart() -> None:
    planned = after(opened(), PlanChange(plan="annual@1", at=utc("2026-04-20")))
    assert planned.subscription.next_billing_at == utc("2026-04-20")
    assert after(planned, PlanChange(plan="plan@1")) == opened()


def test_changed_twice_to_another_interval_in_a_period_each_stretch_is_billed_once() -> None:
    account = after(opened(), PlanChange(plan="annual@1", at=utc("2026-04-20")))
    account = after(account, PlanChange(plan="dearer@1", at=utc("2026-04-11")))
    assert [phase.plan for phase in account.subscription.phases] == ["plan@1", "dearer@1"]
    assert billed(account, until="2026-05-01") == [[6000, -4000, 9000, -3000]]


def test_a_plan_of_another_currency_or_without_an_add_on_that_runs_is_refused() -> None:
    euro = a_plan(plan_id="euro", currency="EUR")
    with pytest.raises(
        UnknownPlan, match="plan: expected a plan in USD, as the subscription is billed, got 'euro@1 in EUR'"
    ):
        changed(
            opened().subscription, PlanChange(plan="euro@1"), plans={**PLANS, "euro@1": euro}, now=utc("2026-04-11")
        )
    with_support = after(after(opened(), seats("1", addon="support")), seats("1"))
    with pytest.raises(UnknownPlan, match=r"plan with the add-on support that runs then \(dearer@1 offers: seat\)"):
        after(with_support, PlanChange(plan="dearer@1"))
    bare = a_plan(plan_id="bare")
    with pytest.raises(UnknownPlan, match=r"bare@1 offers: none"):
        changed(
            with_support.subscription, PlanChange(plan="bare@1"), plans={**PLANS, "bare@1": bare}, now=utc("2026-04-11")
        )
    without = after(with_support, seats("0", addon="support"))
    assert after(without, PlanChange(plan="dearer@1")).subscription.phases[-1].plan == "dearer@1"


# The end


def test_cancelled_it_ends_with_the_running_period() -> None:
    ended = after(opened("ahead@1").billed(1), Cancellation())
    assert ended.subscription.end == utc("2026-05-01")
    assert billed(ended, until="2027-01-01") == [[]]
    assert after(ended, Cancellation()) == ended


@pytest.mark.parametrize(("unused", "lines"), [(Unused.CREDIT, [[-4000]]), (Unused.NONE, [[]]), (Unused.REFUND, [[]])])
def test_cancelled_now_the_unused_part_goes_where_it_is_asked_to(unused: Unused, lines: list[list[int]]) -> None:
    ended = after(opened("ahead@1").billed(1), Cancellation(at=Moment.NOW, unused=unused))
    assert billed(ended, until="2027-01-01") == lines  # 20 of 30 days of 60.00, or nothing on the last bill


def test_what_was_unused_before_the_end_is_credited_whatever_becomes_of_the_rest() -> None:
    account = after(opened("ahead@1"), seats("1", "2026-04-01")).billed(1)
    account = after(account, seats("0", "2026-04-11"))  # 20 of 30 days of 30.00 unused, 5 of them until the end
    ended = after(account, Cancellation(at=utc("2026-04-16"), unused=Unused.NONE), now="2026-04-16")
    assert billed(ended, until="2027-01-01") == [[-500]]


def test_in_arrears_the_last_bill_is_for_the_days_until_then() -> None:
    ended = after(opened(), Cancellation(at=Moment.NOW, unused=Unused.NONE))
    assert billed(ended, until="2027-01-01") == [[6000, -4000]]


def test_one_that_has_ended_stays_as_it_ended() -> None:
    ended = after(opened(), Cancellation(at=Moment.NOW))
    assert after(ended, Cancellation(at=Moment.NOW), now="2026-04-12") == ended
    assert after(ended, Cancellation(), now="2026-04-12") == ended


def test_an_end_that_is_set_may_come_nearer() -> None:
    ended = after(after(opened(), Cancellation()), Cancellation(at=Moment.NOW))
    assert ended.subscription.end == utc("2026-04-11")


@pytest.mark.parametrize("unused", [Unused.REFUND, Unused.OFFSET])
def test_money_is_given_back_at_an_end_that_is_now_alone(unused: Unused) -> None:
    with pytest.raises(InvalidInput, match="unused: expected credit or none for an end that is still to come"):
        after(opened(), Cancellation(unused=unused))


def test_an_end_is_taken_back_before_it_comes() -> None:
    for end in (Moment.PERIOD_END, utc("2026-04-20")):
        ended = after(opened(), Cancellation(at=end, unused=Unused.NONE))
        assert after(ended, CancellationUndone()) == opened()
    ahead = opened("ahead@1").billed(1)
    assert after(after(ahead, Cancellation()), CancellationUndone()) == ahead


def test_an_end_known_before_the_first_bill_in_advance_is_taken_back() -> None:
    ended = after(opened("ahead@1"), Cancellation())
    assert after(ended, CancellationUndone()) == opened("ahead@1")


def test_an_end_within_the_trial_is_taken_back_and_billing_begins_as_planned() -> None:
    trial = replace(BASIC, trial_days=14)
    subscription = replace(
        subscribed("sub-1", "acct-1", plan=trial, start=utc("2026-04-01"), zone="UTC"),
        next_billing_at=utc("2026-05-01"),
    )
    account = replace(opened(), subscription=subscription)
    ended = after(account, Cancellation(), now="2026-04-05")
    assert (ended.subscription.end, ended.subscription.status) == (utc("2026-04-15"), SubscriptionStatus.ENDED)
    assert after(ended, CancellationUndone(), now="2026-04-05") == account


def test_no_end_one_that_came_and_a_last_bill_can_not_be_taken_back() -> None:
    with pytest.raises(InvalidInput, match="subscription_id: expected a subscription that is to end"):
        after(opened(), CancellationUndone())
    ended = after(opened(), Cancellation(at=utc("2026-04-20")))
    with pytest.raises(InvalidInput, match="at: expected an instant before its end, 2026-04-20"):
        after(ended, CancellationUndone(), now="2026-04-20")
    with pytest.raises(InvalidInput, match="and its last bill"):
        after(ended.billed(1), CancellationUndone())


def test_changed_and_then_cancelled_both_count() -> None:
    account = after(opened("ahead@1").billed(1), seats("2", "2026-04-07"), now="2026-04-07")
    ended = after(account, Cancellation(at=Moment.NOW), now="2026-04-16")
    # 2 x 30.00 for 9 of 30 days: 18.00; the plan's 15 unused days: 30.00 back
    assert billed(ended, until="2027-01-01") == [[6000, -4200, -3000]]


# Pauses


def test_a_pause_and_its_end_take_effect_when_they_are_asked_to() -> None:
    paused = after(opened(), Pausing(until=utc("2026-04-21")))
    assert [(each.start, each.end) for each in paused.subscription.pauses] == [(utc("2026-04-11"), utc("2026-04-21"))]
    assert billed(after(paused, Resuming(), now="2026-04-16"), until="2026-05-01") == [[6000, -4000, 6000, -3000]]


def test_cancelled_while_paused_it_ends_with_the_period_and_costs_what_was_used() -> None:
    ended = after(after(opened(), Pausing()), Cancellation(), now="2026-04-20")
    assert billed(ended, until="2027-01-01") == [[6000, -4000]]


# When


WHEN: Mapping[str, tuple[LifeChange, str]] = {
    "now": (Resuming(), "2026-04-11"),
    "period's end": (Resuming(at=Moment.PERIOD_END), "2026-05-01"),
    "an instant": (Resuming(at=utc("2026-04-30")), "2026-04-30"),
    "no end": (CancellationUndone(), "2026-04-11"),
}


@pytest.mark.parametrize(("change", "at"), WHEN.values(), ids=WHEN)
def test_when_a_change_takes_effect(change: LifeChange, at: str) -> None:
    assert effective_at(opened().subscription, change, now=utc("2026-04-11")) == utc(at)


def test_the_period_s_end_of_one_that_begins_later_is_its_start() -> None:
    subscription: Subscription = opened(start="2026-06-01").subscription
    assert effective_at(subscription, Cancellation(), now=utc("2026-04-11")) == utc("2026-06-01")


def test_an_item_that_runs_until_a_day_goes_on_with_as_many_and_is_replaced_by_more() -> None:
    until = opened().adding("seat", start="2026-04-01", end="2026-04-20", quantity="2")
    seat = Item(id="seat", charge_id="seat", quantity=Decimal(2), start=utc("2026-04-01"))
    assert after(until, seats("2")).subscription.items == (seat,)
    assert after(until, seats("3")).subscription.items == (
        replace(seat, end=utc("2026-04-11")),
        Item(id="seat~20260411T000000Z", charge_id="seat", quantity=Decimal(3), start=utc("2026-04-11")),
    )
