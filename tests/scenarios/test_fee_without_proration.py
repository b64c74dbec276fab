"""A fee without proration is owed in full, once, where its plan was in force on some day of the period that is billed.

The month costs 30.00, the other plan 40.00, the year 365.00, a seat 5.00, whatever their days; everybody begins on 1
May. In cents; what a credit note gives back is negative.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.catalog import Billed, FirstPeriod, Plan, Proration, RecurringCharge
from billing.domain.life_change import Cancellation, ItemsChange, Pausing, Resuming
from billing.domain.subscription import Unused
from tests.builders import HOURLY, YEARLY, a_fee, a_plan, a_tenant, utc
from tests.changing_plans import bills, charged, does, is_sound, takes
from tests.reviewing import reissue, void
from tests.world import World


def whole(price: str, charge_id: str = "base") -> RecurringCharge:
    return a_fee(price, charge_id, proration=Proration.NONE)


MONTH = a_plan(plan_id="month", fees=[whole("30.00")], addons=[whole("5.00", "seat")], anchor_day=1)
AHEAD = replace(MONTH, billed=Billed.IN_ADVANCE)


def opened(plan: Plan) -> World:
    """On 1 May, before that night's run."""
    world = World(tenant=a_tenant())
    world.plan(replace(plan, plan_id="other", fees=(whole("40.00"),)))
    world.plan(replace(plan, plan_id="year", fees=(whole("365.00"),), cycle=YEARLY, anchor_day=None))
    world.subscribes("ada", to=world.plan(plan), on="2026-05-01")
    world.travels_to("2026-05-01")
    return world


def until(world: World, day: str) -> list[list[int]]:
    """What is charged until then, in sound books."""
    bills(world, day)
    assert is_sound(world)
    return charged(world, "ada")


def paused(world: World, since: str, until: str, *, at: str) -> None:
    does(world, "ada", Pausing(at=utc(since), until=utc(until)), at=at)


# Billed ahead for a part of the period


def test_around_a_pause_that_was_known_it_is_paid_once() -> None:
    world = opened(AHEAD)
    paused(world, "2026-05-11", "2026-05-21", at="2026-05-01")
    bills(world, "2026-05-01")
    assert until(world, "2026-06-01") == [[3000], [3000]]  # May and June


def test_until_a_change_that_was_taken_back_it_is_paid_once() -> None:
    world = opened(AHEAD)
    takes(world, "ada", "other", on="2026-05-11", at="2026-05-01")
    bills(world, "2026-05-01")
    takes(world, "ada", "month", on="2026-05-11", at="2026-05-05")
    assert until(world, "2026-06-01") == [[3000, 4000], [-4000, 3000]]  # the other plan never was; June


def test_made_again_until_a_pause_it_is_paid_once() -> None:
    world = opened(AHEAD)
    bills(world, "2026-05-01")
    paused(world, "2026-05-09", "2026-05-20", at="2026-05-09")
    [first] = world.invoices("ada")
    void(world, first.id)
    assert reissue(world, first.id).total == 3000
    assert until(world, "2026-06-01") == [[3000], [3000], [3000]]  # the void one, its reissue, and June


@pytest.mark.parametrize("unused", Unused)
def test_after_a_pause_that_ended_before_with_the_subscription_one_month_is_kept(unused: Unused) -> None:
    """From the 11th on it was paid ahead, from the 5th until the 8th it was in force."""
    world = opened(AHEAD)
    paused(world, "2026-05-01", "2026-05-11", at="2026-05-01")
    bills(world, "2026-05-01")
    does(world, "ada", Resuming(at=utc("2026-05-05")), at="2026-05-05")
    does(world, "ada", Cancellation(at=utc("2026-05-08"), unused=unused), at="2026-05-08")
    assert sum(sum(each) for each in until(world, "2026-05-09")) == 3000


# In force for less than a day


@pytest.mark.parametrize("plan", [MONTH, AHEAD], ids=lambda plan: plan.billed)
def test_another_plan_and_a_seat_for_two_hours_cost_nothing(plan: Plan) -> None:
    world = opened(plan)
    bills(world, "2026-05-01")
    does(world, "ada", ItemsChange(quantities={"seat": Decimal(1)}, at=utc("2026-05-10T09:00")), at="2026-05-10T09:00")
    does(world, "ada", ItemsChange(quantities={"seat": Decimal(0)}, at=utc("2026-05-10T11:00")), at="2026-05-10T11:00")
    takes(world, "ada", "other", on="2026-05-11T09:00", at="2026-05-11T09:00")
    takes(world, "ada", "month", on="2026-05-11T11:00", at="2026-05-11T11:00")
    assert sum(sum(each) for each in until(world, "2026-06-01")) == (6000 if plan is AHEAD else 3000)


def test_a_year_of_two_hours_that_was_billed_ahead_is_credited() -> None:
    world = opened(AHEAD)
    bills(world, "2026-05-01")
    takes(world, "ada", "year", on="2026-05-11T09:00", at="2026-05-11T09:00")
    bills(world, "2026-05-11T10:00")
    takes(world, "ada", "other", on="2026-05-11T11:00", at="2026-05-11T11:00")
    assert until(world, "2026-05-12") == [[3000], [36500], [-36500, 4000]]


@pytest.mark.parametrize(
    ("plan", "lines"), [(MONTH, [3000]), (AHEAD, [3000, 36500, -36500, 3000])], ids=["in arrears", "in advance"]
)
def test_around_a_year_of_two_hours_the_month_is_owed_once(plan: Plan, lines: list[int]) -> None:
    """In advance: May, the year, which comes back, and June."""
    world = opened(plan)
    bills(world, "2026-05-01")
    takes(world, "ada", "year", on="2026-05-11T09:00", at="2026-05-11T09:00")
    bills(world, "2026-05-11T10:00")
    takes(world, "ada", "month", on="2026-05-11T11:00", at="2026-05-11T11:00")
    assert [line for each in until(world, "2026-06-01") for line in each] == lines


@pytest.mark.parametrize("plan", [MONTH, AHEAD], ids=lambda plan: plan.billed)
def test_the_first_plan_is_owed_where_the_other_one_took_its_first_hours(plan: Plan) -> None:
    """The month is in force until two and from four on; of these only the second stretch has a day."""
    world = opened(plan)
    takes(world, "ada", "other", on="2026-05-01T02:00", at="2026-05-01T01:00")
    takes(world, "ada", "month", on="2026-05-01T04:00", at="2026-05-01T03:00")
    assert sum(sum(each) for each in until(world, "2026-06-01")) == (6000 if plan is AHEAD else 3000)


@pytest.mark.parametrize(("unused", "kept"), [(each, 3000 if each is Unused.NONE else 0) for each in Unused])
def test_ended_on_its_first_day_what_was_billed_ahead_is_given_back_as_asked(unused: Unused, kept: int) -> None:
    world = opened(AHEAD)
    bills(world, "2026-05-01")
    does(world, "ada", Cancellation(at=utc("2026-05-01T09:00"), unused=unused), at="2026-05-01T09:00")
    assert sum(sum(each) for each in until(world, "2026-05-02")) == kept


def test_of_a_first_period_that_is_owed_in_full_nothing_is_given_back() -> None:
    """From the 1st on it counts as in force, though it began on the 5th and ended within that day."""
    world = World(tenant=a_tenant())
    full = world.plan(replace(AHEAD, first_period=FirstPeriod.FULL))
    world.subscribes("ada", to=full, on="2026-05-05")
    bills(world, "2026-05-05")
    does(world, "ada", Cancellation(at=utc("2026-05-05T09:00"), unused=Unused.REFUND), at="2026-05-05T09:00")
    assert until(world, "2026-05-06") == [[3000]]


@pytest.mark.parametrize("plan", [MONTH, AHEAD], ids=lambda plan: plan.billed)
def test_paused_from_its_first_hours_on_a_month_costs_nothing(plan: Plan) -> None:
    world = opened(plan)
    bills(world, "2026-05-01")
    paused(world, "2026-05-01T09:00", "2026-06-01", at="2026-05-01T09:00")
    assert sum(sum(each) for each in until(world, "2026-06-01")) == (3000 if plan is AHEAD else 0)  # June


def test_by_the_hour_each_hour_is_owed() -> None:
    world = opened(replace(MONTH, cycle=HOURLY, anchor_day=None))
    assert until(world, "2026-05-01T03:00") == [[3000], [3000], [3000]]
