"""Invoice numbers: consecutive within a series, given in the commit that issues the invoice (semantics 7)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from string import Formatter

from billing.domain.errors import InvalidInput


class Restart(StrEnum):
    """When the sequence begins at 1 again; each span is a series of its own."""

    MONTH = "month"
    YEAR = "year"
    NEVER = "never"


class NumberMonth(StrEnum):
    """Which date a number's year and month are taken from."""

    BILLING_PERIOD = "billing_period"
    ISSUE_DATE = "issue_date"


class NumberOrder(StrEnum):
    """In which order the invoices of one commit get their numbers; older periods always come first."""

    CUSTOMER = "customer_id"
    SUBSCRIPTION = "subscription_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSeries:
    """A tenant's numbers, such as `INV-{year}-{month:02}-{sequence:04}` restarting each month.

    `counter` names the count that the sequence is drawn from: invoices and credit notes have one each.
    """

    format: str = "INV-{year}-{month:02}-{sequence:04}"
    counter: str = "invoice"
    month_of: NumberMonth = NumberMonth.BILLING_PERIOD
    restart: Restart = Restart.MONTH
    order: NumberOrder = NumberOrder.CUSTOMER

    def __post_init__(self) -> None:
        """Refuse a format that could give the same number twice or is no plain text."""
        fields = _fields_of(self.format)
        needed = {"sequence"} | _NEEDED[self.restart]
        if missing := sorted(needed - fields):
            raise InvalidInput(
                "invoice_number.format",
                expected=f"{{{'}, {'.join(missing)}}} in it, as the sequence restarts each {self.restart.value}",
                given=self.format,
            )

    def series_of(self, day: date) -> str:
        """The id of the counter that numbers of that day come from, such as `invoice-2026-02`."""
        return self.counter + _SUFFIX[self.restart](day)

    def number(self, day: date, sequence: int) -> str:
        """The `sequence`-th number (from 1) of that day's series."""
        return self.format.format(year=day.year, month=day.month, sequence=sequence)

    def sequence_of(self, number: str, day: date) -> int | None:
        """The sequence that a number of that day shows, or None where the series would never have given it."""
        found = re.fullmatch(_pattern(self.format, day.year, day.month), number)
        sequence = int(found[1]) if found else 0
        return sequence if sequence and self.number(day, sequence) == number else None


_SUFFIX: dict[Restart, Callable[[date], str]] = {
    Restart.MONTH: lambda day: f"-{day:%Y-%m}",
    Restart.YEAR: lambda day: f"-{day:%Y}",
    Restart.NEVER: lambda _day: "",
}
_NEEDED = {Restart.MONTH: {"year", "month"}, Restart.YEAR: {"year"}, Restart.NEVER: set[str]()}


# Sequences are padded with zeros, never blanks. A month always has two digits: {month}{sequence} would make one number
# of the 11th in January and the 1st in November.
_TEXT = re.compile(r"(?:[^{}]|\{\{|\}\}|\{year\}|\{month:02\}|\{sequence(?::0[1-9]|:01[0-9])?\})*")
_FIELD = re.compile(r"\{(year|month|sequence)[:}]")


@lru_cache(maxsize=256)
def _pattern(text: str, year: int, month: int) -> str:
    """What numbers of a month look like; the first group is the sequence."""
    known = {"year": f"{year}", "month": f"{month:02}"}
    parts = []
    for literal, name, _, _ in Formatter().parse(text):
        parts.append(re.escape(literal))
        if name is not None:
            parts.append(known.get(name, "([0-9]+)"))
    return "".join(parts)


def _fields_of(text: str) -> set[str]:
    """The names in a format text, or InvalidInput where it holds anything else in braces."""
    if not text.isprintable() or len(text) > 100:
        raise InvalidInput("invoice_number.format", expected="printable text of at most 100 characters", given=text)
    if not _TEXT.fullmatch(text):
        raise InvalidInput(
            "invoice_number.format", expected="text with {year}, {month:02} and {sequence:04}", given=text
        )
    return set(_FIELD.findall(text.replace("{{", "")))


CREDIT_NOTE_NUMBERS = NumberSeries(format="CN-{year}-{month:02}-{sequence:04}", counter="credit-note")
"""What a tenant's credit notes are numbered by, unless it says otherwise: a series of their own."""
