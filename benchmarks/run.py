"""Invoices a second without PDFs on SQLite: 1,000, 10,000 and 100,000 subscriptions with three price components each.

Time per invoice is to stay flat and memory bounded; each size runs in a process of its own.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.book import DUE, TENANT, seed
from benchmarks.machine import peak_memory, timed
from billing.adapters.counting import CountingDocuments
from billing.adapters.sqlite import SqliteDocuments
from billing.store.indexes import INDEXES
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.run_context import RunRequest

SIZES = (1_000, 10_000, 100_000)
REQUEST = RunRequest(tenant_id=TENANT, as_of=DUE, recorded_at=DUE, run_id="bench", actor="benchmark")


def measure(subscriptions: int) -> str:
    """Bill a fresh book of that size and say how it went."""
    with tempfile.TemporaryDirectory() as folder:
        documents = CountingDocuments(SqliteDocuments(Path(folder) / "bench.sqlite3", indexes=INDEXES))
        seed(documents, subscriptions=subscriptions)
        before = documents.counts
        timing = timed(lambda: generate_invoices(documents, REQUEST, RunOptions()))
        billed, after = len(timing.result.invoices), documents.counts
    if billed != subscriptions:
        return f"billed {billed} of {subscriptions}: {timing.result.failures[:3]}"
    return (
        f"{subscriptions:>9,} subscriptions  {billed / timing.wall:>7,.0f} invoices/s  "
        f"{timing.wall / billed * 1e6:>5,.0f} µs each ({timing.cpu / billed * 1e6:,.0f} µs CPU)  "
        f"{(after.reads - before.reads) / billed:.2f} reads, "
        f"{(after.writes - before.writes) / billed:.2f} writes each  "
        f"{peak_memory()} MB"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(measure(int(sys.argv[1])), flush=True)
    else:
        for size in SIZES:
            subprocess.run([sys.executable, "-m", "benchmarks.run", str(size)], check=True)
