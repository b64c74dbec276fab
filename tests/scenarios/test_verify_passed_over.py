"""Verifying a boundary without a bill of its key: a pause that ends just then, or a bill made under another key."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.adapters.counting import CountingDocuments
from billing.domain.catalog import Billed
from billing.domain.life_change import Cancellation, ItemsChange, Pausing, PlanChange, Resuming
from billing.domain.subscription import Unused
from billing.domain.subscription_changes import end_subscription
from billing.ports import Delete
from billing.store.invoices import Invoices
from billing.store.subscriptions import subscription_fields
from billing.usecases.change_life import change_life
from billing.usecases.verify import VerifyRequest, verify
from tests.builders import YEARLY, a_fee, a_meter, a_plan, utc
from tests.changing_plans import bills, does
from tests.reviewing import call, void
from tests.world import World


def queries(world: World) -> int:
    """How many queries it takes to find nothing wrong."""
    counting, request = CountingDocuments(world.documents), VerifyRequest(tenant_id="acme", as_of=world.now)
    assert verify(counting, world.objects, replace(request, objects=False, events=False)).findings.kept == []
    return counting.counts.queries


@pytest.fixture
def world() -> World:
    """60.00 a month in advance since 1 April, which is billed."""
    world = World()
    plan = world.plan(a_plan(fees=[a_fee("60.00")], anchor_day=1, billed=Billed.IN_ADVANCE))
    world.subscribes("lumen", to=plan, on="2026-04-01")
    bills(world, "2026-04-01")
    return world


def found(world: World) -> list[str]:
    request = VerifyRequest(tenant_id="acme", as_of=world.now, objects=False, events=False)
    return [each.message for each in verify(world.documents, world.objects, request).findings.kept]


def test_a_bill_that_was_passed_over_leaves_its_time_to_the_next_one(world: World) -> None:
    does(world, "lumen", Pausing(at=utc("2026-05-01")), at="2026-04-20")
    bills(world, "2026-05-01", "2026-06-01")
    does(world, "lumen", Resuming(at=utc("2026-06-01")), at="2026-06-01T09:00")
    assert found(world) == []
    bills(world, "2026-07-01")
    assert [each.total for each in world.invoices("lumen")] == [6000, 6000 + 6000]
    assert found(world) == []


@pytest.mark.parametrize("days", [("2026-05-01", "2026-06-01"), ("2026-05-01", "2026-06-01", "2026-07-01")])
def test_a_bill_that_was_made_there_is_missed_when_it_is_gone(world: World, days: tuple[str, ...]) -> None:
    does(world, "lumen", Pausing(at=utc("2026-05-01"), until=utc("2026-06-01")), at="2026-04-20")
    bills(world, *days)
    assert found(world) == []
    path = Invoices.of(world.documents, "acme").path("sub-lumen.20260601T000000Z.r0")
    world.documents.commit([Delete(path)])
    missed = (
        "subscription sub-lumen has no bill for 2026-06-01 to 2026-07-01: by the stored facts it comes to 60.00 USD"
    )
    assert missed in found(world)


@pytest.mark.parametrize("on", ["2026-04-01", "2026-04-11"])
def test_a_first_bill_of_nothing_leaves_an_add_on_bought_since_to_the_next_one(world: World, on: str) -> None:
    """60.00 a month for all of April, and for 20 of its 30 days; the short April of the 16th is 15 of them."""
    plan = world.plan(a_plan(plan_id="seats", addons=[a_fee("60.00", "seat")], anchor_day=1, billed=Billed.IN_ADVANCE))
    for name, start in {"whole": "2026-04-01", "short": "2026-04-16"}.items():
        world.subscribes(name, to=plan, on=start)
    bills(world, "2026-04-16")
    for name, at in {"whole": on, "short": "2026-04-16"}.items():
        change = ItemsChange(quantities={"seat": Decimal(1)}, at=utc(at))
        change_life(world.documents, f"sub-{name}", change, call=call(world))
    assert found(world) == []
    bills(world, "2026-05-01")
    april = {"2026-04-01": 6000, "2026-04-11": 4000}[on]
    assert [[each.total for each in world.invoices(name)] for name in ("whole", "short")] == [
        [april + 6000],
        [3000 + 6000],
    ]
    assert found(world) == []


def test_a_first_bill_of_nothing_leaves_a_plan_taken_since_to_the_next_one(world: World) -> None:
    free = world.plan(a_plan(plan_id="free", anchor_day=1, billed=Billed.IN_ADVANCE))
    world.subscribes("free", to=free, on="2026-04-01")
    bills(world, "2026-04-02")
    change_life(world.documents, "sub-free", PlanChange(plan="plan@1", at=utc("2026-04-11")), call=call(world))
    assert found(world) == []
    bills(world, "2026-05-01")
    assert ([each.total for each in world.invoices("free")], found(world)) == ([4000 + 6000], [])


def test_a_pause_of_a_bill_passed_over_that_is_taken_back_at_its_start_leaves_no_finding(world: World) -> None:
    does(world, "lumen", Pausing(at=utc("2026-05-01")), at="2026-04-20")
    bills(world, "2026-05-01")
    does(world, "lumen", Resuming(at=utc("2026-05-01")), at="2026-05-04")
    assert found(world) == []
    does(world, "lumen", Cancellation(at=utc("2026-05-11")), at="2026-05-11")
    bills(world, "2026-05-12")
    # 10 of 31 days of 60.00
    assert ([each.total for each in world.invoices("lumen")], found(world)) == ([6000, 1935], [])


def test_a_bill_passed_over_rests_on_what_the_credit_note_before_it_paid_ahead(world: World) -> None:
    """At the change 60.00 comes back less 10 of 30 days, and 2 of 365 days of 365.00 until the pause are charged."""
    yearly = world.plan(
        a_plan(plan_id="year", fees=[a_fee("365.00")], cycle=YEARLY, anchor_day=13, billed=Billed.IN_ADVANCE)
    )
    does(world, "lumen", Pausing(at=utc("2026-04-13")), at="2026-04-02")
    does(world, "lumen", PlanChange(plan=yearly.ref, at=utc("2026-04-11")), at="2026-04-11")
    bills(world, "2026-04-11")
    assert [each.total for each in world.credit_notes()] == [4000 - 200]
    bills(world, "2026-04-13")
    does(world, "lumen", Resuming(at=utc("2026-04-23")), at="2026-04-23")
    assert found(world) == []


def test_a_bill_passed_over_rests_on_what_was_paid_ahead_until_a_change_that_was_planned(world: World) -> None:
    """April is billed for its ten days before a year, 20.00; of the year nothing is left by a pause from its start."""
    world.plan(a_plan(plan_id="year", fees=[a_fee("365.00")], cycle=YEARLY, billed=Billed.IN_ADVANCE))
    world.subscribes("planned", to=world.plans["plan@1"], on="2026-04-01")
    eleventh = utc("2026-04-11")
    for change in (
        PlanChange(plan="year@1", at=eleventh),
        PlanChange(plan="plan@1", at=eleventh),
        Pausing(at=eleventh),
    ):
        change_life(world.documents, "sub-planned", change, call=call(world))
        bills(world, "2026-04-01")
    bills(world, "2026-05-01")
    assert ([each.total for each in world.invoices("planned")], found(world)) == ([2000], [])


def test_a_bill_passed_over_credits_nothing_of_what_a_void_invoice_had_billed(world: World) -> None:
    does(world, "lumen", Pausing(at=utc("2026-04-01")), at="2026-04-02")
    void(world, world.invoices("lumen")[0].id)
    bills(world, "2026-05-01")
    assert (world.credit_notes(), found(world)) == ([], [])


def test_a_bill_under_another_key_is_looked_for_among_the_invoices_and_no_further(world: World) -> None:
    bills(world, "2026-05-01")
    before = queries(world)
    ended = end_subscription(world.subscription("sub-lumen"), at=utc("2026-05-01"), unused=Unused.NONE)
    world.damages("subscriptions/sub-lumen", subscription_fields(ended))
    assert queries(world) == before + 1


def test_a_pause_from_a_restart_on_that_is_billed_leaves_the_hours_before_it_as_they_were_billed(world: World) -> None:
    """The cycle restarts ten hours into a period that is billed afterwards: 0.00, as no call was made in them."""
    monthly = world.plan(a_plan(plan_id="calls", metered=[a_meter("1.00")], anchor_day=1))
    yearly = world.plan(replace(monthly, plan_id="calls-yearly", cycle=YEARLY, anchor_day=None))
    world.subscribes("calls", to=monthly, on="2026-04-01")
    at = utc("2026-05-01T10:00")
    bills(world, "2026-05-01", "2026-05-01T10:00")
    change_life(world.documents, "sub-calls", PlanChange(plan=yearly.ref, at=at), call=call(world))
    bills(world, "2026-05-01T10:00")
    change_life(world.documents, "sub-calls", Pausing(at=at), call=call(world))
    assert ([each.total for each in world.invoices("calls")], found(world)) == ([0, 0], [])


@pytest.mark.parametrize("is_changed", [False, True])
def test_an_invoice_of_nothing_is_missed_too(world: World, is_changed: bool) -> None:
    """The calls of May are free, and have their invoice all the same; one seat was there for some days of April."""
    plan = a_plan(plan_id="free", metered=[a_meter("1.00", included=Decimal(100))], addons=[a_fee("30.00", "seat")])
    world.subscribes("free", to=world.plan(plan), on="2026-04-01")
    if is_changed:
        for seats, on in ((1, "2026-04-02"), (0, "2026-04-20")):
            change = ItemsChange(quantities={"seat": Decimal(seats)}, at=utc(on))
            change_life(world.documents, "sub-free", change, call=call(world))
    bills(world, "2026-05-01")
    world.uses("sub-free", "calls", "10", on="2026-05-05")
    bills(world, "2026-06-01", "2026-07-01")
    assert found(world) == []
    world.documents.commit([Delete(Invoices.of(world.documents, "acme").path("sub-free.20260501T000000Z.r0"))])
    missed = "subscription sub-free has no bill for 2026-05-01 to 2026-06-01: by the stored facts it comes to 0.00 USD"
    assert missed in found(world)
