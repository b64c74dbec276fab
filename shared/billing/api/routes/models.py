"""What bodies of requests and answers have in common: strict on the way in, read off the domain on the way out.

Amounts are whole minor units of the `currency` beside them, exact decimals are text, instants ISO 8601 in UTC.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Path, Query
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, PlainSerializer

from billing.domain.errors import InvalidInput
from billing.domain.payment import RefundTarget
from billing.domain.period import local_midnight

LONGEST_ID = 200
LONGEST_TEXT = 1000

AN_ID = r"^[A-Za-z0-9][A-Za-z0-9._@:~+-]*$"
_A_CURRENCY = "^[A-Z]{3}$"
SOME_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
SAYS_SOMETHING = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
NO_CONTROL = r"^[^\x00-\x1f\x7f]+$"
A_MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
AN_ENTITY = r"^[a-z_]+/[A-Za-z0-9][A-Za-z0-9._@:~+-]*$"
A_LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
_A_MOMENT = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$"
_MOMENT_SAID = "a date such as 2026-03-01, or an instant with its offset such as 2026-03-01T00:00:00Z"
SAID = {
    AN_ID: "an id of letters, digits and . _ @ : ~ + - that begins with a letter or a digit",
    _A_CURRENCY: "an ISO 4217 code such as USD",
    SOME_TEXT: "text without control characters",
    SAYS_SOMETHING: "text that says something, without control characters",
    NO_CONTROL: "one line without control characters",
    A_MONTH: "a month such as 2026-02",
    AN_ENTITY: "a kind and an id, such as invoices/INVOICE_ID",
    A_LINE: "one line of text that says something",
    _A_MOMENT: _MOMENT_SAID,
}
"""What these patterns ask for, in words."""

NamedId = Annotated[str, Path(min_length=1, max_length=LONGEST_ID, pattern=AN_ID)]
"""An id, or where the route says so a number, in an address."""

Currency = Annotated[str, Field(pattern=_A_CURRENCY, description="ISO 4217 code")]
Id = Annotated[str, Field(min_length=1, max_length=LONGEST_ID, pattern=AN_ID)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT, pattern=SOME_TEXT)]
OneLine = Annotated[str, Field(min_length=1, max_length=200, pattern=A_LINE)]
"""One line of text that says something."""

DayOrInstant = Annotated[
    str,
    Field(
        pattern=_A_MOMENT,
        description="A date, which is the start of that day in the tenant's zone, or an instant with its offset",
        examples=["2026-03-01", "2026-03-01T00:00:00Z"],
    ),
]
"""The text that `Books.instant` takes."""

LocalDayOrInstant = Annotated[
    DayOrInstant,
    Field(description="A date, the start of that day in the subscription's zone, or an instant with its offset"),
]
"""The text that `Books.instant_of` takes."""

Reason = Annotated[str, Field(max_length=LONGEST_TEXT, pattern=A_LINE)]
Exact = Annotated[Decimal, PlainSerializer(lambda exact: f"{exact:f}", return_type=str)]
"""An exact decimal in an answer: its digits as text, never with an exponent."""

Minor = Annotated[int, Field(strict=True, gt=0, lt=10**15, description="Minor units, more than 0")]
Amount = Annotated[int, Field(description="Minor units of the `currency` beside it")]
"""An amount in an answer."""

Month = Annotated[str | None, Query(pattern=A_MONTH, description="of the period, as 2026-02")]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most")]


TimeZone = Annotated[str, Field(validation_alias=AliasChoices("time_zone", "zone"), description="An IANA name")]
"""What the domain has as `zone`, by the name that settings and books have for it."""


RefundTo = Annotated[RefundTarget, Field(validation_alias=AliasChoices("refund_to", "target"))]
"""What the domain has as `target`, by the name that requests and events have for it."""


class AnswerModel(BaseModel):
    """Something that is answered; its fields are those of the domain's value of the same name."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class GivenModel(BaseModel):
    """A body that is sent: a key that is not known is refused, so that a slip of the pen is no silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PeriodAnswer(AnswerModel):
    """Half open: the end is not included."""

    start: datetime
    end: datetime


def utc(field: str, instant: datetime) -> datetime:
    """An instant in UTC; InvalidInput for one without its offset, which could be any of 26, or out of all years."""
    if instant.tzinfo is None:
        raise InvalidInput(
            field, expected="an instant with its offset such as 2026-03-01T00:00:00Z", given=instant.isoformat()
        )
    if not 1970 < instant.year < 2199:
        raise InvalidInput(field, expected="a year from 1971 to 2198", given=instant.isoformat())
    return instant.astimezone(UTC)


def day_or_instant(field: str, text: str, *, zone: str) -> datetime:
    """An instant in UTC from its text, or from that of a date: the start of that day in `zone`. InvalidInput."""
    try:
        if len(text) == len("2026-03-01"):
            return local_midnight(in_range(field, date.fromisoformat(text)), zone)
        return utc(field, datetime.fromisoformat(text))
    except ValueError:
        raise InvalidInput(field, expected=_MOMENT_SAID, given=text) from None


def in_range(field: str, day: date) -> date:
    """A day whose year can be one; InvalidInput for any other."""
    if not 1970 < day.year < 2199:
        raise InvalidInput(field, expected="a year from 1971 to 2198", given=str(day))
    return day
