"""Exact arithmetic: nothing is rounded unless it is asked for, once."""

from decimal import Decimal, Inexact, InvalidOperation, getcontext

import pytest

from billing.domain.exact import divide, plus, times, total
from billing.domain.money import Rounding

LONG = Decimal("123456789012345678.123456789012")  # 18 + 12 digits, the most that input may have


def test_a_product_of_the_longest_numbers_keeps_every_digit() -> None:
    # (10**18 - 1 + 0.5) squared needs 38 digits, ten more than Python's default context keeps
    number = Decimal("999999999999999999.5")
    assert times(number, number) == Decimal("999999999999999999000000000000000000.25")


def test_a_sum_of_far_apart_numbers_keeps_every_digit() -> None:
    assert plus(Decimal(10) ** 30, Decimal("0.000000000001")) == Decimal("1000000000000000000000000000000.000000000001")


def test_a_total_is_exact_and_leaves_the_callers_context_alone() -> None:
    before = getcontext().prec
    assert total([Decimal(10) ** 30, Decimal("0.1"), Decimal("0.2")]) == Decimal("1000000000000000000000000000000.3")
    assert getcontext().prec == before


def test_the_total_of_nothing_is_zero() -> None:
    assert total([]) == 0


def test_arithmetic_that_cannot_be_exact_fails_instead_of_rounding() -> None:
    with pytest.raises(Inexact):
        plus(Decimal(10) ** 200, Decimal("0.1"))


def test_a_total_that_cannot_be_exact_fails_too() -> None:
    with pytest.raises(Inexact):
        total([Decimal(10) ** 200, Decimal("0.1")])


def test_infinity_less_infinity_fails_instead_of_becoming_not_a_number() -> None:
    with pytest.raises(InvalidOperation):
        plus(Decimal("Infinity"), Decimal("-Infinity"))


@pytest.mark.parametrize(
    ("numerator", "denominator", "half_up", "half_even"),
    [
        (7, 2, 4, 4),  # 3.5: both to 4
        (5, 2, 3, 2),  # 2.5: away from zero, or to the even 2
        (-5, 2, -3, -2),
        (5, -2, -3, -2),
        (-5, -2, 3, 2),
        (1, 3, 0, 0),
        (2, 3, 1, 1),
        (-2, 3, -1, -1),
        (6, 3, 2, 2),
        (0, 7, 0, 0),
    ],
)
def test_a_quotient_is_rounded_once_and_ties_follow_the_setting(
    numerator: int, denominator: int, half_up: int, half_even: int
) -> None:
    assert divide(numerator, denominator, rounding=Rounding.HALF_UP) == half_up
    assert divide(numerator, denominator, rounding=Rounding.HALF_EVEN) == half_even


def test_the_longest_price_times_the_longest_quantity_is_exact() -> None:
    # checked with whole numbers: both have twelve decimals, so the product has 24
    scaled = 123456789012345678123456789012
    assert times(LONG, LONG) == Decimal(f"{scaled * scaled}E-24")
