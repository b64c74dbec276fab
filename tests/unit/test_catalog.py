"""Plans and prices: what can't be priced without a guess can't be built."""

from decimal import Decimal
from typing import Any

import pytest

from billing.domain.catalog import (
    GraduatedPrice,
    PackagePrice,
    PerUnitPrice,
    StairstepPrice,
    Tier,
    VolumePrice,
    check_lines,
)
from billing.domain.currency import UnknownCurrency
from billing.domain.errors import InvalidInput
from billing.domain.period import Cycle, Unit
from tests.builders import MONTHLY, WEEKLY, YEARLY, a_fee, a_meter, a_plan, tiers

Tiered = type[GraduatedPrice] | type[VolumePrice] | type[StairstepPrice]
TIERED: list[Tiered] = [GraduatedPrice, VolumePrice, StairstepPrice]


@pytest.mark.parametrize("model", TIERED)
def test_tiers_that_ascend_and_end_with_null_are_accepted(model: Tiered) -> None:
    rows = tiers(("10", "0", "5"), ("10.5", "0", "4"), (None, "0", "3"))
    assert model(tiers=rows).tiers == rows


@pytest.mark.parametrize("model", TIERED)
@pytest.mark.parametrize(
    ("bounds", "field"),
    [
        ((), "tiers"),
        (("10",), "tiers[0].up_to"),  # ends: what would the 11th unit cost?
        (("10", "20"), "tiers[1].up_to"),
        ((None, "10"), "tiers[0].up_to"),
        ((None, None), "tiers[0].up_to"),
        (("10", "10", None), "tiers[1].up_to"),
        (("10", "9.99", None), "tiers[1].up_to"),
        (("0", None), "tiers[0].up_to"),
        (("-5", None), "tiers[0].up_to"),
        (("NaN", None), "tiers[0].up_to"),
        (("sNaN", None), "tiers[0].up_to"),
        (("Infinity", None), "tiers[0].up_to"),
    ],
)
def test_tiers_with_a_gap_an_overlap_or_no_end_are_refused_by_name(
    model: Tiered, bounds: tuple[str | None, ...], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        model(tiers=tuple(Tier(up_to=None if bound is None else Decimal(bound)) for bound in bounds))
    assert refused.value.field == field


@pytest.mark.parametrize("wrong", ["-0.01", "NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_price_is_a_number_of_0_or_more_wherever_it_stands(wrong: str) -> None:
    price = Decimal(wrong)
    builds: list[tuple[str, Any]] = [
        ("tiers[0].unit_price", lambda: GraduatedPrice(tiers=(Tier(up_to=None, unit_price=price),))),
        ("tiers[0].flat_fee", lambda: VolumePrice(tiers=(Tier(up_to=None, flat_fee=price),))),
        ("unit_price", lambda: PerUnitPrice(unit_price=price)),
        ("unit_price", lambda: PackagePrice(size=Decimal(1), unit_price=price)),
        ("price", lambda: a_fee(wrong)),
    ]
    for field, build in builds:
        with pytest.raises(InvalidInput, match="expected 0 or more") as refused:
            build()
        assert refused.value.field == field


@pytest.mark.parametrize("size", ["0", "-1", "NaN", "sNaN", "Infinity"])
def test_a_package_holds_more_than_nothing(size: str) -> None:
    with pytest.raises(InvalidInput, match="package_size: expected more than 0"):
        PackagePrice(size=Decimal(size), unit_price=Decimal(1))


def test_a_unit_price_in_a_stairstep_is_refused_because_it_would_be_ignored() -> None:
    with pytest.raises(InvalidInput, match=r"tiers\[1\]\.unit_price: expected no unit price in a stairstep"):
        StairstepPrice(tiers=tiers(("10", "0", "5"), (None, "0.01", "3")))


def test_a_plan_in_a_currency_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        a_plan(currency="USX")


@pytest.mark.parametrize("cycle", [MONTHLY, YEARLY, Cycle(3, Unit.MONTH)])
@pytest.mark.parametrize("day", [1, 31])
def test_months_and_years_may_have_an_anchor_day(cycle: Cycle, day: int) -> None:
    assert a_plan(cycle=cycle, anchor_day=day).anchor_day == day


@pytest.mark.parametrize("day", [0, 32, -1])
def test_an_anchor_day_is_a_day_of_a_month(day: int) -> None:
    with pytest.raises(InvalidInput, match="anchor_day: expected 1 to 31"):
        a_plan(anchor_day=day)


@pytest.mark.parametrize("cycle", [WEEKLY, Cycle(1, Unit.DAY), Cycle(1, Unit.HOUR)])
def test_weeks_days_and_hours_have_no_anchor_day(cycle: Cycle) -> None:
    with pytest.raises(InvalidInput, match="anchor_day: expected a cycle of months or years"):
        a_plan(cycle=cycle, anchor_day=1)


def test_a_meter_priced_twice_in_one_plan_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"usage\[1\]: expected a name used once, got 'calls'"):
        a_plan(metered=[a_meter(), a_meter("0.02")])


def test_a_fee_and_an_add_on_of_one_id_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"addons\[1\]: expected a name used once, got 'support'"):
        a_plan(fees=[a_fee("1", "support")], addons=[a_fee("2", "support")])


def test_a_version_is_named_by_plan_and_number() -> None:
    assert a_plan(plan_id="api", version=3).ref == "api@3"


def test_an_add_on_is_found_by_its_id_and_a_fee_is_none() -> None:
    support = a_fee("99", "support")
    plan = a_plan(fees=[a_fee("10", "base")], addons=[support])
    assert plan.addon("support") is support
    assert plan.addon("base") is None


def test_a_plan_has_at_most_as_many_priced_lines_as_an_invoice_has_room_for() -> None:
    """A volume price is one line however many its tiers are, and an add-on a line only where one has it."""
    many = tuple(Tier(up_to=None if bound == 999 else Decimal(bound)) for bound in range(1, 1000))
    graduated, volume = a_meter(GraduatedPrice(tiers=many), meter="a"), a_meter(VolumePrice(tiers=many), meter="b")
    check_lines(a_plan(metered=[graduated, volume], addons=[a_fee("1")]))
    with pytest.raises(InvalidInput, match=r"usage: expected at most 1,000 graduated tiers.*, got '1,001'"):
        check_lines(a_plan(metered=[graduated, volume], fees=[a_fee("1")]))
