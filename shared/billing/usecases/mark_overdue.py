"""Mark issued invoices overdue once their due date is over; each is a dunning case from then on (semantics 9)."""

from collections.abc import Callable, Iterator, Sequence

from billing.domain.dunning_policy import CaseState
from billing.domain.dunning_report import DunningAction, DunningDetail
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_payment import overdue
from billing.domain.period import local_date
from billing.ports import Write, WriteConflict
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.invoices import DueOnCursor
from billing.usecases.commit_name import commit_name
from billing.usecases.dunning_run import DunningRun
from billing.usecases.invoice_trace import invoice_trace

_A_PAGE = 100


def mark_overdue(run: DunningRun, *, out_of_time: Callable[[], bool]) -> Iterator[Stored[Invoice]]:
    """Mark what is overdue, a page in one commit, onto the run's report; gives those that become a case by that.

    In a dry run they are as they would be. One that somebody else changed meanwhile is left to the next run.
    """
    for shard in run.shards:
        after: DueOnCursor | None = None
        while not _is_at_its_end(run, out_of_time):
            limit = _A_PAGE if run.request.limit is None else min(_A_PAGE, run.request.limit - run.report.entered)
            page = run.invoices.past_due(
                before=local_date(run.as_of, run.tenant.zone),
                status=InvoiceStatus.ISSUED,
                shard=shard,
                limit=limit,
                after=after,
            )
            yield from _marked(run, page)
            if len(page) < limit:
                break
            after = (page[-1].value.due_on, page[-1].value.id)


def _is_at_its_end(run: DunningRun, out_of_time: Callable[[], bool]) -> bool:
    limit = run.request.limit
    if out_of_time() or (limit is not None and run.report.entered >= limit):
        run.report.complete = False
        return True
    return False


def _marked(run: DunningRun, page: Sequence[Stored[Invoice]]) -> Iterator[Stored[Invoice]]:
    marked = [(each, overdue(each.value, at=run.as_of)) for each in page]
    if not run.request.dry_run:
        marked = _committed(run, marked)
    for before, after in marked:
        run.report.entered += 1
        run.report.details.append(_detail(after))
        if before.value.dunning is None:
            yield Stored(after, before.version)


def _committed(run: DunningRun, marked: list[tuple[Stored[Invoice], Invoice]]) -> list[tuple[Stored[Invoice], Invoice]]:
    """What could be written: the page at once, or, where somebody was quicker, its halves."""
    if not marked:
        return []
    try:
        run.documents.commit(_writes(run, marked))
    except WriteConflict:
        middle = len(marked) // 2
        return [] if not middle else _committed(run, marked[:middle]) + _committed(run, marked[middle:])
    return marked


def _writes(run: DunningRun, marked: Sequence[tuple[Stored[Invoice], Invoice]]) -> list[Write]:
    call = run.call()
    trace = invoice_trace(run.documents, [(before.value, after) for before, after in marked], call=call)
    records = [
        call.record(
            f"invoices/{after.id}",
            "invoice.overdue",
            before=before.value.status.value,
            after=after.status.value,
            reason=f"due on {after.due_on}",
        )
        for before, after in marked
    ]
    audit = AuditLog.of(run.documents, run.tenant.id)
    name = commit_name("overdue", marked[0][0].value.id, marked[0][0].version)
    return [
        *(run.invoices.money_moved(before, after) for before, after in marked),
        *trace.writes,
        audit.batch([*records, *trace.records], batch_id=name, recorded_at=call.recorded_at),
    ]


def _detail(invoice: Invoice) -> DunningDetail:
    case = invoice.dunning
    state = CaseState.ISSUED if case is None else case.state
    return DunningDetail(
        invoice_id=invoice.id,
        number=invoice.number,
        customer_id=invoice.customer_id,
        action=DunningAction.OVERDUE,
        before=state,
        after=state,
        reminder_count=0 if case is None else len(case.reminded_on),
        currency=invoice.currency,
        amount_due=invoice.amount_due,
    )
