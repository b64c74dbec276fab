"""Another plan from a boundary on whose bill is made: what was billed stays so, and every day is charged once.

Monthly plans cost 30.00 and are billed from the first of the month on, the year 365.00, the quarter 91.00, calls 1.00
each. Both customers are on a yearly plan since 11 April, with its bill: `basic` in arrears, `ahead` in advance. In
cents; what a credit note gives back is negative.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.catalog import Billed, Plan
from billing.domain.errors import InvalidInput
from billing.domain.life_change import Cancellation
from billing.domain.subscription import OneTimeCharge
from billing.usecases.change_subscription import add_one_time_charge
from tests.builders import QUARTERLY, YEARLY, a_fee, a_meter, a_plan, a_tenant, utc
from tests.changing_plans import bills, charged, does, is_sound, takes
from tests.reviewing import call, void
from tests.world import World

MONTH = a_plan(plan_id="month", fees=[a_fee("30.00")], metered=[a_meter("1.00")], anchor_day=1)
YEAR = replace(MONTH, plan_id="year", fees=(a_fee("365.00"),), cycle=YEARLY, anchor_day=None)
QUARTER = replace(YEAR, plan_id="quarter", fees=(a_fee("91.00"),), cycle=QUARTERLY)


def in_advance(plan: Plan) -> Plan:
    return replace(plan, plan_id=f"{plan.plan_id}-ahead", billed=Billed.IN_ADVANCE)


NINE = "2026-04-11T09:00"
PLANS = [each for plan in (MONTH, YEAR, QUARTER) for each in (plan, in_advance(plan))]


@pytest.fixture
def world() -> Iterator[World]:
    """On 11 April at nine, after that night's run; every test leaves sound books, also after the nights that follow."""
    world = World(tenant=a_tenant())
    for plan in PLANS:
        world.plan(plan)
    world.subscribes("basic", to=MONTH, on="2026-04-01")
    world.subscribes("ahead", to=in_advance(MONTH), on="2026-04-01")
    bills(world, "2026-04-01")
    takes(world, "basic", "year", on="2026-04-11", at="2026-04-10T09:00")
    takes(world, "ahead", "year-ahead", on="2026-04-11", at="2026-04-10T09:00")
    bills(world, "2026-04-11")
    world.travels_to(NINE)
    yield world
    bills(world, "2026-08-01")
    assert is_sound(world)


BEFORE = {"basic": [[3000, -2000]], "ahead": [[3000], [-2000, 36500]]}
"""April's ten days; in advance all of April, then its other twenty days back and the year."""


@pytest.mark.parametrize(("name", "plan"), [("basic", "year"), ("ahead", "year-ahead")])
def test_the_same_command_again_changes_nothing(world: World, name: str, plan: str) -> None:
    before = world.subscription(f"sub-{name}")
    assert takes(world, name, plan, on="2026-04-11", at=NINE) == before
    assert before.next_billing_at == utc("2027-04-11")
    bills(world, "2026-05-02")
    assert charged(world, name) == BEFORE[name]


def test_taken_back_in_arrears_the_rest_of_the_month_is_billed_with_it(world: World) -> None:
    world.uses("sub-basic", "calls", "7", on="2026-04-11")
    takes(world, "basic", "month", on="2026-04-11", at=NINE)
    bills(world, "2026-06-01")
    assert charged(world, "basic") == [*BEFORE["basic"], [700, 3000, -1000], [3000]]  # 20 of 30 days, then May


def test_taken_back_in_advance_the_year_is_credited_and_no_month_passed_over(world: World) -> None:
    after = takes(world, "ahead", "month-ahead", on="2026-04-11", at=NINE)
    assert after.next_billing_at == utc("2026-05-01")
    bills(world, "2026-06-01")
    assert charged(world, "ahead") == [*BEFORE["ahead"], [3000, -1000, -36500, 3000], [3000]]


def test_taken_back_and_said_again_it_is_as_it_was(world: World) -> None:
    for name, month, year in (("basic", "month", "year"), ("ahead", "month-ahead", "year-ahead")):
        before = world.subscription(f"sub-{name}")
        takes(world, name, month, on="2026-04-11", at=NINE)
        after = takes(world, name, year, on="2026-04-11", at=NINE)
        assert (after.phases, after.next_billing_at) == (before.phases, before.next_billing_at)


def test_a_third_interval_in_arrears_goes_on_from_there(world: World) -> None:
    takes(world, "basic", "quarter", on="2026-04-11", at=NINE)
    bills(world, "2026-07-11")
    assert charged(world, "basic") == [*BEFORE["basic"], [9100]]


def test_a_third_interval_in_advance_begins_after_that_bill_and_no_day_is_charged_twice(world: World) -> None:
    with pytest.raises(InvalidInput, match=r"at: expected an instant after 2026-04-11T00:00:00Z, whose bill is made"):
        takes(world, "ahead", "quarter-ahead", on="2026-04-11", at=NINE)
    takes(world, "ahead", "quarter-ahead", on="2026-04-11T09:00", at=NINE)
    bills(world, "2026-04-12")
    assert charged(world, "ahead") == [*BEFORE["ahead"], [-36500, 9100]]
    assert [each.total for each in world.credit_notes()] == [27400]


def test_taken_back_for_a_plan_in_arrears_both_bills_of_that_day_have_a_name(world: World) -> None:
    takes(world, "ahead", "month", on="2026-04-11", at=NINE)
    bills(world, "2026-06-01")
    assert charged(world, "ahead") == [*BEFORE["ahead"], [3000, -1000, -36500], [3000]]


def test_from_a_month_that_was_billed_ahead_on_a_plan_in_arrears_goes_on(world: World) -> None:
    takes(world, "ahead", "month-ahead", on="2026-04-11", at=NINE)
    bills(world, "2026-05-01")
    takes(world, "ahead", "month", on="2026-05-01", at="2026-05-01T09:00")
    bills(world, "2026-07-01")
    assert charged(world, "ahead")[3:] == [[3000, -3000], [3000]]  # May as it is now less as it was, then June


def test_from_a_month_that_was_billed_in_arrears_a_plan_in_advance_goes_on_and_can_be_taken_back(world: World) -> None:
    takes(world, "basic", "month", on="2026-04-11", at=NINE)
    takes(world, "basic", "month-ahead", on="2026-05-01", at=NINE)  # planned
    bills(world, "2026-05-01")
    takes(world, "basic", "month", on="2026-05-01", at="2026-05-01T09:00")
    bills(world, "2026-07-01")
    assert charged(world, "basic")[1:] == [[3000, -1000, 3000], [3000, -3000], [3000]]


def test_at_a_start_that_was_billed_whatever_is_said_of_it_nothing_is_billed_twice(world: World) -> None:
    usage = in_advance(replace(MONTH, plan_id="usage", fees=()))
    world.plan(usage)
    for name in ("same", "other", "arrears"):
        world.subscribes(name, to=usage, on="2026-05-01")
        setup = OneTimeCharge(
            id="setup", name="Set-up", quantity=Decimal(1), unit_price=Decimal("40.00"), charged_at=utc("2026-05-01")
        )
        add_one_time_charge(world.documents, f"sub-{name}", one_time=setup, call=call(world))
    bills(world, "2026-05-01")
    for name, plan in (("same", "usage-ahead"), ("other", "month-ahead"), ("arrears", "month")):
        takes(world, name, plan, on="2026-05-01", at="2026-05-01T09:00")
    bills(world, "2026-06-01")
    assert charged(world, "same") == [[4000], [0]]
    assert charged(world, "other") == [[4000], [3000, 3000]]
    assert charged(world, "arrears") == [[4000], [3000]]


def test_ended_where_it_was_taken_back_it_gives_the_year_back_and_no_more(world: World) -> None:
    takes(world, "ahead", "month-ahead", on="2026-04-11", at=NINE)
    does(world, "ahead", Cancellation(at=utc("2026-04-11")), at=NINE)
    bills(world, "2026-06-01")
    assert charged(world, "ahead") == [*BEFORE["ahead"], [-36500]]


def test_at_a_start_with_nothing_to_bill_the_new_plan_is_billed_at_once(world: World) -> None:
    usage = in_advance(replace(YEAR, plan_id="usage", fees=()))
    world.plan(usage)
    wanted = {"same": "usage-ahead", "other": "year-ahead", "month": "month-ahead", "arrears": "month"}
    for name in wanted:
        world.subscribes(name, to=usage, on="2026-05-01")
    bills(world, "2026-05-01")
    due = [takes(world, name, plan, on="2026-05-01", at="2026-05-01T09:00") for name, plan in wanted.items()]
    start = utc("2026-05-01")
    assert [each.next_billing_at for each in due] == [utc("2027-05-01"), start, start, utc("2026-06-01")]
    bills(world, "2026-06-01")
    assert [charged(world, name) for name in wanted] == [[], [[36500]], [[3000], [3000]], [[3000]]]


def test_at_a_start_whose_only_bill_is_void_no_other_is_made_of_it(world: World) -> None:
    usage = in_advance(replace(MONTH, plan_id="usage", fees=()))
    world.plan(usage)
    world.subscribes("void", to=usage, on="2026-05-01")
    setup = OneTimeCharge(
        id="setup", name="Set-up", quantity=Decimal(1), unit_price=Decimal("40.00"), charged_at=utc("2026-05-01")
    )
    add_one_time_charge(world.documents, "sub-void", one_time=setup, call=call(world))
    bills(world, "2026-05-01")
    void(world, world.invoices("void")[0].id)
    after = takes(world, "void", "month-ahead", on="2026-05-01", at="2026-05-01T09:00")
    assert after.next_billing_at == utc("2026-06-01")
    bills(world, "2026-06-01")
    assert charged(world, "void") == [[4000], [3000, 3000]]
