"""One run from the command line: what it did, how long it took, what it asked of the stores, and its invoices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from uuid import uuid4

from billing.domain.invoice import Invoice
from billing.domain.run_report import RunReport
from billing.ports import OperationCounts
from billing.store.invoices import Invoices
from billing.usecases.run_context import RunRequest
from billing.wiring import Engine

_IDS_A_READ = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingRun:
    """A finished run. `seconds` and `operations` are of the run alone; `invoices` are as they stand after it."""

    report: RunReport
    invoices: Sequence[Invoice]
    seconds: float
    operations: OperationCounts


def bill(engine: Engine, request: RunRequest) -> BillingRun:
    """Run, and then read the invoices back; those of a dry run exist nowhere else and are kept as they are drafted."""
    drafted: list[Invoice] = []
    before, started = engine.operations, perf_counter()
    report = engine.generate_invoices(request, on_invoice=drafted.append if request.dry_run else None)
    seconds, after = perf_counter() - started, engine.operations
    return BillingRun(
        report=report,
        invoices=drafted if request.dry_run else list(_stored(engine, report)),
        seconds=seconds,
        operations=OperationCounts(
            reads=after.reads - before.reads,
            writes=after.writes - before.writes,
            objects=after.objects - before.objects,
        ),
    )


def new_run_id() -> str:
    """An id that no other run has."""
    return f"run-{uuid4().hex}"


def _stored(engine: Engine, report: RunReport) -> Iterator[Invoice]:
    invoices = Invoices.of(engine.documents, report.tenant_id)
    ids = [each.id for each in report.invoices]
    for start in range(0, len(ids), _IDS_A_READ):
        yield from (each.value for each in invoices.get(ids[start : start + _IDS_A_READ]) if each is not None)
