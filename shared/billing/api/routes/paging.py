"""Lists in pages: `?limit=&cursor=`, answered as `{data, next_cursor}`; the cursor is opaque and worth nothing else."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from billing.api.routes.models import LONGEST_ID, AnswerModel, Limit
from billing.domain.errors import InvalidInput
from billing.store.pages import PageRequest

T = TypeVar("T")
A = TypeVar("A", bound=AnswerModel)

_LONGEST_CURSOR = 3 * LONGEST_ID


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
        raise InvalidInput("cursor", expected="the next_cursor of an answer of this list", given=cursor)
    return last_id


def _asked(
    request: Request,
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=_LONGEST_CURSOR, description="`next_cursor` of a page")] = None,
) -> AskedPage:
    place = request.url.path
    return AskedPage(place=place, limit=limit, after_id=None if cursor is None else last_id_of(cursor, place=place))


Paging = Annotated[AskedPage, Depends(_asked)]
