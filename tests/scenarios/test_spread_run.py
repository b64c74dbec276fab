"""How a spread run shares its work out, and what it does when a store is away: workers in threads, over real lines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import Pipe
from threading import Thread

import pytest

from billing.adapters.counting import CountingDocuments
from billing.adapters.worker_processes import WorkerProcesses
from billing.domain.customer import Customer
from billing.domain.invoice import Invoice
from billing.domain.run_report import RunReport, Settled
from billing.ports import Documents, OperationCounts, StoreUnavailable, Write
from billing.store.collection import Stored
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.run_tasks import Line
from billing.usecases.settle_invoices import settle_invoices
from billing.usecases.shard_worker import ShardWorker
from billing.usecases.spread_run import WorkerFailed, bill_in, many_due
from tests.builders import a_fee, a_plan, a_tenant
from tests.watched_documents import WatchedDocuments
from tests.world import World, plain_pdfs

PLAN = a_plan(fees=[a_fee("49.00")], anchor_day=1)


def a_world(*, size: int, shards: int) -> World:
    world = World(tenant=a_tenant(shards=shards))
    world.book(size, to=world.plan(PLAN), on="2026-01-01", shards=shards)
    world.travels_to("2026-02-01")
    return world


class Settling:
    """Settles in a world, and remembers how many."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.settled = 0

    def __call__(self, invoices: Sequence[Stored[Invoice]], customers: Mapping[str, Customer]) -> Settled:
        self.settled += len(invoices)
        return settle_invoices(self.world.settlement(render=plain_pdfs), invoices, customers)


@contextmanager
def threads(world: World, stores: Iterable[tuple[Documents, Settling]]) -> Iterator[WorkerProcesses]:
    """A worker in a thread for each store."""

    def work(line: Line, documents: Documents, settling: Settling) -> None:
        counting = CountingDocuments(documents)
        options = RunOptions(settle=settling)
        worker = ShardWorker(
            line=line, documents=counting, operations=lambda: counting.counts, options=lambda _tenant: options
        )
        with pytest.raises((EOFError, OSError)):
            worker.work()

    with ExitStack() as closing:
        lines = []
        for documents, settling in stores:
            ours, theirs = Pipe()
            thread = Thread(target=work, args=(theirs, documents, settling), daemon=True)
            thread.start()
            closing.callback(thread.join, 10)
            lines.append(ours)
        workers = WorkerProcesses(lines)
        closing.callback(workers.close)
        yield workers


def unavailable(_writes: Sequence[Write]) -> None:
    store = "the test store"
    raise StoreUnavailable(store, reason="asked to be")


def broken(_writes: Sequence[Write]) -> None:
    message = "out of my mind"
    raise ValueError(message)


def spread(world: World, workers: WorkerProcesses, counts: list[OperationCounts] | None = None) -> RunReport:
    count = list[OperationCounts]().append if counts is None else counts.append
    world.runs += 1
    return generate_invoices(
        world.documents,
        world.request(),
        RunOptions(),
        bill=lambda context, options: bill_in(workers, context, options, count=count),
    )


def test_a_worker_without_a_shard_draws_what_another_hands_on() -> None:
    world = a_world(size=400, shards=1)
    crew, counts = [Settling(world), Settling(world)], list[OperationCounts]()
    with threads(world, [(world.documents, each) for each in crew]) as workers:
        report = spread(world, workers, counts)
    assert (len(report.invoices), report.settled, report.unsettled, report.complete) == (400, 400, 0, True)
    assert crew[0].settled + crew[1].settled == 400
    assert min(each.settled for each in crew) >= 100  # half of the first page at least
    assert all(each.pending == () for each in world.invoices())
    # each invoice: itself and its subscription moved on; each of two pages: counter and audit
    assert sum(counts, OperationCounts()).writes == 2 * 400 + 2 * 2


def test_a_store_that_is_away_for_one_worker_ends_the_run() -> None:
    world = a_world(size=40, shards=4)
    away = WatchedDocuments(world.documents, before=unavailable)
    with threads(world, [(away, Settling(world))]) as workers, pytest.raises(StoreUnavailable, match="the test store"):
        spread(world, workers)
    assert world.invoices() == []
    assert len(world.runs_billing().invoices) == 40


def test_a_fault_in_a_worker_is_told_with_its_own_words() -> None:
    world = a_world(size=4, shards=2)
    store = WatchedDocuments(world.documents, before=broken)
    with threads(world, [(store, Settling(world))]) as workers, pytest.raises(WorkerFailed) as failed:
        spread(world, workers)
    assert str(failed.value) == "a worker of the run failed: ValueError: out of my mind"


def test_many_is_counted_over_the_shards_and_no_further() -> None:
    world = a_world(size=10, shards=3)  # 4, 3 and 3
    tenant, as_of = world.tenant.id, world.now

    def many(number: int, shards: Sequence[int]) -> bool:
        return many_due(world.documents, tenant, as_of=as_of, shards=shards, number=number)

    assert many(10, range(3))
    assert not many(11, range(3))
    assert many(4, [0])
    assert not many(4, [1])
