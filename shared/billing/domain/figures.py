"""Numbers as a person reads them in English: exact, with their thousands apart."""

from decimal import Decimal

from billing.domain.currency import exponent
from billing.domain.money import Money


def amount(minor: int, currency: str) -> str:
    """An amount in minor units: 47,829.14."""
    return f"{Money(minor, currency).amount:,}"


def plain(number: Decimal) -> str:
    """An exact number without idle zeros: 142,300."""
    whole, _, fraction = f"{number:,f}".partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def unit_price(price: Decimal, currency: str) -> str:
    """An exact price with at least the currency's decimals: 0.001, 99.00."""
    whole, _, fraction = f"{price:,f}".partition(".")
    fraction = fraction.rstrip("0").ljust(exponent(currency), "0")
    return f"{whole}.{fraction}" if fraction else whole
