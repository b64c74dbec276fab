"""What holds of every tax breakdown, whatever the lines."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from billing.domain.money import Rounding
from billing.domain.tax import TaxableLine, TaxCategory, TaxLine, TaxRate, TaxTreatment, net_total, tax_lines, total_tax

amounts = st.integers(min_value=-(10**9), max_value=10**9)
roundings = st.sampled_from(Rounding)
currencies = st.sampled_from(["EUR", "JPY", "BHD", "CLF"])
percents = st.one_of(
    st.sampled_from([Decimal(text) for text in ("0", "4", "6.25", "8.875", "19", "25.5", "100")]),
    st.decimals(min_value=0, max_value=100, places=4),
)


def vat(percent: Decimal) -> TaxTreatment:
    rate = TaxRate(country="DE", name="VAT", percent=percent)
    return TaxTreatment(category=TaxCategory.STANDARD if percent else TaxCategory.ZERO, rates=(rate,))


CITY, STATE = [
    TaxRate(country="US", state="NY", name=name, percent=Decimal(percent))
    for name, percent in [("City", "4.875"), ("State", "4")]
]
treatments = st.sampled_from(
    [
        vat(Decimal(19)),
        vat(Decimal(7)),
        vat(Decimal(0)),
        TaxTreatment(category=TaxCategory.STANDARD, rates=(CITY, STATE)),
        TaxTreatment(category=TaxCategory.STANDARD, rates=(STATE,)),
        TaxTreatment(category=TaxCategory.EXEMPT, note="school"),
        TaxTreatment(category=TaxCategory.REVERSE_CHARGE, note="Art. 196"),
        TaxTreatment(category=TaxCategory.OUTSIDE),
    ]
)
lines_of_all_kinds = st.lists(
    st.builds(TaxableLine, amount=amounts, inclusive=st.booleans(), treatment=treatments), max_size=12
)


def lines(values: Sequence[int], *, percent: Decimal, inclusive: bool) -> list[TaxableLine]:
    return [TaxableLine(amount=value, inclusive=inclusive, treatment=vat(percent)) for value in values]


def rounded(exact: Fraction, *, rounding: Rounding) -> int:
    """The nearest integer, told apart from the code under test by fractions and a search of the two neighbours."""
    below = exact.numerator // exact.denominator
    nearest = min((below, below + 1), key=lambda whole: abs(whole - exact))
    if exact - below != Fraction(1, 2):
        return nearest
    if rounding is Rounding.HALF_EVEN:
        return below + below % 2
    return max(below, below + 1, key=abs)


@given(st.lists(amounts, min_size=1, max_size=8), percents, currencies, roundings)
def test_the_tax_of_a_rate_is_the_rounded_tax_of_the_sum_of_its_lines(
    values: list[int], percent: Decimal, currency: str, rounding: Rounding
) -> None:
    (line,) = tax_lines(lines(values, percent=percent, inclusive=False), currency=currency, rounding=rounding)
    assert line.base == sum(values)
    assert line.tax == rounded(sum(values) * Fraction(percent) / 100, rounding=rounding)


@given(st.lists(amounts, min_size=1, max_size=8), percents, currencies, roundings)
def test_base_and_tax_of_inclusive_prices_are_what_was_asked_for(
    values: list[int], percent: Decimal, currency: str, rounding: Rounding
) -> None:
    (line,) = tax_lines(lines(values, percent=percent, inclusive=True), currency=currency, rounding=rounding)
    assert line.base + line.tax == sum(values)
    assert line.tax == rounded(sum(values) * Fraction(percent) / (100 + Fraction(percent)), rounding=rounding)


@given(lines_of_all_kinds, st.integers(min_value=0), amounts, roundings)
def test_splitting_a_line_never_changes_the_tax(
    given_lines: list[TaxableLine], which: int, part: int, rounding: Rounding
) -> None:
    assume(given_lines)
    which %= len(given_lines)
    whole = given_lines[which]
    halves = [
        TaxableLine(amount=amount, inclusive=whole.inclusive, treatment=whole.treatment)
        for amount in (part, whole.amount - part)
    ]
    split = given_lines[:which] + halves + given_lines[which + 1 :]
    assert tax_lines(split, currency="EUR", rounding=rounding) == tax_lines(
        given_lines, currency="EUR", rounding=rounding
    )
    assert net_total(split, rounding=rounding) == net_total(given_lines, rounding=rounding)


@given(lines_of_all_kinds, roundings)
def test_the_opposite_lines_bear_the_opposite_tax(given_lines: list[TaxableLine], rounding: Rounding) -> None:
    opposite = [
        TaxableLine(amount=-line.amount, inclusive=line.inclusive, treatment=line.treatment) for line in given_lines
    ]
    assert [(line.base, line.tax) for line in tax_lines(opposite, currency="EUR", rounding=rounding)] == [
        (-line.base, -line.tax) for line in tax_lines(given_lines, currency="EUR", rounding=rounding)
    ]


@given(lines_of_all_kinds, st.randoms(use_true_random=False), roundings)
def test_the_order_of_the_lines_does_not_matter(
    given_lines: list[TaxableLine], random: Random, rounding: Rounding
) -> None:
    shuffled = list(given_lines)
    random.shuffle(shuffled)
    assert tax_lines(shuffled, currency="EUR", rounding=rounding) == tax_lines(
        given_lines, currency="EUR", rounding=rounding
    )


@given(lines_of_all_kinds, roundings)
def test_a_category_and_rate_is_listed_once(given_lines: list[TaxableLine], rounding: Rounding) -> None:
    found = tax_lines(given_lines, currency="EUR", rounding=rounding)
    keys = [(line.category, line.country, line.state, line.name, line.percent, line.note) for line in found]
    assert len(set(keys)) == len(keys)


@given(lines_of_all_kinds, roundings)
def test_net_and_tax_are_the_amounts_and_the_tax_that_was_added_to_exclusive_ones(
    given_lines: list[TaxableLine], rounding: Rounding
) -> None:
    asked = sum(line.amount for line in given_lines)
    exclusive = [line for line in given_lines if not line.inclusive]
    added = total_tax(tax_lines(exclusive, currency="EUR", rounding=rounding))
    taxes = tax_lines(given_lines, currency="EUR", rounding=rounding)
    assert net_total(given_lines, rounding=rounding) + total_tax(taxes) == asked + added


@given(lines_of_all_kinds, roundings)
def test_what_is_not_taxed_bears_no_tax(given_lines: list[TaxableLine], rounding: Rounding) -> None:
    def untaxed(line: TaxLine) -> bool:
        return line.category is not TaxCategory.STANDARD

    for line in tax_lines(given_lines, currency="EUR", rounding=rounding):
        assert not (untaxed(line) and line.tax)
        assert untaxed(line) == (line.percent == 0)
