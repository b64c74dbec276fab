"""The writes of a page's one commit. They stand or fall together, so a number and its invoice never part."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from billing.domain.audit import AuditRecord
from billing.domain.credit_note_events import credit_note_issued
from billing.domain.event import Event, EventType
from billing.domain.invoicing import CreditDraft, Skip, invoice_id_of
from billing.domain.review import review_of
from billing.domain.rollup import closed, with_late_billed
from billing.domain.subscription import SubscriptionStatus
from billing.domain.subscription_events import subscription_event
from billing.domain.usage_ownership import billed_until
from billing.ports import Write
from billing.usecases.draft_page import Drafted
from billing.usecases.number_page import NumberedPage
from billing.usecases.run_context import RunContext
from billing.usecases.tell import told
from billing.usecases.use_balance import balance_used, events_at_issue


def page_writes(context: RunContext, page: NumberedPage) -> list[Write]:
    """Counters first, then the documents in order, then everything that moves with them.

    Each write carries what it expects: the counter, the subscription and the usage as they were read, no such invoice.
    """
    writes: list[Write] = [context.series.advance(counter, to=last) for counter, last in page.series]
    shards = {each.draft.subscription.id: each.draft.subscription.shard for each in page.drafted}
    writes += [context.invoices.creation(each, shard=shards[each.subscription_id]) for each in page.invoices]
    writes += [context.credit_notes.creation(each) for each in page.credit_notes]
    writes += [context.payments.creation(each) for each in page.payments]
    for invoice, hold in page.held:
        writes.append(context.invoices.creation(invoice, shard=shards[invoice.subscription_id]))
        writes.append(context.reviews.opening(review_of(invoice, hold, opened_at=context.request.recorded_at)))
    for each in page.drafted:
        writes.append(context.subscriptions.moved_on(each.case.subscription, each.draft.subscription))
        writes += _usage_billed(context, each)
    writes += _customers_changed(context, page)
    writes += told(context.documents, _events(context, page), call=context.call)
    if records := list(_records(context, page)):
        context.commits += 1
        batch_id = f"{context.request.part_id}-{context.commits:06}"
        writes.append(context.audit.batch(records, batch_id=batch_id, recorded_at=context.request.recorded_at))
    return writes


def _usage_billed(context: RunContext, drafted: Drafted) -> Iterator[Write]:
    """Close the past period's roll-ups, and take the late parts off those that they were billed from."""
    draft, case = drafted.draft, drafted.case
    changed = {each.value.id: each for each in case.late}
    if (period := draft.cycle.arrears) is not None:
        until = billed_until(draft.subscription, period_end=period.end)
        for each in case.rollups:
            changed[each.value.id] = replace(each, value=closed(each.value, until=until))
    billed_late = {each.value.id for each in case.late}
    invoice_id = invoice_id_of(draft.subscription.id, draft.cycle, revision=0)
    for rollup_id, each in changed.items():
        after = with_late_billed(each.value, invoice_id=invoice_id) if rollup_id in billed_late else each.value
        is_changed = each.read is None or after is not each.read.value
        if is_changed and after.closed_until is not None:  # a month that only helped to rate may not exist
            yield context.rollups.closing(after, read=each.read)


def _customers_changed(context: RunContext, page: NumberedPage) -> Iterator[Write]:
    """Customers whose subscription just had its last bill, who got a credit or used one: one write each."""
    added: dict[str, Counter[str]] = defaultdict(Counter)
    for each in page.drafted:
        if each.draft.subscription.status is SubscriptionStatus.ENDED:
            added[each.draft.subscription.customer_id]["active_subscriptions"] -= 1
        if isinstance(each.draft, CreditDraft):
            added[each.draft.credit_note.customer_id]["credit_balance"] += each.draft.credit_note.balance_added
    versions = {each.case.customer.value.id: each.case.customer.version for each in page.drafted if page.used}
    for customer_id, used in page.used.items():
        added[customer_id]["credit_balance"] -= used
    for customer_id, amounts in added.items():
        expected = versions[customer_id] if customer_id in page.used else None  # a balance is used as it was read
        yield context.customers.added(customer_id, amounts, expected=expected)


def _events(context: RunContext, page: NumberedPage) -> Iterator[Event]:
    at = context.request.recorded_at
    yield from events_at_issue(page.invoices, page.payments, at=at)
    for note in page.credit_notes:
        yield credit_note_issued(note, at=at)
    for each in page.drafted:
        stored, after = each.case.subscription, each.draft.subscription
        if after.status is not stored.value.status:
            yield subscription_event(EventType.SUBSCRIPTION_ENDED, after, at=at, version=stored.version)


def _records(context: RunContext, page: NumberedPage) -> Iterator[AuditRecord]:
    run = f"by run {context.request.run_id}"
    for invoice in page.invoices:
        yield _record(
            context,
            f"invoices/{invoice.id}",
            "invoice.issued",
            after=invoice.status.value,
            reason=f"{invoice.number} {run}",
        )
    for invoice, hold in page.held:
        yield _record(
            context,
            f"invoices/{invoice.id}",
            "invoice.held",
            after=invoice.status.value,
            reason=f"{hold.reason}; drafted {run}",
        )
    for payment in page.payments:
        yield balance_used(payment, call=context.call)
    for note in page.credit_notes:
        yield _record(
            context, f"credit_notes/{note.id}", "credit_note.issued", after="issued", reason=f"{note.number} {run}"
        )
    yield from _skips(context, page)
    for each in page.drafted:
        before, after = each.case.subscription.value, each.draft.subscription
        if after.status is not before.status:
            yield _record(
                context,
                f"subscriptions/{after.id}",
                "subscription.ended",
                before=before.status.value,
                after=after.status.value,
                reason=f"last bill {run}",
            )


def _skips(context: RunContext, page: NumberedPage) -> Iterator[AuditRecord]:
    """Cycles that bring no document: the record is all that says who moved the subscription on, and why."""
    for each in page.drafted:
        if isinstance(each.draft, Skip):
            before, after = each.case.subscription.value.next_billing_at, each.draft.subscription.next_billing_at
            yield _record(
                context,
                f"subscriptions/{each.draft.subscription.id}",
                "subscription.not_billed",
                before="" if before is None else before.isoformat(),
                after="" if after is None else after.isoformat(),
                reason=f"{each.draft.reason.value} by run {context.request.run_id}",
            )


def _record(context: RunContext, entity: str, event: str, *, after: str, reason: str, before: str = "") -> AuditRecord:
    return AuditRecord(
        entity=entity,
        event=event,
        actor=context.request.actor,
        at=context.request.recorded_at,
        before=before,
        after=after,
        reason=reason,
        request_id=context.request.request_id,
    )
