"""Every price model at, just below and just above its bounds. Amounts are in cents, worked out beside each case."""

from decimal import Decimal

import pytest

from billing.domain.catalog import GraduatedPrice, PackagePrice, PerUnitPrice, StairstepPrice, UsagePrice, VolumePrice
from billing.domain.errors import InvalidInput
from billing.domain.explanation import PackageStep, TierStep, amount_of
from billing.domain.money import Rounding
from billing.domain.rating import RatedPart, rate, zero_part
from tests.builders import API_CALLS, a_meter, tiers

GRADUATED = GraduatedPrice(tiers=tiers(("100", "0.50"), ("200", "0.40"), (None, "0.30")))
VOLUME = VolumePrice(tiers=tiers(("100", "0.50"), ("200", "0.40"), (None, "0.30")))
STAIRSTEP = StairstepPrice(tiers=tiers(("100", "0", "10"), ("200", "0", "18"), (None, "0", "25")))
WITH_FEES = GraduatedPrice(tiers=tiers(("100", "0.50", "10"), ("200", "0.40", "5"), (None, "0.30")))
VOLUME_WITH_FEES = VolumePrice(tiers=tiers(("100", "0.50", "10"), (None, "0.40", "5")))


def parts(price: UsagePrice | str, usage: str) -> list[tuple[str, int]]:
    """Quantity and cents of each line."""
    return [(f"{part.quantity.normalize():f}", cents(part)) for part in rate(a_meter(price), Decimal(usage))]


def cents(part: RatedPart) -> int:
    return amount_of(part.step, "USD", rounding=Rounding.HALF_UP)


# Per unit


def test_per_unit_is_quantity_times_price_rounded_once() -> None:
    assert parts("0.005", "333") == [("333", 167)]  # 1.665 -> 1.67


def test_per_unit_without_usage_has_no_line() -> None:
    assert parts("0.005", "0") == []


def test_a_per_unit_line_bears_the_meters_name_alone() -> None:
    (part,) = rate(a_meter("2"), Decimal(3))
    assert (part.description, part.unit_price) == ("Calls", Decimal(2))


# Graduated: each tier prices only the units inside it


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ("0", []),
        ("0.5", [("0.5", 25)]),  # 0.5 x 0.50
        ("99.999", [("99.999", 5000)]),  # 49.9995 -> 50.00
        ("100", [("100", 5000)]),  # the bound belongs to the tier
        ("100.5", [("100", 5000), ("0.5", 20)]),  # 0.5 x 0.40
        ("101", [("100", 5000), ("1", 40)]),
        ("200", [("100", 5000), ("100", 4000)]),
        ("201", [("100", 5000), ("100", 4000), ("1", 30)]),
        ("1000", [("100", 5000), ("100", 4000), ("800", 24000)]),
    ],
)
def test_graduated_usage_fills_one_tier_after_another(usage: str, expected: list[tuple[str, int]]) -> None:
    assert parts(GRADUATED, usage) == expected


def test_the_sample_month_of_247891_calls() -> None:
    # 10,000 free; 90,000 x 0.001 = 90.00; 147,891 x 0.0005 = 73.9455 -> 73.95
    found = [
        (part.description, part.quantity, part.unit_price, cents(part)) for part in rate(API_CALLS, Decimal(247_891))
    ]
    assert found == [
        ("API calls - Free tier", Decimal(10_000), Decimal(0), 0),
        ("API calls - Standard tier", Decimal(90_000), Decimal("0.001"), 9000),
        ("API calls - Volume tier", Decimal(147_891), Decimal("0.0005"), 7395),
    ]


def test_tiers_without_a_name_are_numbered() -> None:
    names = [part.description for part in rate(a_meter(GRADUATED), Decimal(500))]
    assert names == ["Calls - tier 1", "Calls - tier 2", "Calls - tier 3"]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ("0", [("0", 1000)]),  # the first tier's fee is owed without any usage
        ("1", [("1", 1050)]),  # 10 + 0.50
        ("100", [("100", 6000)]),  # 10 + 50
        ("101", [("100", 6000), ("1", 540)]),  # the second tier's fee with its first unit: 5 + 0.40
        ("201", [("100", 6000), ("100", 4500), ("1", 30)]),
    ],
)
def test_a_flat_fee_is_owed_by_each_tier_that_is_reached(usage: str, expected: list[tuple[str, int]]) -> None:
    assert parts(WITH_FEES, usage) == expected


# Volume: the tier that the total falls in prices all units


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ("0", []),
        ("1", [("1", 50)]),
        ("100", [("100", 5000)]),
        ("100.5", [("100.5", 4020)]),  # 100.5 x 0.40: just above the bound the whole total is cheaper
        ("101", [("101", 4040)]),
        ("200", [("200", 8000)]),
        ("201", [("201", 6030)]),
    ],
)
def test_volume_prices_all_units_by_the_tier_of_the_total(usage: str, expected: list[tuple[str, int]]) -> None:
    assert parts(VOLUME, usage) == expected


@pytest.mark.parametrize(
    ("usage", "expected"),
    [("0", [("0", 1000)]), ("100", [("100", 6000)]), ("101", [("101", 4540)])],  # 101 x 0.40 + 5
)
def test_volume_adds_the_flat_fee_of_the_one_tier(usage: str, expected: list[tuple[str, int]]) -> None:
    assert parts(VOLUME_WITH_FEES, usage) == expected


# Stairstep: the tier's flat fee, whatever the number of units


@pytest.mark.parametrize(
    ("usage", "fee"), [("0", 1000), ("1", 1000), ("100", 1000), ("100.01", 1800), ("200", 1800), ("201", 2500)]
)
def test_a_stairstep_costs_the_fee_of_the_step_reached(usage: str, fee: int) -> None:
    assert parts(STAIRSTEP, usage) == [("1", fee)]


def test_a_stairstep_line_shows_one_fee_and_explains_the_usage() -> None:
    (part,) = rate(a_meter(STAIRSTEP), Decimal(150))
    assert (part.quantity, part.unit_price) == (Decimal(1), Decimal(18))
    assert isinstance(part.step, TierStep)
    assert (part.step.model, part.step.usage, part.step.up_to) == ("stairstep", Decimal(150), Decimal(200))


def test_a_stairstep_whose_first_step_is_free_has_no_line_without_usage() -> None:
    free = StairstepPrice(tiers=tiers(("100", "0", "0"), (None, "0", "25")))
    assert parts(free, "0") == []
    assert parts(free, "1") == [("1", 0)]


# Package: per started block


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ("0", []),
        ("0.001", [("1", 500)]),
        ("1", [("1", 500)]),
        ("1000", [("1", 500)]),
        ("1000.5", [("2", 1000)]),
        ("1001", [("2", 1000)]),
        ("2000", [("2", 1000)]),
    ],
)
def test_every_started_package_is_owed(usage: str, expected: list[tuple[str, int]]) -> None:
    assert parts(PackagePrice(size=Decimal(1000), unit_price=Decimal(5)), usage) == expected


def test_a_package_line_names_its_size() -> None:
    (part,) = rate(a_meter(PackagePrice(size=Decimal("2500.5"), unit_price=Decimal(5))), Decimal(1))
    assert part.description == "Calls - per started 2,500.5"
    assert isinstance(part.step, PackageStep)


# What has no price


@pytest.mark.parametrize("usage", ["-1", "-0.000000000001", "NaN", "sNaN", "Infinity"])
def test_a_quantity_below_zero_or_no_number_is_refused_with_its_meter(usage: str) -> None:
    with pytest.raises(InvalidInput, match=r"usage\.calls: expected 0 or more"):
        rate(a_meter("1"), Decimal(usage))


@pytest.mark.parametrize(
    ("price", "shown"),
    [
        (PerUnitPrice(unit_price=Decimal("0.5")), ("Calls", "0", "0.5")),
        (GRADUATED, ("Calls - tier 1", "0", "0.50")),
        (VOLUME, ("Calls - tier 1", "0", "0.50")),
        (PackagePrice(size=Decimal(10), unit_price=Decimal(5)), ("Calls - per started 10", "0", "5")),
        (
            StairstepPrice(tiers=tiers(("100", "0", "0"), (None, "0", "25"))),
            ("Calls - tier 1", "1", "0"),  # one step, which is free
        ),
    ],
)
def test_the_line_of_a_month_without_usage_comes_to_nothing(price: UsagePrice, shown: tuple[str, str, str]) -> None:
    part = zero_part(a_meter(price))
    assert (part.description, str(part.quantity), str(part.unit_price)) == shown
    assert cents(part) == 0
