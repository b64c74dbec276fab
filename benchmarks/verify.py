"""Invoices verified a second on SQLite: 1,000, 10,000 and 100,000 invoices of four lines, each computed again.

Files and raw events are left out: reading them costs what the store costs. Memory is to grow by the ids alone; each
size runs in a process of its own.
"""

import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from benchmarks.book import DUE, TENANT, seed
from benchmarks.machine import peak_memory, timed
from billing.adapters.counting import CountingDocuments
from billing.adapters.objects import ObstoreObjects
from billing.adapters.sqlite import SqliteDocuments
from billing.store.indexes import INDEXES
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.run_context import RunRequest
from billing.usecases.verify import VerifyRequest, verify

SIZES = (1_000, 10_000, 100_000)
RUN = RunRequest(tenant_id=TENANT, as_of=DUE, recorded_at=DUE, run_id="bench", actor="benchmark")
REQUEST = VerifyRequest(tenant_id=TENANT, as_of=DUE + timedelta(days=1), events=False)


def measure(size: int) -> str:
    """Bill a fresh book of that size, verify it and say how that went."""
    with tempfile.TemporaryDirectory() as folder:
        documents = CountingDocuments(SqliteDocuments(Path(folder) / "bench.sqlite3", indexes=INDEXES))
        objects = ObstoreObjects.folder(Path(folder) / "objects")
        seed(documents, subscriptions=size)
        billed = len(generate_invoices(documents, RUN, RunOptions()).invoices)
        memory, before = peak_memory(), documents.counts
        timing = timed(lambda: verify(documents, objects, REQUEST))
        reads = documents.counts.reads - before.reads
    report = timing.result
    if (billed, report.read["recomputed"], report.findings.total) != (size, size, 0):
        return f"{billed} billed, {report.read['recomputed']} computed again: {report.findings.kept[:3]}"
    return (
        f"{size:>9,} invoices  {size / timing.wall:>7,.0f} verified/s  "
        f"{timing.wall / size * 1e6:>5,.0f} µs each ({timing.cpu / size * 1e6:,.0f} µs CPU)  "
        f"{reads / size:.2f} reads each  {peak_memory()} MB ({memory} MB before)"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(measure(int(sys.argv[1])), flush=True)
    else:
        for each in SIZES:
            subprocess.run([sys.executable, "-m", "benchmarks.verify", str(each)], check=True)
