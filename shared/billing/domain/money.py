"""Exact amounts: minor units with their currency, the one rounding, the one split, and decimals from text.

Every decimal step runs in a context without a digit limit, because the default one silently rounds at 28 digits.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from enum import StrEnum
from functools import total_ordering
from math import lcm
from typing import ClassVar, Self

from billing.domain.currency import exponent
from billing.domain.errors import InvalidInput

_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
_ONE = Decimal(1)
_MOST_DIGITS = 18  # before the point
_LONGEST_NUMBER = 64  # characters; enough for every number within the digit limits, in any notation
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


class Rounding(StrEnum):
    """What becomes of a tie: away from zero (the default), or to the even neighbour (a tenant's setting)."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


class CurrencyMismatch(InvalidInput):
    """Two amounts of different currencies met where one currency is required."""

    code: ClassVar[str] = "currency_mismatch"

    def __init__(self, one: "Money", other: "Money") -> None:
        super().__init__("currency", expected=f"{one.currency} as in {one}", given=str(other))


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount: `minor` whole minor units (cents) of an ISO 4217 `currency`; may be negative."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:  # a bool is an int to isinstance
            raise InvalidInput("minor", expected="a whole number of minor units", given=self.minor)
        exponent(self.currency)

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Nothing, in `currency`; also the start of a sum: `sum(amounts, Money.zero("USD"))`."""
        return cls(0, currency)

    @classmethod
    def of(cls, amount: Decimal, currency: str, *, rounding: Rounding = Rounding.HALF_UP) -> Self:
        """An amount in major units (dollars), rounded once to the currency's minor unit."""
        return cls(to_minor(amount, currency, rounding=rounding), currency)

    @property
    def amount(self) -> Decimal:
        """Major units with exactly the currency's decimals: 31291 USD cents are `Decimal("312.91")`."""
        return Decimal(self.minor).scaleb(-exponent(self.currency), _EXACT)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def __add__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._require_same_currency(other)
        return self.minor < other.minor

    def _require_same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(self, other)


def to_minor(amount: Decimal, currency: str, *, rounding: Rounding = Rounding.HALF_UP) -> int:
    """Round major units to whole minor units: the only rounding of money, whatever the number of digits.

    Half up takes a tie away from zero (2.675 -> 268, -2.675 -> -268 cents). A NaN or infinity is `InvalidInput`.
    """
    mode = ROUND_HALF_EVEN if rounding == Rounding.HALF_EVEN else ROUND_HALF_UP
    try:
        return int(amount.scaleb(exponent(currency), _EXACT).to_integral_value(mode))
    except (ValueError, OverflowError):  # what int() says of NaN and of infinity
        raise InvalidInput("amount", expected="a finite decimal", given=amount) from None


def allocate(total: int, weights: Sequence[int | Decimal]) -> tuple[int, ...]:
    """Split `total` minor units in proportion to `weights`, by largest remainder: the parts add up to `total` exactly.

    A unit that remains goes to the largest fraction, among equals to the earlier part. A negative total is split as
    its positive mirror. Weights are finite and not negative, and not all zero (that names no share): `InvalidInput`.
    """
    shares = _whole_ratio(weights)
    whole = sum(shares)
    if not whole:
        raise InvalidInput("weights", expected="at least one weight above 0", given=list(weights))
    split = [divmod(abs(total) * share, whole) for share in shares]
    parts = [part for part, _ in split]
    missing = abs(total) - sum(parts)
    by_remainder = sorted(range(len(split)), key=lambda i: -split[i][1])
    for i in by_remainder[:missing]:
        parts[i] += 1
    return tuple(parts) if total >= 0 else tuple(-part for part in parts)


def parse_decimal(
    text: object,
    *,
    field: str,
    min: Decimal | None = None,  # noqa: A002 - reads as the limit it is: parse_decimal(..., min=Decimal(0))
    max_places: int = 12,
) -> Decimal:
    """Read an exact decimal from text, a whole number or a `Decimal`, keeping its trailing zeros: "0.10" is 0.10.

    Refuses floats, NaN, infinities, other scripts' digits, blanks and group separators, more than `max_places` decimals
    or 18 digits before the point, and values below `min`: `InvalidInput` naming `field`.
    """
    number = _exact_decimal(text, field=field)
    if number.adjusted() >= _MOST_DIGITS:
        raise InvalidInput(field, expected=f"at most {_MOST_DIGITS} digits before the point", given=str(number))
    places = -int(number.as_tuple().exponent)
    if places > max_places:
        raise InvalidInput(field, expected=f"at most {max_places} decimals", given=str(number))
    if min is not None and number < min:
        raise InvalidInput(field, expected=f"{min} or more", given=str(number))
    if not number:
        number = number.copy_abs()  # no "-0" on an invoice
    return number if places >= 0 else number.quantize(_ONE, context=_EXACT)  # "1E+3" is kept as 1000


def _whole_ratio(weights: Sequence[int | Decimal]) -> list[int]:
    """The weights in the same proportion as whole numbers, so that no division is needed before the split."""
    try:
        ratios = [weight.as_integer_ratio() for weight in weights]
    except (ValueError, OverflowError):  # NaN, infinity
        raise InvalidInput("weights", expected="finite weights", given=list(weights)) from None
    if any(numerator < 0 for numerator, _ in ratios):
        raise InvalidInput("weights", expected="weights of 0 or more", given=list(weights))
    scale = lcm(*(denominator for _, denominator in ratios))
    return [numerator * (scale // denominator) for numerator, denominator in ratios]


def _exact_decimal(text: object, *, field: str) -> Decimal:
    if isinstance(text, str) and len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text):
        return Decimal(text)
    if isinstance(text, int) and not isinstance(text, bool):
        return Decimal(text)
    if isinstance(text, Decimal) and text.is_finite():
        return text
    raise InvalidInput(field, expected='an exact decimal as text such as "12.50", never a float', given=text)
