"""The audit log: one record a change, in the commit of the change, chained so that tampering shows (semantics 13)."""

import hashlib
import json
from dataclasses import replace

import pytest

from billing.ports import Document, Fields, Write
from billing.store.audit import AuditLog
from tests.builders import a_fee, a_plan
from tests.watched_documents import WatchedDocuments
from tests.world import World

PLAN = a_plan(fees=[a_fee("49.00")], anchor_day=1)


@pytest.fixture
def world() -> World:
    world = World()
    world.book(205, to=world.plan(PLAN), on="2026-01-01")
    world.travels_to("2026-02-01")
    return world


def records_of(batch: Document) -> list[Fields]:
    records = batch.fields["records"]
    assert isinstance(records, list)
    return [record for record in records if isinstance(record, dict)]


def test_every_issued_invoice_has_one_record_in_the_commit_that_issued_it(world: World) -> None:
    view = WatchedDocuments(world.documents)
    world.runs_billing(through=view)
    pages = [writes for writes in view.commits if any("/audit/" in write.path for write in writes)]
    assert [_invoices(writes) for writes in pages] == [_audited(world, writes) for writes in pages]
    assert [len(_invoices(writes)) for writes in pages] == [200, 5]


def test_a_record_says_who_did_what_when_to_what_and_why(world: World) -> None:
    world.runs_billing()
    [first, *_] = [record for batch in world.collection("audit") for record in records_of(batch)]
    assert {name: value for name, value in first.items() if name != "hash"} == {
        "entity": "invoices/sub-c0000.20260101T000000Z.r0",
        "event": "invoice.issued",
        "actor": "scheduler",
        "at": "2026-02-01T00:00:00+00:00",
        "before": "",
        "after": "issued",
        "reason": "INV-2026-01-0001 by run run-0001",
        "request_id": "",
    }


def test_the_end_of_a_subscription_is_a_record_too() -> None:
    world = World()
    world.subscribes("acme", to=world.plan(PLAN), on="2026-01-01", until="2026-02-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    records = [record for batch in world.collection("audit") for record in records_of(batch)]
    assert [(each["event"], each["entity"], each["before"], each["after"]) for each in records] == [
        ("invoice.issued", "invoices/sub-acme.20260101T000000Z.r0", "", "issued"),
        ("subscription.ended", "subscriptions/sub-acme", "active", "ended"),
    ]


def test_each_record_carries_the_hash_of_the_one_before_it(world: World) -> None:
    world.runs_billing()
    batches = world.collection("audit")
    assert len(batches) == 2
    for batch in batches:
        previous = hashlib.sha256(f"acme/{batch.id.partition('-')[2]}".encode()).hexdigest()
        for record in records_of(batch):
            said = {name: value for name, value in record.items() if name != "hash"}
            previous = hashlib.sha256(
                (previous + json.dumps(said, sort_keys=True, separators=(",", ":"))).encode()
            ).hexdigest()
            assert record["hash"] == previous


def test_a_change_a_removal_and_a_swap_show(world: World) -> None:
    world.runs_billing()
    log = AuditLog.of(world.documents, "acme")
    batch = world.collection("audit")[0]
    assert log.broken_at(batch) is None
    records = records_of(batch)
    changed = [{**records[0], "actor": "nobody"}, *records[1:]]
    for forged in (changed, records[1:], [records[1], records[0], *records[2:]], [None], "none"):
        assert log.broken_at(replace(batch, fields={**batch.fields, "records": forged})) == 0  # type: ignore[dict-item]
    assert AuditLog.of(world.documents, "other").broken_at(batch) == 0


def test_batches_sort_by_the_time_of_their_commit(world: World) -> None:
    world.runs_billing()
    world.travels_to("2026-03-01")
    world.runs_billing()
    times = [batch.fields["recorded_at"] for batch in world.collection("audit")]
    assert times == sorted(times, key=str)
    assert len(times) == 4


def _invoices(writes: list[Write]) -> list[str]:
    return [write.path.removeprefix("tenants/acme/") for write in writes if "/invoices/" in write.path]


def _audited(world: World, writes: list[Write]) -> list[str]:
    [path] = [write.path for write in writes if "/audit/" in write.path]
    [batch] = world.documents.get_many([path])
    assert batch is not None
    return [str(record["entity"]) for record in records_of(batch)]
