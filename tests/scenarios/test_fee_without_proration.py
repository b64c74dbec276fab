"""A fee without proration is owed in full, once, where its plan was in force on some day of the period that is billed.

The month costs 30.00, the other plan 40.00, whatever their days; everybody begins on 1 May. In cents; what a credit
note gives back is negative.
"""

from dataclasses import replace

import pytest

from billing.domain.catalog import Billed, Plan, Proration
from billing.domain.life_change import Cancellation, Pausing, Resuming
from billing.domain.subscription import Unused
from tests.builders import a_fee, a_plan, a_tenant, utc
from tests.changing_plans import bills, charged, does, is_sound, takes
from tests.reviewing import reissue, void
from tests.world import World

MONTH = a_plan(plan_id="month", fees=[a_fee("30.00", proration=Proration.NONE)], anchor_day=1)
AHEAD = replace(MONTH, billed=Billed.IN_ADVANCE)


def opened(plan: Plan) -> World:
    """On 1 May, before that night's run."""
    world = World(tenant=a_tenant())
    world.plan(replace(plan, plan_id="other", fees=(a_fee("40.00", proration=Proration.NONE),)))
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
