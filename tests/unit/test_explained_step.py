"""An invoice explained: each kind of step in words and numbers, worked out by hand, and what does not come out."""

from decimal import Decimal
from fractions import Fraction

import pytest

from billing.domain.calculation import exact_text
from billing.domain.explained_step import explain_step
from billing.domain.explanation import (
    CommitmentStep,
    CreditStep,
    DiscountStep,
    FlatStep,
    LateUsageStep,
    PackageStep,
    ProrationStep,
    Step,
    TierStep,
)
from billing.domain.money import Rounding


def tier(
    usage: str, *, quantity: str, price: str, above: str = "0", model: str = "graduated", fee: str = "0"
) -> TierStep:
    return TierStep(
        model=model,
        meter="calls",
        usage=Decimal(usage),
        above=Decimal(above),
        up_to=None,
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        flat_fee=Decimal(fee),
    )


def worded(step: Step, *, rounding: Rounding = Rounding.HALF_UP) -> list[str]:
    """Everything that is said of a step, a sentence each."""
    said = explain_step(step, "USD", rounding=rounding)
    figures = [f"{each.text} = {each.exact}" + f", {each.rounding}" * bool(each.rounding) for each in said.calculations]
    return [*said.facts, *figures, *([said.conclusion] if said.conclusion else [])]


def test_a_tier_says_which_part_of_the_usage_it_prices() -> None:
    # 247,891 - 100,000 = 147,891; x 0.0005 = 73.9455
    usage, figures = worded(tier("247891", above="100000", quantity="147891", price="0.0005"))
    assert usage.startswith("Usage 247,891 calls; each tier prices the units inside it. This tier: above 100,000 ")
    assert usage.endswith(" without end, 147,891 units.")
    assert figures == ("147,891 × 0.0005 = 73.9455, rounded half up to 73.95")


def test_a_price_without_tiers_speaks_of_none_and_a_fee_is_added_before_rounding() -> None:
    assert worded(tier("3", quantity="3", price="0.0015", model="per_unit", fee="0.0005")) == [
        "Usage 3 calls; every unit at one price.",
        "3 × 0.0015 + fee 0.0005 = 0.005, rounded half up to 0.01",
    ]


def test_packages_say_how_many_were_started() -> None:
    step = PackageStep(
        meter="calls", usage=Decimal(2500), size=Decimal(1000), quantity=Decimal(3), unit_price=Decimal(2)
    )
    assert worded(step) == ["Usage 2,500 calls, in started blocks of 1,000: 3 of them.", "3 × 2.00 = 6.00"]


def test_a_proration_says_its_days_and_what_brings_the_full_price_down() -> None:
    # 99 x 11/28 = 38.892857...; 38.89 - 99.00
    assert worded(ProrationStep(price=Decimal(99), active=11, whole=28, unit="day")) == [
        "Active 11 of 28 days; the line above is the full price.",
        "99.00 × 11 ÷ 28 = 38.892857…, rounded half up to 38.89",
        "38.89 - 99.00 = -60.11",
    ]


def test_a_tie_says_which_way_it_went() -> None:
    step = FlatStep(quantity=Decimal(1), unit_price=Decimal("0.125"))
    assert worded(step, rounding=Rounding.HALF_EVEN) == ["1 × 0.125 = 0.125, rounded half to even to 0.12"]
    assert worded(step) == ["1 × 0.125 = 0.125, rounded half up to 0.13"]


def test_a_credit_says_what_was_billed_ahead_and_what_of_it_was_used() -> None:
    step = CreditStep(invoice_id="sub-1.x.r0", price=Decimal(31), billed=3_100, used=10, whole=31, unit="day")
    assert worded(step) == [
        "Billed ahead on sub-1.x.r0: 31.00.",
        "Used 10 of 31 days.",
        "31.00 × 10 ÷ 31 = 10.00",
        "10.00 - 31.00, at most 0 = -21.00",
    ]


def test_a_credit_for_what_a_coupon_had_lowered_gives_back_what_was_paid() -> None:
    # 21.00 of 31.00 are unused, 27.90 of 31.00 were paid: 21.00 x 27.90 / 31.00 = 18.90
    step = CreditStep(
        invoice_id="sub-1.x.r0", price=Decimal(31), billed=3_100, used=10, whole=31, unit="day", discount=310
    )
    assert worded(step) == [
        "Billed ahead on sub-1.x.r0: 31.00, of which coupons took off 3.10.",
        "Used 10 of 31 days.",
        "31.00 × 10 ÷ 31 = 10.00",
        "paid of it: 21.00 × 27.90 ÷ 31.00 = 18.90",
        "10.00 - 31.00, at most 0, less its share of the discount = -18.90",
    ]


def test_late_usage_shows_both_ratings() -> None:
    # 2,109 calls: 147,891 x 0.0005 = 73.9455 with them, 145,782 x 0.0005 = 72.891 without
    step = LateUsageStep(
        meter="calls",
        usage_before=Decimal(245_782),
        usage_after=Decimal(247_891),
        before=(tier("245782", above="100000", quantity="145782", price="0.0005"),),
        after=(tier("247891", above="100000", quantity="147891", price="0.0005"),),
    )
    assert worded(step) == [
        "Came after its period was invoiced, which had 245,782 calls.",
        "With it the period has 247,891.",
        "Priced as if it had come in time: the period rated with it less the period rated without it.",
        "with it: 147,891 × 0.0005 = 73.9455, rounded half up to 73.95",
        "without it: 145,782 × 0.0005 = 72.891, rounded half up to 72.89",
        "73.95 - 72.89 = 1.06",
    ]


def test_the_rest_of_a_period_names_the_bill_of_its_first_part() -> None:
    step = LateUsageStep(
        meter="calls",
        usage_before=Decimal(60),
        usage_after=Decimal(130),
        before=(tier("60", quantity="60", price="2", model="volume"),),
        after=(tier("130", quantity="130", price="0.5", model="volume"),),
        invoice_id="sub-1.20260501T000000Z.r0",
        is_rest=True,
    )
    assert worded(step) == [
        "sub-1.20260501T000000Z.r0 billed the first part of its period, which had 60 calls.",
        "With it the period has 130.",
        "Tiers and allowances go on from there: the period rated with it less the period rated without it.",
        "with it: 130 × 0.50 = 65.00",
        "without it: 60 × 2.00 = 120.00",
        "65.00 - 120.00 = -55.00",
    ]


def test_a_percentage_says_what_of_and_how_it_was_spread() -> None:
    # 10 % of 262.95 = 26.295 -> 26.30; by largest remainder 90.00 bears 9.00, 73.95 bears 7.40, 99.00 bears 9.90
    step = DiscountStep(coupon="TENTH", percent=Decimal(10), amount=None, weights=(9_000, 7_395, 9_900), own=(0, 2))
    assert worded(step) == [
        "Coupon TENTH: 10% off 3 lines, together 262.95.",
        "262.95 × 10% = 26.295, rounded half up to 26.30",
        "spread over them by largest remainder, 189.00 of 262.95 bear -18.90",
    ]


def test_an_amount_off_is_never_more_than_what_it_lowers() -> None:
    step = DiscountStep(coupon="FIFTY", percent=None, amount=5_000, weights=(3_100,), own=(0,))
    assert worded(step) == [
        "Coupon FIFTY: 50.00 off 1 line, together 31.00.",
        "the smaller of 50.00 and 31.00 = 31.00",
        "spread over them by largest remainder, 31.00 of 31.00 bear -31.00",
    ]


def test_a_commitment_says_what_was_charged_towards_it() -> None:
    whole = CommitmentStep(price=Decimal(500), charged=31_291)
    assert worded(whole) == [
        "Committed to at least 500.00 a period.",
        "500.00 = 500.00",
        "500.00 - 312.91 charged already, at least 0 = 187.09",
    ]
    # 500 x 11/28 = 196.428571...
    part = CommitmentStep(price=Decimal(500), charged=31_291, active=11, whole=28, unit="day")
    assert worded(part) == [
        "Committed to at least 500.00 a period for 11 of 28 days.",
        "500.00 × 11 ÷ 28 = 196.428571…, rounded half up to 196.43",
        "196.43 - 312.91 charged already, at least 0 = 0.00",
    ]


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Fraction(1, 3), 2, "0.333333…"),
        (Fraction(-1, 3), 2, "-0.333333…"),
        (Fraction(90), 2, "90.00"),
        (Fraction(90), 0, "90"),
        (Fraction(1, 2000), 2, "0.0005"),
        (Fraction(1_234_567, 1), 3, "1,234,567.000"),
    ],
)
def test_an_exact_value_is_written_with_all_its_decimals_or_cut_where_they_have_no_end(
    value: Fraction, places: int, text: str
) -> None:
    assert exact_text(value, places=places) == text
