"""A batch of the audit log that was changed behind the program's back is named, and what in it is wrong."""

from typing import Any

import pytest

from billing.ports import Documents
from tests.builders import utc
from tests.either_store import documents as store
from tests.either_store import firestore
from tests.sealed_log import (
    FIFTH,
    FIRST,
    LAST,
    THIRD,
    changes,
    documents,
    found,
    records_of,
    stored,
)

__all__ = ["documents", "firestore", "store"]


def test_a_changed_record_is_named(documents: Documents) -> None:
    changes(documents, f"audit/{FIRST}", lambda fields: records_of(fields)[1].update(actor="nobody"))
    assert found(documents) == [
        (
            "audit_altered",
            f"audit/{FIRST}",
            f"audit batch {FIRST}: record 2, of invoices/a1, is not as it was written",
        )
    ]


def test_swapped_records_are_named(documents: Documents) -> None:
    changes(documents, f"audit/{FIRST}", lambda fields: records_of(fields).reverse())
    [(kind, entity, message)] = found(documents)
    assert (kind, entity) == ("audit_altered", f"audit/{FIRST}")
    assert "record 1, of invoices/a2, is not as it was written" in message


def test_a_removed_and_an_inserted_record_are_named(documents: Documents) -> None:
    changes(documents, f"audit/{FIRST}", lambda fields: records_of(fields).pop(0))
    changes(documents, f"audit/{THIRD}", lambda fields: records_of(fields).insert(1, dict(records_of(fields)[0])))
    assert [(kind, message.partition(": ")[2]) for kind, _, message in found(documents)] == [
        ("audit_altered", "record 1, of invoices/a1, is not as it was written"),
        ("audit_altered", "record 2, of invoices/c0, is not as it was written"),
    ]


@pytest.mark.parametrize("batch_id", [FIRST, LAST], ids=["sealed", "not sealed yet"])
def test_a_truncated_batch_is_named(documents: Documents, batch_id: str) -> None:
    written = len(records_of(stored(documents, f"audit/{batch_id}").fields))
    changes(documents, f"audit/{batch_id}", lambda fields: records_of(fields).pop())
    message = f"audit batch {batch_id}: it has {written - 1} records, and was written with {written}"
    assert found(documents) == [("audit_altered", f"audit/{batch_id}", message)]


def test_a_batch_that_ends_otherwise_than_it_says_is_named(documents: Documents) -> None:
    changes(documents, f"audit/{LAST}", lambda fields: fields.update(records=records_of(fields)[:1], count=1))
    [(_, _, message)] = found(documents)
    assert message.endswith("its last record is not the one that it was written with")


def test_a_batch_that_is_found_under_another_entity_is_named(documents: Documents) -> None:
    changes(documents, f"audit/{LAST}", lambda fields: fields.update(entities=["invoices/x"]))
    [(_, _, message)] = found(documents)
    assert message.endswith("its records are not of the entities that it was written for")


def test_a_batch_that_says_another_time_is_named(documents: Documents) -> None:
    changes(documents, f"audit/{LAST}", lambda fields: fields.update(recorded_at=utc("2026-01-09")))
    [(_, _, message)] = found(documents)
    assert message.endswith("it does not stand at the time at which it was recorded")


@pytest.mark.parametrize("records", [None, "none", [None, None], []], ids=["gone", "text", "empty ones", "empty"])
def test_a_batch_without_records_is_named(documents: Documents, records: Any) -> None:  # noqa: ANN401
    changes(documents, f"audit/{FIFTH}", lambda fields: fields.update(records=records))
    [(kind, entity, _)] = found(documents)
    assert (kind, entity) == ("audit_altered", f"audit/{FIFTH}")
