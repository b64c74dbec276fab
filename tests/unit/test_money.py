"""Money, worked out by hand; exponents are those of ISO 4217's list one."""

from decimal import ROUND_DOWN, Decimal, localcontext

import pytest

from billing.domain.currency import UnknownCurrency, exponent
from billing.domain.errors import InvalidInput
from billing.domain.money import CurrencyMismatch, Money, Rounding, allocate, parse_decimal, to_minor


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("JPY", 0), ("ISK", 0), ("USD", 2), ("EUR", 2), ("MGA", 2), ("BHD", 3), ("TND", 3), ("CLF", 4), ("UYW", 4)],
)
def test_a_currency_has_the_decimals_of_its_standard(currency: str, decimals: int) -> None:
    assert exponent(currency) == decimals


@pytest.mark.parametrize("code", ["usd", "US", "USDT", "", "XXX", "XAU", "DEM", None, 840, ["USD"]])
def test_what_is_no_billable_currency_code_is_refused_by_name(code: str) -> None:
    with pytest.raises(UnknownCurrency, match="currency: expected an ISO 4217 code") as refusal:
        Money(1, code)
    assert refusal.value.code == "unknown_currency"
    assert refusal.value.given == code


@pytest.mark.parametrize("minor", [1.0, True, Decimal(1), "1", None])
def test_minor_units_are_whole_numbers_and_nothing_else(minor: int) -> None:
    with pytest.raises(InvalidInput, match="minor: expected a whole number of minor units"):
        Money(minor, "USD")


def test_amounts_of_one_currency_add_subtract_and_negate() -> None:
    assert Money(26295, "USD") + Money(4996, "USD") == Money(31291, "USD")
    assert Money(26295, "USD") - Money(31291, "USD") == Money(-4996, "USD")
    assert -Money(41236, "USD") == Money(-41236, "USD")


def test_a_sum_starts_from_the_zero_of_its_currency() -> None:
    parts = [Money(0, "EUR"), Money(9000, "EUR"), Money(7395, "EUR"), Money(9900, "EUR")]
    assert sum(parts, Money.zero("EUR")) == Money(26295, "EUR")
    assert sum([], Money.zero("EUR")) == Money(0, "EUR")


def test_amounts_of_one_currency_are_ordered_by_size() -> None:
    small, large = Money(-5, "USD"), Money(3, "USD")
    assert small < large
    assert large > small
    assert small <= Money(-5, "USD")
    assert large >= Money(3, "USD")
    assert not large < small
    assert max([small, large]) == large


def test_mixing_two_currencies_is_refused_and_names_both_amounts() -> None:
    dollar, euro = Money(100, "USD"), Money(250, "EUR")
    with pytest.raises(CurrencyMismatch, match=r"expected USD as in 1.00 USD, got '2.50 EUR'") as refusal:
        dollar + euro
    assert refusal.value.code == "currency_mismatch"
    with pytest.raises(CurrencyMismatch):
        dollar - euro
    with pytest.raises(CurrencyMismatch):
        assert dollar < euro
    with pytest.raises(CurrencyMismatch):
        assert dollar >= euro


def test_equal_numbers_of_two_currencies_are_not_equal() -> None:
    assert Money(100, "USD") != Money(100, "EUR")


@pytest.mark.parametrize(
    ("money", "amount", "text"),
    [
        (Money(31291, "USD"), "312.91", "312.91 USD"),
        (Money(26290, "USD"), "262.90", "262.90 USD"),
        (Money(0, "EUR"), "0.00", "0.00 EUR"),
        (Money(-5, "EUR"), "-0.05", "-0.05 EUR"),
        (Money(1200, "JPY"), "1200", "1200 JPY"),
        (Money(1, "BHD"), "0.001", "0.001 BHD"),
        (Money(-1, "CLF"), "-0.0001", "-0.0001 CLF"),
        (Money(10**40, "USD"), "1" + "0" * 38 + ".00", "1" + "0" * 38 + ".00 USD"),
    ],
)
def test_an_amount_shows_exactly_its_currencys_decimals(money: Money, amount: str, text: str) -> None:
    assert str(money.amount) == amount
    assert str(money) == text


@pytest.mark.parametrize(
    ("amount", "currency", "half_up", "half_even"),
    [
        ("2.675", "USD", 268, 268),
        ("2.665", "USD", 267, 266),
        ("-2.675", "USD", -268, -268),
        ("-2.665", "USD", -267, -266),
        ("2.6649999999999999999999999999999999999", "USD", 266, 266),
        ("2.6650000000000000000000000000000000001", "USD", 267, 267),
        ("0.005", "EUR", 1, 0),
        ("-0.005", "EUR", -1, 0),
        ("-0.0049", "EUR", 0, 0),
        ("1E+3", "EUR", 100_000, 100_000),
        ("0.5", "JPY", 1, 0),
        ("1.5", "JPY", 2, 2),
        ("1.0005", "BHD", 1001, 1000),
        ("0.00025", "CLF", 3, 2),
        ("73.95", "USD", 7395, 7395),
    ],
)
def test_a_tie_goes_away_from_zero_or_to_the_even_neighbour(
    amount: str, currency: str, half_up: int, half_even: int
) -> None:
    assert to_minor(Decimal(amount), currency) == half_up
    assert to_minor(Decimal(amount), currency, rounding=Rounding.HALF_EVEN) == half_even


def test_rounding_is_exact_far_beyond_the_28_digits_of_a_default_decimal() -> None:
    assert to_minor(Decimal("123456789012345678901234567890123456789.125"), "USD") == int(
        "12345678901234567890123456789012345678913"
    )


def test_rounding_does_not_depend_on_the_callers_decimal_settings() -> None:
    with localcontext(prec=3, rounding=ROUND_DOWN):
        assert to_minor(Decimal("12345.675"), "USD") == 1_234_568
        assert str(Money(1_234_568, "USD").amount) == "12345.68"


def test_an_amount_in_major_units_is_rounded_once_when_it_becomes_money() -> None:
    assert Money.of(Decimal("49.9605"), "USD") == Money(4996, "USD")
    assert Money.of(Decimal("0.125"), "USD", rounding=Rounding.HALF_EVEN) == Money(12, "USD")


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_never_becomes_money(amount: str) -> None:
    with pytest.raises(InvalidInput, match="amount: expected a finite decimal"):
        to_minor(Decimal(amount), "USD")


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], (34, 33, 33)),
        (200, [1, 1, 1], (67, 67, 66)),
        (-100, [1, 1, 1], (-34, -33, -33)),
        # of 10: 1.428.., 2.857.., 5.714.. -> 1, 2, 5 and two units left for the fractions .857 and .714
        (10, [1, 2, 4], (1, 3, 6)),
        # of 5: 2.5 and 2.5 -> a tie, and the earlier part takes the unit
        (5, [1, 1], (3, 2)),
        (100, [Decimal("0.1"), Decimal("0.2"), 0], (33, 67, 0)),
        (0, [3, 4], (0, 0)),
        (7, [5], (7,)),
        (1, [0, Decimal("0.000000000001")], (0, 1)),
        (2, [Decimal("1E+30"), Decimal("1E-30")], (2, 0)),
    ],
)
def test_a_total_is_split_by_largest_remainder(
    total: int, weights: list[int | Decimal], parts: tuple[int, ...]
) -> None:
    assert allocate(total, weights) == parts


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ([], "at least one weight above 0"),
        ([0, Decimal("0.0")], "at least one weight above 0"),
        ([3, -1], "weights of 0 or more"),
        ([Decimal("-0.1")], "weights of 0 or more"),
        ([1, Decimal("NaN")], "finite weights"),
        ([1, Decimal("Infinity")], "finite weights"),
    ],
)
def test_weights_that_name_no_share_are_refused(weights: list[int | Decimal], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=f"weights: expected {sentence}"):
        allocate(100, weights)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("12.50", "12.50"),
        ("+7", "7"),
        ("-0.001", "-0.001"),
        (".5", "0.5"),
        ("1E-12", "1E-12"),
        ("1e3", "1000"),
        ("1E+17", "100000000000000000"),
        ("123456789012345678.123456789012", "123456789012345678.123456789012"),
        ("-0", "0"),
        ("-0.00", "0.00"),
        (42, "42"),
        (-(10**17), "-100000000000000000"),
        (Decimal("0.0005"), "0.0005"),
    ],
)
def test_a_decimal_is_read_exactly_as_written(given: object, kept: str) -> None:
    assert str(parse_decimal(given, field="price")) == kept


@pytest.mark.parametrize(
    "given",
    [
        12.5, True, None, "", " 1", "1 ", "1,5", "1_000", "12.", ".", "0x10", "1e", "1E-1000", "NaN", "sNaN",
        "Infinity", "-inf", "٣", "１", "1\n", "--1", "0" * 65, b"1", ["1"], Decimal("NaN"), Decimal("-Infinity"),
    ],
)  # fmt: skip
def test_what_is_not_an_exact_decimal_is_refused_with_its_field(given: object) -> None:
    with pytest.raises(InvalidInput, match=r"plan\.price: expected an exact decimal as text such as") as refusal:
        parse_decimal(given, field="plan.price")
    assert refusal.value.field == "plan.price"


@pytest.mark.parametrize(
    "given",
    ["1000000000000000000", "1E+18", "-1E+18", "1E+999", "0E+999", 10**18, pytest.param(10**5000, id="5001 digits")],
)
def test_more_than_18_digits_before_the_point_are_refused(given: object) -> None:
    with pytest.raises(InvalidInput, match="quantity: expected at most 18 digits before the point"):
        parse_decimal(given, field="quantity")


@pytest.mark.parametrize("given", ["0.0000000000001", "1.0000000000000", "1E-13", "0E-999", Decimal("1E-13")])
def test_more_than_12_decimals_are_refused(given: object) -> None:
    with pytest.raises(InvalidInput, match="price: expected at most 12 decimals"):
        parse_decimal(given, field="price")


def test_the_limit_of_decimals_can_be_tighter() -> None:
    assert parse_decimal("99.99", field="rate", max_places=2) == Decimal("99.99")
    with pytest.raises(InvalidInput, match="rate: expected at most 2 decimals, got '9.999'"):
        parse_decimal("9.999", field="rate", max_places=2)


def test_a_minimum_is_itself_allowed_and_less_is_refused() -> None:
    assert parse_decimal("0", field="quantity", min=Decimal(0)) == 0
    with pytest.raises(InvalidInput, match="quantity: expected 0 or more, got '-0.001'"):
        parse_decimal("-0.001", field="quantity", min=Decimal(0))
