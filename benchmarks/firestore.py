"""Invoices a second without PDFs on the Firestore emulator: 1,000 subscriptions, with counted reads and writes.

Needs the emulator's jar from the gcloud SDK; the emulator is started here and stopped again.
"""

from functools import partial

from benchmarks.book import DUE, TENANT, seed
from benchmarks.machine import timed
from billing.adapters.counting import CountingDocuments
from billing.adapters.firestore import FirestoreDocuments
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.run_context import RunRequest
from tests.firestore_emulator import firestore_emulator

SUBSCRIPTIONS = 1_000
REQUEST = RunRequest(tenant_id=TENANT, as_of=DUE, recorded_at=DUE, run_id="bench", actor="benchmark")
ROUNDS = 6


def main() -> None:
    """Bill fresh projects in one emulator, so that the last rounds measure it warm."""
    with firestore_emulator():
        for round_ in range(ROUNDS):
            documents = CountingDocuments(FirestoreDocuments(f"bench-{round_}"))
            seed(documents, subscriptions=SUBSCRIPTIONS)
            before = documents.counts
            timing = timed(partial(generate_invoices, documents, REQUEST, RunOptions(work_ahead=True)))
            billed, after = len(timing.result.invoices), documents.counts
            print(
                f"{billed:>7,} invoices  {billed / timing.wall:>6,.0f} a second  "
                f"({timing.cpu / billed * 1e6:,.0f} µs CPU each)  "
                f"{(after.reads - before.reads) / billed:.2f} reads, "
                f"{(after.writes - before.writes) / billed:.2f} writes each",
                flush=True,
            )


if __name__ == "__main__":
    main()
