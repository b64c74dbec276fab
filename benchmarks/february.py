"""The February book end to end on SQLite: rating to the last PDF written, without the import."""

import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.machine import timed
from billing.adapters.book_files import load_book
from billing.usecases.import_book import import_book
from billing.usecases.run_context import RunRequest
from billing.wiring import local_engine

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
ROUNDS = 3


def main() -> None:
    """Import and bill the book in fresh folders."""
    book = load_book(Path("samples/february-2026"))
    for round_ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            engine = local_engine(Path(folder), payment_link_base="http://127.0.0.1:8080")
            loading = timed(partial(import_book, engine.documents, book, recorded_at=AS_OF))
            request = RunRequest(
                tenant_id=book.tenant.id, as_of=AS_OF, recorded_at=AS_OF, run_id=f"bench-{round_}", actor="benchmark"
            )
            timing = timed(partial(engine.generate_invoices, request))
            report = timing.result
            print(
                f"{len(report.invoices)} invoices with PDFs in {timing.wall:.2f} s ({timing.cpu:.2f} s CPU), "
                f"total {report.totals.amount(report.totals.total)} {report.currency}; import {loading.wall:.2f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
