"""Usage events recorded a second on SQLite: batches of 1,000 events over 100 subscriptions, with duplicates refused."""

import tempfile
from datetime import timedelta
from pathlib import Path

from benchmarks.book import START, TENANT, seed
from benchmarks.machine import timed
from billing.adapters.sqlite import SqliteDocuments
from billing.store.indexes import INDEXES
from billing.usecases.record_usage import ReportedUsage, record_usage

SUBSCRIPTIONS, EVENTS, BATCH = 100, 20_000, 1_000
NOW = START + timedelta(days=29)


def main() -> None:
    """Record fresh events, then the same ones again."""
    events = [
        ReportedUsage(
            id=f"event-{n}",
            subscription_id=f"sub-{n % SUBSCRIPTIONS:07}",
            meter="api_calls",
            occurred_at=START + timedelta(minutes=n),
            quantity="1",
        )
        for n in range(EVENTS)
    ]
    with tempfile.TemporaryDirectory() as folder:
        documents = SqliteDocuments(Path(folder) / "bench.sqlite3", indexes=INDEXES)
        seed(documents, subscriptions=SUBSCRIPTIONS)

        def record() -> None:
            for first in range(0, EVENTS, BATCH):
                record_usage(documents, tenant_id=TENANT, events=events[first : first + BATCH], recorded_at=NOW)

        for name in ("recorded", "refused as duplicates"):
            timing = timed(record)
            print(f"{EVENTS:,} events {name}: {EVENTS / timing.wall:,.0f} a second", flush=True)


if __name__ == "__main__":
    main()
