"""A void bill that is made again after a change of its period: it bills what no other bill has charged or will."""

from dataclasses import replace

import pytest

from billing.domain.catalog import Billed
from billing.domain.life_change import Cancellation, LifeChange, Pausing, PlanChange, Resuming
from billing.usecases.change_life import change_life
from billing.usecases.record_usage import ReportedUsage, record_usage
from billing.usecases.verify import VerifyRequest, verify
from tests.builders import YEARLY, a_fee, a_meter, a_plan, utc
from tests.changing_plans import bills, does
from tests.reviewing import call, reissue, void
from tests.world import World

BASIC = a_plan(plan_id="basic", fees=[a_fee("60.00")], anchor_day=1, billed=Billed.IN_ADVANCE)
APRIL = "sub-lumen.20260401T000000Z"


@pytest.fixture
def world() -> World:
    """60.00 a month in advance since 1 April, which is billed."""
    world = World()
    world.subscribes("lumen", to=world.plan(BASIC), on="2026-04-01")
    bills(world, "2026-04-01")
    return world


def verified(world: World) -> list[int]:
    """The totals of its invoices that are in force, in books in which nothing is found."""
    request = VerifyRequest(tenant_id="acme", as_of=world.now, objects=False, events=False)
    assert verify(world.documents, world.objects, request).findings.kept == []
    return [each.total for each in world.invoices("lumen") if each.status != "void"]


@pytest.mark.parametrize("is_next_made", [True, False])
def test_a_pause_from_the_boundary_on_leaves_its_reissue_the_days_after_it(world: World, is_next_made: bool) -> None:
    """April is paused but for its last ten days: 20.00 of 60.00."""
    void(world, f"{APRIL}.r0")
    does(world, "lumen", Pausing(at=utc("2026-04-01"), until=utc("2026-04-21")), at="2026-04-02")
    if is_next_made:
        bills(world, "2026-05-01")
    assert reissue(world, f"{APRIL}.r0").total == 2000
    bills(world, "2026-05-01", "2026-06-01")
    assert sorted(verified(world)) == [2000, 6000, 6000]


def test_a_pause_without_an_end_leaves_its_reissue_the_days_after_the_return(world: World) -> None:
    void(world, f"{APRIL}.r0")
    does(world, "lumen", Pausing(at=utc("2026-04-01")), at="2026-04-02")
    does(world, "lumen", Resuming(at=utc("2026-04-21")), at="2026-04-21")
    bills(world, "2026-05-01")
    assert reissue(world, f"{APRIL}.r0").total == 2000
    assert sorted(verified(world)) == [2000, 6000]


def test_time_that_was_to_be_of_another_plan_and_is_charged_by_the_next_bill_is_not_charged_again(
    world: World,
) -> None:
    """On the 16th another cycle was to begin: the first bill is of 15 of April's 30 days, the next of the others."""
    world.plan(a_plan(plan_id="later", fees=[a_fee("90.00")], anchor_day=16, billed=Billed.IN_ADVANCE))
    world.subscribes("planned", to=BASIC, on="2026-04-01")
    planned, back = (PlanChange(plan=plan, at=utc("2026-04-16")) for plan in ("later@1", "basic@1"))
    change_life(world.documents, "sub-planned", planned, call=call(world))
    bills(world, "2026-04-01")
    change_life(world.documents, "sub-planned", back, call=call(world))
    bills(world, "2026-05-01")
    first = world.invoices("planned")[0]
    void(world, first.id)
    assert reissue(world, first.id).total == 3000
    assert sorted(each.total for each in world.invoices("planned")) == [3000, 3000, 3000 + 6000]
    assert verified(world) == [6000, 6000]


def test_what_was_paid_ahead_before_a_bill_that_was_passed_over_is_not_credited_again(world: World) -> None:
    """The day before the pause is paid ahead and used; the bill of the restart in it finds nothing to bill.

    From the 14th to the 16th it costs 2 of 31 days of 93.00, from then on the whole.
    """
    world.plan(a_plan(plan_id="later", fees=[a_fee("93.00")], anchor_day=16, billed=Billed.IN_ADVANCE))
    world.subscribes("paused", to=BASIC, on="2026-04-01")
    world.travels_to("2026-04-01")

    def does_there(change: LifeChange, *, at: str) -> None:
        world.travels_to(at)
        change_life(world.documents, "sub-paused", change, call=call(world))

    does_there(Pausing(at=utc("2026-04-02")), at="2026-04-01")
    bills(world, "2026-04-01")
    does_there(PlanChange(plan="later@1", at=utc("2026-04-11")), at="2026-04-11")
    bills(world, "2026-04-11")
    does_there(Resuming(at=utc("2026-04-14")), at="2026-04-14")
    bills(world, "2026-04-16")
    first, second = world.invoices("paused")
    assert [first.total, second.total] == [200, 600 + 9300]
    void(world, second.id)
    assert reissue(world, second.id).total == 600 + 9300
    assert verified(world) == [6000]


def test_a_bill_after_the_last_one_credits_what_that_had_paid_ahead_when_it_is_made_again(world: World) -> None:
    """May comes back, 60.00, as it ended before; 100 calls of April came late, at 1.00."""
    world.plan(replace(BASIC, plan_id="calls", metered=(a_meter("1.00"),)))
    world.subscribes("ended", to=world.plans["calls@1"], on="2026-04-01")
    bills(world, "2026-04-01", "2026-05-01")
    usage = ReportedUsage(
        id="late", subscription_id="sub-ended", meter="calls", occurred_at=utc("2026-04-20"), quantity=100
    )
    record_usage(world.documents, tenant_id="acme", events=[usage], recorded_at=world.now)
    change_life(world.documents, "sub-ended", Cancellation(at=utc("2026-05-01")), call=call(world))
    bills(world, "2026-05-02")
    [late] = [each for each in world.invoices("ended") if "-late-" in each.id]
    assert late.total == 10000 - 6000
    void(world, late.id)
    assert reissue(world, late.id).total == 10000 - 6000
    verified(world)


def test_a_bill_that_was_made_in_advance_is_made_again_in_arrears_and_is_the_same_after_an_end(world: World) -> None:
    """365.00 a year in arrears: the 54 days until a month in advance that is taken back, and 13 more until the end."""
    year = world.plan(a_plan(plan_id="year", fees=[a_fee("365.00")], cycle=YEARLY))
    world.plan(a_plan(plan_id="month", fees=[a_fee("30.00")], billed=Billed.IN_ADVANCE))
    world.subscribes("back", to=year, on="2026-04-11")
    change_life(world.documents, "sub-back", PlanChange(plan="month@1", at=utc("2026-06-04")), call=call(world))
    bills(world, "2026-06-04")
    [first] = world.invoices("back")
    void(world, first.id)
    change_life(world.documents, "sub-back", PlanChange(plan="year@1", at=utc("2026-06-04")), call=call(world))
    assert (first.total, reissue(world, first.id).total) == (5400 + 3000, 5400)
    change_life(world.documents, "sub-back", Cancellation(at=utc("2026-06-17")), call=call(world))
    bills(world, "2026-06-17")
    assert [each.total for each in world.invoices("back")][2:] == [1300]
    verified(world)
