"""What the audit log is asked: who did what, to which document, when; and all of it, for somebody else to keep."""

from datetime import timedelta
from typing import Any

import pytest

from billing.domain.credit_request import AmountCredit
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.codec import BrokenDocument
from billing.usecases.call import Call
from billing.usecases.export_audit import export_audit
from billing.usecases.find_audit import find_audit
from billing.usecases.seal_audit import seal_audit
from billing.usecases.verify import VerifyRequest, verify
from billing.usecases.verify_audit_log import verify_audit_log
from tests.builders import a_fee, a_plan, utc
from tests.covered_documents import CoveredDocuments
from tests.crediting import gives_back, pays
from tests.either_store import documents as store
from tests.either_store import firestore
from tests.watched_documents import WatchedDocuments
from tests.world import World, sqlite_in_memory

__all__ = ["firestore", "store"]


@pytest.fixture
def documents(store: Documents) -> Documents:
    """Five commits: three of ann's and bob's in January, one in June, one two years later."""
    return told(store)


def told(store: Documents) -> Documents:
    documents = CoveredDocuments(store)
    recorded(documents, "2026-01-05T09:00", "ann", ("invoices/1", "invoice.issued"), ("invoices/2", "invoice.issued"))
    recorded(documents, "2026-01-05T09:30", "bob", ("payments/1", "payment.recorded"), ("invoices/1", "invoice.paid"))
    recorded(documents, "2026-01-06T09:00", "ann", ("invoices/2", "invoice.void"))
    recorded(documents, "2026-06-01T09:00", "bob", ("customers/1", "invoices.merged"))
    recorded(documents, "2028-02-01T09:00", "ann", ("invoices/3", "invoice.issued"))
    return documents


def recorded(documents: Documents, at: str, actor: str, *changes: tuple[str, str]) -> None:
    call = Call(tenant_id="acme", actor=actor, recorded_at=utc(at))
    records = [call.record(entity, event, after="x") for entity, event in changes]
    documents.commit([AuditLog.of(documents, "acme").batch(records, batch_id=actor, recorded_at=utc(at))])


def asked(documents: Documents, *, limit: int = 50, **conditions: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    found = find_audit(documents, "acme", limit=limit, **_utc(conditions))
    return [(each.record.entity, each.record.event) for each in found]


def _utc(conditions: dict[str, Any]) -> dict[str, Any]:
    return {
        name: utc(each) if name in ("since", "until") and isinstance(each, str) else each
        for name, each in conditions.items()
    }


ALL = [
    ("invoices/3", "invoice.issued"),
    ("customers/1", "invoices.merged"),
    ("invoices/2", "invoice.void"),
    ("invoices/1", "invoice.paid"),
    ("payments/1", "payment.recorded"),
    ("invoices/2", "invoice.issued"),
    ("invoices/1", "invoice.issued"),
]


def test_everything_is_found_the_newest_first(documents: Documents) -> None:
    assert asked(documents) == ALL


def test_an_entity_s_own_records_are_found_and_no_others_of_its_commits(documents: Documents) -> None:
    assert asked(documents, entity="invoices/1") == [ALL[3], ALL[6]]
    assert asked(documents, entity="invoices/9") == []


def test_an_actor_and_an_event_are_found(documents: Documents) -> None:
    assert asked(documents, actor="bob") == [ALL[1], ALL[3], ALL[4]]
    assert asked(documents, event="invoice.issued") == [ALL[0], ALL[5], ALL[6]]
    assert asked(documents, event="invoice") == [ALL[0], ALL[2], ALL[3], ALL[5], ALL[6]]  # and not invoices.merged
    assert asked(documents, actor="ann", event="invoice.paid") == []


def test_a_time_begins_where_it_says_and_ends_before(documents: Documents) -> None:
    assert asked(documents, since="2026-01-05T09:30", until="2026-01-06T09:00") == [ALL[3], ALL[4]]
    assert asked(documents, since="2026-01-05T09:00", until="2026-01-05T09:00") == []
    assert asked(documents, since="2027-01-01") == [ALL[0]]
    assert asked(documents, until="2026-01-05T09:30") == [ALL[5], ALL[6]]
    assert asked(documents, entity="invoices/1", since="2026-01-05T09:30") == [ALL[3]]


def test_only_so_many_are_found_the_latest_ones(documents: Documents) -> None:
    assert asked(documents, limit=1) == ALL[:1]
    assert asked(documents, limit=4) == ALL[:4]


@pytest.mark.parametrize("conditions", [{}, {"event": "invoice"}, {"entity": "invoices/1"}, {"until": "2028-01-01"}])
def test_records_of_one_instant_are_read_on_from_each_of_them(documents: Documents, conditions: dict[str, Any]) -> None:
    """Those of a run's pages are all of the run's instant, many more than are told at once."""
    recorded(documents, "2026-01-05T09:30", "carl", ("invoices/1", "invoice.sent"), ("invoices/2", "invoice.sent"))
    told, until = list[tuple[str, str]](), dict[str, Any]()
    while found := find_audit(documents, "acme", limit=1, **_utc({**conditions, **until})):
        until = {"until": (found[0].batch_id, found[0].place)}
        told.append((found[0].record.entity, found[0].record.event))
    assert told == asked(documents, **conditions)
    assert len(told) == len({*told})


def test_an_empty_log_has_nothing() -> None:
    assert asked(CoveredDocuments(sqlite_in_memory())) == []
    assert list(export_audit(CoveredDocuments(sqlite_in_memory()), "acme")) == []


def test_the_latest_records_of_a_long_log_are_found_without_reading_it() -> None:
    documents = told(sqlite_in_memory())
    for minute in range(600):
        at = utc("2028-02-02") + timedelta(minutes=minute)
        recorded(documents, at.strftime("%Y-%m-%dT%H:%M"), "carl", ("invoices/4", "invoice.charged"))
    read: list[int] = []

    class Counted(WatchedDocuments):
        def query(self, query: Any) -> Any:  # noqa: ANN401
            found = super().query(query)
            read.append(len(found))
            return found

    assert asked(Counted(documents), limit=3) == [("invoices/4", "invoice.charged")] * 3
    assert sum(read) < 200  # an hour's batches or two, and one for each step of the search


def test_a_record_that_can_not_be_read_is_said_to_be_so(documents: Documents) -> None:
    call = Call(tenant_id="acme", actor="ann", recorded_at=utc("2028-03-01"))
    record = call.record("invoices/4", "invoice.issued", after="issued")
    write = AuditLog.of(documents, "acme").batch([record], batch_id="x", recorded_at=utc("2028-03-01"))
    write.fields["records"] = [{"entity": "invoices/4"}]
    documents.commit([write])
    with pytest.raises(BrokenDocument):
        asked(documents)


def test_an_export_has_each_record_in_its_order_with_its_hash_and_its_seal(documents: Documents) -> None:
    for at in ("2026-01-05T11:15", "2026-07-01"):
        assert seal_audit(documents, call=Call(tenant_id="acme", actor="x", recorded_at=utc(at))) is not None
    rows = list(export_audit(documents, "acme"))
    assert [(each.entry.record.entity, each.entry.record.event) for each in rows] == ALL[::-1]
    assert [each.seal for each in rows] == [1, 1, 2, 2, 2, 2, None]
    assert [(each.entry.batch_id, each.entry.place) for each in rows[:3]] == [
        ("20260105T090000.000000Z-ann", 1),
        ("20260105T090000.000000Z-ann", 2),
        ("20260105T093000.000000Z-bob", 1),
    ]
    [batch] = documents.get_many(["tenants/acme/audit/20260105T090000.000000Z-ann"])
    assert batch is not None
    assert rows[1].entry.hash == batch.fields["hash"]


def test_an_export_of_a_time_has_its_records_alone(documents: Documents) -> None:
    rows = export_audit(documents, "acme", since=utc("2026-01-06"), until=utc("2028-02-01T09:00"))
    assert [each.entry.record.event for each in rows] == ["invoice.void", "invoices.merged"]


def test_the_log_of_a_run_payments_and_a_credit_note_is_clean_and_seals() -> None:
    world = World()
    plan = world.plan(a_plan(fees=[a_fee("49.00")], anchor_day=1))
    world.book(205, to=plan, on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    world.travels_to("2026-02-10")
    pays(world, 4900)
    gives_back(world, AmountCredit(amount=1000))
    world.travels_to("2026-02-11")
    call = Call(tenant_id="acme", actor="scheduler", recorded_at=world.now)
    made = seal_audit(world.documents, call=call)
    assert made is not None
    verified = verify_audit_log(world.documents, "acme", kept_digest=made.digest)
    assert (verified.findings.kept, verified.kept, verified.unsealed_batches) == ([], made, 0)
    assert made.records >= 207  # 205 invoices, a payment, a credit note
    report = verify(world.documents, world.objects, VerifyRequest(tenant_id="acme", as_of=world.now, objects=False))
    assert (report.findings.kept, report.read["audit_seals"]) == ([], 1)


def test_verifying_the_books_names_what_the_seals_miss() -> None:
    world = World()
    world.book(2, to=world.plan(a_plan(fees=[a_fee("49.00")], anchor_day=1)), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    world.travels_to("2026-02-02")
    seal_audit(world.documents, call=Call(tenant_id="acme", actor="scheduler", recorded_at=world.now))
    world.damages("audit_seals/0000000001", {"records": 3})
    request = VerifyRequest(tenant_id="acme", as_of=world.now, objects=False, periods=("2026-01",))
    [finding] = verify(world.documents, world.objects, request).findings.kept
    assert (finding.kind.value, finding.entity) == ("audit_seal_altered", "audit_seals/0000000001")


def test_a_cycle_that_brings_no_document_leaves_a_record_of_who_moved_it_on_and_why() -> None:
    world = World()
    world.subscribes("ada", to=world.plan(a_plan(fees=[], metered=[], anchor_day=1)), on="2026-01-01")
    world.travels_to("2026-02-01")
    assert dict(world.runs_billing().skipped) == {"nothing_to_bill": 1}
    [entry] = find_audit(world.documents, "acme", entity="subscriptions/sub-ada", limit=5)
    record = entry.record
    assert (record.event, record.actor, record.reason) == (
        "subscription.not_billed",
        "scheduler",
        "nothing_to_bill by run run-0001",
    )
    assert (record.before, record.after) == ("2026-02-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00")
