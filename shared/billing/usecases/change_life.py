"""Change a subscription's life: its add-ons, its plan, its end, its pauses; with the audit record in one commit."""

from dataclasses import dataclass
from typing import assert_never

from billing.domain.credit import CreditNote
from billing.domain.event import EventType
from billing.domain.life_change import (
    Cancellation,
    CancellationUndone,
    ItemsChange,
    LifeChange,
    Pausing,
    PlanChange,
    Resuming,
)
from billing.domain.life_words import life_in_words
from billing.domain.subscription import Subscription, SubscriptionStatus
from billing.domain.subscription_events import subscription_event
from billing.ports import Documents, Write
from billing.store.collection import Stored
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.decide_life import DecidedLife, decide_life
from billing.usecases.one_invoice import context_of
from billing.usecases.restore_at_once import restore_at_once
from billing.usecases.run_context import RunContext
from billing.usecases.tell import told
from billing.usecases.version_check import VersionCheck, any_version


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLife:
    """A subscription before and after a change, and the credit note for unused time, to be settled by the caller.

    Where the same had been asked for before, both are alike and nothing was written.
    """

    before: Subscription
    after: Subscription
    credit_note: Stored[CreditNote] | None = None


def change_life(
    documents: Documents, subscription_id: str, change: LifeChange, *, call: Call, seen: VersionCheck = any_version
) -> ChangedLife:
    """Make a change that is asked for now; asked for again it changes nothing more.

    The next bills show what it costs: `preview_life` tells beforehand. Raises what `decide_life` raises, and
    WriteConflict where somebody is quicker time and again.
    """
    return again_while_others_write(
        lambda: _change(context_of(documents, call=call), subscription_id, change, call=call, seen=seen)
    )


def _change(
    context: RunContext, subscription_id: str, change: LifeChange, *, call: Call, seen: VersionCheck
) -> ChangedLife:
    decided = decide_life(context, subscription_id, change, call=call, seen=seen)
    before, after, credit = decided.before, decided.after, decided.credit
    if after is before.value:
        return ChangedLife(before=after, after=after)
    was, now = life_in_words(before.value, after)
    records = [call.record(f"subscriptions/{after.id}", _event(change), before=was, after=now)]
    writes: list[Write] = [context.subscriptions.replaced(before, after), *_counted(context, decided)]
    if credit is not None:
        writes += credit.writes
        records += credit.records
    event = subscription_event(_told_as(change, after), after, at=call.recorded_at, version=before.version)
    writes += told(context.documents, [event], call=context.call)
    batch_id = commit_name("subscription", after.id, before.version)
    writes.append(context.audit.batch(records, batch_id=batch_id, recorded_at=call.recorded_at))
    versions = dict(zip([write.path for write in writes], context.documents.commit(writes), strict=True))
    if credit is None:
        return ChangedLife(before=before.value, after=after)
    restore_at_once(context.documents, [credit.invoice], call=call)
    version = versions[context.credit_notes.collection.document(credit.credit_note.id)]
    return ChangedLife(before=before.value, after=after, credit_note=Stored(credit.credit_note, version))


def _counted(context: RunContext, decided: DecidedLife) -> list[Write]:
    """The customer's number of subscriptions with a bill to come, where an end in a trial changes it."""
    had, has = (each.next_billing_at is not None for each in (decided.before.value, decided.after))
    customer_id = decided.after.customer_id
    return [] if had == has else [context.customers.subscriptions_added(customer_id, 1 if has else -1)]


def _told_as(change: LifeChange, after: Subscription) -> EventType:
    match change:
        case Cancellation() if after.status is SubscriptionStatus.ENDED:
            return EventType.SUBSCRIPTION_ENDED
        case Cancellation():
            return EventType.SUBSCRIPTION_CANCELLED
        case Pausing():
            return EventType.SUBSCRIPTION_PAUSED
        case Resuming():
            return EventType.SUBSCRIPTION_RESUMED
        case ItemsChange() | PlanChange() | CancellationUndone():
            return EventType.SUBSCRIPTION_CHANGED
        case _:
            assert_never(change)


def _event(change: LifeChange) -> str:
    match change:
        case ItemsChange():
            return "subscription.items_changed"
        case PlanChange():
            return "subscription.plan_changed"
        case Cancellation():
            return "subscription.cancelled"
        case CancellationUndone():
            return "subscription.cancellation_undone"
        case Pausing():
            return "subscription.paused"
        case Resuming():
            return "subscription.resumed"
        case _:
            assert_never(change)
