"""A thousand tenants with a million subscriptions in one SQLite file: each billed once, in bounded memory.

`python -m benchmarks.scale --tenants 10 --subscriptions 10000` tries it on a small scale. A subscription needs 20 KB of
disk below the folder for temporary files (TMPDIR). Workers take tenant after tenant, as instances take tasks.
"""

import argparse
import resource
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

from benchmarks.book import DUE, TENANT, pages
from benchmarks.machine import describe, peak_memory
from billing.adapters.sqlite import SqliteDocuments
from billing.engine import Engine
from billing.ports import Put, Write
from billing.store.indexes import INDEXES
from billing.usecases.run_context import RunRequest
from billing.wiring import LOCAL_STORE, local_engine

WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """What a tenant's run came to: its invoices' numbers, documents read and written, the worker's memory in MB."""

    numbers: tuple[str, ...]
    reads: int
    writes: int
    memory: int


def main(*, tenants: int, subscriptions: int) -> None:
    """Write the book, bill every tenant, and bill every tenant again."""
    with tempfile.TemporaryDirectory() as folder:
        each = subscriptions // tenants
        ids = [f"tenant-{n:05}" for n in range(tenants)]
        began = perf_counter()
        _write_book(Path(folder) / LOCAL_STORE, ids, subscriptions=each)
        seconds, size = perf_counter() - began, (Path(folder) / LOCAL_STORE).stat().st_size
        print(f"{tenants:,} tenants with {each:,} subscriptions each: written in {seconds:,.0f} s, {size >> 20:,} MB")
        first = _bill_all(Path(folder), ids, name="the run")
        _check(first, tenants=tenants, subscriptions=each)
        again = _bill_all(Path(folder), ids, name="the same run again")
        _check(again, tenants=tenants, subscriptions=0)


def bill(folder: Path, tenant_id: str) -> Billed:
    """Bill one tenant, without PDFs."""
    engine = _engine(folder).counted()
    request = RunRequest(
        tenant_id=tenant_id, as_of=DUE, recorded_at=DUE, run_id="scale", actor="benchmark", settle=False
    )
    report = engine.generate_invoices(request)
    done = engine.operations
    numbers = tuple(invoice.number for invoice in report.invoices)
    return Billed(numbers=numbers, reads=done.reads, writes=done.writes, memory=peak_memory())


@cache
def _engine(folder: Path) -> Engine:
    return local_engine(folder, payment_link_base="http://127.0.0.1:8080")


def _write_book(path: Path, ids: Sequence[str], *, subscriptions: int) -> None:
    """One tenant's book for each, so that writing a million subscriptions does not take as long as billing them."""
    documents = SqliteDocuments(path, indexes=INDEXES)
    pattern = list(pages(documents, subscriptions=subscriptions))
    for tenant_id in ids:
        for page in pattern:
            documents.commit([_of_tenant(write, tenant_id) for write in page])
    documents.close()


def _of_tenant(write: Write, tenant_id: str) -> Write:
    path = write.path.replace(f"tenants/{TENANT}", f"tenants/{tenant_id}", 1)
    if isinstance(write, Put) and write.path == f"tenants/{TENANT}":
        return replace(write, path=path, fields={**write.fields, "id": tenant_id})
    return replace(write, path=path)


def _bill_all(folder: Path, ids: Sequence[str], *, name: str) -> list[Billed]:
    began, done, invoices = perf_counter(), list[Billed](), 0
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as workers:
        for billed in _shown(workers.map(partial(bill, folder), ids), number=len(ids)):
            done.append(billed)
            invoices += len(billed.numbers)
    seconds = perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    reads, writes = sum(each.reads for each in done), sum(each.writes for each in done)
    print(
        f"{name}: {invoices:,} invoices in {seconds:,.0f} s ({invoices / seconds:,.0f}/s by {WORKERS} processes), "
        f"{reads:,} documents read and {writes:,} written, {max(each.memory for each in done)} MB a process at most, "
        f"{used.ru_utime + used.ru_stime:,.0f} s of CPU so far",
        flush=True,
    )
    return done


def _shown(results: Iterator[Billed], *, number: int) -> Iterator[Billed]:
    for count, billed in enumerate(results, start=1):
        if sys.stderr.isatty():
            print(f"\r{count:,} of {number:,} tenants", end="", file=sys.stderr)
        yield billed


def _check(done: Sequence[Billed], *, tenants: int, subscriptions: int) -> None:
    """Each tenant has the numbers from 1 on, without a gap."""
    wanted = tuple(f"INV-2026-06-{n:04}" for n in range(1, subscriptions + 1))
    wrong = [index for index, billed in enumerate(done) if tuple(sorted(billed.numbers)) != wanted]
    if len(done) != tenants or wrong:
        message = f"{len(done)} of {tenants} tenants billed, {len(wrong)} wrongly: {wrong[:5]}"
        raise RuntimeError(message)


if __name__ == "__main__":
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--tenants", type=int, default=1_000)
    given.add_argument("--subscriptions", type=int, default=1_000_000)
    print(describe())
    main(**vars(given.parse_args()))
