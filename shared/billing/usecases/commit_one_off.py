"""Write an invoice made by hand in one commit: with its number, or as a draft that waits in the review queue."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from billing.domain.audit import AuditRecord
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoicing import Draft
from billing.domain.review import Hold, review_of
from billing.ports import Write
from billing.store.collection import Stored
from billing.usecases.call import Call
from billing.usecases.number_page import number_invoices
from billing.usecases.run_context import RunContext
from billing.usecases.stand_at_issue import stand_at_issue


@dataclass(frozen=True, slots=True, kw_only=True)
class HandBilled:
    """The invoice as it stands; `known` where it was made before."""

    invoice: Stored[Invoice]
    known: bool = False


def issue_one_off(
    context: RunContext,
    draft: Draft,
    writes: Sequence[Write],
    *,
    call: Call,
    reason: str,
    asked: str = "",
    status: InvoiceStatus = InvoiceStatus.ISSUED,
) -> Stored[Invoice]:
    """Give the draft the next number of its series and let it stand as `stand_at_issue` says, with `writes` beside it.

    `reason` follows the number in the audit log, which keeps what was `asked` with the subscription. Raises
    WriteConflict where somebody was quicker.
    """
    last = dict[str, int]()
    [numbered] = number_invoices(context, [draft.invoice], last=last)
    at_issue = stand_at_issue(context, numbered, status, call=call)
    [invoice] = at_issue.invoices
    counted = [context.series.advance(context.counters[each], to=number) for each, number in last.items()]
    is_void = invoice.status is InvoiceStatus.VOID
    subscription = replace(draft.subscription, recent=()) if is_void else draft.subscription  # as voiding does
    issued = f"invoices/{invoice.id}", "invoice.issued"
    after = numbered.status if is_void else invoice.status
    record = call.record(*issued, after=after.value, reason=f"{invoice.number} {reason}")
    return _commit(
        context,
        replace(draft, invoice=invoice, subscription=subscription),
        [*writes, *at_issue.writes, *counted],
        call=call,
        records=[record, *at_issue.records],
        asked=asked,
    )


def hold_one_off(
    context: RunContext, draft: Draft, writes: Sequence[Write], *, call: Call, hold: Hold, asked: str = ""
) -> Stored[Invoice]:
    """Let the draft wait in the queue, without a number. Raises WriteConflict where somebody was quicker."""
    case = context.reviews.opening(review_of(draft.invoice, hold, opened_at=call.recorded_at))
    waiting = replace(draft, subscription=replace(draft.subscription, recent=()))  # approval counts it, not this
    held = f"invoices/{draft.invoice.id}", "invoice.held"
    record = call.record(*held, after=draft.invoice.status.value, reason=hold.reason)
    return _commit(context, waiting, [*writes, case], call=call, records=[record], asked=asked)


def _commit(
    context: RunContext,
    draft: Draft,
    beside: Sequence[Write],
    *,
    call: Call,
    records: Sequence[AuditRecord],
    asked: str,
) -> Stored[Invoice]:
    invoice, subscription = draft.invoice, draft.subscription
    created = f"subscriptions/{subscription.id}", "subscription.created"
    told = [*records, call.record(*created, after=subscription.status.value, reason=asked)]
    writes: list[Write] = [
        *beside,
        context.invoices.creation(invoice, shard=subscription.shard),
        context.subscriptions.creation(subscription),
        context.audit.batch(told, batch_id=f"by-hand-{invoice.id}", recorded_at=call.recorded_at),
    ]
    versions = dict(zip([write.path for write in writes], context.documents.commit(writes), strict=True))
    return Stored(invoice, versions[context.invoices.path(invoice.id)])
