"""Write an invoice made by hand in one commit: with its number, or as a draft that waits in the review queue."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from billing.domain.invoice import Invoice
from billing.domain.invoicing import Draft
from billing.domain.review import Hold, review_of
from billing.ports import Write
from billing.store.collection import Stored
from billing.usecases.call import Call
from billing.usecases.number_page import number_invoices
from billing.usecases.run_context import RunContext
from billing.usecases.use_balance import with_balances


@dataclass(frozen=True, slots=True, kw_only=True)
class HandBilled:
    """The invoice as it stands; `known` where it was made before."""

    invoice: Stored[Invoice]
    known: bool = False


def issue_one_off(
    context: RunContext, draft: Draft, writes: Sequence[Write], *, call: Call, reason: str, asked: str = ""
) -> Stored[Invoice]:
    """Give the draft the next number of its series and what the customer's balance pays, with `writes` beside it.

    `reason` follows the number in the audit log, which keeps what was `asked` with the subscription. Raises
    WriteConflict where somebody was quicker.
    """
    last = dict[str, int]()
    numbered = number_invoices(context, [draft.invoice], last=last)
    [invoice], beside = with_balances(context, numbered)
    beside += [context.series.advance(context.counters[each], to=number) for each, number in last.items()]
    issued = replace(draft, invoice=invoice)
    said = {"event": "invoice.issued", "reason": f"{invoice.number} {reason}", "asked": asked}
    return _commit(context, issued, [*writes, *beside], call=call, **said)


def hold_one_off(
    context: RunContext, draft: Draft, writes: Sequence[Write], *, call: Call, hold: Hold, asked: str = ""
) -> Stored[Invoice]:
    """Let the draft wait in the queue, without a number. Raises WriteConflict where somebody was quicker."""
    case = context.reviews.opening(review_of(draft.invoice, hold, opened_at=call.recorded_at))
    waiting = replace(draft, subscription=replace(draft.subscription, recent=()))  # approval counts it, not this
    said = {"event": "invoice.held", "reason": hold.reason, "asked": asked}
    return _commit(context, waiting, [*writes, case], call=call, **said)


def _commit(
    context: RunContext, draft: Draft, beside: Sequence[Write], *, call: Call, event: str, reason: str, asked: str
) -> Stored[Invoice]:
    invoice, subscription = draft.invoice, draft.subscription
    records = [
        call.record(f"invoices/{invoice.id}", event, after=invoice.status.value, reason=reason),
        call.record(
            f"subscriptions/{subscription.id}", "subscription.created", after=subscription.status.value, reason=asked
        ),
    ]
    writes: list[Write] = [
        *beside,
        context.invoices.creation(invoice, shard=subscription.shard),
        context.subscriptions.creation(subscription),
        context.audit.batch(records, batch_id=f"by-hand-{invoice.id}", recorded_at=call.recorded_at),
    ]
    versions = dict(zip([write.path for write in writes], context.documents.commit(writes), strict=True))
    return Stored(invoice, versions[context.invoices.path(invoice.id)])
