"""What somebody gave, told back to people as one writes it: no word of the language that this is written in."""

from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from numbers import Number
from types import NoneType
from typing import Any, Final

_LONGEST: Final = 80


def told_back(given: object) -> str:
    """A value in an error's sentence: text in quotes, instants as ISO 8601, 80 characters."""
    return shortened(_shown(given))


def shortened(shown: str) -> str:
    """The first 80 characters, with dots where there are more."""
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."


def as_iso(at: datetime) -> str:
    """An instant in a sentence: ISO 8601, with a Z where it is one of UTC."""
    return at.isoformat().replace("+00:00", "Z")


def _shown(given: object) -> str:
    return next(word(given) for kind, word in _WORDINGS if isinstance(given, kind))


def _listed(given: Collection[object]) -> str:
    """Plain values one by one; what is nested by its kind alone."""
    if any(isinstance(each, Collection) and not isinstance(each, str | bytes) for each in given):
        return "an array"
    return f"[{', '.join(map(_shown, given))}]"


_WORDINGS: Final[tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...]] = (
    (NoneType, lambda _: "null"),
    (bool, lambda given: str(given).lower()),
    (Enum, lambda given: _shown(given.value)),
    (datetime, lambda given: repr(as_iso(given))),
    ((str, Decimal, date, time), lambda given: repr(str(given))),
    (Number, str),
    (bytes, lambda given: repr(given.decode(errors="replace"))),
    ((Sequence, AbstractSet), _listed),
    (Mapping, lambda _: "an object"),
    (object, lambda _: "something else"),
)
