"""One piece of arithmetic as a person checks it: what is multiplied, the exact value, and the one rounding."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.domain.currency import exponent
from billing.domain.exact import divide
from billing.domain.figures import amount
from billing.domain.money import Rounding

_SHOWN_PLACES = 6
_IN_WORDS = {Rounding.HALF_UP: "half up", Rounding.HALF_EVEN: "half to even"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculation:
    """`text` comes to `exact` major units; `amount` is that in minor units, and `rounding` how it got there.

    `rounding` is "" where the exact value is a whole number of minor units. An `exact` without end is cut, with an
    ellipsis.
    """

    text: str
    exact: str
    amount: int
    rounding: str


def calculated(text: str, value: Fraction | Decimal, *, currency: str, rounding: Rounding) -> Calculation:
    """The calculation of a value in major units."""
    exact = Fraction(value)
    minor = exact * 10 ** exponent(currency)
    rounded = divide(minor.numerator, minor.denominator, rounding=rounding)
    words = "" if minor.denominator == 1 else f"rounded {_IN_WORDS[rounding]} to {amount(rounded, currency)}"
    return Calculation(text=text, exact=exact_text(exact, places=exponent(currency)), amount=rounded, rounding=words)


def exact_text(value: Fraction, *, places: int) -> str:
    """A value with all its decimals, at least `places`; one without end is cut after six and ends in an ellipsis."""
    needed = _decimals(value.denominator)
    shown = max(places, _SHOWN_PLACES if needed is None else needed)
    scaled = abs(value.numerator) * 10**shown // value.denominator
    sign = "-" if value < 0 else ""
    whole, fraction = divmod(scaled, 10**shown)
    decimals = f".{fraction:0{shown}}" if shown else ""
    return f"{sign}{whole:,}{decimals}" + "…" * (needed is None)


def _decimals(denominator: int) -> int | None:
    """How many decimals a fraction in lowest terms needs, or None where they have no end."""
    counts = []
    for prime in (2, 5):
        count = 0
        while denominator % prime == 0:
            denominator //= prime
            count += 1
        counts.append(count)
    return max(counts) if denominator == 1 else None
