"""Changes of a subscription in mid period: another quantity, another plan, an end (semantics 5)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from billing.domain.catalog import Billed, Plan
from billing.domain.errors import InvalidInput
from billing.domain.stamp import stamp
from billing.domain.subscription import Item, Phase, Subscription, SubscriptionStatus, schedule_of

_MOMENT = timedelta(microseconds=1)


def change_quantity(subscription: Subscription, *, item_id: str, quantity: Decimal, at: datetime) -> Subscription:
    """Close the item at that instant and open one of the new quantity (semantics 5). `quantity` 0 only closes it.

    Raises InvalidInput for an item that is not open, and for an instant that was billed already or lies after the end.
    """
    _require_open(subscription, at)
    item = next((item for item in subscription.items if item.id == item_id and item.end is None), None)
    if item is None:
        raise InvalidInput("item_id", expected="an open item of the subscription", given=item_id)
    opened = Item(id=f"{item_id.partition('~')[0]}~{stamp(at)}", charge_id=item.charge_id, quantity=quantity, start=at)
    kept = tuple(
        replace(each, end=at) if each is item else each
        for each in subscription.items
        if each is not item or at != item.start  # it never ran
    )
    return replace(subscription, items=(*kept, opened) if quantity else kept)


def change_plan(subscription: Subscription, *, plan: Plan, at: datetime) -> Subscription:
    """Go on with another plan version from `at`: another interval restarts the cycle, the same keeps its anchor.

    A restart ends the running period at `at`, so the next bill is made then. Raises InvalidInput for an instant that
    lies in a period billed already, or after the subscription's end, and for a restart at a boundary whose bill is made
    already where something was paid ahead, or is to be, from there.
    """
    _require_open(subscription, at)
    current = subscription.phases[-1]
    same = current.schedule.cycle == plan.cycle and current.schedule.anchor_day == plan.anchor_day
    schedule = current.schedule if same else schedule_of(plan, at, subscription.zone)
    changed = replace(subscription, phases=(*subscription.phases, Phase(plan=plan.ref, start=at, schedule=schedule)))
    if same or subscription.next_billing_at is None:
        return changed
    if not _is_billed_boundary(subscription, at):
        return replace(changed, next_billing_at=_not_after(at, subscription.next_billing_at))
    if subscription.prepaid or plan.billed is Billed.IN_ADVANCE:
        raise InvalidInput("at", expected=f"an instant after {at}, whose bill is made already", given=str(at))
    first_end = schedule.period_at(at).end
    return replace(changed, next_billing_at=min(first_end, subscription.end or first_end))


def end_subscription(subscription: Subscription, *, at: datetime) -> Subscription:
    """End it at an instant: the running period ends then at the latest, with the last bill; in its trial without one.

    Raises InvalidInput for an instant that lies in a period billed already, or after an end already set.
    """
    _require_open(subscription, at)
    if subscription.trial_start is not None and at <= subscription.start:
        if subscription.prepaid:
            raise InvalidInput("at", expected=f"an instant after {subscription.start}", given=str(at))
        return replace(subscription, end=at, next_billing_at=None, status=SubscriptionStatus.ENDED)
    return replace(subscription, end=at, next_billing_at=_not_after(at, subscription.next_billing_at))


def _is_billed_boundary(subscription: Subscription, at: datetime) -> bool:
    """Whether the running period starts at that instant and the period before it was billed then."""
    due = subscription.next_billing_at
    if due is None or due <= at or at <= subscription.start:
        return False
    return at == subscription.phase_at(due - _MOMENT).schedule.period_at(due - _MOMENT).start


def _require_open(subscription: Subscription, at: datetime) -> None:
    """Refuse a change at an instant that an invoice has covered already, or that the subscription doesn't reach."""
    if at.tzinfo is not UTC:
        raise InvalidInput("at", expected="an aware instant in UTC", given=str(at))
    if subscription.status is SubscriptionStatus.ENDED or (subscription.end is not None and at > subscription.end):
        raise InvalidInput("at", expected=f"an instant until the end, {subscription.end}", given=str(at))
    due = subscription.next_billing_at
    if due is None or due <= subscription.start:
        return
    last = due - _MOMENT
    billed_until = subscription.phase_at(last).schedule.period_at(last).start
    if at < billed_until and billed_until > subscription.start:
        raise InvalidInput("at", expected=f"an instant not billed yet, from {billed_until} on", given=str(at))


def _not_after(at: datetime, due: datetime | None) -> datetime | None:
    return None if due is None else min(at, due)
