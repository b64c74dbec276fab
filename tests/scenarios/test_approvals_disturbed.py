"""Held invoices are made once and issued once, whoever else runs or approves, and whenever somebody is killed."""

import random
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from billing.adapters.firestore import FirestoreDocuments
from billing.adapters.sqlite import SqliteDocuments
from billing.domain.invoice import InvoiceStatus
from billing.domain.review import Review
from billing.domain.subscription_changes import end_subscription
from billing.domain.tenant import Tenant
from billing.ports import Documents, Fields, Put, Write, WriteConflict
from billing.store.indexes import INDEXES
from billing.store.subscriptions import subscription_fields
from billing.usecases.reject_invoice import reject_invoice
from tests.builders import a_fee, a_meter, a_plan, a_tenant, utc
from tests.firestore_emulator import firestore, fresh_project
from tests.reviewing import approve, call, reject, reviews
from tests.scenarios.billing_process import Asked
from tests.scenarios.billing_processes import (
    Answer,
    BillingProcesses,
    audited,
    billing_processes,
    files,
    final_state,
)
from tests.watched_documents import Once, WatchedDocuments
from tests.world import World, sqlite_in_memory

__all__ = ["firestore"]

PLAN = a_plan(fees=[a_fee("49.00")], metered=[a_meter("1.00")], anchor_day=1)
SIZE = 350
KILLED_SIZE, KILLS = 220, 16


@pytest.fixture(scope="module")
def processes() -> Iterator[BillingProcesses]:
    with billing_processes() as running:
        yield running


def a_seller() -> Tenant:
    return a_tenant(approval=True)


def a_book(documents: Documents, *, size: int = SIZE) -> World:
    world = World(documents=documents, tenant=a_seller())
    world.book(size, to=world.plan(PLAN), on="2026-01-01")
    world.travels_to("2026-02-01")
    return world


def drafted_once(world: World, *, size: int = SIZE) -> None:
    invoices = world.invoices()
    assert len({each.subscription_id for each in invoices}) == len(invoices) == size
    assert {(each.status, each.number) for each in invoices} == {(InvoiceStatus.DRAFT, "")}
    assert len(reviews(world)) == size
    assert audited(world) == sorted(("invoice.held", f"invoices/{each.id}") for each in invoices)


def issued_once(world: World, folder: Path, *, size: int = SIZE) -> None:
    invoices = world.invoices()
    assert [each.number for each in invoices] == [f"INV-2026-01-{n:04}" for n in range(1, size + 1)]
    assert all(each.pending == () for each in invoices)
    assert reviews(world) == []
    assert len(files(folder)) == 2 * size
    issued = [record for record in audited(world) if record[0] == "invoice.issued"]
    assert issued == sorted(("invoice.issued", f"invoices/{each.id}") for each in invoices)


def test_two_runs_and_then_three_approvals_at_once_on_one_sqlite_file(
    tmp_path: Path, processes: BillingProcesses
) -> None:
    path = tmp_path / "billing.sqlite3"
    world = a_book(SqliteDocuments(path, indexes=INDEXES))

    def at_once(*run_ids: str, approves: bool) -> list[str]:
        folder = str(tmp_path / "objects")
        return processes.run(
            Asked(
                tenant_id="acme",
                as_of="2026-02-01",
                run_ids=list(run_ids),
                folder=folder,
                sqlite=str(path),
                approves=approves,
            )
        ).outcomes

    assert at_once("one", "other", approves=False) == ["done"] * 2
    drafted_once(world)
    assert at_once("one", "other", "third", approves=True) == ["done"] * 3
    issued_once(world, tmp_path / "objects")


@pytest.mark.emulator
def test_two_runs_and_two_approvals_at_once_on_firestore(
    tmp_path: Path, firestore: str, processes: BillingProcesses
) -> None:
    project = fresh_project()
    world = a_book(FirestoreDocuments(project), size=120)

    def at_once(*, approves: bool) -> list[str]:
        return processes.run(
            Asked(
                tenant_id="acme",
                as_of="2026-02-01",
                run_ids=["one", "other"],
                folder=str(tmp_path / "objects"),
                project=project,
                emulator=firestore,
                approves=approves,
            )
        ).outcomes

    assert at_once(approves=False) == ["done"] * 2
    drafted_once(world, size=120)
    assert at_once(approves=True) == ["done"] * 2
    issued_once(world, tmp_path / "objects", size=120)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A copy of a book, worked on by processes that may be killed."""

    processes: BillingProcesses
    folder: Path

    def run(self, run_id: str, *, approves: bool, kill_after: float | None = None) -> Answer:
        asked = Asked(
            tenant_id="acme",
            as_of="2026-02-01",
            run_ids=[run_id],
            folder=str(self.folder / "objects"),
            sqlite=str(self.folder / "billing.sqlite3"),
            kill_after=kill_after,
            approves=approves,
        )
        return self.processes.run(asked)

    def outcome(self) -> tuple[dict[str, Fields], list[tuple[str, str]], dict[str, bytes]]:
        documents = SqliteDocuments(self.folder / "billing.sqlite3", indexes=INDEXES)
        world = World(documents=documents, tenant=a_seller())
        return final_state(world), audited(world), files(self.folder / "objects")


def places(folder: Path, processes: BillingProcesses) -> Iterator[Place]:
    """Copies of one book, each in a place of its own."""
    template = folder / "template.sqlite3"
    a_book(SqliteDocuments(template, indexes=INDEXES), size=KILLED_SIZE)
    connection = sqlite3.connect(template)
    connection.execute("pragma wal_checkpoint(truncate)")  # so that the file alone can be copied
    connection.close()
    for number in count():
        place = folder / f"place-{number}"
        place.mkdir()
        shutil.copy(template, place / "billing.sqlite3")
        yield Place(processes=processes, folder=place)


def test_kills_change_nothing_of_what_runs_hold_and_approvals_issue(
    tmp_path: Path, processes: BillingProcesses
) -> None:
    """A run and then an approval, killed at random moments and done again to the end, as if nobody had disturbed."""
    copies = places(tmp_path, processes)
    warm, calm = next(copies), next(copies)
    for approves in (False, True):
        warm.run("warm-up", approves=approves)
    durations = [calm.run("calm", approves=approves).seconds for approves in (False, True)]
    expected = calm.outcome()
    assert len(expected[2]) == 2 * KILLED_SIZE
    chance, killed = random.Random(20260201), 0
    while killed < KILLS:
        place = next(copies)
        for approves, duration in zip((False, True), durations, strict=True):
            attempt, last = count(1), "killed"
            while last == "killed":
                delay = chance.uniform(0, duration) if killed < KILLS else None
                [last] = place.run(f"run-{next(attempt)}", approves=approves, kill_after=delay).outcomes
                killed += last == "killed"
            assert last == "done"
        assert place.outcome() == expected


@pytest.fixture
def three() -> World:
    """Three held invoices for January, 49.00 each."""
    world = a_book(sqlite_in_memory(), size=3)
    world.runs_billing()
    return world


def test_an_approval_that_loses_the_race_for_the_numbers_takes_the_next_ones(three: World) -> None:
    def another_is_issued() -> None:
        three.documents.commit([Put("tenants/acme/counters/invoice-2026-01", {"last": 7})])

    report = approve(three, through=WatchedDocuments(three.documents, before=Once("counters", another_is_issued)))
    assert [each.number for each in report.approved] == [f"INV-2026-01-{n:04}" for n in (8, 9, 10)]


def test_what_somebody_decides_on_meanwhile_is_left_to_them(three: World) -> None:
    rejected = reviews(three)[1].invoice_id
    view = WatchedDocuments(three.documents, before=Once("counters", lambda: void_of(reject(three, rejected))))
    report = approve(three, through=view)
    assert [(each.number, each.customer_id) for each in report.approved] == [
        ("INV-2026-01-0001", "c0000"),
        ("INV-2026-01-0002", "c0002"),
    ]
    assert three.subscription("sub-c0001").next_billing_at == three.now


def test_a_draft_that_can_t_be_issued_waits_on_and_stops_no_other(three: World) -> None:
    broken = reviews(three)[1].invoice_id
    was = three.damages(f"invoices/{broken}", {"lines": "gone"})
    report = approve(three)
    assert [each.customer_id for each in report.approved] == ["c0000", "c0002"]
    assert [(each.invoice_id, each.error.code) for each in report.failures] == [(broken, "broken_document")]
    three.damages(f"invoices/{broken}", was)
    assert [each.number for each in approve(three).approved] == ["INV-2026-01-0003"]


def test_an_approval_that_always_loses_says_so(three: World) -> None:
    [one, *_] = reviews(three)
    moved = count(1)

    def somebody_else(writes: Sequence[Write]) -> None:
        if any("/counters/" in write.path for write in writes):
            three.documents.commit([Put("tenants/acme/counters/invoice-2026-01", {"last": next(moved)})])

    report = approve(three, [one.invoice_id], through=WatchedDocuments(three.documents, before=somebody_else))
    assert [each.error.code for each in report.failures] == ["write_conflict"]
    assert report.approved == []


def test_a_rejection_that_meets_a_run_decides_again(three: World) -> None:
    """A change of the subscription in between: the rejection reads it anew and keeps it."""
    [one, *_] = reviews(three)

    def ends() -> None:
        changed = end_subscription(three.subscription("sub-c0000"), at=utc("2026-02-20"))
        three.damages("subscriptions/sub-c0000", subscription_fields(changed))

    view = WatchedDocuments(three.documents, before=Once("reviews", ends))
    reject_invoice(view, one.invoice_id, note="wrong", call=call(three))
    after = three.subscription("sub-c0000")
    assert (after.next_billing_at, after.end) == (utc("2026-02-01"), utc("2026-02-20"))


def test_a_rejection_that_always_loses_raises_the_conflict(three: World) -> None:
    [one, *_] = reviews(three)

    def somebody_else(writes: Sequence[Write]) -> None:
        if any("/reviews/" in write.path for write in writes):
            three.damages("subscriptions/sub-c0000", {"zone": "UTC"})

    with pytest.raises(WriteConflict):
        reject_invoice(
            WatchedDocuments(three.documents, before=somebody_else), one.invoice_id, note="wrong", call=call(three)
        )
    assert len(reviews(three)) == 3


def void_of(_review: Review) -> None:
    """What a callback answers."""
