"""What may be asked of a subscription in its life, and how it stands afterwards (semantics 5, docs/adr/0023).

Each change takes effect at an instant: now, at the end of the running period, or at one that is named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias, assert_never

from billing.domain.billing_cycle import period_around, still_named
from billing.domain.errors import InvalidInput
from billing.domain.item_changes import require_offered_by, set_quantity
from billing.domain.kept_anchor import Anchor
from billing.domain.pausing import pause_subscription, resume_subscription
from billing.domain.subscription import Plans, Subscription, UnknownPlan, Unused, plan_of
from billing.domain.subscription_changes import change_plan, end_subscription, without_end

_MOMENT = timedelta(microseconds=1)


class Moment(StrEnum):
    """`now`, in whole seconds, or the end of the period that runs now; in a trial that is the trial's end."""

    NOW = "now"
    PERIOD_END = "period_end"


When: TypeAlias = datetime | Moment
"""A UTC instant, or one that the subscription's own calendar gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsChange:
    """So many of each add-on from then on, by the add-on's id; 0 ends it."""

    quantities: Mapping[str, Decimal]
    at: When = Moment.NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """Another plan version (`plan@version`) from then on. The plan in force takes back a change still to come.

    `anchor` is what another interval makes of it; None leaves that to the tenant's setting, and is a restart here.
    """

    plan: str
    at: When = Moment.NOW
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """The end, and what becomes of what was paid ahead beyond it."""

    at: When = Moment.PERIOD_END
    unused: Unused = Unused.CREDIT


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationUndone:
    """No end after all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pausing:
    """Nothing recurring from then on; `until` is the UTC instant at which it goes on by itself, None = by a command."""

    at: When = Moment.NOW
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resuming:
    """Charged again from then on."""

    at: When = Moment.NOW


LifeChange: TypeAlias = ItemsChange | PlanChange | Cancellation | CancellationUndone | Pausing | Resuming


def changed(
    subscription: Subscription, change: LifeChange, *, plans: Plans, now: datetime, start_unbilled: bool = False
) -> Subscription:
    """The subscription after a change that is asked for at the UTC instant `now`; the same one where nothing changes.

    `plans` holds the versions of its phases, and the one that a PlanChange names; `start_unbilled` is as in
    `change_plan`. Raises InvalidInput or UnknownPlan for what can't be: the sentence says why.
    """
    match change:
        case ItemsChange():
            return _with_quantities(subscription, change, plans=plans, at=effective_at(subscription, change, now=now))
        case PlanChange():
            at = effective_at(subscription, change, now=now)
            return _on_plan(subscription, change, plans=plans, at=at, start_unbilled=start_unbilled)
        case Cancellation():
            return _cancelled(subscription, change, plans=plans, now=now)
        case CancellationUndone():
            return _going_on(subscription, plans=plans, now=now)
        case Pausing(until=until):
            return pause_subscription(subscription, at=effective_at(subscription, change, now=now), until=until)
        case Resuming():
            return resume_subscription(subscription, at=effective_at(subscription, change, now=now))
        case _:
            assert_never(change)


def effective_at(subscription: Subscription, change: LifeChange, *, now: datetime) -> datetime:
    """The UTC instant at which a change takes effect; for an end that is taken back, that end."""
    if isinstance(change, CancellationUndone):
        return subscription.end or now
    match change.at:
        case Moment.NOW:
            return now.replace(microsecond=0)
        case Moment.PERIOD_END:
            return period_around(subscription, now).end if now >= subscription.start else subscription.start
        case datetime():
            return change.at
        case _:
            assert_never(change.at)


def _with_quantities(subscription: Subscription, change: ItemsChange, *, plans: Plans, at: datetime) -> Subscription:
    if not change.quantities:
        raise InvalidInput("quantities", expected="at least one add-on", given="none")
    for addon_id, quantity in change.quantities.items():
        subscription = set_quantity(subscription, addon_id, quantity=quantity, at=at, plans=plans)
    return subscription


def _on_plan(
    subscription: Subscription, change: PlanChange, *, plans: Plans, at: datetime, start_unbilled: bool
) -> Subscription:
    plan, first = plans[change.plan], plan_of(subscription.phases[0], plans)
    if plan.currency != first.currency:
        expected = f"a plan in {first.currency}, as the subscription is billed"
        raise UnknownPlan("plan", expected=expected, given=f"{plan.ref} in {plan.currency}")
    require_offered_by(subscription, plans, ref=plan.ref, at=at)
    current = plan_of(subscription.phase_at(max(at - _MOMENT, subscription.start)), plans)
    # also a plan without a day of its own keeps the one that was kept for the plan before it
    is_same_interval = (current.cycle, current.anchor_day) == (plan.cycle, plan.anchor_day)
    keep_anchor = is_same_interval or change.anchor is Anchor.KEEP
    return change_plan(
        subscription, plan=plan, plans=plans, at=at, keep_anchor=keep_anchor, start_unbilled=start_unbilled
    )


def _cancelled(subscription: Subscription, change: Cancellation, *, plans: Plans, now: datetime) -> Subscription:
    """The subscription with its end; one that has ended, or is to end just so, stays as it is."""
    at, end = effective_at(subscription, change, now=now), subscription.end
    if end is not None and (end <= min(now, at) or (end, subscription.unused) == (at, change.unused)):
        return subscription
    if change.unused in (Unused.REFUND, Unused.OFFSET) and at > now:
        expected = "credit or none for an end that is still to come, as a credit note is issued at once"
        raise InvalidInput("unused", expected=expected, given=change.unused.value)
    ended = end_subscription(subscription, at=at, unused=change.unused)
    is_made = _is_last_bill_made(ended, end=at)
    return still_named(ended, plans, made_as=subscription, at=at) if is_made else ended


def _going_on(subscription: Subscription, *, plans: Plans, now: datetime) -> Subscription:
    """The subscription without its end; a bill that was made of it keeps its name."""
    going_on, end = without_end(subscription, plans=plans, at=now), subscription.end or now
    is_made = _is_last_bill_made(subscription, end=end)
    return still_named(going_on, plans, made_as=subscription, at=end) if is_made else going_on


def _is_last_bill_made(subscription: Subscription, *, end: datetime) -> bool:
    return end > subscription.start and subscription.had_last_bill
