"""A line's amount is its step replayed: each kind of step, each rounding, each number of decimals."""

from decimal import Decimal

import pytest

from billing.domain.explanation import CreditStep, FlatStep, PackageStep, ProrationStep, TierStep, amount_of, prorated
from billing.domain.money import Rounding


def tier(quantity: str, unit_price: str, flat_fee: str = "0") -> TierStep:
    return TierStep(
        model="graduated",
        meter="calls",
        usage=Decimal(quantity),
        above=Decimal(0),
        up_to=None,
        quantity=Decimal(quantity),
        unit_price=Decimal(unit_price),
        flat_fee=Decimal(flat_fee),
    )


def proration(price: str, active: int, whole: int) -> ProrationStep:
    return ProrationStep(price=Decimal(price), active=active, whole=whole, unit="day")


def credit(price: str, *, billed: int, used: int, whole: int) -> CreditStep:
    return CreditStep(
        invoice_id="sub-1.20260201T000000Z.r0", price=Decimal(price), billed=billed, used=used, whole=whole, unit="day"
    )


def test_a_tier_is_rounded_once_with_its_fee() -> None:
    # 3 x 0.0015 = 0.0045 and 0.0005 of fee: 0.0050 together, half a cent, up; apart both would be 0
    assert amount_of(tier("3", "0.0015", "0.0005"), "USD", rounding=Rounding.HALF_UP) == 1


@pytest.mark.parametrize(("currency", "expected"), [("JPY", 12), ("USD", 1235), ("BHD", 12346)])  # 12.3455 x 1
def test_an_amount_has_the_decimals_of_its_currency(currency: str, expected: int) -> None:
    assert amount_of(tier("1", "12.3455"), currency, rounding=Rounding.HALF_UP) == expected


@pytest.mark.parametrize(("price", "half_up", "half_even"), [("0.125", 13, 12), ("0.135", 14, 14)])
def test_a_tie_follows_the_tenants_rounding(price: str, half_up: int, half_even: int) -> None:
    step = FlatStep(quantity=Decimal(1), unit_price=Decimal(price))
    assert amount_of(step, "USD", rounding=Rounding.HALF_UP) == half_up
    assert amount_of(step, "USD", rounding=Rounding.HALF_EVEN) == half_even


def test_a_package_is_blocks_times_price() -> None:
    step = PackageStep(
        meter="calls", usage=Decimal(2500), size=Decimal(1000), quantity=Decimal(3), unit_price=Decimal("1.99")
    )
    assert amount_of(step, "USD", rounding=Rounding.HALF_UP) == 597


def test_a_proration_brings_the_full_price_to_the_rounded_share() -> None:
    # 99 x 9/28 = 31.8214... -> 31.82; 31.82 - 99.00 = -67.18
    assert amount_of(proration("99", 9, 28), "USD", rounding=Rounding.HALF_UP) == -6718


def test_a_proration_of_a_price_with_fractions_of_a_cent_meets_the_rounded_full_price() -> None:
    # 0.015 in full is 0.02; a half of it is 0.0075 -> 0.01; so the line is -0.01
    assert amount_of(proration("0.015", 1, 2), "USD", rounding=Rounding.HALF_UP) == -1


def test_a_share_of_a_third_is_never_cut_to_28_digits() -> None:
    assert prorated(Decimal("0.03"), 1, 3, currency="USD", rounding=Rounding.HALF_UP) == 1
    assert prorated(Decimal("0.015"), 1, 3, currency="USD", rounding=Rounding.HALF_UP) == 1  # exactly half a cent
    assert prorated(Decimal("0.015"), 1, 3, currency="USD", rounding=Rounding.HALF_EVEN) == 0


def test_a_credit_returns_what_was_billed_beyond_the_used_share() -> None:
    # 30.00 billed, 10 of 30 days used: 10.00 kept, 20.00 credited
    assert amount_of(credit("30", billed=3000, used=10, whole=30), "USD", rounding=Rounding.HALF_UP) == -2000


def test_a_credit_of_a_prorated_bill_is_measured_against_the_full_price() -> None:
    # 30.00 a month, billed for 20 of 30 days: 20.00; 5 days used: 5.00; 15.00 credited
    assert amount_of(credit("30", billed=2000, used=5, whole=30), "USD", rounding=Rounding.HALF_UP) == -1500


def test_a_credit_never_becomes_a_charge() -> None:
    assert amount_of(credit("30", billed=500, used=10, whole=30), "USD", rounding=Rounding.HALF_UP) == 0
