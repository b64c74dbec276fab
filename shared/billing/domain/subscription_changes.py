"""Changes of a subscription in mid period: another quantity, another plan, an end and its taking back (semantics 5)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from billing.domain.billing_cycle import first_bill_for, next_bill_for
from billing.domain.catalog import Billed, Plan
from billing.domain.errors import InvalidInput
from billing.domain.given import as_iso
from billing.domain.kept_anchor import with_anchor_kept
from billing.domain.period import Schedule
from billing.domain.stamp import stamp
from billing.domain.subscription import Item, Phase, Plans, Subscription, SubscriptionStatus, Unused, schedule_of

_MOMENT = timedelta(microseconds=1)


def change_quantity(subscription: Subscription, *, item_id: str, quantity: Decimal, at: datetime) -> Subscription:
    """Close the item at that instant and open one of the new quantity (semantics 5). `quantity` 0 only closes it.

    Raises InvalidInput for an item that is not open, and for an instant that was billed already or lies after the end.
    """
    require_open(subscription, at)
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


def change_plan(subscription: Subscription, *, plan: Plan, at: datetime, keep_anchor: bool = False) -> Subscription:
    """Go on with another plan version from `at`: another interval restarts the cycle, the same keeps its anchor.

    With `keep_anchor` another interval is counted from the anchor of before: what is left until its next boundary comes
    first. Either way it ends the running period at `at`, so the next bill is made then. Changes planned for `at` or
    later give way to this one, so the plan that is in force already takes them back. In a trial it is the plan that
    billing begins with. Raises InvalidInput for an instant that lies in a period billed already, or after the
    subscription's end, for another interval at a boundary whose bill is made already where something was paid ahead, or
    is to be, from there, and for an anchor that the plan can't keep.
    """
    require_open(subscription, at)
    if at <= subscription.start:
        return _begun_with(subscription, plan, keep_anchor=keep_anchor)
    subscription = _without_phases_from(subscription, at)
    current = subscription.phases[-1]
    if current.plan == plan.ref:
        return subscription
    schedule = _schedule_from(current.schedule, plan, at=at, keep_anchor=keep_anchor)
    changed = replace(subscription, phases=(*subscription.phases, Phase(plan=plan.ref, start=at, schedule=schedule)))
    if schedule == current.schedule or subscription.next_billing_at is None:
        return changed
    if not _is_billed_boundary(subscription, at):
        return replace(changed, next_billing_at=_not_after(at, subscription.next_billing_at))
    if subscription.prepaid or plan.billed is Billed.IN_ADVANCE:
        raise InvalidInput("at", expected=f"an instant after {as_iso(at)}, whose bill is made already", given=at)
    first_end = schedule.period_at(at).end
    return replace(changed, next_billing_at=min(first_end, subscription.end or first_end))


def end_subscription(subscription: Subscription, *, at: datetime) -> Subscription:
    """End it at an instant: the running period ends then at the latest, with the last bill; in its trial without one.

    Raises InvalidInput for an instant that lies in a period billed already, or after an end already set.
    """
    require_open(subscription, at)
    if subscription.trial_start is not None and at <= subscription.start:
        if subscription.prepaid:
            raise InvalidInput("at", expected=f"an instant after {as_iso(subscription.start)}", given=at)
        return replace(subscription, end=at, next_billing_at=None, status=SubscriptionStatus.ENDED)
    return replace(subscription, end=at, next_billing_at=_not_after(at, subscription.next_billing_at))


def without_end(subscription: Subscription, *, plans: Plans, at: datetime) -> Subscription:
    """Take its end back while it is still to come at the UTC instant `at`: it goes on as if it had not been set.

    What was not billed ahead because of the end is billed with the usage of that period. Raises InvalidInput for a
    subscription without an end, and for one that has ended or has had its last bill.
    """
    end, due = subscription.end, subscription.next_billing_at
    if end is None:
        raise InvalidInput("subscription_id", expected="a subscription that is to end", given=subscription.id)
    if at >= end or (due is None and end > subscription.start):
        raise InvalidInput("at", expected=f"an instant before its end, {as_iso(end)}, and its last bill", given=at)
    going_on = replace(subscription, end=None, unused=Unused.CREDIT, status=SubscriptionStatus.ACTIVE)
    if due is None:  # it was to end in its trial
        return replace(going_on, next_billing_at=first_bill_for(going_on, plans))
    return replace(going_on, next_billing_at=_on_or_after(going_on, due))


def _begun_with(subscription: Subscription, plan: Plan, *, keep_anchor: bool) -> Subscription:
    """The subscription as if it had been opened with that plan; its trial stays as long as it is.

    What the plan before was paid ahead is credited by the next bill, which charges the new one from the start.
    """
    start, due, first = subscription.start, subscription.next_billing_at, subscription.phases[0]
    schedule = _schedule_from(first.schedule, plan, at=start, keep_anchor=keep_anchor)
    begun = replace(subscription, phases=(Phase(plan=plan.ref, start=start, schedule=schedule),))
    if due is None:
        return begun
    if not subscription.prepaid:
        return replace(begun, next_billing_at=first_bill_for(begun, {plan.ref: plan}))
    if schedule != first.schedule:
        raise InvalidInput("at", expected=f"an instant after {as_iso(start)}, whose bill is made already", given=start)
    return replace(begun, next_billing_at=_on_or_after(begun, due))


def _schedule_from(schedule: Schedule, plan: Plan, *, at: datetime, keep_anchor: bool) -> Schedule:
    """The plan's schedule in place of another: that one where the interval is the same."""
    if (schedule.cycle, schedule.anchor_day) == (plan.cycle, plan.anchor_day):
        return schedule
    return with_anchor_kept(schedule, plan) if keep_anchor else schedule_of(plan, at, schedule.zone)


def _without_phases_from(subscription: Subscription, at: datetime) -> Subscription:
    """The subscription without changes of plan planned for then or later, due at the first boundary that is left."""
    kept = tuple([phase for phase in subscription.phases if phase.start < at])
    due = subscription.next_billing_at
    if kept == subscription.phases:
        return subscription
    trimmed = replace(subscription, phases=kept)
    return trimmed if due is None else replace(trimmed, next_billing_at=_on_or_after(trimmed, due))


def _on_or_after(subscription: Subscription, instant: datetime) -> datetime | None:
    """The first bill-for date not before an instant at which, with an end or phases that are gone, one was due."""
    return instant if instant <= subscription.start else next_bill_for(subscription, after=instant - _MOMENT)


def _is_billed_boundary(subscription: Subscription, at: datetime) -> bool:
    """Whether the running period starts at that instant and the period before it was billed then."""
    due = subscription.next_billing_at
    if due is None or due <= at or at <= subscription.start:
        return False
    return at == subscription.phase_at(due - _MOMENT).schedule.period_at(due - _MOMENT).start


def require_open(subscription: Subscription, at: datetime) -> None:
    """Refuse a change at an instant that an invoice has covered already, or that is not of the subscription's life.

    Raises InvalidInput, also for an instant that is not in UTC.
    """
    if at.tzinfo is not UTC:
        raise InvalidInput("at", expected="an aware instant in UTC", given=at)
    if at < subscription.begun:
        raise InvalidInput("at", expected=f"an instant from the start on, {as_iso(subscription.begun)}", given=at)
    if subscription.status is SubscriptionStatus.ENDED or (subscription.end is not None and at > subscription.end):
        end = "its end" if subscription.end is None else f"the end, {as_iso(subscription.end)}"
        raise InvalidInput("at", expected=f"an instant until {end}", given=at)
    due = subscription.next_billing_at
    if due is None or due <= subscription.start:
        return
    last = due - _MOMENT
    billed_until = subscription.phase_at(last).schedule.period_at(last).start
    if at < billed_until and billed_until > subscription.start:
        raise InvalidInput("at", expected=f"an instant not billed yet, from {as_iso(billed_until)} on", given=at)


def _not_after(at: datetime, due: datetime | None) -> datetime | None:
    return None if due is None else min(at, due)
