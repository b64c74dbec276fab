"""A settlement killed at any moment around its charges and run again: one charge, one payment, one receipt each."""

import random
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.domain.invoice import InvoiceStatus
from billing.sandbox.server import RunningSandbox, running_sandbox
from billing.store.indexes import INDEXES
from tests.collecting import CardWorld, card_world
from tests.sandbox_client import StandingClock
from tests.scenarios.billing_process import Asked
from tests.scenarios.billing_processes import Answer, BillingProcesses, audited, billing_processes

CUSTOMERS = 12
KILLS = 30


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock()) as running:
        yield running


@pytest.fixture(scope="module")
def processes() -> Iterator[BillingProcesses]:
    with billing_processes() as running:
        yield running


def a_place(sandbox: RunningSandbox, folder: Path) -> CardWorld:
    """A book of cards in a file, and a Stripe account of its own."""
    folder.mkdir()
    world = card_world(sandbox, documents=SqliteDocuments(folder / "billing.sqlite3", indexes=INDEXES))
    for number in range(CUSTOMERS):
        world.joins(f"c{number:02}")
    return world


def bills(
    processes: BillingProcesses,
    world: CardWorld,
    sandbox: RunningSandbox,
    folder: Path,
    *,
    run_id: str,
    kill_after: float | None = None,
) -> Answer:
    asked = Asked(
        tenant_id="acme",
        as_of="2026-02-01",
        run_ids=[run_id],
        folder=str(folder / "objects"),
        sqlite=str(folder / "billing.sqlite3"),
        kill_after=kill_after,
        stripe=(world.key, sandbox.url),
        mails=str(folder / "mails"),
    )
    return processes.run(asked)


def everything_happened_once(world: CardWorld, folder: Path) -> None:
    assert world.taken() == [4900] * CUSTOMERS
    assert {(each.status, each.amount_paid, each.pending) for each in world.invoices()} == {
        (InvoiceStatus.PAID, 4900, ())
    }
    assert len(world.payments()) == CUSTOMERS
    assert [world.balance(f"c{number:02}") for number in range(CUSTOMERS)] == [0] * CUSTOMERS
    assert len(list((folder / "mails" / "new").iterdir())) == CUSTOMERS
    events = [event for event, _ in audited(world)]
    assert [events.count(each) for each in ("payment.recorded", "invoice.paid")] == [CUSTOMERS, CUSTOMERS]


@pytest.mark.slow
def test_thirty_kills_around_the_charges_take_no_money_twice(
    tmp_path: Path, sandbox: RunningSandbox, processes: BillingProcesses
) -> None:
    bills(processes, a_place(sandbox, tmp_path / "warm"), sandbox, tmp_path / "warm", run_id="warm")
    calm = a_place(sandbox, tmp_path / "calm")
    undisturbed = bills(processes, calm, sandbox, tmp_path / "calm", run_id="calm")
    assert undisturbed.outcomes == ["done"]
    everything_happened_once(calm, tmp_path / "calm")
    chance, killed, half_charged = random.Random(20260201), 0, 0
    for number in count():
        folder = tmp_path / f"place-{number}"
        world, outcome, attempt = a_place(sandbox, folder), "", count()
        while outcome != "done":
            delay = chance.uniform(0, undisturbed.seconds) if killed < KILLS else None
            [outcome] = bills(
                processes, world, sandbox, folder, run_id=f"run-{next(attempt)}", kill_after=delay
            ).outcomes
            killed += outcome == "killed"
            half_charged += outcome == "killed" and len(world.taken()) > len(world.payments())
        everything_happened_once(world, folder)
        if killed == KILLS:
            break
    assert half_charged  # kills did hit runs between a charge and its booking
