"""What may be asked: one meaning of a query for every store."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from billing.adapters.document_rules import LARGEST_INTEGER, SMALLEST_INTEGER, check_scalar
from billing.ports import Filter, InvalidDocument, Order, Query, Value
from billing.store.paths import check_collection, check_segment

RANGES: Final = frozenset({"<", "<=", ">", ">="})

_FIELD = re.compile(r"(?!__)(?a:[A-Za-z_]\w*)")
_MOST_ALTERNATIVES = 30
_IN_LISTS: Final = frozenset({"array_contains", "array_contains_any"})


@dataclass(frozen=True, slots=True)
class Sorting:
    """The whole order of a query: its fields, and the direction of the document id behind them."""

    fields: tuple[Order, ...]
    id_descending: bool


def check_query(query: Query) -> Sorting:
    """The query's full order; InvalidDocument unless every store can run it."""
    check_collection(query.collection)
    for condition in query.filters:
        _check_filter(condition)
    if sum(condition.op in _IN_LISTS for condition in query.filters) > 1:
        raise InvalidDocument("filters", expected="one look into a list at most", given=query.filters)
    sorting = _sorting(query)
    _check_cursor(query, sorting=sorting)
    if query.limit is not None and query.limit < 1:
        raise InvalidDocument("limit", expected="at least 1", given=query.limit)
    for name in query.fields or ():
        check_field(name)
    return sorting


def check_field(name: str) -> None:
    """InvalidDocument unless `name` is a plain top-level field, the only kind that can be asked for."""
    if not _FIELD.fullmatch(name):
        raise InvalidDocument("field", expected="a plain name: letters, digits and _", given=name)


def check_sum(query: Query, *, field: str) -> None:
    """InvalidDocument unless every store adds up the same: plain field names, and no cut through the result."""
    check_field(field)
    if query.limit is not None or query.start_after is not None:
        raise InvalidDocument("limit", expected="neither limit nor cursor in a sum", given=query)


def checked_sum(total: int, *, field: str) -> int:
    """The total; InvalidDocument where it left 64 bit, as Firestore goes on with a float there."""
    if not SMALLEST_INTEGER <= total <= LARGEST_INTEGER:
        raise InvalidDocument(field, expected="integers whose sum fits 64 bit", given=total)
    return total


def _check_filter(condition: Filter) -> None:
    check_field(condition.field)
    value = condition.value
    if condition.op in {"in", "array_contains_any"}:
        if not isinstance(value, list) or not 1 <= len(value) <= _MOST_ALTERNATIVES or None in value:
            raise InvalidDocument(condition.field, expected="a list of 1 to 30 scalars but None", given=value)
        for alternative in value:
            check_scalar(alternative, at=condition.field)
            _check_member(condition, alternative)
        return
    check_scalar(value, at=condition.field)
    if condition.op in RANGES and (value is None or isinstance(value, bool)):
        raise InvalidDocument(condition.field, expected="an integer, text or instant as a bound", given=value)
    _check_member(condition, value)


def _check_member(condition: Filter, value: Value) -> None:
    if condition.op in _IN_LISTS and (value is None or isinstance(value, datetime)):
        raise InvalidDocument(condition.field, expected="text, an integer or a bool to look for", given=value)


def _sorting(query: Query) -> Sorting:
    ranged = list(dict.fromkeys(condition.field for condition in query.filters if condition.op in RANGES))
    if len(ranged) > 1:
        raise InvalidDocument("filters", expected="ranges on one field only", given=ranged)
    order = query.order or tuple(Order(name) for name in ranged)
    names = [part.field for part in order]
    for name in names:
        check_field(name)
    if len(set(names)) < len(names):
        raise InvalidDocument("order", expected="each field once", given=names)
    if ranged and names[0] != ranged[0]:
        raise InvalidDocument("order", expected=f"{ranged[0]} first, as a range filter stands on it", given=names)
    return Sorting(order, id_descending=bool(order) and order[-1].descending)


def _check_cursor(query: Query, *, sorting: Sorting) -> None:
    if query.start_after is None:
        return
    if len(query.start_after) != len(sorting.fields) + 1:
        raise InvalidDocument("start_after", expected="a value for each order and the id", given=query.start_after)
    for value in query.start_after[:-1]:
        check_scalar(value, at="start_after")
    document_id = query.start_after[-1]
    if not isinstance(document_id, str):
        raise InvalidDocument("start_after", expected="the document id at the end", given=document_id)
    check_segment(document_id, field="start_after")
