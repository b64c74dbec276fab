"""The wrapper that every scenario works through finds a commit that changes something and records nothing."""

import pytest

from billing.adapters.counting import CountingDocuments
from billing.ports import Create, Delete, Put, Update, Write
from billing.store.audit import AuditLog
from billing.store.marks import MARK
from tests.audited_documents import AuditedDocuments, UnauditedCommit, UnmarkedChange
from tests.builders import utc
from tests.world import sqlite_in_memory

AT = "tenants/acme"


def commits(*writes: Write) -> None:
    """Commit as a module of the product does, through a wrapper of its own."""
    documents = AuditedDocuments(sqlite_in_memory())
    place = {"documents": CountingDocuments(documents), "writes": writes, "__name__": "billing.usecases.x"}
    exec(compile("def f(): documents.commit(writes)\nf()", "x.py", "exec"), place)


INVOICE = Create(f"{AT}/invoices/one", {"status": "issued"})


@pytest.mark.parametrize(
    "write",
    [
        INVOICE,
        Put(f"{AT}/customers/ada", {"name": "Ada"}),
        Delete(f"{AT}/mail_templates/receipt.de"),
        Update(f"{AT}/invoices/one", {"pending": [], "status": "paid"}),
        Update(f"{AT}/customers/ada", {}, increments={"credit_balance": 5}),
        Update(f"{AT}/subscriptions/one", {"next_billing_at": None}),
    ],
    ids=lambda write: type(write).__name__,
)
def test_a_silent_change_is_refused(write: Write) -> None:
    with pytest.raises(UnauditedCommit, match=write.path):
        commits(write)
    with pytest.raises(UnauditedCommit, match=write.path):
        commits(write, Put(f"{AT}/counters/invoice", {"last": 1}))


def test_a_change_with_its_record_passes() -> None:
    batch = AuditLog.of(sqlite_in_memory(), "acme").batch([], batch_id="one", recorded_at=utc("2026-01-01"))
    commits(INVOICE, batch)


def test_recurring_prices_are_not_changed_without_their_mark() -> None:
    batch = AuditLog.of(sqlite_in_memory(), "acme").batch([], batch_id="one", recorded_at=utc("2026-01-01"))
    ended = Create(f"{AT}/subscriptions/one", {"end": None})
    with pytest.raises(UnmarkedChange, match=ended.path):
        commits(ended, batch)
    commits(Create(ended.path, {**ended.fields, MARK: 1}), batch)


@pytest.mark.parametrize(
    "name", ["audit_seals", "counters", "gateway_events", "report_rollups", "runs", "usage", "usage_events"]
)
def test_what_is_no_change_of_state_passes(name: str) -> None:
    commits(Create(f"{AT}/{name}/one", {"n": 1}))


def test_a_test_may_set_its_scene_in_silence() -> None:
    AuditedDocuments(sqlite_in_memory()).commit([INVOICE])
