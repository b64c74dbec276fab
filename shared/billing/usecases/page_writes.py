"""The writes of a page's one commit. They stand or fall together, so a number and its invoice never part."""

from collections import Counter
from collections.abc import Iterator, Sequence

from billing.domain.audit import AuditRecord
from billing.domain.invoice import Invoice
from billing.domain.rollup import closed
from billing.domain.subscription import SubscriptionStatus
from billing.ports import Write
from billing.usecases.draft_page import Drafted
from billing.usecases.number_page import NumberedPage
from billing.usecases.run_context import RunContext


def page_writes(context: RunContext, page: NumberedPage) -> list[Write]:
    """Counters first, then the invoices in order, then everything that moves with them.

    Each write carries what it expects: the counter, the subscription and the usage as they were read, no such invoice.
    """
    writes: list[Write] = [context.series.advance(counter, to=last) for counter, last in page.series]
    shards = {each.draft.subscription.id: each.draft.subscription.shard for each in page.drafted}
    writes += [context.invoices.creation(each, shard=shards[each.subscription_id]) for each in page.invoices]
    for each in page.drafted:
        writes.append(context.subscriptions.moved_on(each.case.subscription, each.draft.subscription))
        writes += _usage_closed(context, each)
    writes += _customers_left(context, page.drafted)
    if page.invoices:
        writes.append(_audit(context, page.invoices))
    return writes


def _usage_closed(context: RunContext, drafted: Drafted) -> Iterator[Write]:
    period = drafted.draft.cycle.arrears
    for rollup in drafted.case.rollups:
        if period is not None:
            yield context.rollups.closing(closed(rollup.value, until=period.end), read=rollup.read)


def _customers_left(context: RunContext, drafted: Sequence[Drafted]) -> Iterator[Write]:
    """Customers whose subscription just had its last bill."""
    ended = Counter(
        each.draft.subscription.customer_id
        for each in drafted
        if each.draft.subscription.status is SubscriptionStatus.ENDED
    )
    for customer_id, count in ended.items():
        yield context.customers.subscriptions_added(customer_id, -count)


def _audit(context: RunContext, invoices: Sequence[Invoice]) -> Write:
    request = context.request
    context.commits += 1
    records = (
        AuditRecord(
            entity=f"invoices/{invoice.id}",
            event="invoice.issued",
            actor=request.actor,
            at=request.recorded_at,
            before="",
            after=invoice.status.value,
            reason=f"{invoice.number} by run {request.run_id}",
            request_id=request.request_id,
        )
        for invoice in invoices
    )
    batch_id = f"{request.run_id}-{context.commits:06}"
    return context.audit.batch(records, batch_id=batch_id, recorded_at=request.recorded_at)
