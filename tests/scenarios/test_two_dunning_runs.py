"""Four dunning runs at once over two hundred due cases: each step is done, each card charged, each mail sent once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from billing.domain.attempt import AttemptSource
from billing.domain.dunning_report import DunningReport
from billing.domain.invoice import CollectionMethod
from billing.ports import Documents
from billing.sandbox.server import RunningSandbox, running_sandbox
from billing.usecases.dunning_run import DunningRequest
from billing.usecases.run_dunning import run_dunning
from tests.collecting import CardWorld, card_world
from tests.sandbox_client import StandingClock
from tests.world import sqlite_in_memory

RUNS = 4
CARDS, TRANSFERS = 60, 140

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock()) as running:
        yield running


def two_hundred_due(sandbox: RunningSandbox, documents: Documents) -> CardWorld:
    """Half of the cards take the next charge; day 3 of each case is 5 February at the latest."""
    world = card_world(sandbox, documents=documents, payment_terms_days=0)
    cards = []
    for number in range(CARDS):
        world.joins(f"card-{number:03}", card=None)
        cards.append(world.saves_card(f"card-{number:03}"))
        sandbox.control("POST", f"payment_methods/{cards[-1]}/decline", {"code": "insufficient_funds"})
    for number in range(TRANSFERS):
        world.joins(f"wire-{number:03}", collection_method=CollectionMethod.SEND_INVOICE)
    world.travels_to("2026-02-01")
    world.runs_billing()
    for card in cards[: CARDS // 2]:
        sandbox.control("POST", f"payment_methods/{card}/decline", {"code": None})
    world.travels_to("2026-02-02T09:00")
    world.runs_dunning()
    return world


def at_once(world: CardWorld, documents: Documents) -> list[DunningReport]:
    barrier = Barrier(RUNS)

    def run(number: int) -> DunningReport:
        request = DunningRequest(tenant_id="acme", as_of=world.now, run_id=f"at-once-{number}", actor="scheduler")
        barrier.wait()
        return run_dunning(documents, request, world.dunning_parts())

    with ThreadPoolExecutor(RUNS) as threads:
        return list(threads.map(run, range(RUNS)))


def test_four_runs_at_once_do_each_of_two_hundred_steps_once(sandbox: RunningSandbox) -> None:
    documents = sqlite_in_memory()  # without what checks a world's commits: it knows one writer at a time
    world = two_hundred_due(sandbox, documents)
    mails_before = len(world.sent.sent)
    world.travels_to("2026-02-05T09:00")

    reports = at_once(world, documents)

    assert [each for report in reports for each in report.failures] == []
    done = Counter((each.customer_id, each.action.value) for report in reports for each in report.details)
    assert set(done.values()) == {1}
    assert Counter(action for _, action in done) == {"recovered": CARDS // 2, "reminder": CARDS // 2 + TRANSFERS}
    assert world.taken() == [4900] * (CARDS // 2)
    retries = Counter(
        invoice.customer_id
        for invoice in world.invoices()
        for attempt in invoice.attempts
        if attempt.source is AttemptSource.SCHEDULE
    )
    assert retries == Counter({f"card-{number:03}": 1 for number in range(CARDS)})
    mails = Counter(each.message_id for each in world.sent.sent[mails_before:])
    assert set(mails.values()) == {1}
    told = Counter(each.to[0] for each in world.sent.sent[mails_before:])
    reminded = [f"card-{number:03}" for number in range(CARDS // 2, CARDS)]
    reminded += [f"wire-{number:03}" for number in range(TRANSFERS)]
    assert told == {**{f"{name}@kunde.test": 1 for name in reminded}, "owner@acme.test": CARDS // 2}
    assert {len(each.dunning.history) for each in world.invoices() if each.dunning} == {2}

    assert world.runs_dunning().details == []
