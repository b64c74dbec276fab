"""Figures of a report as it shows them: exact sums rounded once, growth against what was before, shares of a whole."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from billing.domain.currency import exponent
from billing.domain.exact import divide
from billing.domain.money import Rounding, allocate

_TENTHS = 1


def minor_of(amount: Fraction, currency: str) -> int:
    """Exact major units, rounded half up to whole minor units (semantics 1): the one rounding of an added-up figure."""
    return divide(amount.numerator * 10 ** exponent(currency), amount.denominator, rounding=Rounding.HALF_UP)


def growth_percent(now: Fraction | int, *, before: Fraction | int) -> Decimal | None:
    """By how many per cent a figure is above what it was before, to one decimal; None where there was nothing."""
    if before <= 0:
        return None
    tenths = 1000 * (Fraction(now, before) - 1)
    return Decimal(divide(tenths.numerator, tenths.denominator, rounding=Rounding.HALF_UP)).scaleb(-_TENTHS)


def shares(amounts: Sequence[int]) -> tuple[Decimal, ...]:
    """What each amount is of their sum, in per cent to one decimal: they add up to 100, by the largest remainder.

    All are 0 where there is nothing to share. InvalidInput for an amount below 0.
    """
    if not any(amounts):
        return (Decimal(0),) * len(amounts)
    return tuple(Decimal(tenths).scaleb(-_TENTHS) for tenths in allocate(1000, amounts))
