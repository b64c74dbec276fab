"""Amounts that Stripe takes: whole minor units, a known currency, neither too small nor too large."""

from typing import Any

from billing.domain.currency import UnknownCurrency, exponent
from billing.sandbox.errors import ApiError

_MINIMUM = {  # docs.stripe.com/currencies, "Minimum and maximum charge amounts"; where none is listed, 1
    "usd": 50,
    "aed": 200,
    "aud": 50,
    "bgn": 100,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "inr": 50,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 1000,
}
_LARGEST = 99_999_999  # eight digits, the same page


def checked_amount(params: dict[str, Any], *, name: str = "amount") -> int:
    """The amount in minor units of `params["currency"]`; ApiError in Stripe's words where it would not charge it."""
    amount: int = params[name]
    currency = checked_currency(params)
    if amount < 1:
        message = "This value must be greater than or equal to 1."
        raise ApiError(message, reason="parameter_invalid_integer", param=name)
    if amount < _MINIMUM.get(currency, 1):
        message = f"Amount must be at least {shown(_MINIMUM[currency], currency)}"
        raise ApiError(message, reason="amount_too_small", param=name)
    if amount > _LARGEST:
        message = f"Amount must be no more than {shown(_LARGEST, currency)}"
        raise ApiError(message, reason="amount_too_large", param=name)
    if _decimals(currency) == 3 and amount % 10:
        raise ApiError("Amounts in three-decimal currencies end in 0.", reason="invalid_amount", param=name)
    return amount


def checked_currency(params: dict[str, Any]) -> str:
    """The currency in small letters, which Stripe makes of large ones too."""
    currency: str = params["currency"].lower()
    try:
        exponent(currency.upper())
    except UnknownCurrency:
        raise ApiError(f"Invalid currency: {currency}", param="currency") from None
    return currency


def shown(minor: int, currency: str) -> str:
    """An amount for a sentence: `12.50 eur`."""
    places = _decimals(currency)
    whole, rest = divmod(minor, 10**places)
    return f"{whole}.{rest:0{places}} {currency}" if places else f"{whole} {currency}"


def _decimals(currency: str) -> int:
    return exponent(currency.upper())
