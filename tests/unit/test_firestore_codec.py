"""The hand codec says what google-cloud-firestore's own conversion says, in both directions."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from google.cloud.firestore_v1 import _helpers
from google.cloud.firestore_v1.types import document as document_types
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from billing.adapters.firestore_codec import decode_fields, encode_fields, parsed_timestamp, timestamp_text
from billing.ports import Fields, InvalidDocument, Value
from tests.contracts.documents_values import documents_fields, typed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def encoded(fields: Fields) -> Any:  # noqa: ANN401 - protobuf classes carry no types
    message = document_types.Document.pb()()
    encode_fields(fields, into=message.fields)
    return message


@given(fields=documents_fields)
def test_the_library_reads_what_we_write(fields: Fields) -> None:
    theirs = _helpers.decode_dict(document_types.Document.wrap(encoded(fields)).fields, client=None)
    assert typed(_plain(theirs)) == typed(_with_texts(fields))


@given(fields=documents_fields)
def test_we_read_what_we_write(fields: Fields) -> None:
    assert typed(decode_fields(encoded(fields).fields)) == typed(fields)


@given(fields=documents_fields)
def test_we_read_what_the_library_writes(fields: Fields) -> None:
    theirs = document_types.Document(fields=_helpers.encode_dict(fields))
    assert typed(decode_fields(document_types.Document.pb(theirs).fields)) == typed(fields)


@given(fields=documents_fields)
def test_both_write_the_same_message(fields: Fields) -> None:
    theirs = document_types.Document(fields=_helpers.encode_dict(_with_texts(fields)))
    assert encoded(fields) == document_types.Document.pb(theirs)


def test_an_invoice_is_written_field_by_field() -> None:
    message = encoded({"total": 31291, "issued_at": NOON, "lines": [{"amount": -5}], "paid": False, "note": None})
    assert message.fields["total"].integer_value == 31291
    assert message.fields["issued_at"].timestamp_value == Timestamp(seconds=1_772_366_400)
    assert message.fields["lines"].string_value == 'json:[{"amount":-5}]'
    assert [message.fields[name].WhichOneof("value_type") for name in ("paid", "note")] == [
        "boolean_value",
        "null_value",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "json:{}"),
        ({"a": {"b": [1, None]}}, 'json:{"a":{"b":[1,null]}}'),
        ([{"b": True}, {}], 'json:[{"b":true},{}]'),
        ("json:", 'json:"json:"'),
        ('json:{"a":1}', 'json:"json:{\\"a\\":1}"'),
        ("jso", "jso"),
        ("a json:", "a json:"),
        ({"n": -(2**63)}, 'json:{"n":-9223372036854775808}'),
    ],
    ids=str,
)
def test_a_map_is_one_text_and_no_other_text_is_taken_for_one(value: Value, text: str) -> None:
    message = encoded({"v": value})
    assert message.fields["v"].string_value == text
    assert decode_fields(message.fields) == {"v": value}


def test_a_list_of_plain_values_stays_a_list_that_can_be_searched() -> None:
    message = encoded({"entities": ["invoices/1", "json:x"], "none": []})
    assert [each.string_value for each in message.fields["entities"].array_value.values] == [
        "invoices/1",
        'json:"json:x"',
    ]
    assert message.fields["none"].WhichOneof("value_type") == "array_value"
    assert decode_fields(message.fields) == {"entities": ["invoices/1", "json:x"], "none": []}
    mixed = encoded({"v": ["x", {"a": 1}]})
    assert [each.string_value for each in mixed.fields["v"].array_value.values] == ["x", 'json:{"a":1}']
    assert decode_fields(mixed.fields) == {"v": ["x", {"a": 1}]}


def test_a_text_that_is_no_json_behind_its_mark_is_refused() -> None:
    message = document_types.Document.pb()(fields={"v": document_types.Value.pb()(string_value="json:{")})
    with pytest.raises(InvalidDocument, match="expected JSON behind json:"):
        decode_fields(message.fields)


@pytest.mark.parametrize(
    "foreign", [{"double_value": 1.5}, {"bytes_value": b"x"}, {"reference_value": "projects/p"}, {}], ids=str
)
def test_kinds_that_billing_never_writes_are_refused(foreign: dict[str, Any]) -> None:
    message = document_types.Document.pb()(fields={"v": document_types.Value.pb()(**foreign)})
    with pytest.raises(InvalidDocument):
        decode_fields(message.fields)


@given(seconds=st.integers(-62_135_596_800, 253_402_300_799), nanos=st.integers(0, 999_999_999))
def test_a_version_keeps_every_nanosecond(seconds: int, nanos: int) -> None:
    timestamp = Timestamp(seconds=seconds, nanos=nanos)
    assert parsed_timestamp(timestamp_text(timestamp)) == timestamp


def _with_texts(fields: Fields) -> Fields:
    """The fields as they are to stand in Firestore: a map or a list of maps is a text, and so is a map in a list."""

    def standing(value: Value) -> Value:
        if isinstance(value, dict) or (isinstance(value, list) and value and all(isinstance(v, dict) for v in value)):
            return "json:" + orjson.dumps(value).decode()
        return [standing(each) for each in value] if isinstance(value, list) else value

    return {name: standing(value) for name, value in fields.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - the library's answer is untyped
    """The library's instants are a subclass of datetime that keeps nanoseconds."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return datetime.fromisoformat(value.isoformat()) if isinstance(value, datetime) else value
