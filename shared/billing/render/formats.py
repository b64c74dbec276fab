"""Numbers, dates and places as the invoice's locale writes them (CLDR by babel).

Babel takes tens of microseconds a number, which is most of a short document. So it is asked once per locale and
currency how it writes a sample, and that pattern writes the rest.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent

from billing.domain.currency import exponent
from billing.domain.period import Period

MINUS = "\N{MINUS SIGN}"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
_SAMPLE = Decimal("1234567.5")
_ONE = Decimal(1)
_DIGITS = re.compile(r"\d(?:.*\d)?", re.DOTALL)
_DIRECTION_MARKS = re.compile("[\u061c\u200e\u200f]")  # amounts stand alone in their column, from left to right


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPattern:
    """What stands around and between the digits: `before` and `after` are (of a positive, of a negative number)."""

    before: tuple[str, str]
    after: tuple[str, str]
    decimal: str
    group: str
    group_sizes: tuple[int, int]

    def write(self, digits: str, *, negative: bool) -> str:
        """Dress plain ASCII digits such as "1234.50" in this pattern."""
        whole, _, fraction = digits.partition(".")
        body = self._grouped(whole) + (self.decimal + fraction if fraction else "")
        return self.before[negative] + body + self.after[negative]

    def _grouped(self, whole: str) -> str:
        first, rest = self.group_sizes
        if len(whole) <= first or not self.group:
            return whole
        if first == rest == 3:
            return f"{int(whole):,}".replace(",", self.group)
        head, tail = whole[:-first], whole[-first:]
        lead = len(head) % rest
        groups = [head[:lead]] * bool(lead) + [head[i : i + rest] for i in range(lead, len(head), rest)]
        return self.group.join([*groups, tail])


@dataclass(frozen=True)
class InvoiceFormats:
    """How one document writes: `locale` such as de_DE, amounts in `currency`. Made by `formats_for`."""

    locale: Locale
    currency: str

    def amount(self, minor: int) -> str:
        """An amount in minor units with the currency's sign or code, every decimal shown."""
        places = self._places
        digits = str(abs(minor)).zfill(places + 1)
        if places:
            digits = f"{digits[:-places]}.{digits[-places:]}"
        return self._money.write(digits, negative=minor < 0)

    def unit_price(self, price: Decimal) -> str:
        """An exact price: at least the currency's decimals and as many more as it has, never rounded."""
        digits = _plain(price, least_places=self._places)
        return self._money.write(digits, negative=price < 0)

    def quantity(self, quantity: Decimal) -> str:
        """An exact quantity with grouping and without idle zeros."""
        return self._number.write(_plain(quantity, least_places=0), negative=quantity < 0)

    def percent(self, percent: Decimal) -> str:
        """An exact rate in per cent: 8.875 is 8.875%."""
        return self._percent.write(_plain(percent, least_places=0), negative=percent < 0)

    def day(self, day: date) -> str:
        """A date in its long form, with the month as a word."""
        return _long_date(day, self.locale)

    def day_within(self, day: date, *, language: str) -> str:
        """A date inside a sentence in another language: one that reads leftwards would be torn apart there."""
        torn = self.locale.text_direction == "rtl" and self.locale.language != language
        return _long_date(day, Locale(language)) if torn else self.day(day)

    def period(self, period: Period, *, zone: str) -> str:
        """The local days that a period covers, its last one included; below a day, the hours as well."""
        start, end = period.start.astimezone(ZoneInfo(zone)), period.end.astimezone(ZoneInfo(zone))
        if (period.end - period.start).total_seconds() < 23 * 3600:  # the shortest day, when clocks go forward
            return f"{self.day(start.date())}, {self._time(start)} – {self._time(end)}"
        # the last instant of the period, taken in UTC so that no clock change moves it to another day
        last = (period.end - datetime.resolution).astimezone(ZoneInfo(zone)).date()
        first = start.date()
        return self.day(first) if first == last else f"{self.day(first)} – {self.day(last)}"

    def rate(self, rate: Decimal) -> str:
        """An exact rate of exchange."""
        return self._number.write(_plain(rate, least_places=0), negative=False)

    def country(self, code: str) -> str:
        """The name of an ISO 3166-1 country, or the code itself where it has none."""
        return str(self.locale.territories.get(code, code))

    @cached_property
    def decimal_sign(self) -> str:
        """What stands between whole and fraction."""
        return self._money.decimal

    @cached_property
    def _places(self) -> int:
        return exponent(self.currency)

    @cached_property
    def _money(self) -> NumberPattern:
        def write(number: Decimal) -> str:
            return format_currency(number, self.currency, locale=self.locale, currency_digits=False, format=None)

        pattern = _pattern_of(
            (write(_SAMPLE), write(-_ONE)), self.locale.currency_formats["standard"].grouping, locale=self.locale
        )
        return _spaced(pattern)

    @cached_property
    def _number(self) -> NumberPattern:
        samples = (format_decimal(_SAMPLE, locale=self.locale), format_decimal(-_ONE, locale=self.locale))
        return _pattern_of(samples, self.locale.decimal_formats[None].grouping, locale=self.locale)

    @cached_property
    def _percent(self) -> NumberPattern:
        samples = (
            format_percent(_SAMPLE / 100, locale=self.locale, format=None, decimal_quantization=False),
            format_percent(-_ONE, locale=self.locale),
        )
        return _pattern_of(samples, self.locale.percent_formats[None].grouping, locale=self.locale)

    def _time(self, instant: datetime) -> str:
        return format_time(instant.timetz(), "short", locale=self.locale)


@lru_cache(maxsize=256)
def formats_for(locale: str, *, currency: str) -> InvoiceFormats:
    """The formats of a locale (`de_DE` or `de-DE`); English where babel does not know it."""
    try:
        known = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        known = Locale("en")
    return InvoiceFormats(locale=known, currency=currency)


@lru_cache(maxsize=4096)
def _long_date(day: date, locale: Locale) -> str:
    return format_date(day, format="long", locale=locale)


def _plain(number: Decimal, *, least_places: int) -> str:
    whole, _, fraction = f"{number.copy_abs():f}".partition(".")
    fraction = fraction.rstrip("0").ljust(least_places, "0")
    return f"{whole}.{fraction}" if fraction else whole


def _pattern_of(samples: tuple[str, str], grouping: tuple[int, int], *, locale: Locale) -> NumberPattern:
    (before, after), (before_negative, after_negative) = (
        _DIGITS.split(_DIRECTION_MARKS.sub("", sample), maxsplit=1) for sample in samples
    )
    symbols = locale.number_symbols["latn"]
    return NumberPattern(
        before=(before, before_negative.replace("-", MINUS)),
        after=(after, after_negative.replace("-", MINUS)),
        decimal=symbols["decimal"],
        group=symbols["group"],
        group_sizes=grouping,
    )


def _spaced(pattern: NumberPattern) -> NumberPattern:
    # CLDR's currencySpacing, which babel leaves out: a code that ends in a letter keeps a distance from the digits
    def apart(text: str) -> str:
        return text + NO_BREAK_SPACE if text[-1:].isalpha() else text

    return NumberPattern(
        before=(apart(pattern.before[0]), apart(pattern.before[1])),
        after=pattern.after,
        decimal=pattern.decimal,
        group=pattern.group,
        group_sizes=pattern.group_sizes,
    )
