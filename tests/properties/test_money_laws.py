"""Laws of money, each against a computation in whole numbers or fractions that shares no code with the product."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.money import Money, Rounding, allocate, parse_decimal, to_minor

laws = settings(deadline=None)

DECIMALS = {"JPY": 0, "USD": 2, "BHD": 3, "CLF": 4}
currencies = st.sampled_from(sorted(DECIMALS))
amounts = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places),
    st.integers(-(10**27), 10**27),
    st.integers(0, 14),
)
long_amounts = st.builds(
    lambda sign, whole, fraction: Decimal(f"{sign}{whole}.{fraction:040}"),
    st.sampled_from(["", "-"]),
    st.integers(0, 10**60),
    st.integers(0, 10**40 - 1) | st.sampled_from([5 * 10**39, 5 * 10**37, 5 * 10**37 - 1, 5 * 10**37 + 1]),
)
weights = st.lists(
    st.integers(0, 10**9) | st.decimals(0, 10**6, places=6, allow_nan=False), min_size=1, max_size=12
).filter(any)


def minor_units(amount: Decimal, currency: str) -> Fraction:
    return Fraction(amount) * 10 ** DECIMALS[currency]


@laws
@given(amounts | long_amounts, currencies)
def test_half_up_adds_a_half_to_the_size_and_cuts(amount: Decimal, currency: str) -> None:
    exact = minor_units(amount, currency)
    size = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    assert to_minor(amount, currency) == (size if exact >= 0 else -size)


@laws
@given(amounts | long_amounts, currencies)
def test_half_even_is_what_fractions_round_to(amount: Decimal, currency: str) -> None:
    assert to_minor(amount, currency, rounding=Rounding.HALF_EVEN) == round(minor_units(amount, currency))


@laws
@given(amounts | long_amounts, currencies, st.sampled_from(Rounding))
def test_rounding_a_negative_mirrors_the_positive(amount: Decimal, currency: str, rounding: Rounding) -> None:
    mirrored = amount.copy_negate()
    assert to_minor(mirrored, currency, rounding=rounding) == -to_minor(amount, currency, rounding=rounding)


@laws
@given(st.integers(), currencies)
def test_an_amount_in_major_units_comes_back_as_the_same_money(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.of(money.amount, currency) == money
    assert money.amount.as_tuple().exponent == -DECIMALS[currency]


@laws
@given(st.integers(), st.integers(), currencies)
def test_subtracting_undoes_adding(one: int, other: int, currency: str) -> None:
    assert Money(one, currency) + Money(other, currency) - Money(other, currency) == Money(one, currency)
    assert Money(one, currency) + -Money(one, currency) == Money.zero(currency)


@laws
@given(st.integers(-(10**15), 10**15), weights)
def test_the_parts_add_up_and_each_is_within_one_of_exact(total: int, weights: list[int | Decimal]) -> None:
    parts = allocate(total, weights)
    whole = sum(Fraction(weight) for weight in weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * Fraction(weight) / whole) < 1


@laws
@given(st.integers(-(10**15), 10**15), weights)
def test_splitting_a_negative_total_mirrors_the_positive(total: int, weights: list[int | Decimal]) -> None:
    assert allocate(-total, weights) == tuple(-part for part in allocate(total, weights))


@laws
@given(st.integers(0, 10**15), st.integers(1, 50))
def test_equal_weights_give_parts_that_fall_by_one_at_most(total: int, count: int) -> None:
    parts = allocate(total, [1] * count)
    assert parts[0] - parts[-1] in (0, 1)
    assert all(earlier >= later for earlier, later in pairwise(parts))


@laws
@given(st.integers(-(10**18) + 1, 10**18 - 1), st.integers(0, 10**12 - 1))
def test_a_decimal_within_the_limits_is_read_without_loss(whole: int, fraction: int) -> None:
    text = f"{whole}.{fraction:012}"
    read = parse_decimal(text, field="price")
    distance = Fraction(fraction, 10**12)
    assert Fraction(read) == (whole + distance if whole >= 0 else whole - distance)
    assert f"{read:f}" == text
