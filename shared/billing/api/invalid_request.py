"""Bodies and parameters that break rules, said field by field in our own form."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from billing.api.problem import InvalidRequest

_MOST = 20
_LONGEST = 80


def invalid_request(found: Sequence[Mapping[str, Any]]) -> InvalidRequest:
    """What the framework has found, as ours: each field's flaw."""
    return InvalidRequest([_flaw(each) for each in found[:_MOST]])


def _flaw(found: Mapping[str, Any]) -> dict[str, str]:
    """The field's path without where it stood (body, query), and the sentence with what was given, cut short."""
    path = [str(part) for part in found["loc"][1:]]
    field = ".".join(path) or str(found["loc"][0])
    given = "" if found["type"] == "missing" else f", got {_shown(found.get('input'))}"
    return {"field": field, "detail": f"{field}: {_rule(found)}{given}"}


def _rule(found: Mapping[str, Any]) -> str:
    rule = str(found["msg"]).removeprefix("Value error, ")
    return rule[:1].lower() + rule[1:]


def _shown(given: object) -> str:
    """What was given as JSON has it; what is nested by its kind alone."""
    match given:
        case None:
            return "null"
        case bool():
            return str(given).lower()
        case dict():
            return "an object"
        case list():
            return "an array"
        case Decimal():
            return _cut(str(given))
        case _:
            return _cut(repr(given))


def _cut(shown: str) -> str:
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."
