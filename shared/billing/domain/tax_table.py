"""The tax rates that a tenant charges: by country and state, each valid between two dates."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise

from billing.domain.errors import InvalidInput

_NOT_ISO = {"EL": "GR", "UK": "GB"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRate:
    """One rate of one jurisdiction: `percent` is exact, 25.5 is 25.5 %; both dates are days on which it applies.

    `country` is ISO 3166-1, `state` the part of ISO 3166-2 after it; an empty one is the whole country.
    """

    country: str
    state: str = ""
    name: str
    percent: Decimal
    valid_from: date | None = None
    valid_to: date | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be a rate, with `InvalidInput`."""
        require_country(self.country, field="tax_rate.country")
        if not self.name.strip():
            raise InvalidInput("tax_rate.name", expected="a name such as VAT", given=self.name)
        if not (self.percent.is_finite() and 0 <= self.percent <= 100):
            raise InvalidInput("tax_rate.percent", expected="a number from 0 to 100", given=str(self.percent))
        if self._starts > self._ends:
            raise InvalidInput("tax_rate.valid_to", expected=f"{self.valid_from} or later", given=str(self.valid_to))

    def applies(self, on: date) -> bool:
        """Tell whether the rate is in force on a day, its first and last day included."""
        return self._starts <= on <= self._ends

    @property
    def _starts(self) -> date:
        return self.valid_from or date.min

    @property
    def _ends(self) -> date:
        return self.valid_to or date.max


class OverlappingTaxRates(InvalidInput):
    """Two rates of one jurisdiction claim the same day, so that the rate of that day would be a guess."""

    code = "overlapping_tax_rates"

    def __init__(self, first: TaxRate, second: TaxRate) -> None:
        self.first = first
        self.second = second
        super().__init__(
            "tax_rates",
            expected=f"one {first.name} rate a day for {first.country} {first.state}".rstrip(),
            given=f"{first.percent} % and {second.percent} % from {second.valid_from or 'the start'}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxTable:
    """A tenant's rates. A country, state and name with two rates on one day is refused: `OverlappingTaxRates`."""

    rates: tuple[TaxRate, ...]
    _by_place: dict[tuple[str, str], tuple[TaxRate, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the rates by place, in one order whatever the order of the rows."""
        ordered = sorted(self.rates, key=_place_and_time)
        for earlier, later in pairwise(ordered):
            if _jurisdiction(earlier) == _jurisdiction(later) and earlier.applies(later.valid_from or date.min):
                raise OverlappingTaxRates(earlier, later)
        object.__setattr__(self, "_by_place", _grouped_by_place(ordered))

    def lookup(self, country: str, state: str, on: date) -> tuple[TaxRate, ...]:
        """Return the rates of a place on the day of the tax point, by name; none means no tax.

        A state's own rows replace the country's. Rows of one place under several names (state, county, city) all apply.
        """
        return (state and self.of_state(country, state, on)) or self._in_force(country, "", on)

    def of_state(self, country: str, state: str, on: date) -> tuple[TaxRate, ...]:
        """Return only what a state itself levies on a day, never the country's rate."""
        return self._in_force(country, state, on) if state else ()

    def _in_force(self, country: str, state: str, on: date) -> tuple[TaxRate, ...]:
        return tuple([rate for rate in self._by_place.get((country, state), ()) if rate.applies(on)])


def require_country(country: str, *, field: str) -> None:
    """Refuse with `InvalidInput` what is no ISO 3166-1 alpha-2 code by its form: it would silently find no rate."""
    if (
        len(country) != 2
        or not country.isascii()
        or not country.isalpha()
        or not country.isupper()
        or country in _NOT_ISO
    ):
        meant = _NOT_ISO.get(country.upper())
        raise InvalidInput(
            field, expected=f"the ISO 3166-1 code {meant}" if meant else "an ISO 3166-1 code such as DE", given=country
        )


def _jurisdiction(rate: TaxRate) -> tuple[str, str, str]:
    return rate.country, rate.state, rate.name


def _place_and_time(rate: TaxRate) -> tuple[str, str, str, date]:
    return *_jurisdiction(rate), rate.valid_from or date.min


def _grouped_by_place(rates: Iterable[TaxRate]) -> dict[tuple[str, str], tuple[TaxRate, ...]]:
    by_place: dict[tuple[str, str], tuple[TaxRate, ...]] = {}
    for rate in rates:
        place = rate.country, rate.state
        by_place[place] = (*by_place.get(place, ()), rate)
    return by_place
