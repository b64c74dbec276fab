"""Where in a JSON text a value stands, so that an error can name its line."""

from collections.abc import Iterator
from json import JSONDecoder
from typing import Any

_decoder = JSONDecoder()
_BLANKS = " \t\r\n"


def line_of(text: str, place: tuple[str | int, ...]) -> int:
    """The line, from 1, of the value at a place of sound JSON; of the nearest value around it where it is absent."""
    at = _skip(text, 0)
    for step in place:
        found = next((start for key, start in _children(text, at) if key == step), None)
        if found is None:
            break
        at = found
    return text.count("\n", 0, at) + 1


def _children(text: str, at: int) -> Iterator[tuple[str | int, int]]:
    """Keys or indexes of the object or list at `at`, each with where its value starts."""
    opening = text[at]
    if opening not in "{[":
        return
    index, at = 0, _skip(text, at + 1)
    while text[at] not in "}]":
        key: str | int = index
        if opening == "{":
            key, at = _decoder.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)  # over the colon
        yield key, at
        at = _skip(text, _end(text, at))
        if text[at] == ",":
            at = _skip(text, at + 1)
        index += 1


def _end(text: str, at: int) -> int:
    value: tuple[Any, int] = _decoder.raw_decode(text, at)
    return value[1]


def _skip(text: str, at: int) -> int:
    while text[at] in _BLANKS:
        at += 1
    return at
