"""A run killed at any moment and started again comes to the same end as one that nobody disturbed."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest

from billing.adapters.firestore import FirestoreDocuments
from billing.adapters.sqlite import SqliteDocuments
from billing.ports import Fields
from billing.store.indexes import INDEXES
from tests.builders import a_fee, a_meter, a_plan, a_tenant
from tests.firestore_emulator import firestore, fresh_project
from tests.scenarios.billing_process import Asked
from tests.scenarios.billing_processes import (
    Answer,
    BillingProcesses,
    audited,
    billing_processes,
    files,
    final_state,
)
from tests.world import World

__all__ = ["firestore"]

AS_OF = "2026-04-01"


@pytest.fixture(scope="module")
def processes() -> Iterator[BillingProcesses]:
    with billing_processes() as running:
        yield running


def a_book(world: World, *, on_time: int, behind: int) -> int:
    """Subscriptions in three shards, half of those behind by one month and half by two, and one that ends.

    The number of invoices that are due.
    """
    plan = world.plan(a_plan(fees=[a_fee("49.00")], metered=[a_meter("1.00")], anchor_day=1))
    world.book(on_time, to=plan, on="2026-03-01", shards=3)
    for number in range(behind):
        start = "2026-01-01" if number % 2 else "2026-02-01"
        world.subscribes(f"b{number:02}", to=plan, on=start, shard=number % 3)
        world.uses(f"sub-b{number:02}", "calls", f"{number + 1}", on="2026-02-11")
    world.subscribes("leaver", to=plan, on="2026-03-01", until="2026-03-21", shard=1)
    return on_time + 2 * (behind // 2) + 3 * (behind // 2) + 1


class Place(Protocol):
    """Where a book is billed by processes that may be killed."""

    def run(self, run_id: str, *, kill_after: float | None = None) -> Answer: ...
    def outcome(self) -> tuple[dict[str, Fields], list[tuple[str, str]], dict[str, bytes]]: ...
    def invoices(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class SqlitePlace:
    """A file and a folder."""

    processes: BillingProcesses
    folder: Path

    def run(self, run_id: str, *, kill_after: float | None = None) -> Answer:
        folder, file = str(self.folder / "objects"), str(self.folder / "billing.sqlite3")
        asked = Asked(
            tenant_id="acme", as_of=AS_OF, run_ids=[run_id], folder=folder, sqlite=file, kill_after=kill_after
        )
        return self.processes.run(asked)

    def outcome(self) -> tuple[dict[str, Fields], list[tuple[str, str]], dict[str, bytes]]:
        world = World(
            documents=SqliteDocuments(self.folder / "billing.sqlite3", indexes=INDEXES), tenant=a_tenant(shards=3)
        )
        return final_state(world), audited(world), files(self.folder / "objects")

    def invoices(self) -> int:
        connection = sqlite3.connect(self.folder / "billing.sqlite3")
        [(number,)] = connection.execute("select count(*) from docs where collection_group = 'invoices'").fetchall()
        connection.close()
        return int(number)


@dataclass(frozen=True, kw_only=True)
class FirestorePlace:
    """A project of the emulator and a folder."""

    processes: BillingProcesses
    folder: Path
    emulator: str
    world: World
    project: str

    def run(self, run_id: str, *, kill_after: float | None = None) -> Answer:
        asked = Asked(
            tenant_id="acme",
            as_of=AS_OF,
            run_ids=[run_id],
            folder=str(self.folder),
            project=self.project,
            emulator=self.emulator,
            kill_after=kill_after,
        )
        return self.processes.run(asked)

    def outcome(self) -> tuple[dict[str, Fields], list[tuple[str, str]], dict[str, bytes]]:
        return final_state(self.world), audited(self.world), files(self.folder)

    def invoices(self) -> int:
        return len(self.world.collection("invoices"))


def kills_change_nothing(places: Iterator[Place], *, due: int, kills: int) -> None:
    """Bill one book undisturbed, then others with that many kills in all, spread over a run's whole duration."""
    next(places).run("warm-up")  # the first run of all is slow, and kills after its end would hit nothing
    calm = next(places)
    undisturbed = calm.run("calm")
    expected = calm.outcome()
    _, log, objects = expected
    assert (undisturbed.outcomes, calm.invoices(), len(objects), len(log)) == (["done"], due, 2 * due, due + 1)
    chance, duration, killed, half_done = random.Random(20260301), undisturbed.seconds, 0, 0
    while killed < kills:
        place, outcome, attempt = next(places), "killed", count(1)
        while outcome == "killed":
            delay = chance.uniform(0, duration) if killed < kills else None
            [outcome] = place.run(f"run-{next(attempt)}", kill_after=delay).outcomes
            killed += outcome == "killed"
            half_done += 0 < place.invoices() < due
        assert outcome == "done"
        assert place.outcome() == expected
    assert half_done  # the kills did hit runs at their work


@pytest.mark.slow
def test_fifty_kills_change_nothing_of_the_final_state(tmp_path: Path, processes: BillingProcesses) -> None:
    template = tmp_path / "template.sqlite3"
    due = a_book(
        World(documents=SqliteDocuments(template, indexes=INDEXES), tenant=a_tenant(shards=3)), on_time=240, behind=60
    )
    connection = sqlite3.connect(template)
    connection.execute("pragma wal_checkpoint(truncate)")  # so that the file alone can be copied
    connection.close()

    def places() -> Iterator[Place]:
        for number in count():
            folder = tmp_path / f"place-{number}"
            folder.mkdir()
            shutil.copy(template, folder / "billing.sqlite3")
            yield SqlitePlace(processes=processes, folder=folder)

    kills_change_nothing(places(), due=due, kills=50)


@pytest.mark.emulator
@pytest.mark.slow
def test_kills_change_nothing_on_firestore_either(tmp_path: Path, firestore: str, processes: BillingProcesses) -> None:
    template = World(tenant=a_tenant(shards=3))
    due = a_book(template, on_time=60, behind=12)

    def places() -> Iterator[Place]:
        while True:
            project = fresh_project()
            world = World(documents=FirestoreDocuments(project), tenant=a_tenant(shards=3))
            world.copies(template)
            yield FirestorePlace(
                processes=processes, folder=tmp_path / project, emulator=firestore, world=world, project=project
            )

    kills_change_nothing(places(), due=due, kills=10)
