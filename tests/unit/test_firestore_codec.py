"""The hand codec says what google-cloud-firestore's own conversion says, in both directions."""

from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud.firestore_v1 import _helpers
from google.cloud.firestore_v1.types import document as document_types
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from billing.adapters.firestore_codec import decode_fields, encode_fields, parsed_timestamp, timestamp_text
from billing.ports import Fields, InvalidDocument
from tests.contracts.documents_values import documents_fields, typed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def encoded(fields: Fields) -> Any:  # noqa: ANN401 - protobuf classes carry no types
    message = document_types.Document.pb()()
    encode_fields(fields, into=message.fields)
    return message


@given(fields=documents_fields)
def test_the_library_reads_what_we_write(fields: Fields) -> None:
    theirs = _helpers.decode_dict(document_types.Document.wrap(encoded(fields)).fields, client=None)
    assert typed(_plain(theirs)) == typed(fields)


@given(fields=documents_fields)
def test_we_read_what_the_library_writes(fields: Fields) -> None:
    theirs = document_types.Document(fields=_helpers.encode_dict(fields))
    assert typed(decode_fields(document_types.Document.pb(theirs).fields)) == typed(fields)


@given(fields=documents_fields)
def test_both_write_the_same_message(fields: Fields) -> None:
    theirs = document_types.Document(fields=_helpers.encode_dict(fields))
    assert encoded(fields) == document_types.Document.pb(theirs)


def test_an_invoice_is_written_field_by_field() -> None:
    message = encoded({"total": 31291, "issued_at": NOON, "lines": [{"amount": -5}], "paid": False, "note": None})
    assert message.fields["total"].integer_value == 31291
    assert message.fields["issued_at"].timestamp_value == Timestamp(seconds=1_772_366_400)
    assert message.fields["lines"].array_value.values[0].map_value.fields["amount"].integer_value == -5
    assert [message.fields[name].WhichOneof("value_type") for name in ("paid", "note")] == [
        "boolean_value",
        "null_value",
    ]


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


def _plain(value: Any) -> Any:  # noqa: ANN401 - the library's answer is untyped
    """The library's instants are a subclass of datetime that keeps nanoseconds."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return datetime.fromisoformat(value.isoformat()) if isinstance(value, datetime) else value
