"""Figures of reports: rounded once, growth in tenths of a per cent, shares that add up."""

from decimal import Decimal
from fractions import Fraction

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.growth import growth_percent, minor_of, shares


@pytest.mark.parametrize(
    ("now", "before", "percent"),
    [
        (105, 100, "5.0"),
        (50, 100, "-50.0"),
        (0, 100, "-100.0"),
        (2001, 2000, "0.1"),  # 0.05: a tie goes away from zero
        (1999, 2000, "-0.1"),
        (14_892, 13_758, "8.2"),  # 1,134 / 13,758 = 0.08242...
        (Fraction(4, 3), Fraction(1, 3), "300.0"),
    ],
)
def test_growth_is_what_came_on_top_in_tenths_of_a_per_cent(
    now: Fraction | int, before: Fraction | int, percent: str
) -> None:
    assert growth_percent(now, before=before) == Decimal(percent)


@pytest.mark.parametrize("before", [0, -1])
def test_nothing_grows_out_of_nothing(before: int) -> None:
    assert growth_percent(100, before=before) is None


def test_shares_are_those_of_the_source_document() -> None:
    # $8,200 outstanding: 85% current, 12% under 30 days, 3% over 30 days
    assert shares([6_970_00, 984_00, 246_00]) == (Decimal("85.0"), Decimal("12.0"), Decimal("3.0"))


def test_shares_add_up_to_a_hundred_by_the_largest_remainder() -> None:
    assert shares([1, 1, 1]) == (Decimal("33.4"), Decimal("33.3"), Decimal("33.3"))
    assert sum(shares([7, 11, 13, 17])) == 100


def test_nothing_has_no_shares() -> None:
    assert shares([0, 0]) == (Decimal(0), Decimal(0))


def test_an_amount_below_zero_has_no_share() -> None:
    with pytest.raises(InvalidInput, match="weights"):
        shares([5, -1])


def test_a_sum_is_rounded_half_up_to_the_currency_s_minor_unit() -> None:
    assert minor_of(Fraction("10.005"), "USD") == 1001
    assert minor_of(Fraction(130), "JPY") == 130
    assert minor_of(Fraction(1, 3), "BHD") == 333
    assert minor_of(Fraction("-0.005"), "USD") == -1
