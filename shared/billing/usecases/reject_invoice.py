"""Reject a held invoice: the draft is taken back as if it had not been made, and the next run bills its cycle anew.

One that was made by hand is gone for good, with the subscription that stood for it alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from billing.domain.errors import InvalidInput, NotFound
from billing.domain.event import EventType
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_life import InvoiceNotDraft, LaterBillMade, is_later, is_newest
from billing.domain.rebilling import reopened, taken_back
from billing.domain.review import Resolution, Review, ReviewStatus
from billing.domain.rollup import with_late_unbilled
from billing.domain.subscription import Subscription, SubscriptionStatus
from billing.domain.subscription_events import subscription_event
from billing.domain.usage_ownership import billed_until
from billing.ports import Documents, Write
from billing.store.collection import Stored
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.gather_facts import DueCase, ReadRollup
from billing.usecases.one_invoice import context_of, facts_of_bill, subscription_of
from billing.usecases.one_off_draft import is_one_off
from billing.usecases.paid_ahead import bills_of, paid_ahead
from billing.usecases.run_context import RunContext
from billing.usecases.tell import told
from billing.usecases.version_check import ABSENT, VersionCheck, any_version


def reject_invoice(
    documents: Documents, invoice_id: str, *, note: str, call: Call, seen: VersionCheck = any_version
) -> Review:
    """Take a draft back: what it consumed returns to the subscription, its usage is open again, its cycle is due.

    Of one made by hand nothing is left but the case and the audit log. The case as it was resolved; for a draft
    rejected before, that one. `note` says what is wrong with it. Raises NotFound, InvoiceNotDraft, LaterBillMade where
    a later cycle rests on it, InvalidInput for an empty note, and whatever `seen` raises.
    """
    if not note.strip():
        raise InvalidInput("note", expected="what is wrong with the draft", given=note)
    return again_while_others_write(
        lambda: _reject(context_of(documents, call=call), invoice_id, note=note, call=call, seen=seen)
    )


def _reject(context: RunContext, invoice_id: str, *, note: str, call: Call, seen: VersionCheck) -> Review:
    [draft] = context.invoices.get([invoice_id])
    cases = context.reviews.about([f"invoices/{invoice_id}"])
    if draft is None:
        rejected = _rejected_before(cases, invoice_id)
        seen(ABSENT)
        return rejected
    seen(draft.version)
    if draft.value.status is not InvoiceStatus.DRAFT:
        raise InvoiceNotDraft(draft.value)
    review = next((each for each in cases if each.value.status is ReviewStatus.OPEN), None)
    if review is None:
        raise NotFound("review", invoice_id)
    resolution = context.reviews.resolving(
        review, Resolution.REJECTED, note=note, actor=call.actor, resolved_at=call.recorded_at
    )
    subscription = subscription_of(context, draft.value)
    made_by_hand = is_one_off(subscription.value)
    undone: Sequence[Write] | Iterator[Write] = (
        [context.subscriptions.removal(subscription)]
        if made_by_hand
        else _given_back(context, draft.value, subscription)
    )
    context.documents.commit(
        [
            context.invoices.removal(draft),
            resolution,
            *undone,
            _audit(context, draft.value, note=note, call=call, is_for_good=made_by_hand),
        ]
    )
    return replace(
        review.value,
        status=ReviewStatus.RESOLVED,
        resolution=Resolution.REJECTED,
        note=note,
        actor=call.actor,
        resolved_at=call.recorded_at,
    )


def _rejected_before(cases: list[Stored[Review]], invoice_id: str) -> Review:
    rejected = [each.value for each in cases if each.value.resolution is Resolution.REJECTED]
    if not rejected:
        raise NotFound("invoice", invoice_id)
    return rejected[-1]


def _given_back(context: RunContext, draft: Invoice, subscription: Stored[Subscription]) -> Iterator[Write]:
    """The subscription with its bill to come, its usage open from the cycle's start, its customer with one more."""
    if not is_newest(draft, subscription.value):
        bills = [each.value for each in context.invoices.of_subscription(draft.subscription_id)]
        raise LaterBillMade(draft, later=[each for each in bills if is_later(each, draft)])
    ahead = paid_ahead(context, draft, bills_of(context, draft.subscription_id))
    before = replace(taken_back(subscription.value, draft), prepaid=ahead)
    case = facts_of_bill(context, Stored(before, subscription.version))
    opened = _usage_before(case, before, draft)
    waiting = {each.value.id for each in opened if each.value.late}
    read = {each.value.id for each in opened}
    late_usage = tuple(each for each in before.late_usage if each in waiting or each not in read)
    yield context.subscriptions.moved_on(subscription, replace(before, late_usage=late_usage))
    for each in opened:
        yield context.rollups.saving(each.value, read=each.read)
    if subscription.value.status is SubscriptionStatus.ENDED:
        yield context.customers.subscriptions_added(draft.customer_id, 1)
        at, version = context.call.recorded_at, subscription.version
        event = subscription_event(EventType.SUBSCRIPTION_CHANGED, before, at=at, version=version)
        yield from told(context.documents, [event], call=context.call)


def _usage_before(case: DueCase, before: Subscription, draft: Invoice) -> list[ReadRollup]:
    """The roll-ups as they were: what came late waits again, and the cycle's own buckets are open."""
    opened = {each.value.id: each for each in (*case.late, *case.rollups) if each.read is not None}
    for rollup_id, each in opened.items():
        opened[rollup_id] = replace(each, value=with_late_unbilled(each.value, invoice_id=draft.id))
    if case.cycle.arrears is not None:
        since = billed_until(before, period_end=case.cycle.arrears.start)
        for rollup_id in opened.keys() & {each.value.id for each in case.rollups}:
            opened[rollup_id] = replace(opened[rollup_id], value=reopened(opened[rollup_id].value, since=since))
    return list(opened.values())


def _audit(context: RunContext, draft: Invoice, *, note: str, call: Call, is_for_good: bool) -> Write:
    entity = f"subscriptions/{draft.subscription_id}"
    records = [
        call.record(f"invoices/{draft.id}", "invoice.rejected", before=draft.status.value, after="", reason=note),
        call.record(entity, "subscription.discarded", before=SubscriptionStatus.ENDED.value, after="", reason=note),
    ]
    said = records if is_for_good else records[:1]
    return context.audit.batch(said, batch_id=f"reject-{draft.id}", recorded_at=call.recorded_at)
