"""Amounts as Stripe counts them, which is not always as ISO 4217 does.

https://docs.stripe.com/currencies#zero-decimal, #special-cases and #three-decimal. Of the special cases ISK and UGX
have no minor unit and are written with two decimals all the same; HUF and TWD are whole in payouts, not in charges.
"""

from billing.domain.currency import exponent
from billing.domain.errors import InvalidInput

_ZERO_DECIMAL = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_THREE_DECIMAL = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
_TEN = 10


def stripe_amount(minor: int, currency: str) -> int:
    """ISO minor units as the integer that Stripe wants; InvalidInput for a part that Stripe can't charge."""
    ours, theirs = exponent(currency), _exponent(currency)
    if ours > theirs:
        whole, rest = divmod(minor, _power(ours - theirs))
        if rest:
            raise InvalidInput("amount", expected=f"whole units, as Stripe charges {currency}", given=minor)
        return whole
    amount = minor * _power(theirs - ours)
    if currency in _THREE_DECIMAL and amount % _TEN:
        raise InvalidInput("amount", expected=f"an amount that ends in 0, as Stripe charges {currency}", given=minor)
    return amount


def minor_amount(amount: int, currency: str) -> int:
    """What Stripe says as ISO minor units."""
    ours, theirs = exponent(currency.upper()), _exponent(currency.upper())
    return amount * _power(ours - theirs) if ours >= theirs else amount // _power(theirs - ours)


def _exponent(currency: str) -> int:
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def _power(places: int) -> int:
    return int(10**places)
