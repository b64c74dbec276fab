"""A year that was billed and taken back leaves a month in two bills: it costs what it costs in one.

The month costs 30.00, the year 365.00, a seat 5.00, whatever their days. Everybody has May, with a bill on the 11th for
the year that is to begin then. In cents; what a credit note gives back is negative.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.catalog import Billed, MeteredCharge, Plan, Proration, RecurringCharge
from billing.domain.life_change import ItemsChange, Pausing, Resuming
from tests.builders import YEARLY, a_fee, a_plan, a_tenant, utc
from tests.changing_plans import bills, charged, does, is_sound, takes
from tests.world import World


def whole(price: str, charge_id: str = "base") -> RecurringCharge:
    return a_fee(price, charge_id, proration=Proration.NONE)


def month(*metered: MeteredCharge, **changes: object) -> Plan:
    plan = a_plan(plan_id="month", fees=[whole("30.00")], addons=[whole("5.00", "seat")], metered=metered, anchor_day=1)
    return replace(plan, **changes)  # type: ignore[arg-type]


def opened(plan: Plan) -> World:
    world = World(tenant=a_tenant())
    world.plan(replace(plan, plan_id="year", fees=(whole("365.00"),), cycle=YEARLY, anchor_day=None))
    world.subscribes("ada", to=world.plan(plan), on="2026-05-01")
    bills(world, "2026-05-01")
    return world


def taken_back(world: World, day: str = "2026-05-11") -> World:
    """On the year from a day on, with that day's bill, and on the month again since then."""
    takes(world, "ada", "year", on=day, at=f"{day}T09:00")
    bills(world, f"{day}T10:00")
    takes(world, "ada", "month", on=day, at=f"{day}T11:00")
    return world


def until(world: World, day: str) -> list[list[int]]:
    """What is charged until then, in sound books."""
    bills(world, day)
    assert is_sound(world)
    return charged(world, "ada")


def test_in_arrears_a_fee_without_proration_is_charged_once() -> None:
    world = taken_back(opened(month()))
    assert until(world, "2026-07-01") == [[3000], [3000]]  # May, on the 11th, and June


def test_in_advance_it_is_charged_once_and_the_year_that_never_was_comes_back() -> None:
    world = taken_back(opened(month(billed=Billed.IN_ADVANCE)))
    assert until(world, "2026-06-01") == [[3000], [36500], [-36500, 3000]]  # May, the year, and June


def test_taken_back_twice_it_is_charged_once() -> None:
    world = taken_back(taken_back(opened(month())), "2026-05-21")
    assert until(world, "2026-06-01") == [[3000]]


def test_who_was_on_the_year_for_ten_days_pays_for_both_and_the_month_anew() -> None:
    world = opened(month())
    takes(world, "ada", "year", on="2026-05-11", at="2026-05-11T09:00")
    takes(world, "ada", "month", on="2026-05-21", at="2026-05-21T09:00")
    assert until(world, "2026-06-01") == [[3000], [36500], [3000]]


def test_a_seat_of_before_is_charged_once_and_one_that_is_new_too() -> None:
    world = opened(month())
    does(world, "ada", ItemsChange(quantities={"seat": Decimal(1)}, at=utc("2026-05-05")), at="2026-05-05")
    taken_back(world)
    does(world, "ada", ItemsChange(quantities={"seat": Decimal(3)}, at=utc("2026-05-11")), at="2026-05-11T12:00")
    assert until(world, "2026-06-01") == [[3000, 500], [1500]]


@pytest.mark.parametrize(("billed", "months"), [(Billed.IN_ARREARS, 1), (Billed.IN_ADVANCE, 2)])
def test_paused_until_that_bill_the_month_is_charged_once_all_the_same(billed: Billed, months: int) -> None:
    """In advance the bill of the 11th gives May back, of which nothing was used by then."""
    world = opened(month(billed=billed))
    does(world, "ada", Pausing(at=utc("2026-05-01")), at="2026-05-01T09:00")
    does(world, "ada", Resuming(at=utc("2026-05-11")), at="2026-05-10T09:00")
    taken_back(world)
    assert sum(sum(each) for each in until(world, "2026-06-01")) == months * 3000
