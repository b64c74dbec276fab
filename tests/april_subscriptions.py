"""Two subscriptions since April, billed afterwards and ahead, and what happens to them. In cents.

Both plans cost 60.00 a month and 30.00 a seat, from the first of the month on; calls cost 1.00 each.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from billing.domain.catalog import Billed
from billing.domain.life_change import LifeChange
from billing.usecases.change_life import ChangedLife, change_life
from tests.builders import a_fee, a_meter, a_plan, a_tenant
from tests.changing_plans import is_sound
from tests.reviewing import call
from tests.world import World

SEAT = a_fee("30.00", "seat")
BASIC = a_plan(fees=[a_fee("60.00")], addons=[SEAT], metered=[a_meter("1.00")], anchor_day=1)
AHEAD = replace(BASIC, plan_id="ahead", billed=Billed.IN_ADVANCE)
BARE = a_plan(plan_id="bare", fees=[a_fee("90.00")], anchor_day=1)


@pytest.fixture
def world() -> Iterator[World]:
    """`basic` and `ahead` since 1 April, each on the plan of that name; every test leaves sound books."""
    world = World(tenant=a_tenant(gateway="stripe"))
    for plan in (BASIC, AHEAD, BARE):
        world.plan(plan)
    world.subscribes("basic", to=BASIC, on="2026-04-01")
    world.subscribes("ahead", to=AHEAD, on="2026-04-01")
    world.travels_to("2026-04-01")
    world.runs_billing()
    yield world
    assert is_sound(world)


def does(world: World, name: str, change: LifeChange, *, at: str = "2026-04-11") -> ChangedLife:
    """A customer's subscription is changed at an instant."""
    world.travels_to(at)
    return change_life(world.documents, f"sub-{name}", change, call=call(world))


def totals(world: World, name: str) -> list[int]:
    """What each invoice of a customer comes to."""
    return [each.total for each in world.invoices(name)]
