"""Bodies and parameters that break rules, said field by field in our own form."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from billing.api.problem import InvalidRequest
from billing.api.routes.models import SAID
from billing.domain.given import shortened, told_back

_MOST = 20
_SAYS_WHAT_WAS_GIVEN = re.compile(r", got .+$", re.DOTALL)
_A_DECIMAL = re.compile(r"Decimal\('([^']*)'\)")
"""A bound as the framework writes it."""
_TYPES = {
    "model_attributes_type": "expected an object",
    "model_type": "expected an object",
    "dict_type": "expected an object",
    "list_type": "expected an array",
    "tuple_type": "expected an array",
}


def invalid_request(found: Sequence[Mapping[str, Any]], *, body: object = None) -> InvalidRequest:
    """What the framework has found, as ours: each field's flaw. With the body the fields are those that stand in it."""
    rules: dict[str, list[str]] = {}
    given: dict[str, str] = {}
    for each in _apart(found):
        field, rule = _field(each, body), _rule(each)
        if rule not in rules.setdefault(field, []):
            rules[field].append(rule)
        given[field] = "" if each["type"] == "missing" or _SAYS_WHAT_WAS_GIVEN.search(rule) else _given(each)
    flaws = [{"field": field, "detail": f"{field}: {' or '.join(rules[field])}{given[field]}"} for field in rules]
    return InvalidRequest(flaws[:_MOST])


def _apart(found: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """What is wrong by itself: a list is not too short because its only item is wrong."""
    for each in found:
        if each["type"] != "too_short" or not any(_is_within(other["loc"], each["loc"]) for other in found):
            yield each


def _is_within(loc: Sequence[str | int], outer: Sequence[str | int]) -> bool:
    return len(loc) > len(outer) and tuple(loc[: len(outer)]) == tuple(outer)


def _field(found: Mapping[str, Any], body: object) -> str:
    """The field's path without where it stood (body, query), nor the forms that a value was tried as.

    One of several values of a parameter is that parameter.
    """
    loc = found["loc"] if found["loc"][0] == "body" else found["loc"][:2]
    steps = loc[1:] if loc[0] != "body" or body is None else _in_body(loc[1:], body, lacks=found["type"] == "missing")
    path = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in steps)
    return path.removeprefix(".") or str(loc[0])


def _in_body(steps: Sequence[str | int], value: object, *, lacks: bool) -> list[str | int]:
    """The steps that lead through a body, to what it lacks perhaps. One that is no key there names a form."""
    path: list[str | int] = []
    for left, step in zip(range(len(steps) - 1, -1, -1), steps, strict=True):
        if isinstance(value, dict) and not (left and _is_tag(step, value)) and (step in value or (lacks and not left)):
            path.append(step)
            value = value.get(step)
        elif isinstance(value, list | tuple) and isinstance(step, int):
            path.append(step)
            value = value[step] if step < len(value) else None
    return path


def _is_tag(step: str | int, value: Mapping[str, Any]) -> bool:
    """Whether a step says which form of an object it is, as its `kind` does, and no path leads on from such a key."""
    named = [each for each in value.values() if isinstance(each, str)]
    return step in named and not isinstance(value.get(str(step)), dict | list)


def _rule(found: Mapping[str, Any]) -> str:
    told = found.get("ctx", {})
    match found["type"]:
        case "string_pattern_mismatch" if told["pattern"] in SAID:
            return f"expected {SAID[told['pattern']]}"
        case "union_tag_not_found":
            return f"expected an object whose {told['discriminator']} says what it is"
        case "union_tag_invalid":
            return f"expected {told['discriminator']} as one of {told['expected_tags']}, got {told_back(told['tag'])}"
        case "too_short":
            return f"expected {told['min_length']} or more, got {told['actual_length']}"
        case "too_long":
            return f"expected {told['max_length']} at most, got {told['actual_length'] or 'more'}"
        case kind if kind in _TYPES:
            return _TYPES[kind]
        case _:
            rule = _A_DECIMAL.sub(r"\1", str(found["msg"]).removeprefix("Value error, "))
            return rule[:1].lower() + rule[1:]


def _given(found: Mapping[str, Any]) -> str:
    given = found.get("input")
    return f", got {shortened(str(given)) if isinstance(given, Decimal) else told_back(given)}"  # a number of the JSON
