"""JSON numbers that a client computed in binary: 0.1 + 0.2 is sent as 0.30000000000000004, and 0.30 is meant."""

from decimal import Decimal

_DIGITS_OF_A_DOUBLE = 15
"""So many decimal digits come through a double unchanged (IEEE 754 binary64); a number with more was computed."""

_FINEST = Decimal("0.0001")
"""The smallest minor unit of ISO 4217. What is finer than a currency's own is for its rule to refuse, not for this."""

_NOISE = Decimal("1e-9")
"""What a few sums and products are off by at most, of numbers below 1 in their own measure."""

_PRECISION = Decimal("1e-15")
"""How finely a double tells large numbers apart, relative to them."""

_LARGEST = Decimal(10**12)


def as_meant(given: object) -> object:
    """A JSON number without the noise of binary arithmetic; anything else, a decimal as text too, as it was given."""
    if not isinstance(given, Decimal) or len(given.as_tuple().digits) <= _DIGITS_OF_A_DOUBLE or abs(given) > _LARGEST:
        return given
    meant = given.quantize(_FINEST)
    is_noise = abs(given - meant) <= max(_NOISE * min(abs(given), Decimal(1)), _PRECISION * abs(given))
    return Decimal(f"{meant.normalize():f}") if is_noise else given
