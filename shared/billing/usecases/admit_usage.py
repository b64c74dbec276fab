"""Decide which usage events may be recorded: sound in themselves, and metered by a subscription at their time."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from billing.domain.catalog import Aggregation, MeteredCharge, Plan
from billing.domain.errors import BillingError, InvalidInput
from billing.domain.money import parse_decimal
from billing.domain.subscription import Subscription
from billing.domain.usage import UsageEvent
from billing.ports import Documents
from billing.store.codec import BrokenDocument
from billing.store.ids import checked_id
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions, decode_subscription
from billing.usecases.usage_writes import MeteredEvent

_LONGEST_ID = 200
_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedUsage:
    """A usage event as it was sent, not checked yet. `id` is the sender's idempotency key, `occurred_at` is aware.

    `quantity` is an exact decimal, as text or whole; below zero only as a `correction` of a sum. `value` is what a
    unique count counts. `replaces` is the id of a recorded event that this one stands for from now on.
    """

    id: str
    subscription_id: str
    meter: str
    occurred_at: datetime
    quantity: Decimal | int | str = 1
    value: str = ""
    correction: bool = False
    replaces: str = ""


def as_reported(event: UsageEvent) -> ReportedUsage:
    """A recorded event as it was sent."""
    return ReportedUsage(
        id=event.id,
        subscription_id=event.subscription_id,
        meter=event.meter,
        occurred_at=event.occurred_at,
        quantity=event.quantity,
        value=event.value,
        correction=event.quantity < 0,
    )


def admit_usage(
    documents: Documents,
    events: Sequence[ReportedUsage],
    *,
    tenant_id: str,
    recorded_at: datetime,
    retention: timedelta,
) -> list[MeteredEvent | BillingError]:
    """Each event as its subscription meters it, or why it can't be recorded, in order."""
    sound = [_sound(each, recorded_at=recorded_at, retention=retention) for each in events]
    ids = sorted({each.subscription_id for each in sound if isinstance(each, UsageEvent)})
    subscriptions = subscriptions_of(documents, tenant_id, ids)
    plans = plans_of(documents, tenant_id, subscriptions)
    return [
        _metered(each, subscriptions[each.subscription_id], plans, correction=given.correction)
        if isinstance(each, UsageEvent)
        else each
        for given, each in zip(events, sound, strict=True)
    ]


def _sound(given: ReportedUsage, *, recorded_at: datetime, retention: timedelta) -> UsageEvent | InvalidInput:
    try:
        return UsageEvent(
            id=plain_text("id", given.id),
            subscription_id=checked_id("subscription_id", given.subscription_id),
            meter=checked_id("meter", given.meter),
            occurred_at=_in_time(given.occurred_at, recorded_at=recorded_at, retention=retention),
            quantity=parse_decimal(given.quantity, field="quantity", min=None if given.correction else Decimal(0)),
            value=plain_text("value", given.value) if given.value else "",
            replaces=plain_text("replaces", given.replaces) if given.replaces else "",
        )
    except InvalidInput as error:
        return error


def plain_text(field: str, text: object) -> str:
    """Text that may be an id or a value, or InvalidInput."""
    if not isinstance(text, str) or not 1 <= len(text) <= _LONGEST_ID:
        raise InvalidInput(field, expected=f"text of 1 to {_LONGEST_ID} characters", given=text)
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise InvalidInput(field, expected="text without control characters", given=text)
    return text


def _in_time(occurred_at: object, *, recorded_at: datetime, retention: timedelta) -> datetime:
    if not isinstance(occurred_at, datetime) or occurred_at.utcoffset() is None:
        raise InvalidInput("occurred_at", expected="an instant with its offset", given=occurred_at)
    if occurred_at < recorded_at - retention:
        expected = f"an instant within the {retention.days} days before {recorded_at.isoformat()}"
        raise InvalidInput("occurred_at", expected=expected, given=occurred_at.isoformat())
    if occurred_at > recorded_at + _AHEAD:
        expected = f"an instant not more than a day after {recorded_at.isoformat()}"
        raise InvalidInput("occurred_at", expected=expected, given=occurred_at.isoformat())
    return occurred_at.astimezone(UTC)


def subscriptions_of(
    documents: Documents, tenant_id: str, ids: Sequence[str]
) -> dict[str, Subscription | BillingError]:
    """The tenant's subscriptions by id, or why one can't be had."""
    found = Subscriptions.of(documents, tenant_id).collection.get(ids)
    subscriptions: dict[str, Subscription | BillingError] = {}
    for each, document in zip(ids, found, strict=True):
        try:
            subscriptions[each] = (
                InvalidInput("subscription_id", expected="a subscription of the tenant", given=each)
                if document is None
                else decode_subscription(document).value
            )
        except BrokenDocument as error:
            subscriptions[each] = error
    return subscriptions


def plans_of(
    documents: Documents, tenant_id: str, subscriptions: Mapping[str, Subscription | BillingError]
) -> dict[str, Plan | BillingError]:
    """The plan versions of all their phases, by ref."""
    known = [each for each in subscriptions.values() if isinstance(each, Subscription)]
    refs = sorted({phase.plan for each in known for phase in each.phases})
    return dict(zip(refs, PlanVersions.of(documents, tenant_id).get(refs), strict=True))


def _metered(
    event: UsageEvent,
    subscription: Subscription | BillingError,
    plans: Mapping[str, Plan | BillingError],
    *,
    correction: bool,
) -> MeteredEvent | BillingError:
    if isinstance(subscription, BillingError):
        return subscription
    try:
        _require_alive(subscription, event.occurred_at)
        phase = subscription.phase_at(max(event.occurred_at, subscription.start))
        charge = metered_charge(plans[phase.plan], event.meter)
        _require_fitting(charge, event, correction=correction)
    except BillingError as error:
        return error
    return MeteredEvent(event=event, aggregation=charge.aggregation, subscription=subscription)


def _require_alive(subscription: Subscription, occurred_at: datetime) -> None:
    given = occurred_at.isoformat()
    if occurred_at < subscription.begun:
        expected = f"an instant from the subscription's start, {subscription.begun.isoformat()}, on"
        raise InvalidInput("occurred_at", expected=expected, given=given)
    if subscription.end is not None and occurred_at >= subscription.end:
        expected = f"an instant before the subscription's end, {subscription.end.isoformat()}"
        raise InvalidInput("occurred_at", expected=expected, given=given)


def metered_charge(plan: Plan | BillingError, meter: str) -> MeteredCharge:
    """The plan's charge for a meter, or InvalidInput."""
    if isinstance(plan, BillingError):
        raise plan
    found = next((charge for charge in plan.metered if charge.meter == meter), None)
    if found is None:
        known = ", ".join(charge.meter for charge in plan.metered) or "none"
        raise InvalidInput("meter", expected=f"a meter of plan {plan.ref} ({known})", given=meter)
    return found


def _require_fitting(charge: MeteredCharge, event: UsageEvent, *, correction: bool) -> None:
    """A correction takes away from a sum; there is nothing to take away from a count, a maximum or a reading."""
    if correction and charge.aggregation is not Aggregation.SUM:
        raise InvalidInput("correction", expected="a meter that adds up", given=charge.aggregation.value)
    if charge.aggregation is Aggregation.UNIQUE and not event.value:
        raise InvalidInput("value", expected=f"a value, as {charge.meter} counts unique ones", given="")
