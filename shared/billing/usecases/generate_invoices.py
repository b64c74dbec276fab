"""The billing run of one tenant: everything that is due is invoiced once, whoever calls it and however often."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from billing.domain.customer import Customer
from billing.domain.invoice import Invoice
from billing.domain.run_report import RunReport, Settled
from billing.domain.tenant import Tenant
from billing.ports import Documents
from billing.ports.trace import span
from billing.store.collection import Stored
from billing.store.runs import Runs
from billing.usecases.commit_page import commit_page
from billing.usecases.due_queue import PAGE, DueQueue
from billing.usecases.page_stream import PageStream
from billing.usecases.run_context import RunContext, RunRequest, start_run

FIRST_SHARD = 0
_OBJECTS_A_COLLECTION = 50_000


Settle: TypeAlias = Callable[[Sequence[Stored[Invoice]], Mapping[str, Customer]], Settled]
"""Settles invoices that were just issued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a run is given from outside: what settles a page's invoices, when to stop, who is told of progress.

    `tenant` has the settings where they were read already.
    `progress` hears how many invoices each page made, `on_invoice` of each as it is issued or held, in a dry run too.
    `payment_url` makes the pay link of an invoice's id. `settle` gets invoices just issued, with their customers by id
    as far as they are known, and says which it settled and which not; what it leaves is found again by the steps still
    pending. `work_ahead` drafts the next page while one is committed, for a
    store across a network.
    """

    tenant: Tenant | None = None
    payment_url: Callable[[str], str] = lambda _invoice_id: ""
    settle: Settle = lambda _invoices, _customers: Settled()
    out_of_time: Callable[[], bool] = lambda: False
    progress: Callable[[int], None] = lambda _invoices: None
    on_invoice: Callable[[Invoice], None] = lambda _invoice: None
    work_ahead: bool = False


Bill: TypeAlias = Callable[[RunContext, RunOptions], None]
"""Bills the shards of a run onto its report."""


def generate_invoices(
    documents: Documents, request: RunRequest, options: RunOptions, *, bill: Bill | None = None
) -> RunReport:
    """Invoice every subscription of the tenant that is due at `request.as_of`, and say what was done.

    Raises NotFound for an unknown tenant and StoreUnavailable where the store is away; all else is on the report.
    `bill` bills the shards, in place of this process alone.
    Running again bills nothing twice: what a killed run left is billed by the next one, with the next numbers. A task
    of a spread run that finds nothing due does not count the customers.
    """
    context = start_run(
        documents, request, tenant=options.tenant, payment_url=options.payment_url, on_invoice=options.on_invoice
    )
    report = context.report
    if not request.fan_out or _has_due(
        context
    ):  # most tasks of a night find nothing due, and nobody hears their answer
        if FIRST_SHARD in context.shards:  # of the parts of one run, one counts the customers
            _count_customers(context)
        (bill or bill_shards)(context, options)
    if not request.dry_run:
        runs, by = Runs.of(documents, request.tenant_id), request.actor
        record = runs.record(report, actor=by, recorded_at=request.recorded_at, fan_out=request.fan_out)
        documents.commit([record])
    return report


def _has_due(context: RunContext) -> bool:
    as_of, count_due = context.request.as_of, context.subscriptions.count_due
    return any(count_due(as_of=as_of, shard=shard, at_most=1) for shard in context.shards)


def _count_customers(context: RunContext) -> None:
    """Ask before the bills are made: who gets a last one now is not skipped."""
    context.report.customers = context.customers.count()
    if without := context.customers.count_without_subscription():
        context.report.skipped["no_active_subscription"] += without


def bill_shards(context: RunContext, options: RunOptions) -> None:
    """Bill what is due in the shards of the run, one after the other, onto its report."""
    with _fewer_collections():
        for shard in context.shards:
            _bill_shard(context, options, shard=shard)


def _bill_shard(context: RunContext, options: RunOptions, *, shard: int) -> None:
    with ThreadPoolExecutor(max_workers=1) as drafter:
        ahead = drafter if options.work_ahead and context.request.limit is None else None
        stream = PageStream(context=context, queue=DueQueue(context=context, shard=shard), drafter=ahead)
        while (room := _room(context)) and not options.out_of_time():
            drafted = stream.next_page(limit=room)
            if not drafted.page:
                return
            stream.work_ahead(limit=room, after=drafted)
            with span("page", subscriptions=len(drafted.page)):
                result = commit_page(context, drafted)
            if result.invoices and context.request.settle and not context.request.dry_run:
                with span("settle", invoices=len(result.invoices)):
                    context.report.add_settled(options.settle(result.invoices, result.customers))
            stream.moved_on(result.moved_on)
            options.progress(len(result.invoices))
        if stream.next_page(limit=1).page:
            context.report.complete = False


def _room(context: RunContext) -> int:
    """How many subscriptions the next page may hold."""
    limit, report = context.request.limit, context.report
    return PAGE if limit is None else min(PAGE, limit - len(report.invoices) - len(report.held))


@contextmanager
def _fewer_collections() -> Iterator[None]:
    """A run makes objects by the million and hardly a cycle among them: looking for some so often costs a twentieth."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_A_COLLECTION, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
