"""Stripe's form encoding: `metadata[a]=1&expand[0]=b` and back into nested values."""

import re
from typing import TypeAlias
from urllib.parse import parse_qsl

from billing.sandbox.errors import ApiError

Field: TypeAlias = "str | dict[str, Field]"
"""A decoded field: text, or fields by name; a list is still fields by number."""

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")


def decode_form(text: str) -> dict[str, Field]:
    """The fields of a query or body; ApiError where a name is malformed or is both a value and a group."""
    decoded: dict[str, Field] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=2_000):
        _place(decoded, _path(name), name=name, value=value)
    return decoded


def _path(name: str) -> list[str]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise ApiError(f"Invalid parameter name: {name}", param=name)
    return [match[1], *_PART.findall(match[2])]


def _place(group: dict[str, Field], path: list[str], *, name: str, value: str) -> None:
    *parents, last = path
    for part in parents:
        inner = group.setdefault(part or str(len(group)), {})
        if isinstance(inner, str):
            raise ApiError(f"Invalid object: {name} is given as a value and as a group", param=name)
        group = inner
    group[last or str(len(group))] = value
