"""Queries as SQL over the JSON bodies. Field names are plain names (query_rules), every value is bound."""

# ruff: noqa: S608 - see above

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from billing.adapters.json_body import INSTANTS
from billing.adapters.query_rules import Sorting, check_query
from billing.adapters.sqlite_connections import sql_text
from billing.ports import Filter, InvalidDocument, Query, Value

Bound: TypeAlias = str | int
_Sql: TypeAlias = tuple[str, list[Bound]]


@dataclass(frozen=True, slots=True)
class Selection:
    """Everything behind `select ... from docs` with what is bound to it."""

    sql: str
    bound: list[Bound]


def selection(query: Query) -> Selection:
    """The SQL of a query; InvalidDocument where no store can run it."""
    sorting = check_query(query)
    group = query.collection.rpartition("/")[2]
    conditions: list[_Sql] = [(f"collection_group = {sql_text(group)} and collection = ?", [query.collection])]
    conditions += [_condition(condition) for condition in query.filters]
    conditions += [(f"{_json_type(part.field)} is not null", []) for part in sorting.fields]
    if query.start_after is not None:
        conditions.append(_after(query.start_after, sorting=sorting))
    sql = f"where {' and '.join(text for text, _ in conditions)} order by {_order_by(sorting)}"
    bound = [value for _, values in conditions for value in values]
    return Selection(sql, bound) if query.limit is None else Selection(f"{sql} limit ?", [*bound, query.limit])


def _extract(field: str) -> str:
    return f"json_extract(body, '$.{field}')"


def _json_type(field: str) -> str:
    return f"json_type(body, '$.{field}')"


def _order_by(sorting: Sorting) -> str:
    parts = [f"{_extract(part.field)} {_direction(descending=part.descending)}" for part in sorting.fields]
    return ", ".join([*parts, f"id {_direction(descending=sorting.id_descending)}"])


def _direction(*, descending: bool) -> str:
    return "desc" if descending else "asc"


def _condition(condition: Filter) -> _Sql:
    field, value = condition.field, condition.value
    match condition.op:
        case "array_contains":
            return _contained(field, [value])
        case "array_contains_any":
            return _contained(field, value if isinstance(value, list) else [])
        case "in":
            return _any_of(field, value if isinstance(value, list) else [])
        case "==":
            return _any_of(field, [value])
        case _:
            return f"{_extract(field)} {condition.op} ? and {_type_is(field, value)}", [_bound(value)]


def _contained(field: str, values: Sequence[Value]) -> _Sql:
    kinds: dict[str, list[Bound]] = defaultdict(list)
    for value in values:
        kinds[_json_name(value)].append(_bound(value))
    alternatives = [
        f"each.type = {sql_text(kind)} and each.value in ({', '.join('?' * len(bound))})"
        for kind, bound in kinds.items()
    ]
    found = f"select 1 from json_each(body, '$.{field}') as each where {' or '.join(alternatives)}"
    sql = f"{_json_type(field)} = 'array' and exists ({found})"
    return sql, [value for bound in kinds.values() for value in bound]


def _any_of(field: str, values: Sequence[Value]) -> _Sql:
    if values == [None]:
        return f"{_extract(field)} is null and {_json_type(field)} = 'null'", []
    kinds: dict[str, list[Bound]] = defaultdict(list)
    for value in values:
        kinds[_type_is(field, value)].append(_bound(value))
    places = {kind: ", ".join("?" * len(bound)) for kind, bound in kinds.items()}
    alternatives = [f"({_extract(field)} in ({places[kind]}) and {kind})" for kind in kinds]
    return f"({' or '.join(alternatives)})", [value for bound in kinds.values() for value in bound]


def _type_is(field: str, value: Value) -> str:
    """JSON knows no instants and SQLite no truth values: a filter must not match the text or number they look like."""
    if isinstance(value, bool):
        return f"{_json_type(field)} in ('true', 'false')"
    if isinstance(value, int):
        return f"{_json_type(field)} = 'integer'"
    marked = "not null" if isinstance(value, datetime) else "null"
    return f"{_json_type(field)} = 'text' and json_type(body, '$.{INSTANTS}.{field}') is {marked}"


def _json_name(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "integer" if isinstance(value, int) else "text"


def _bound(value: Value) -> Bound:
    match value:
        case datetime():
            return value.isoformat()
        case str():
            return str(value)
        case int():
            return int(value)
        case _:
            raise InvalidDocument("value", expected="a scalar", given=value)


def _after(cursor: Sequence[Value], *, sorting: Sorting) -> _Sql:
    sql = f"id {'<' if sorting.id_descending else '>'} ?"
    bound = [_bound(cursor[-1])]
    for part, value in reversed(list(zip(sorting.fields, cursor, strict=False))):
        beyond, equal, values = _beyond(_extract(part.field), value, descending=part.descending)
        sql, bound = f"({beyond} or ({equal} and {sql}))", [*values, *values, *bound]
    if sorting.fields and cursor[0] is not None and not sorting.fields[0].descending:
        # Implied by the rest, but in the one form that lets SQLite enter an index at the cursor.
        return f"{_extract(sorting.fields[0].field)} >= ? and {sql}", [_bound(cursor[0]), *bound]
    return sql, bound


def _beyond(extract: str, value: Value, *, descending: bool) -> tuple[str, str, list[Bound]]:
    """Conditions for lying behind `value` and for standing at it, and what one of the two binds. Null sorts first."""
    if value is None:
        return ("false" if descending else f"{extract} is not null"), f"{extract} is null", []
    behind = f"({extract} < ? or {extract} is null)" if descending else f"{extract} > ?"
    return behind, f"{extract} = ?", [_bound(value)]
