"""An audit log of four days with three seals over it, and what somebody does to it behind the program's back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from billing.domain.audit import AuditRecord
from billing.domain.seal import Seal
from billing.ports import Delete, Document, Documents, Fields, Put, Write
from billing.store.audit import AuditLog
from billing.store.audit_seals import AuditSeals
from billing.usecases.call import Call
from billing.usecases.seal_audit import seal_audit
from billing.usecases.verify_audit_log import verify_audit_log
from tests.builders import utc
from tests.covered_documents import CoveredDocuments

MARGIN = timedelta(hours=2)
FIRST = "20260101T090000.000000Z-a"
THIRD, FOURTH = "20260102T090000.000000Z-c", "20260102T100000.000000Z-d"
FIFTH, LAST = "20260103T090000.000000Z-e", "20260104T090000.000000Z-f"
STRETCH_2 = "the audit log from 2026-01-02 00:00:00.000000 UTC to 2026-01-03 00:00:00.000000 UTC (seal 2)"


@pytest.fixture
def documents(store: Documents) -> Documents:
    """Six batches of four days, with 3, 1, 2, 1, 1 and 2 records; the first three days are sealed."""
    return logged(store)


def logged(store: Documents) -> Documents:
    documents = CoveredDocuments(store)
    for day, batches in {
        "2026-01-01": {"09:00": ("a", 3), "10:00": ("b", 1)},
        "2026-01-02": {"09:00": ("c", 2), "10:00": ("d", 1)},
        "2026-01-03": {"09:00": ("e", 1)},
    }.items():
        for hour, (name, records) in batches.items():
            documents.commit([batch(documents, name, at=f"{day}T{hour}", records=records)])
        assert seals_at(documents, utc(day) + timedelta(days=1) + MARGIN) is not None
    documents.commit([batch(documents, "f", at="2026-01-04T09:00", records=2)])
    return documents


def batch(documents: Documents, name: str, *, at: str, records: int) -> Write:
    recorded_at = utc(at)
    call = Call(tenant_id="acme", actor="ann", recorded_at=recorded_at)
    made: list[AuditRecord] = [call.record(f"invoices/{name}{place}", "paid", after="paid") for place in range(records)]
    return AuditLog.of(documents, "acme").batch(made, batch_id=name, recorded_at=recorded_at)


def seals_at(documents: Documents, at: Any) -> Seal | None:  # noqa: ANN401
    return seal_audit(documents, call=Call(tenant_id="acme", actor="scheduler", recorded_at=at))


def seal(documents: Documents, number: int) -> Seal:
    found = AuditSeals.of(documents, "acme").get(number)
    assert found is not None
    return found


def stored(documents: Documents, path: str) -> Document:
    [found] = documents.get_many([f"tenants/acme/{path}"])
    assert found is not None, path
    return found


def changes(documents: Documents, path: str, change: Callable[[dict[str, Any]], object]) -> None:
    fields = dict(stored(documents, path).fields)
    change(fields)
    documents.commit([Put(f"tenants/acme/{path}", fields)])


def removes(documents: Documents, path: str) -> None:
    documents.commit([Delete(stored(documents, path).path)])


def records_of(fields: dict[str, Any]) -> list[Fields]:
    return cast("list[Fields]", fields["records"])


def found(documents: Documents, *, kept_digest: str | None = None) -> list[tuple[str, str, str]]:
    """Kind, document and sentence of all that verifying finds."""
    verified = verify_audit_log(documents, "acme", kept_digest=kept_digest)
    return [(each.kind.value, each.entity, each.message) for each in verified.findings.kept]


def rewritten(documents: Documents, batch_id: str, change: Callable[[list[Fields]], list[Fields]]) -> None:
    """What somebody does who knows the program: other records, with every hash in the batch computed again."""

    def again(fields: dict[str, Any]) -> None:
        plain = [{name: value for name, value in each.items() if name != "hash"} for each in change(records_of(fields))]
        chained = AuditLog.of(documents, "acme")._chained(plain, batch_id=batch_id.partition("-")[2])
        entities = sorted({str(each["entity"]) for each in chained})
        fields.update(records=chained, count=len(chained), hash=chained[-1]["hash"], entities=entities)

    changes(documents, f"audit/{batch_id}", again)
