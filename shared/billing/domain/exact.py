"""Exact arithmetic on quantities and prices: Python's default context would silently round at 28 digits."""

from collections.abc import Iterable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, localcontext

from billing.domain.money import Rounding

# Operands are bounded by parse_decimal (18 + 12 digits) and by the number of events; 200 digits are never reached,
# and if they were, Inexact raises instead of rounding.
EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])


def times(one: Decimal, other: Decimal) -> Decimal:
    """The exact product."""
    return EXACT.multiply(one, other)


def plus(one: Decimal, other: Decimal) -> Decimal:
    """The exact sum."""
    return EXACT.add(one, other)


def total(numbers: Iterable[Decimal]) -> Decimal:
    """The exact sum of many; 0 of none."""
    with localcontext(EXACT):
        return sum(numbers, Decimal(0))


def divide(numerator: int, denominator: int, *, rounding: Rounding) -> int:
    """The quotient of two integers, rounded once; ties go away from zero, or to the even neighbour (semantics 1)."""
    quotient, rest = divmod(abs(numerator), abs(denominator))
    twice = 2 * rest
    if twice > abs(denominator) or (twice == abs(denominator) and (rounding is Rounding.HALF_UP or quotient % 2)):
        quotient += 1
    return quotient if (numerator >= 0) == (denominator > 0) else -quotient
