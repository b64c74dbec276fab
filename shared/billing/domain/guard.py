"""The guard: an invoice far from what its subscription was billed lately waits for a person (semantics 3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.domain.exact import divide, times
from billing.domain.money import Money, Rounding
from billing.domain.tenant import Guard

REMEMBERED = 3
"""How many of a subscription's latest invoices the guard compares with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """How an invoice deviates: its subtotal and the `recent` ones, in minor units of its currency."""

    subtotal: int
    recent: tuple[int, ...]
    factor: Decimal

    @property
    def mean(self) -> int:
        """The mean of the recent subtotals, rounded to a minor unit: to read, the guard itself compares exactly."""
        return divide(sum(self.recent), len(self.recent), rounding=Rounding.HALF_UP)

    def reason(self, currency: str) -> str:
        """Why the invoice waits, in a sentence."""
        number = len(self.recent)
        before = "the last invoice's" if number == 1 else f"the mean of the last {number} invoices"
        more = self.subtotal > self.mean
        bound = f"more than {self.factor} times" if more else f"less than 1/{self.factor} of"
        return f"{_shown(self.subtotal, currency)} is {bound} {before}, {_shown(self.mean, currency)}"


def deviation(subtotal: int, *, recent: Sequence[int], guard: Guard) -> Deviation | None:
    """How a subtotal (minor units) deviates from the mean of the last three, or None where it is as usual.

    More than `factor` times the mean, or less than the mean divided by it, and at least `floor` away. Without an
    earlier invoice there is nothing to compare with.
    """
    latest = tuple(recent[-REMEMBERED:])
    if not latest:
        return None
    total, same = sum(latest), subtotal * len(latest)  # both times their number, so that no division rounds
    if abs(same - total) < guard.floor * len(latest):
        return None
    above = same > times(guard.factor, Decimal(total))
    below = times(guard.factor, Decimal(same)) < total
    return Deviation(subtotal=subtotal, recent=latest, factor=guard.factor) if above or below else None


def with_latest(recent: Sequence[int], subtotal: int) -> tuple[int, ...]:
    """The latest subtotals with one more invoice issued."""
    return (*recent, subtotal)[-REMEMBERED:]


def without(recent: Sequence[int], subtotal: int) -> tuple[int, ...]:
    """The latest subtotals without that of an invoice that is void."""
    if subtotal not in recent:
        return tuple(recent)
    last = len(recent) - 1 - tuple(reversed(recent)).index(subtotal)
    return (*recent[:last], *recent[last + 1 :])


def _shown(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).amount:,} {currency}"
