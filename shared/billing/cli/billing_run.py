"""One run from the command line: what it did, how long it took, what it asked of the stores, and its invoices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from uuid import uuid4

from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.run_comparison import RunComparison
from billing.domain.run_report import RunReport
from billing.engine import Engine
from billing.ports import OperationCounts
from billing.store.invoices import Invoices
from billing.usecases.compare_run import compare_run
from billing.usecases.run_context import RunRequest

_IDS_A_READ = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingRun:
    """A finished run. `seconds` and `operations` are of the run alone; `invoices` are as they stand after it.

    `comparison` is with the invoices before, where that was asked for.
    """

    report: RunReport
    invoices: Sequence[Invoice]
    seconds: float
    operations: OperationCounts
    comparison: RunComparison | None = None


def bill(engine: Engine, request: RunRequest, *, compare: bool = False) -> BillingRun:
    """Run, and then read the invoices back; those of a dry run exist nowhere else and are kept as they are drafted.

    `compare` compares what a dry run drafted with the invoices before.
    """
    drafted: list[Invoice] = []
    before, started = engine.operations, perf_counter()
    report = engine.generate_invoices(request, on_invoice=drafted.append if request.dry_run else None)
    seconds, after = perf_counter() - started, engine.operations
    return BillingRun(
        report=report,
        invoices=_issued(drafted) if request.dry_run else list(_stored(engine, report)),
        seconds=seconds,
        operations=OperationCounts(
            reads=after.reads - before.reads,
            writes=after.writes - before.writes,
            objects=after.objects - before.objects,
        ),
        comparison=_comparison(engine, report, drafted) if compare else None,
    )


def new_run_id() -> str:
    """An id that no other run has."""
    return f"run-{uuid4().hex}"


def _comparison(engine: Engine, report: RunReport, drafted: Sequence[Invoice]) -> RunComparison:
    return compare_run(
        engine.documents, drafted, tenant_id=report.tenant_id, as_of=report.as_of, complete=report.complete
    )


def _issued(drafted: Sequence[Invoice]) -> list[Invoice]:
    """Without those that would wait in the review queue."""
    return [each for each in drafted if each.status is not InvoiceStatus.DRAFT]


def _stored(engine: Engine, report: RunReport) -> Iterator[Invoice]:
    invoices = Invoices.of(engine.documents, report.tenant_id)
    ids = [each.id for each in report.invoices]
    for start in range(0, len(ids), _IDS_A_READ):
        yield from (each.value for each in invoices.get(ids[start : start + _IDS_A_READ]) if each is not None)
