"""What a run says that it collected is what it collected, however often others were quicker to write."""

from collections.abc import Iterator, Sequence

import pytest

from billing.ports import Write, WriteConflict
from billing.sandbox.server import RunningSandbox, running_sandbox
from tests.collecting import card_world
from tests.sandbox_client import StandingClock
from tests.watched_documents import WatchedDocuments
from tests.world import sqlite_in_memory

_ATTEMPTS = 4
"""How often a settlement writes what came of its charges before it leaves the rest to the sweep."""


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock()) as running:
        yield running


def test_a_charge_whose_booking_lost_every_race_counts_once(sandbox: RunningSandbox) -> None:
    lost = list[Sequence[Write]]()

    def before(writes: Sequence[Write]) -> None:
        if len(lost) < _ATTEMPTS and any("/payments/" in each.path for each in writes):
            lost.append(writes)
            raise WriteConflict(writes[0].path, reason="a webhook was quicker")

    world = card_world(sandbox, documents=WatchedDocuments(sqlite_in_memory(), before=before))
    world.joins("lumen")
    world.travels_to("2026-02-01")
    report = world.runs_billing()
    assert len(lost) == _ATTEMPTS
    assert (report.settled, report.unsettled) == (1, 0)
    assert (report.collected.charged, report.collected.amounts) == (1, {"USD": 4900})
    assert (world.taken(), len(world.payments())) == ([4900], 1)
