"""Two runs started at once bill everything once between them, in one row of numbers without a gap."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from billing.adapters.firestore import FirestoreDocuments
from billing.adapters.sqlite import SqliteDocuments
from billing.ports import Documents
from billing.store.indexes import INDEXES
from tests.builders import a_fee, a_meter, a_plan
from tests.firestore_emulator import firestore, fresh_project
from tests.scenarios.billing_process import Asked
from tests.scenarios.billing_processes import BillingProcesses, audited, billing_processes, files
from tests.world import World

__all__ = ["firestore"]

PLAN = a_plan(fees=[a_fee("49.00")], metered=[a_meter("1.00")], anchor_day=1)


@pytest.fixture(scope="module")
def processes() -> Iterator[BillingProcesses]:
    with billing_processes() as running:
        yield running


def a_thousand(documents: Documents) -> World:
    world = World(documents=documents)
    world.book(1000, to=world.plan(PLAN), on="2026-01-01")
    return world


def all_is_there_once(world: World, folder: Path) -> None:
    invoices = world.invoices()
    assert [each.number for each in invoices] == [f"INV-2026-01-{n:04}" for n in range(1, 1001)]
    assert len({each.subscription_id for each in invoices}) == 1000
    assert all(each.pending == () for each in invoices)
    counter = world.stored("counters/invoice-2026-01")
    assert counter is not None
    assert counter.fields["last"] == 1000
    assert len(files(folder)) == 2000
    assert audited(world) == sorted(("invoice.issued", f"invoices/{each.id}") for each in invoices)


@pytest.mark.emulator
@pytest.mark.parametrize("turn", range(4))
def test_two_runs_at_once_on_firestore(tmp_path: Path, firestore: str, processes: BillingProcesses, turn: int) -> None:
    project = fresh_project()
    world = a_thousand(FirestoreDocuments(project))
    answer = processes.run(
        Asked(
            tenant_id="acme",
            as_of="2026-02-01",
            run_ids=[f"one-{turn}", f"other-{turn}"],
            folder=str(tmp_path / "objects"),
            project=project,
            emulator=firestore,
        )
    )
    assert answer.outcomes == ["done", "done"]
    all_is_there_once(world, tmp_path / "objects")


def test_two_runs_at_once_on_one_sqlite_file(tmp_path: Path, processes: BillingProcesses) -> None:
    path = tmp_path / "billing.sqlite3"
    world = a_thousand(SqliteDocuments(path, indexes=INDEXES))
    answer = processes.run(
        Asked(
            tenant_id="acme",
            as_of="2026-02-01",
            run_ids=["one", "other", "third"],
            folder=str(tmp_path / "objects"),
            sqlite=str(path),
        )
    )
    assert answer.outcomes == ["done"] * 3
    all_is_there_once(world, tmp_path / "objects")
