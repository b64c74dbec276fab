"""The quantity of an add-on from an instant on: added, changed or ended (semantics 5)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import chain, count

from billing.domain.errors import InvalidInput
from billing.domain.stamp import stamp
from billing.domain.subscription import Item, Plans, Subscription, UnknownAddon, UnknownPlan, plan_of
from billing.domain.subscription_changes import require_open


def set_quantity(
    subscription: Subscription, addon_id: str, *, quantity: Decimal, at: datetime, plans: Plans
) -> Subscription:
    """Have so many of an add-on from `at` (UTC) on; 0 ends it. The same again changes nothing.

    As many as until then is no change after all: the item of before goes on. What was planned for `at` or later gives
    way to this. Raises InvalidInput for an instant that was billed already or is not of the subscription's life, for an
    add-on that runs more than once at a time (change its item alone), and UnknownPlan where a plan in force then or
    later does not offer it.
    """
    require_open(subscription, at)
    if quantity:
        _require_offered(subscription, addon_id, at=at, plans=plans)
    running = [
        each for each in subscription.items if each.charge_id == addon_id and (each.end is None or each.end > at)
    ]
    now = [each for each in running if each.start <= at]
    if len(now) > 1:
        ids = ", ".join(each.id for each in now)
        raise InvalidInput("addon_id", expected=f"an add-on that runs once at a time, not as {ids}", given=addon_id)
    if [(each.quantity, each.end) for each in running] == ([(quantity, None)] if quantity else []) and now == running:
        return subscription
    kept = [_ended(each, at) if each in now else each for each in subscription.items if _ran(each, running, at=at)]
    until_then = addon_id, quantity, at
    before = [each for each in kept if (each.charge_id, each.quantity, each.end) == until_then]
    if quantity and before:
        ran = {each.id for each in now}
        goes_on = max(before, key=lambda each: each.id in ran)
        return replace(subscription, items=tuple(replace(each, end=None) if each is goes_on else each for each in kept))
    opened = Item(id=_free_id(subscription, kept, addon_id, at), charge_id=addon_id, quantity=quantity, start=at)
    return replace(subscription, items=(*kept, opened) if quantity else tuple(kept))


def require_offered_by(subscription: Subscription, plans: Plans, *, ref: str, at: datetime) -> None:
    """Refuse, with UnknownPlan, a plan version from `at` on that lacks an add-on which runs then or later."""
    plan = plans[ref]
    for item in subscription.items:
        if (item.end is None or item.end > at) and item.quantity and plan.addon(item.charge_id) is None:
            offered = ", ".join(each.charge_id for each in plan.addons) or "none"
            expected = f"a plan with the add-on {item.charge_id} that runs then ({ref} offers: {offered})"
            raise UnknownPlan("plan", expected=expected, given=ref)


def _require_offered(subscription: Subscription, addon_id: str, *, at: datetime, plans: Plans) -> None:
    from_then = [phase for phase in subscription.phases if phase.start > at]
    for phase in (subscription.phase_at(max(at, subscription.start)), *from_then):
        plan = plan_of(phase, plans)
        if plan.addon(addon_id) is None:
            offered = ", ".join(each.charge_id for each in plan.addons) or "none"
            raise UnknownAddon("addon_id", expected=f"an add-on of {plan.ref} ({offered})", given=addon_id)


def _ran(item: Item, running: Iterable[Item], *, at: datetime) -> bool:
    """Whether an item stays: of this add-on those that began before, of the others all."""
    return item not in running or item.start < at


def _ended(item: Item, at: datetime) -> Item:
    return replace(item, end=at)


def _free_id(subscription: Subscription, kept: Iterable[Item], addon_id: str, at: datetime) -> str:
    """The add-on's own id where no item has it, else one that names the instant too.

    What was paid ahead for an item that gives way is credited by the item's id, so no other takes that one.
    """
    taken = {each.id for each in kept} | {each.item_id for each in subscription.prepaid}
    named = f"{addon_id}~{stamp(at)}"
    return next(
        each for each in chain((addon_id, named), (f"{named}~{turn}" for turn in count(2))) if each not in taken
    )
