"""Exchange rates as a tenant keeps them: what tax in one currency comes to in another, and on which day that was so."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import pairwise

from billing.domain.currency import exponent
from billing.domain.errors import InvalidInput

RATE_LASTS = timedelta(days=7)
"""How long a rate without an end is used: banks pause for at most five days (Christmas), a forgotten import lasts."""

_TWELVE_PLACES = Decimal("1e-12")
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRate:
    """One unit of `base` is worth `rate` units of `quote` from the day `on`, until another rate or `valid_to`.

    `source` says who published it (European Central Bank, a tax authority's monthly table).
    """

    base: str
    quote: str
    rate: Decimal
    on: date
    valid_to: date | None = None
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be a rate, with `InvalidInput`."""
        exponent(self.base)
        exponent(self.quote)
        if self.base == self.quote:
            raise InvalidInput("exchange_rate.to", expected="another currency", given=self.quote)
        if not (self.rate.is_finite() and self.rate > 0):
            raise InvalidInput("exchange_rate.rate", expected="a number above 0", given=str(self.rate))
        if self.valid_to is not None and self.valid_to < self.on:
            raise InvalidInput("exchange_rate.valid_to", expected=f"{self.on} or later", given=str(self.valid_to))

    def applies(self, day: date) -> bool:
        """Tell whether the rate may be used on a day, its first and last day included."""
        return self.on <= day <= (self.valid_to or self.on + RATE_LASTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeTable:
    """A tenant's exchange rates. Two rates of one pair on one day are refused: `InvalidInput`."""

    rates: tuple[ExchangeRate, ...] = ()
    _by_pair: dict[tuple[str, str], tuple[ExchangeRate, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the rates by pair, the latest first."""
        ordered = sorted(self.rates, key=lambda rate: (rate.base, rate.quote, rate.on), reverse=True)
        for later, earlier in pairwise(ordered):
            if (later.base, later.quote, later.on) == (earlier.base, earlier.quote, earlier.on):
                raise InvalidInput(
                    "exchange_rates",
                    expected=f"one rate of {later.base} to {later.quote} on {later.on}",
                    given=f"{earlier.rate} and {later.rate}",
                )
        object.__setattr__(self, "_by_pair", _grouped(ordered))

    def lookup(self, base: str, quote: str, *, day: date) -> ExchangeRate | None:
        """The rate of the day, or the latest before it that still applies; None where there is none.

        A pair that is quoted the other way round only is turned around, to twelve decimals: the European Central Bank
        publishes what a euro is worth, and a seller in the euro area asks what a dollar is.
        """
        direct = self._latest(base, quote, day=day)
        if direct is not None:
            return direct
        reverse = self._latest(quote, base, day=day)
        return None if reverse is None else _turned(reverse)

    def _latest(self, base: str, quote: str, *, day: date) -> ExchangeRate | None:
        return next((rate for rate in self._by_pair.get((base, quote), ()) if rate.applies(day)), None)


def _turned(rate: ExchangeRate) -> ExchangeRate:
    return ExchangeRate(
        base=rate.quote,
        quote=rate.base,
        rate=_WIDE.divide(Decimal(1), rate.rate).quantize(_TWELVE_PLACES, context=_WIDE),
        on=rate.on,
        valid_to=rate.valid_to,
        source=rate.source,
    )


def _grouped(rates: Iterable[ExchangeRate]) -> dict[tuple[str, str], tuple[ExchangeRate, ...]]:
    by_pair: dict[tuple[str, str], tuple[ExchangeRate, ...]] = {}
    for rate in rates:
        pair = rate.base, rate.quote
        by_pair[pair] = (*by_pair.get(pair, ()), rate)
    return by_pair
