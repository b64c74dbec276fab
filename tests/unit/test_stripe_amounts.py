"""Amounts as Stripe counts them, there and back."""

import pytest

from billing.adapters.stripe_amounts import minor_amount, stripe_amount
from billing.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("currency", "minor", "theirs"),
    [
        ("EUR", 4900, 4900),
        ("JPY", 4900, 4900),
        ("KWD", 49_000, 49_000),
        ("ISK", 49, 4900),
        ("UGX", 49, 4900),
        ("MGA", 4900, 49),
        ("HUF", 1_270_050, 1_270_050),
        ("TWD", 4950, 4950),
    ],
)
def test_amounts_are_counted_as_stripe_counts_them(currency: str, minor: int, theirs: int) -> None:
    assert stripe_amount(minor, currency) == theirs
    assert minor_amount(theirs, currency.lower()) == minor


@pytest.mark.parametrize(("currency", "minor"), [("KWD", 49_001), ("MGA", 4901)])
def test_an_amount_that_stripe_can_not_charge_is_refused(currency: str, minor: int) -> None:
    with pytest.raises(InvalidInput, match=f"as Stripe charges {currency}"):
        stripe_amount(minor, currency)
