"""Invoices a second on SQLite with three price components each, by one process and by two, without and with PDFs.

Time per invoice is to stay flat from 1,000 to 100,000 subscriptions and memory bounded. Each round is a process of its
own on a fresh copy of the book; what is printed is the median of three rounds, and the slowest and the quickest.
"""

import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks.book import DUE, TENANT, seed
from benchmarks.machine import peak_memory, timed
from billing.adapters.sqlite import SqliteDocuments
from billing.store.indexes import INDEXES
from billing.usecases.run_context import RunRequest
from billing.wiring import LOCAL_STORE, local_engine

ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A book to bill: `workers` 1 is this process alone."""

    subscriptions: int
    workers: int
    pdfs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What billing it took: seconds of the clock and of all processors, documents an invoice, MB of all processes."""

    wall: float
    cpu: float
    reads: float
    writes: float
    memory: int


CASES = (
    *(Case(subscriptions=size, workers=1, pdfs=False) for size in (1_000, 10_000, 100_000)),
    *(Case(subscriptions=size, workers=2, pdfs=False) for size in (10_000, 100_000)),
    Case(subscriptions=1_000, workers=1, pdfs=True),
    *(Case(subscriptions=size, workers=2, pdfs=True) for size in (2_000, 10_000)),
)


def main(cases: Sequence[Case]) -> None:
    """Measure and print each case."""
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            book = Path(folder) / f"{case.subscriptions}.sqlite3"
            if not book.exists():
                _write_book(book, subscriptions=case.subscriptions)
            print(_line(case, [_measured(case, book) for _ in range(ROUNDS)]), flush=True)


def measure(case: Case, book: Path) -> Round:
    """Bill a copy of the book."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(book, Path(folder) / LOCAL_STORE)
        engine = local_engine(Path(folder), payment_link_base="http://127.0.0.1:8080", workers=case.workers)
        request = RunRequest(
            tenant_id=TENANT, as_of=DUE, recorded_at=DUE, run_id="bench", actor="benchmark", settle=case.pdfs
        )
        timing = timed(lambda: engine.generate_invoices(request))
        billed, operations = len(timing.result.invoices), engine.operations
    if billed != case.subscriptions or timing.result.unsettled:
        message = f"billed {billed} of {case.subscriptions}: {timing.result.failures[:3]}"
        raise RuntimeError(message)
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Round(
        wall=timing.wall,
        cpu=timing.cpu + workers.ru_utime + workers.ru_stime,
        reads=operations.reads / billed,
        writes=operations.writes / billed,
        memory=peak_memory() + case.workers * workers.ru_maxrss // 1024,
    )


def _write_book(path: Path, *, subscriptions: int) -> None:
    """In a process of its own: closing the last connection brings everything into the one file."""
    documents = SqliteDocuments(path, indexes=INDEXES)
    seed(documents, subscriptions=subscriptions)
    documents.close()


def _measured(case: Case, book: Path) -> Round:
    command = [sys.executable, "-m", "benchmarks.run", json.dumps(asdict(case)), str(book)]
    return Round(**json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def _line(case: Case, rounds: Sequence[Round]) -> str:
    def of(value: Callable[[Round], float]) -> float:
        return median(map(value, rounds))

    speeds = sorted(case.subscriptions / each.wall for each in rounds)
    scatter = f"({speeds[0]:,.0f} to {speeds[-1]:,.0f})"
    micros = 1e6 / case.subscriptions
    return (
        f"{case.subscriptions:>8,} subscriptions, {case.workers} process{'es' * (case.workers > 1):2} "
        f"{'with PDFs' if case.pdfs else '':9} {median(speeds):>6,.0f} invoices/s {scatter}  "
        f"{of(lambda each: each.wall) * micros:>6,.0f} µs each ({of(lambda each: each.cpu) * micros:,.0f} µs CPU)  "
        f"{of(lambda each: each.reads):.2f} reads, {of(lambda each: each.writes):.2f} writes  "
        f"{max(each.memory for each in rounds)} MB"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(asdict(measure(Case(**json.loads(sys.argv[1])), Path(sys.argv[2])))))
    else:
        main(CASES)
