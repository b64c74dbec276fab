"""A large run spread over worker processes comes to what one process comes to, whoever of them dies."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.crew import Crew
from billing.domain.invoice import Invoice
from billing.domain.run_report import RunReport
from billing.engine import Engine
from billing.store.indexes import INDEXES
from billing.store.tenants import Tenants
from billing.usecases.run_context import RunRequest
from billing.wiring import LOCAL_STORE, local_engine
from tests.builders import a_fee, a_meter, a_plan, a_tenant, utc
from tests.kept_tasks import KeptTasks
from tests.world import World

AS_OF = utc("2026-04-01")
ON_TIME, BEHIND = 90, 10
DUE = ON_TIME + 2 * BEHIND + 1


@dataclass(frozen=True, kw_only=True)
class Place:
    """A directory with a book in it, and the engine that bills it."""

    folder: Path
    world: World
    engine: Engine

    def run(
        self,
        *,
        run_id: str = "run-1",
        out_of_time: Callable[[], bool] = lambda: False,
        progress: Callable[[int], None] = lambda _invoices: None,
        **asked: object,
    ) -> RunReport:
        return self.engine.generate_invoices(a_request(run_id, **asked), out_of_time=out_of_time, progress=progress)

    def files(self) -> Counter[str]:
        return Counter(path.suffix for path in (self.folder / "objects").rglob("*") if path.is_file())

    def is_all_billed(self, due: int = DUE) -> None:
        """Each bill once, in one row of numbers a month without a gap, with its PDF, told once in the audit log."""
        invoices = self.world.invoices()
        assert len({each.id for each in invoices}) == len(invoices) == due
        months = Counter(each.number[:11] for each in invoices)
        expected = sorted(f"{month}-{n:04}" for month, count in months.items() for n in range(1, count + 1))
        assert sorted(each.number for each in invoices) == expected
        assert all(each.pending == () for each in invoices)
        assert self.files() == {".pdf": due, ".json": due}
        issued = [
            str(record["entity"])  # type: ignore[index,call-overload]
            for batch in self.world.collection("audit")
            for record in batch.fields["records"]  # type: ignore[union-attr]
            if record["event"] == "invoice.issued"  # type: ignore[index,call-overload]
        ]
        assert sorted(issued) == sorted(f"invoices/{each.id}" for each in invoices)


def a_request(run_id: str = "run-1", **asked: object) -> RunRequest:
    request = RunRequest(tenant_id="acme", as_of=AS_OF, recorded_at=AS_OF, run_id=run_id, actor="test")
    return replace(request, **asked)  # type: ignore[arg-type]


def an_engine(folder: Path, *, workers: int) -> Engine:
    """One that thinks every run large enough."""
    engine = local_engine(folder, payment_link_base="http://127.0.0.1:8080", workers=workers)
    return engine if engine.crew is None else replace(engine, crew=replace(engine.crew, worth_starting=1))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """A book of 100 subscriptions in a directory: ten of them are a month behind, and one ends."""
    opened: list[SqliteDocuments] = []

    def made(*, shards: int = 4, workers: int = 2, on_time: int = ON_TIME) -> Place:
        folder = tmp_path / f"place-{len(opened)}"
        folder.mkdir()
        documents = SqliteDocuments(folder / LOCAL_STORE, indexes=INDEXES)
        opened.append(documents)
        world = World(documents=documents, tenant=a_tenant(shards=shards))
        plan = world.plan(a_plan(fees=[a_fee("49.00")], metered=[a_meter("1.00")], anchor_day=1))
        world.book(on_time, to=plan, on="2026-03-01", shards=shards)
        for number in range(BEHIND):
            world.subscribes(f"b{number:02}", to=plan, on="2026-02-01", shard=number % shards)
            world.uses(f"sub-b{number:02}", "calls", f"{number + 1}", on="2026-02-11")
        world.subscribes("leaver", to=plan, on="2026-03-01", until="2026-03-21", shard=shards - 1)
        return Place(folder=folder, world=world, engine=an_engine(folder, workers=workers))

    yield made
    for documents in opened:
        documents.close()


def without_numbers(invoices: list[Invoice]) -> list[Invoice]:
    """By id; a number, its pay link and its files' names are what the order of commits decides."""
    bare = [replace(each, number="", payment_url="", attachments=()) for each in invoices]
    return sorted(bare, key=lambda each: each.id)


def sums(report: RunReport) -> tuple[object, ...]:
    lists = len(report.invoices), len(report.failures), len(report.credit_notes)
    counts = (report.customers, report.skipped, report.settled, report.unsettled, report.complete, report.lost_workers)
    return (*counts, *lists, report.revenue)


@pytest.mark.slow
@pytest.mark.parametrize("shards", [4, 1], ids=["four shards", "one shard, whose PDFs are shared"])
def test_workers_make_the_same_invoices_as_one_process(place: Callable[..., Place], shards: int) -> None:
    alone, spread = place(shards=shards, workers=1), place(shards=shards, workers=2)
    heard: list[int] = []
    one, two = alone.run(), spread.run(progress=heard.append)
    assert alone.engine.crew is None
    spread.is_all_billed()
    assert without_numbers(spread.world.invoices()) == without_numbers(alone.world.invoices())
    assert sums(two) == sums(one)
    assert sum(heard) == len(two.invoices) == DUE
    assert sorted(each.number for each in two.invoices) == alone.world.numbers()
    assert spread.engine.operations.objects == 2 * DUE
    [record] = spread.world.collection("runs")
    assert (record.id, record.fields["generated"], record.fields["complete"]) == ("run-1", DUE, True)
    if shards == 1:
        assert [each.number for each in two.invoices] == [each.number for each in one.invoices]


@pytest.mark.slow
def test_two_spread_runs_at_once_bill_everything_once(place: Callable[..., Place]) -> None:
    here = place()
    with ThreadPoolExecutor(2) as both:
        reports = list(both.map(lambda run_id: here.run(run_id=run_id), ["run-1", "run-2"]))
    assert sum(len(each.invoices) for each in reports) == DUE
    assert all(each.complete and not each.failures for each in reports)
    here.run(run_id="run-3")
    here.is_all_billed()


@pytest.mark.slow
def test_a_killed_worker_is_told_and_the_next_run_bills_what_it_left(place: Callable[..., Place]) -> None:
    here = place(on_time=900, shards=2)

    def kill_one(_invoices: int) -> None:
        if len(running := multiprocessing.active_children()) == 2:
            running[0].kill()

    report = here.run(progress=kill_one)
    assert (report.lost_workers, report.complete) == (1, False)
    assert len(here.world.invoices()) < 900 + 2 * BEHIND + 1
    again = here.run(run_id="run-2")
    assert (again.lost_workers, again.complete) == (0, True)
    here.is_all_billed(900 + 2 * BEHIND + 1)


@pytest.mark.slow
def test_a_run_whose_workers_all_die_ends_and_says_so(place: Callable[..., Place]) -> None:
    here = place()

    def kill_all(_invoices: int) -> None:
        for each in multiprocessing.active_children():
            each.kill()

    report = here.run(progress=kill_all)
    assert report.lost_workers >= 1
    assert not report.complete
    here.run(run_id="run-2")
    here.is_all_billed()


def _bill(folder: Path) -> None:
    an_engine(folder, workers=2).generate_invoices(a_request())


@pytest.mark.slow
def test_what_workers_issued_is_told_also_where_the_run_failed_after_it(place: Callable[..., Place]) -> None:
    """Nobody hears the workers' commits; who is told of nothing would wait for the daily run."""
    here, queue = place(), KeptTasks()
    here.world.documents.commit(
        [Tenants(here.world.documents).saving(replace(here.world.tenant, event_url="https://app.acme.test/"))]
    )
    listening = replace(here, engine=here.engine.with_tasks(queue))

    def fails(_invoices: int) -> None:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        listening.run(progress=fails)
    assert here.world.collection("events") != []
    assert [each.headers["X-Tenant-ID"] for each in queue.tasks.values()] == ["acme"]


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them_and_the_next_run_goes_on(place: Callable[..., Place]) -> None:
    here = place(on_time=600)
    process = multiprocessing.get_context("spawn").Process(target=_bill, args=(here.folder,))
    process.start()
    patience = time.monotonic() + 60
    while not here.world.collection("invoices"):
        assert time.monotonic() < patience
        time.sleep(0.01)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.join()
    _, left = psutil.wait_procs(workers, timeout=30)
    assert workers
    assert left == []
    assert len(here.world.invoices()) < 600 + 2 * BEHIND + 1
    here.run(run_id="run-2")
    here.is_all_billed(600 + 2 * BEHIND + 1)


@pytest.mark.slow
def test_a_spread_run_out_of_time_stops_and_the_next_one_goes_on(place: Callable[..., Place]) -> None:
    here = place(on_time=900, shards=2)
    pages: list[int] = []
    report = here.run(out_of_time=lambda: bool(pages), progress=pages.append)
    assert not report.complete
    assert len(report.invoices) == len(here.world.invoices()) < 900 + 2 * BEHIND + 1
    assert here.run(run_id="run-2").complete
    here.is_all_billed(900 + 2 * BEHIND + 1)


def no_workers(place: Place) -> None:
    """Give the engine a crew that would fail at once."""
    crew = place.engine.crew
    assert isinstance(crew, Crew)
    object.__setattr__(place.engine, "crew", replace(crew, size=-1))


def test_a_limit_holds_over_all_shards(place: Callable[..., Place]) -> None:
    here = place()
    no_workers(here)
    reports = [here.run(run_id=f"run-{n}", limit=50) for n in range(3)]
    assert [(len(each.invoices), each.complete) for each in reports] == [(50, False), (50, False), (DUE - 100, True)]
    here.is_all_billed()


def test_a_dry_run_numbers_in_one_row_and_writes_nothing(place: Callable[..., Place]) -> None:
    here = place()
    before = here.world.everything()
    report = here.run(dry_run=True)
    assert len({each.number for each in report.invoices}) == DUE
    assert here.world.everything() == before
    assert here.files() == {}


def test_a_run_that_is_too_small_for_workers_stays_in_this_process(tmp_path: Path, place: Callable[..., Place]) -> None:
    here = place()
    crew = here.engine.crew
    assert crew is not None
    started: list[int] = []
    small = replace(here.engine, crew=replace(crew, worth_starting=ON_TIME + BEHIND + 2))
    small.generate_invoices(a_request(), progress=lambda _n: started.append(len(multiprocessing.active_children())))
    assert started
    assert set(started) == {0}
    here.is_all_billed()


@pytest.mark.slow
def test_without_settlement_the_files_are_left_to_a_later_run(place: Callable[..., Place]) -> None:
    here = place()
    report = here.run(settle=False)
    assert (len(report.invoices), report.settled, here.files()) == (DUE, 0, {})
    assert here.run(run_id="run-2").settled == DUE
    here.is_all_billed()


def test_parts_of_a_run_that_are_asked_for_one_by_one_come_to_the_whole(place: Callable[..., Place]) -> None:
    here, whole = place(), place(workers=1).run()
    parts = [here.run(shards=(shard,)) for shard in range(4)]
    together = parts[0]
    for each in parts[1:]:
        together.merge(each)
    assert sums(together) == sums(whole)
    here.is_all_billed()
    assert [each.id for each in here.world.collection("runs")] == [f"run-1-s{shard}" for shard in range(4)]
