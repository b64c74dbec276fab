"""Pages of a collection in the order of ids, narrowed by equal fields: what every list of the API is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from billing.ports import Document, Filter, Query, Value
from billing.store.collection import Collection

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Up to `limit` documents after the one with the id `after_id`; None begins at the first."""

    limit: int
    after_id: str | None = None


def page_by_id(
    collection: Collection,
    wanted: PageRequest,
    *,
    read: Callable[[Document], T],
    equals: Mapping[str, Value] | None = None,
) -> list[T]:
    """The documents of the page whose fields have these values, or one of a list; None leaves a condition out.

    Equal fields alone need no index of several fields: Firestore merges those that each field has by itself
    (https://firebase.google.com/docs/firestore/query-data/index-overview#taking_advantage_of_index_merging).
    """
    given = [(name, value) for name, value in (equals or {}).items() if value is not None]
    filters = tuple(Filter(name, "in" if isinstance(value, list) else "==", value) for name, value in given)
    start_after = None if wanted.after_id is None else (wanted.after_id,)
    query = Query(collection.path, filters=filters, limit=wanted.limit, start_after=start_after)
    return [read(each) for each in collection.documents.query(query)]
