"""Where a verification that ran out of time goes on, as text that fits into a task."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from billing.domain.errors import InvalidInput
from billing.ports import Value

_PREFIX = "verify/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A stage, the one of its queries that is next, and what that query starts after (None: its beginning)."""

    stage: str
    query: int = 0
    after: tuple[Value, ...] | None = None

    def __str__(self) -> str:
        """The place as read_place reads it."""
        return _PREFIX + orjson.dumps([self.stage, self.query, self.after]).decode()


def read_place(text: str, *, stages: Sequence[str]) -> Place | None:
    """The place that a text names, None for "". InvalidInput for what is none, or in none of the stages."""
    if not text:
        return None
    match _json(text):
        case [str(stage), int(query), list(after)] if stage in stages:
            return Place(stage=stage, query=query, after=tuple(after))
        case [str(stage), int(query), None] if stage in stages:
            return Place(stage=stage, query=query)
        case _:
            expected = "a place as a verification before this one named it"
            raise InvalidInput("sweep_from", expected=expected, given=text[:200])


def _json(text: str) -> Any:  # noqa: ANN401 - parsed JSON
    try:
        return orjson.loads(text.removeprefix(_PREFIX))
    except orjson.JSONDecodeError:
        return None


class OutOfTime(Exception):
    """The time is up before this place."""

    def __init__(self, place: Place) -> None:
        self.place = place
        super().__init__(str(place))
