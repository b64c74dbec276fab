"""A Documents wrapper that refuses what Firestore would refuse for want of an index (the emulator enforces none).

Rules: https://firebase.google.com/docs/firestore/query-data/index-overview. An index serves a query if its fields are
some of the query's equality fields, in any order, followed by exactly the query's order, as given or all reversed.
Several indexes with the same order serve together if their equality fields cover the query's. Every field that is not
exempt has an index of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from billing.adapters.query_rules import check_query
from billing.ports import CompositeIndex, Document, Documents, Query, Write
from billing.store.indexes import EXEMPTIONS, INDEXES, Exemption

_Mode: TypeAlias = Literal["asc", "desc", "array"]
_Field: TypeAlias = tuple[str, _Mode]
_OTHER: dict[_Mode, _Mode] = {"asc": "desc", "desc": "asc", "array": "array"}


class UncoveredQuery(AssertionError):
    """Firestore would answer FAILED_PRECONDITION: the query requires an index."""


class CoveredDocuments:
    """Passes on what the declared indexes cover and raises UncoveredQuery for the rest."""

    def __init__(
        self,
        inner: Documents,
        *,
        indexes: Sequence[CompositeIndex] = INDEXES,
        exemptions: Sequence[Exemption] = EXEMPTIONS,
    ) -> None:
        self._inner = inner
        self._indexes = indexes
        self._exemptions = exemptions

    def get_many(self, paths: Sequence[str], *, fields: Sequence[str] | None = None) -> list[Document | None]:
        return self._inner.get_many(paths, fields=fields)

    def query(self, query: Query) -> list[Document]:
        self._check(query)
        return self._inner.query(query)

    def count(self, query: Query) -> int:
        self._check(query)
        return self._inner.count(query)

    def sum(self, query: Query, *, field: str) -> int:
        self._check(query, summed=field)
        return self._inner.sum(query, field=field)

    def check(self, writes: Sequence[Write]) -> None:
        self._inner.check(writes)

    def commit(self, writes: Sequence[Write]) -> list[str]:
        return self._inner.commit(writes)

    def _check(self, query: Query, *, summed: str | None = None) -> None:
        group = query.collection.rpartition("/")[2]
        composite = [index.fields for index in self._indexes if index.collection_group == group]
        exempt = {exemption.field for exemption in self._exemptions if exemption.collection_group == group}
        fields = {condition.field for condition in query.filters} | {part.field for part in query.order} | {summed}
        single = [_own_index(name, mode) for name in fields - exempt if name for mode in _OTHER]
        if not _covered(query, summed=summed, indexes=[*composite, *single]):
            msg = f"no declared index serves {query}{f' summed over {summed}' if summed else ''}"
            raise UncoveredQuery(msg)


def _own_index(name: str, mode: _Mode) -> tuple[_Field, ...]:
    return ((name, mode),)


def _covered(query: Query, *, summed: str | None, indexes: Sequence[tuple[_Field, ...]]) -> bool:
    contained: set[_Field] = {(part.field, "array") for part in query.filters if part.op.startswith("array_contains")}
    equal: set[_Field] = {(part.field, "asc") for part in query.filters if part.op in {"==", "in"}}
    equal |= contained
    if not equal and not check_query(query).fields and summed is None:
        return True  # the whole collection in the order of ids
    return any(_joined(equal, order=order, indexes=indexes) for order in _orders(query, equal=equal, summed=summed))


def _orders(query: Query, *, equal: Iterable[_Field], summed: str | None) -> Iterator[tuple[_Field, ...]]:
    """The fields behind the equality fields, both ways round. What is summed stands last, either way."""
    names = {name for name, _ in equal}
    parts = [part for part in check_query(query).fields if part.field not in names]
    order = tuple[_Field, ...]((part.field, "desc" if part.descending else "asc") for part in parts)
    ends: list[tuple[_Field, ...]] = [()]
    if summed is not None and summed not in names | {part.field for part in parts}:
        ends = [((summed, "asc"),), ((summed, "desc"),)]
    for end in ends:
        yield (*order, *end)
        yield tuple((name, _OTHER[mode]) for name, mode in (*order, *end))


def _joined(equal: set[_Field], *, order: tuple[_Field, ...], indexes: Sequence[tuple[_Field, ...]]) -> bool:
    """Whether indexes that all end in `order` hold every equality field between them."""
    served: set[_Field] = set()
    found = False
    for fields in indexes:
        head: set[_Field] = {
            (name, "array" if mode == "array" else "asc") for name, mode in fields[: len(fields) - len(order)]
        }
        if fields[len(fields) - len(order) :] == order and head <= equal:
            found = True
            served |= head
    return found and served == equal
