"""Lists in pages: `?limit=&cursor=`, answered as `{data, next_cursor}`; the cursor is opaque and worth nothing else."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from billing.api.routes.models import LONGEST_ID, AnswerModel, Limit
from billing.domain.errors import InvalidInput
from billing.ports import Value
from billing.store.pages import PageRequest

T = TypeVar("T")
A = TypeVar("A", bound=AnswerModel)
S = TypeVar("S", bound=StrEnum)

_LONGEST_CURSOR = 3 * LONGEST_ID
_INSTANT = "%Y%m%dT%H%M%S.%fZ"

Several = Annotated[list[S], Query(default_factory=list, max_length=30, description="One, or several by repeating it")]
"""A condition that any of its values fulfils."""


class Paged(BaseModel, Generic[A]):
    """A page of a list. `next_cursor` asks for the next one; null where this is the last."""

    data: list[A]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPage:
    """The page that a caller asks for."""

    place: str
    limit: int
    after_id: str | None

    @property
    def wanted(self) -> PageRequest:
        """One more than is shown, to know whether another page follows."""
        return PageRequest(limit=self.limit + 1, after_id=self.after_id)

    def answer(self, found: Sequence[T], model: type[A], *, id_of: Callable[[T], str]) -> Paged[A]:
        """The page of what `wanted` found, each as its model reads it off."""
        return self.shown(found, as_answer=model.model_validate, id_of=id_of)

    def shown(self, found: Sequence[T], *, as_answer: Callable[[T], A], id_of: Callable[[T], str]) -> Paged[A]:
        """The page of what `wanted` found."""
        page = found[: self.limit]
        next_cursor = cursor_of(id_of(page[-1]), place=self.place) if len(found) > self.limit else None
        return Paged(data=[as_answer(each) for each in page], next_cursor=next_cursor)


def cursor_of(last_id: str, *, place: str) -> str:
    """The cursor of what follows an id in the list at a path."""
    return urlsafe_b64encode(f"{place} {last_id}".encode()).rstrip(b"=").decode()


def last_id_of(cursor: str, *, place: str) -> str:
    """The id that a cursor stands behind; InvalidInput for one that was never handed out by the list at that path."""
    try:
        last_id = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").removeprefix(f"{place} ")
    except (binascii.Error, ValueError):
        last_id = ""
    if not last_id or cursor_of(last_id, place=place) != cursor or not last_id.isprintable() or "/" in last_id:
        raise _of_no_answer(cursor)
    return last_id


def any_of(wanted: Sequence[StrEnum]) -> list[Value] | None:
    """What `page_by_id` is told of several; None, which is no condition, where none is named."""
    return [*dict.fromkeys(each.value for each in wanted)] or None


def timed_id(at: datetime, name: str) -> str:
    """What stands for an entry of a list that is in the order of UTC instants."""
    return f"{at:{_INSTANT}}:{name}"


def timed(after_id: str) -> tuple[datetime, str]:
    """The instant and the id of `timed_id`; InvalidInput for what was never one."""
    instant, _, name = after_id.partition(":")
    try:
        return datetime.strptime(instant, _INSTANT).replace(tzinfo=UTC), name
    except ValueError:
        raise _of_no_answer(after_id) from None


def _asked(
    request: Request,
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=_LONGEST_CURSOR, description="`next_cursor` of a page")] = None,
) -> AskedPage:
    place = _place(request)
    return AskedPage(place=place, limit=limit, after_id=None if cursor is None else last_id_of(cursor, place=place))


def _place(request: Request) -> str:
    """The list: its path, and a digest of its conditions, as the page of others goes on elsewhere."""
    asked = sorted(each for each in request.query_params.multi_items() if each[0] not in ("cursor", "limit"))
    return f"{request.url.path}?{sha256(urlencode(asked).encode()).hexdigest()[:12]}" if asked else request.url.path


def _of_no_answer(cursor: str) -> InvalidInput:
    return InvalidInput(
        "cursor", expected="the next_cursor of an answer of this list with the same conditions", given=cursor
    )


Paging = Annotated[AskedPage, Depends(_asked)]
