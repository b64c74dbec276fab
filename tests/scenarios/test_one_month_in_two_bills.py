"""A year that was billed and taken back leaves a month in two bills: it costs what it costs in one.

The month costs 30.00, the year 365.00, a seat 5.00, whatever their days. Everybody has May, with a bill on the 11th for
the year that is to begin then. In cents; what a credit note gives back is negative.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.catalog import (
    Aggregation,
    Billed,
    GraduatedPrice,
    MeteredCharge,
    PackagePrice,
    Plan,
    Proration,
    RecurringCharge,
    StairstepPrice,
    VolumePrice,
)
from billing.domain.coupon import Coupon, Discount
from billing.domain.life_change import ItemsChange, Pausing, Resuming
from billing.store.codec import converter
from tests.builders import YEARLY, a_fee, a_meter, a_plan, a_tenant, tiers, utc
from tests.changing_plans import bills, charged, does, is_sound, takes, uses
from tests.reviewing import reissue, void
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


@pytest.mark.parametrize(
    ("billed", "lines"), [(Billed.IN_ARREARS, [[3000, 500]]), (Billed.IN_ADVANCE, [[3000], [500, 3000, 500]])]
)
def test_a_seat_is_charged_once_where_a_second_one_was_planned_and_given_up(
    billed: Billed, lines: list[list[int]]
) -> None:
    """In advance the bill of 1 June charges the seat for May, and both the month and the seat for June."""
    world = opened(month(billed=billed))
    for day, seats, on in (("01", 1, "01"), ("02", 2, "21"), ("03", 1, "11")):
        change = ItemsChange(quantities={"seat": Decimal(seats)}, at=utc(f"2026-05-{on}"))
        does(world, "ada", change, at=f"2026-05-{day}")
    assert until(world, "2026-06-01") == lines


@pytest.mark.parametrize(("billed", "months"), [(Billed.IN_ARREARS, 1), (Billed.IN_ADVANCE, 2)])
def test_paused_until_that_bill_the_month_is_charged_once_all_the_same(billed: Billed, months: int) -> None:
    """In advance the bill of the 11th gives May back, of which nothing was used by then."""
    world = opened(month(billed=billed))
    does(world, "ada", Pausing(at=utc("2026-05-01")), at="2026-05-01T09:00")
    does(world, "ada", Resuming(at=utc("2026-05-11")), at="2026-05-10T09:00")
    taken_back(world)
    assert sum(sum(each) for each in until(world, "2026-06-01")) == months * 3000


# Usage

CALLS: dict[str, tuple[MeteredCharge, list[list[int]]]] = {
    # 60 calls on the 5th and 70 on the 20th; what May costs in one bill is said in brackets
    "graduated": (a_meter(GraduatedPrice(tiers=tiers(("100", "0"), (None, "1.00")))), [[0], [3000]]),  # 30.00
    "with an allowance": (a_meter("1.00", included=Decimal(100)), [[0], [3000]]),  # 30.00
    "with a tier's fee": (a_meter(GraduatedPrice(tiers=tiers((None, "1.00", "9.00")))), [[6900], [7000]]),  # 139.00
    "volume": (a_meter(VolumePrice(tiers=tiers(("100", "2.00"), (None, "0.50")))), [[12000], [-5500]]),  # 65.00
    "package": (a_meter(PackagePrice(size=Decimal(100), unit_price=Decimal("5.00"))), [[500], [500]]),  # 10.00
    "stairstep": (a_meter(StairstepPrice(tiers=tiers(("100", "0", "5.00"), (None, "0", "8.00")))), [[500], [300]]),
    "per unit": (a_meter("0.50"), [[3000], [3500]]),  # 65.00
    "the largest": (a_meter("0.50", aggregation=Aggregation.MAX), [[3000], [500]]),  # 35.00
}


def used(metered: MeteredCharge, **changes: object) -> World:
    """The book of `CALLS` on 11 May, taken back."""
    plan = replace(month(metered), fees=(), **changes)  # type: ignore[arg-type]
    world = opened(plan)
    uses(world, 60, on="2026-05-05")
    taken_back(world)
    uses(world, 70, on="2026-05-20")
    return world


@pytest.mark.parametrize("price", CALLS)
def test_tiers_and_allowances_go_on_where_the_first_bill_left_them(price: str) -> None:
    metered, lines = CALLS[price]
    world = used(metered)
    bills(world, "2026-06-01")
    assert [[line for line in bill if line] or [0] for bill in charged(world, "ada")] == lines
    assert until(world, "2026-06-02")


def test_each_plan_that_somebody_was_on_has_its_own_tiers() -> None:
    metered, _ = CALLS["with a tier's fee"]
    world = opened(replace(month(metered), fees=()))
    uses(world, 60, on="2026-05-05")
    takes(world, "ada", "year", on="2026-05-11", at="2026-05-11T09:00")
    takes(world, "ada", "month", on="2026-05-21", at="2026-05-21T09:00")
    uses(world, 70, on="2026-05-25")
    assert until(world, "2026-06-01") == [[6900], [900, 36500], [7900]]


def test_a_first_part_that_was_paused_has_used_nothing_up() -> None:
    metered, _ = CALLS["with a tier's fee"]
    world = opened(replace(month(metered), fees=()))
    does(world, "ada", Pausing(at=utc("2026-05-01")), at="2026-05-01T09:00")
    does(world, "ada", Resuming(at=utc("2026-05-11")), at="2026-05-10T09:00")
    taken_back(world)
    uses(world, 70, on="2026-05-20")
    assert until(world, "2026-06-01") == [[7900]]


@pytest.mark.parametrize("late", [{"2026-05-06": 20}, {"2026-05-21": 20}, {"2026-05-06": 12, "2026-05-21": 8}])
def test_late_usage_of_either_part_is_priced_as_if_it_had_come_in_time(late: dict[str, int]) -> None:
    """May has 150 calls, of which 100 are free: 50.00."""
    metered, _ = CALLS["graduated"]
    world = used(metered)
    bills(world, "2026-06-01")
    for day, calls in late.items():
        uses(world, calls, on=day)
    assert sum(sum(each) for each in until(world, "2026-07-01")) == 5000


def test_what_comes_late_for_the_first_part_is_on_the_bill_of_the_second() -> None:
    metered, _ = CALLS["graduated"]
    world = used(metered)
    uses(world, 20, on="2026-05-06")
    assert [sum(each) for each in until(world, "2026-06-01")] == [0, 5000]


def test_a_coupon_and_a_commitment_count_the_usage_of_the_second_part() -> None:
    """Ten per cent off the 30.00 of calls; 21 of 31 days of the commitment of 62.00 are 42.00, so 12.00 are missing."""
    metered, _ = CALLS["graduated"]
    world = used(metered, minimum_commitment=Decimal("62.00"))
    coupon = Coupon(coupon_id="ten", name="Ten", percent=Decimal(10))
    discount = Discount(coupon=coupon, start=utc("2026-05-12"))
    world.damages("subscriptions/sub-ada", {"discounts": converter().unstructure((discount,))})
    assert until(world, "2026-06-01") == [[0, 2000], [3000, 1200, -300]]


def test_the_second_bill_is_made_again_as_it_was() -> None:
    """60 calls cost 1.00 each, 130 calls 2.00."""
    world = used(a_meter(VolumePrice(tiers=tiers(("100", "1.00"), (None, "2.00")))))
    bills(world, "2026-06-01")
    [_, second] = world.invoices("ada")
    assert [line.amount for line in second.lines] == [26000 - 6000]
    void(world, second.id)
    assert reissue(world, second.id).total == 20000
    assert is_sound(world)
