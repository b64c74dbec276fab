"""What a record that is sent back may not change: issued invoices, recorded payments, and the balance they come to."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, ClassVar

from billing.domain.errors import Conflict

_WAY_OUT = {
    "invoices": "what is issued stays as it is; add one with POST .../invoices, credit or void one by its own route",
    "paymentHistory": "what was recorded stays as it is; record one with POST .../payments",
    "balance": "it follows from invoices and payments; record a payment with POST .../payments",
}


class RecordIsKept(Conflict):
    """A part of a record can't be overwritten."""

    code: ClassVar[str] = "record_is_kept"
    retryable: ClassVar[bool] = False

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} can't be overwritten: {_WAY_OUT[field.partition('[')[0].partition('.')[0]]}")


def require_kept(given: Mapping[str, Any], record: Mapping[str, Any]) -> None:
    """Raise RecordIsKept unless these parts, where they were given, say what the record says.

    Fields that the record does not have are left alone. Both are JSON with exact numbers.
    """
    for field in ("invoices", "paymentHistory", "balance"):
        stands = record[field]
        match given.get(field):
            case None:
                continue
            case list() as entries:
                _require_entries(field, entries, stands)
            case members:
                if not _says_the_same(members, stands):
                    raise RecordIsKept(field)


def _require_entries(field: str, given: Sequence[Any], stands: Sequence[Any]) -> None:
    if len(given) != len(stands):
        raise RecordIsKept(field)
    name = "invoiceId" if field == "invoices" else "paymentId"
    known = {each[name]: each for each in stands}
    for place, entry in enumerate(given):
        if not _says_the_same(entry, known.get(entry.get(name), stands[place])):
            raise RecordIsKept(f"{field}[{place}]")


def _says_the_same(given: Any, stands: Any) -> bool:  # noqa: ANN401 - any JSON
    match given, stands:
        case Mapping(), Mapping():
            return all(_says_the_same(value, stands[key]) for key, value in given.items() if key in stands)
        case list(), list():
            same_length = len(given) == len(stands)
            return same_length and all(_says_the_same(*pair) for pair in zip(given, stands, strict=True))
        case str(), str():
            return given == stands or _instant(given) == _instant(stands)
        case _:
            return bool(given == stands)


def _instant(text: str) -> datetime | str:
    """An instant to the second, of which a day by itself is its midnight in UTC; any other text as it is."""
    with suppress(ValueError):
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=read.tzinfo or UTC, microsecond=0)
    return text
