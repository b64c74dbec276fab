"""Writes and queries as Firestore's protobuf requests."""

import re
from collections.abc import Sequence
from typing import Any, Final, assert_never

from google.cloud.firestore_v1.types import firestore as requests
from google.cloud.firestore_v1.types import query as query_types

from billing.adapters.document_rules import SURELY_SMALL, check_size, check_writes
from billing.adapters.firestore_codec import encode_fields, encode_value, parsed_timestamp
from billing.adapters.query_rules import Sorting, check_query
from billing.ports import (
    CommitTooLarge,
    Create,
    Delete,
    Fields,
    Filter,
    Operator,
    Put,
    Query,
    Update,
    Write,
    WriteConflict,
)

LARGEST_COMMIT: Final = 4 * 1024 * 1024
"""What the emulator takes in one request; production takes 10 MiB."""

_NAME = "__name__"
_PLAIN = re.compile(r"(?a:[A-Za-z_]\w*)")
_ASCENDING, _DESCENDING = (
    query_types.StructuredQuery.Direction.ASCENDING,
    query_types.StructuredQuery.Direction.DESCENDING,
)
_FieldOperator = query_types.StructuredQuery.FieldFilter.Operator
_OPERATORS: Final[dict[Operator, int]] = {
    "==": _FieldOperator.EQUAL,
    "<": _FieldOperator.LESS_THAN,
    "<=": _FieldOperator.LESS_THAN_OR_EQUAL,
    ">": _FieldOperator.GREATER_THAN,
    ">=": _FieldOperator.GREATER_THAN_OR_EQUAL,
    "in": _FieldOperator.IN,
    "array_contains": _FieldOperator.ARRAY_CONTAINS,
    "array_contains_any": _FieldOperator.ARRAY_CONTAINS_ANY,
}


def commit_request(writes: Sequence[Write], *, database: str) -> Any:  # noqa: ANN401 - protobuf classes carry no types
    """The CommitRequest; InvalidDocument, DocumentTooLarge or CommitTooLarge before anything is sent."""
    check_writes(writes)
    request = requests.CommitRequest.pb()(database=database)
    for write in writes:
        _encode_write(write, into=request.writes.add(), database=database)
    size = request.ByteSize()
    if size > SURELY_SMALL:
        _check_documents(writes, messages=request.writes)
    if size > LARGEST_COMMIT:
        raise CommitTooLarge(size=size, limit=LARGEST_COMMIT)
    return request


def batch_get_request(paths: Sequence[str], *, fields: Sequence[str] | None, database: str) -> Any:  # noqa: ANN401
    """The BatchGetDocumentsRequest for checked paths and field names."""
    names = [document_name(path, database=database) for path in paths]
    request = requests.BatchGetDocumentsRequest.pb()(database=database, documents=names)
    if fields is not None:
        request.mask.field_paths.extend(fields or [_NAME])
    return request


def query_request(query: Query, *, database: str) -> Any:  # noqa: ANN401
    """The RunQueryRequest; InvalidDocument where no store can run the query."""
    sorting = check_query(query)
    parent, _, collection_id = query.collection.rpartition("/")
    request = requests.RunQueryRequest.pb()(parent=f"{database}/documents/{parent}".rstrip("/"))
    structured = request.structured_query
    structured.from_.add(collection_id=collection_id)
    for condition in query.filters:
        _encode_filter(condition, into=structured.where.composite_filter)
    for part in sorting.fields:
        _add_order(structured, part.field, descending=part.descending)
    _add_order(structured, _NAME, descending=sorting.id_descending)
    _encode_cursor(query, sorting=sorting, into=structured, database=database)
    if query.limit is not None:
        structured.limit.value = query.limit
    for name in query.fields or ([] if query.fields is None else [_NAME]):
        structured.select.fields.add(field_path=name)
    return request


def aggregation_request(query: Query, *, sum_of: str | None, database: str) -> Any:  # noqa: ANN401
    """The RunAggregationQueryRequest with one answer, called `answer`: the count, or the sum of a field."""
    plain = query_request(query, database=database)
    request = requests.RunAggregationQueryRequest.pb()(parent=plain.parent)
    structured = request.structured_aggregation_query.structured_query
    structured.CopyFrom(plain.structured_query)
    aggregation = request.structured_aggregation_query.aggregations.add(alias="answer")
    if sum_of is None:
        aggregation.count.SetInParent()
    else:
        del structured.order_by[-1]  # no index has the summed field behind the document id
        aggregation.sum.field.field_path = sum_of
    return request


def document_name(path: str, *, database: str) -> str:
    """The full resource name of a document."""
    return f"{database}/documents/{path}"


def _encode_write(write: Write, *, into: Any, database: str) -> None:  # noqa: ANN401
    name = document_name(write.path, database=database)
    match write:
        case Create():
            _encode_document(name, write.fields, into=into)
            into.current_document.exists = False
        case Put():
            _encode_document(name, write.fields, into=into)
            _expect(write, into=into)
        case Update():
            _encode_document(name, write.fields, into=into)
            into.update_mask.SetInParent()
            into.update_mask.field_paths.extend(map(_field_path, write.fields))
            for field, amount in write.increments.items():
                into.update_transforms.add(field_path=_field_path(field)).increment.integer_value = amount
            into.current_document.exists = True
            _expect(write, into=into)
        case Delete():
            into.delete = name
            _expect(write, into=into)
        case _:
            assert_never(write)


def _encode_document(name: str, fields: Fields, *, into: Any) -> None:  # noqa: ANN401
    into.update.name = name
    encode_fields(fields, into=into.update.fields)


def _expect(write: Put | Update | Delete, *, into: Any) -> None:  # noqa: ANN401
    if write.expected is None:
        return
    try:
        into.current_document.update_time.CopyFrom(parsed_timestamp(write.expected))
    except ValueError:
        raise WriteConflict(write.path, reason="the expected version is none of this store's") from None


def _check_documents(writes: Sequence[Write], *, messages: Any) -> None:  # noqa: ANN401
    for write, message in zip(writes, messages, strict=True):
        if not isinstance(write, Delete) and message.ByteSize() > SURELY_SMALL:
            check_size(write.path, write.fields)


def _field_path(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else "`" + name.replace("\\", "\\\\") + "`"


def _encode_filter(condition: Filter, *, into: Any) -> None:  # noqa: ANN401
    into.op = query_types.StructuredQuery.CompositeFilter.Operator.AND
    added = into.filters.add()
    if condition.value is None:
        added.unary_filter.op = query_types.StructuredQuery.UnaryFilter.Operator.IS_NULL
        added.unary_filter.field.field_path = condition.field
        return
    added.field_filter.field.field_path = condition.field
    added.field_filter.op = _OPERATORS[condition.op]
    encode_value(condition.value, into=added.field_filter.value)


def _add_order(structured: Any, field: str, *, descending: bool) -> None:  # noqa: ANN401
    added = structured.order_by.add(direction=_DESCENDING if descending else _ASCENDING)
    added.field.field_path = field


def _encode_cursor(query: Query, *, sorting: Sorting, into: Any, database: str) -> None:  # noqa: ANN401
    if query.start_after is None:
        return
    into.start_at.before = False
    for value in query.start_after[: len(sorting.fields)]:
        encode_value(value, into=into.start_at.values.add())
    path = f"{query.collection}/{query.start_after[-1]}"
    into.start_at.values.add(reference_value=document_name(path, database=database))
