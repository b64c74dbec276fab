"""Changes of a subscription in mid period: another plan, an end and its taking back (semantics 5)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from billing.domain.billing_cycle import (
    anchored_period,
    bill_made_at,
    first_bill_for,
    next_bill_for,
    period_around,
)
from billing.domain.catalog import Billed, Plan
from billing.domain.errors import InvalidInput
from billing.domain.given import as_iso
from billing.domain.kept_anchor import with_anchor_kept
from billing.domain.period import Schedule
from billing.domain.subscription import Phase, Plans, Subscription, SubscriptionStatus, Unused, schedule_of
from billing.domain.usage_ownership import billed_until

_MOMENT = timedelta(microseconds=1)


def change_plan(
    subscription: Subscription,
    *,
    plan: Plan,
    plans: Plans,
    at: datetime,
    keep_anchor: bool = False,
    start_unbilled: bool = False,
) -> Subscription:
    """Go on with another plan version from `at`: another interval restarts the cycle, the same keeps its anchor.

    With `keep_anchor` another interval is counted from the anchor of before: what is left until its next boundary comes
    first. Either way it ends the running period at `at`, so the next bill is made then. Changes planned for `at` or
    later give way to this one, so the plan that is in force already takes them back; a bill that was made of one stays,
    and the next bill goes on from there. In a trial it is the plan that billing begins with. `plans` are the versions
    of its phases; `start_unbilled` says that the bill of its start had nothing to bill, so that it can still be made.
    Raises InvalidInput for an instant that lies in a period billed already, or after the subscription's end, for a
    third interval at a boundary whose bill is made already where something was paid ahead, or is to be, from there, and
    for an anchor that the plan can't keep.
    """
    require_open(subscription, at)
    if at <= subscription.start:
        return _begun_with(subscription, plan, plans, keep_anchor=keep_anchor, is_unbilled=start_unbilled)
    current = [phase for phase in subscription.phases if phase.start < at][-1]
    is_current = current.plan == plan.ref
    schedule = (
        current.schedule if is_current else _schedule_from(current.schedule, plan, at=at, keep_anchor=keep_anchor)
    )
    phase = Phase(plan=plan.ref, start=at, schedule=schedule)
    if _is_billed_boundary(subscription, at):
        return _changed_after_bill(subscription, phase, plan, plans, before=current)
    subscription = _without_phases_from(subscription, at)
    if is_current:
        return subscription
    changed = replace(subscription, phases=(*subscription.phases, phase))
    if schedule == current.schedule:
        return changed
    return replace(changed, next_billing_at=_not_after(at, subscription.next_billing_at))


def end_subscription(subscription: Subscription, *, at: datetime, unused: Unused = Unused.CREDIT) -> Subscription:
    """End it at an instant: the running period ends then at the latest, with the last bill; in its trial without one.

    At a boundary whose bill is made already, that was the last one: one of what comes late follows it where something
    is credited of the time paid ahead, or waits to be charged. Raises InvalidInput for an instant that lies in a period
    billed already, after an end already set, or within the day of a restart of the cycle whose bill is made.
    """
    require_open(subscription, at)
    if subscription.trial_start is not None and at <= subscription.start:
        if subscription.prepaid:
            raise InvalidInput("at", expected=f"an instant after {as_iso(subscription.start)}", given=at)
        return replace(subscription, end=at, unused=unused, next_billing_at=None, status=SubscriptionStatus.ENDED)
    ended = replace(subscription, end=at, unused=unused)
    if not _is_billed_boundary(subscription, at):
        return replace(ended, next_billing_at=_not_after(at, subscription.next_billing_at))
    if billed_until(subscription, period_end=at) < at:  # the usage of that day before the restart is not billed
        raise InvalidInput("at", expected=f"an instant after {as_iso(at)}, whose bill is made already", given=at)
    if _is_left_to_bill(ended, at):
        return replace(ended, next_billing_at=at, late_bills=1)
    return replace(ended, next_billing_at=None, status=SubscriptionStatus.ENDED)


def without_end(subscription: Subscription, *, plans: Plans, at: datetime) -> Subscription:
    """Take its end back while it is still to come at the UTC instant `at`: it goes on as if it had not been set.

    What was not billed ahead because of the end is billed with the usage of that period. Where the last bill was made
    before its time, it goes on only from a boundary that it has without the end too, and before one of what came late.
    Raises InvalidInput for a subscription without an end, and for one that has ended or has had its last bill.
    """
    end = subscription.end
    if end is None:
        raise InvalidInput("subscription_id", expected="a subscription that is to end", given=subscription.id)
    going_on = replace(subscription, end=None, unused=Unused.CREDIT, status=SubscriptionStatus.ACTIVE, late_bills=0)
    is_over = subscription.had_last_bill and not _goes_on_from(subscription, going_on, end=end)
    if at >= end or is_over:
        raise InvalidInput("at", expected=f"an instant before its end, {as_iso(end)}, and its last bill", given=at)
    if end <= subscription.start:  # it was to end in its trial
        return replace(going_on, next_billing_at=first_bill_for(going_on, plans))
    if subscription.had_last_bill:
        return replace(going_on, next_billing_at=next_bill_for(going_on, after=end))
    return replace(going_on, next_billing_at=_on_or_after(going_on, subscription.next_billing_at or end))


def _changed_after_bill(
    subscription: Subscription, phase: Phase, plan: Plan, plans: Plans, *, before: Phase
) -> Subscription:
    """The subscription with a phase from a boundary on whose bill is made: it stays a boundary, and billed as it was.

    `before` is the phase until then. The interval may be that of before, that of the bill, or another one where nothing
    was paid ahead nor is to be: else what it costs would be billed an interval late.
    """
    at, schedule = phase.start, phase.schedule
    is_known = schedule in (before.schedule, subscription.phase_at(at).schedule)
    is_paid = any(each.whole == schedule.period_at(at) for each in subscription.prepaid)
    if not is_known and not is_paid and (subscription.prepaid or plan.billed is Billed.IN_ADVANCE):
        raise InvalidInput("at", expected=f"an instant after {as_iso(at)}, whose bill is made already", given=at)
    made = bill_made_at(subscription, plans, at=at)
    is_boundary = schedule != before.schedule or anchored_period(schedule, at).start == at
    if made is not plan.billed or not is_boundary:
        phase = replace(phase, bill_made=made)
    kept = tuple([each for each in subscription.phases if each.start < at])
    needed = () if (phase.plan, phase.bill_made) == (before.plan, None) else (phase,)
    changed = replace(subscription, phases=(*kept, *needed))
    return replace(changed, next_billing_at=next_bill_for(changed, after=at))


def _begun_with(
    subscription: Subscription, plan: Plan, plans: Plans, *, keep_anchor: bool, is_unbilled: bool
) -> Subscription:
    """The subscription as if it had been opened with that plan; its trial stays as long as it is.

    What the plan before was paid ahead is credited by the next bill, which charges the new one from the start.
    """
    start, due, first = subscription.start, subscription.next_billing_at, subscription.phases[0]
    made = bill_made_at(subscription, plans, at=start)
    is_open = due is None or due <= start or made is Billed.IN_ARREARS or is_unbilled
    schedule = _schedule_from(first.schedule, plan, at=start, keep_anchor=keep_anchor)
    if is_open and plan.anchor_day is None and not keep_anchor:  # no bill was made by the days of before
        schedule = schedule_of(plan, start, schedule.zone)
    begun = replace(subscription, phases=(Phase(plan=plan.ref, start=start, schedule=schedule),))
    if due is None or begun == subscription:
        return begun
    if is_open:
        return replace(begun, next_billing_at=first_bill_for(begun, {plan.ref: plan}))
    if schedule != first.schedule:
        raise InvalidInput("at", expected=f"an instant after {as_iso(start)}, whose bill is made already", given=start)
    if made is not plan.billed:
        begun = replace(begun, phases=(replace(begun.phases[0], bill_made=made),))
    return replace(begun, next_billing_at=_on_or_after(begun, due))


def _schedule_from(schedule: Schedule, plan: Plan, *, at: datetime, keep_anchor: bool) -> Schedule:
    """The plan's schedule in place of another: that one where the interval is the same and no other day is named."""
    if schedule.cycle == plan.cycle and plan.anchor_day in (None, schedule.anchor_day):
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
    return at == period_around(subscription, due - _MOMENT).start


def _is_left_to_bill(ended: Subscription, end: datetime) -> bool:
    """Whether something is to be credited or charged after the last bill."""
    paid = [each for each in ended.prepaid if ended.comes_back(each, since=end)]
    waiting = [each for each in ended.one_time if each.charged_at <= end]
    return bool(ended.late_usage or waiting or (paid and ended.unused is Unused.CREDIT))


def _goes_on_from(subscription: Subscription, going_on: Subscription, *, end: datetime) -> bool:
    """Whether the last bill is the one that is made then without an end too, and no bill followed it."""
    if end <= subscription.start:
        return True
    is_first_late = subscription.late_bills == (0 if subscription.next_billing_at is None else 1)
    return is_first_late and period_around(going_on, end - _MOMENT).end == end


def require_open(subscription: Subscription, at: datetime) -> None:
    """Refuse a change at an instant that an invoice has covered already, or that is not of the subscription's life.

    Raises InvalidInput, also for an instant that is not in UTC, and for any after the last bill.
    """
    if at.tzinfo is not UTC:
        raise InvalidInput("at", expected="an aware instant in UTC", given=at)
    if at < subscription.begun:
        raise InvalidInput("at", expected=f"an instant from the start on, {as_iso(subscription.begun)}", given=at)
    if subscription.end is not None and at > subscription.end:
        raise InvalidInput("at", expected=f"an instant until the end, {as_iso(subscription.end)}", given=at)
    if subscription.status is SubscriptionStatus.ENDED or subscription.late_bills:
        expected = "a subscription that has not had its last bill"
        raise InvalidInput("subscription_id", expected=expected, given=subscription.id)
    due = subscription.next_billing_at
    if due is None or due <= subscription.start:
        return
    open_from = period_around(subscription, due - _MOMENT).start
    if at < open_from and open_from > subscription.start:
        raise InvalidInput("at", expected=f"an instant not billed yet, from {as_iso(open_from)} on", given=at)


def _not_after(at: datetime, due: datetime | None) -> datetime | None:
    return None if due is None else min(at, due)
