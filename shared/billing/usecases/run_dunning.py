"""The dunning run of one tenant: what is unpaid is chased, each step once, whoever calls it and however often."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from billing.domain.dunning_report import DunningReport
from billing.ports import Document, Documents, StoreUnavailable
from billing.ports.trace import in_this_trace
from billing.store.dunning_cases import DunningCursor
from billing.store.runs import Runs
from billing.store.tenants import Tenants
from billing.usecases.dunning_run import DunningParts, DunningRequest, DunningRun
from billing.usecases.mark_overdue import mark_overdue
from billing.usecases.settle_documents import failure_of
from billing.usecases.work_case import Worked, foreseen_case, work_case

_A_PAGE = 50
_AT_ONCE = 10


def run_dunning(
    documents: Documents,
    request: DunningRequest,
    parts: DunningParts,
    *,
    out_of_time: Callable[[], bool] = lambda: False,
) -> DunningReport:
    """Mark what is overdue, then do for each case that is due what its policy says, and say what was done.

    Only due cases are read, by index. One that fails stops no other and is due still. Raises NotFound for an unknown
    tenant and StoreUnavailable where the store is away; all else is on the report.
    """
    tenant = parts.tenant or Tenants(documents).get(request.tenant_id)
    report = DunningReport(run_id=request.run_id, tenant_id=tenant.id, as_of=request.as_of, dry_run=request.dry_run)
    run = DunningRun(documents=documents, request=request, parts=parts, tenant=tenant, report=report)
    for invoice in mark_overdue(run, out_of_time=out_of_time):
        if request.dry_run:  # nothing was written, so the due cases do not have it
            report.details += foreseen_case(run, invoice)
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # each waits for the gateway and the mail server, not for the others
        for page in _due_pages(run, out_of_time=out_of_time):
            _take(report, page, list(pool.map(in_this_trace(partial(_work, run)), page)))
    if not request.dry_run:
        record = Runs.of(documents, tenant.id).dunning_record(
            report, actor=request.actor, recorded_at=parts.now(), fan_out=request.fan_out
        )
        documents.commit([record])
    return report


def _due_pages(run: DunningRun, *, out_of_time: Callable[[], bool]) -> Iterator[Sequence[Document]]:
    """The cases that are due, the longest first, shard by shard; no more than the request's limit."""
    left = run.request.limit
    for shard in run.shards:
        after: DunningCursor | None = None
        while True:
            if out_of_time() or left == 0:
                run.report.complete = False
                return
            limit = _A_PAGE if left is None else min(_A_PAGE, left)
            page = run.cases.due(as_of=run.as_of, shard=shard, limit=limit, after=after)
            left = None if left is None else left - len(page)
            yield page
            if len(page) < limit:
                break
            after = run.cases.cursor(page[-1])


def _work(run: DunningRun, document: Document) -> Worked | Exception:
    try:
        return work_case(run, document)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one case, the others are worked on
        return error


def _take(report: DunningReport, documents: Sequence[Document], worked: Sequence[Worked | Exception]) -> None:
    """Put what became of a page onto the report. StoreUnavailable is raised: the others would fare no better."""
    for document, each in zip(documents, worked, strict=True):
        if isinstance(each, StoreUnavailable):
            raise each
        if isinstance(each, Exception):
            report.failures.append(failure_of(document.id, each))
            continue
        report.details += each.details
        report.busy += each.is_busy
        report.complete = report.complete and not each.is_busy
