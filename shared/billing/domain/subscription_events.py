"""The events of a subscription: each says how the subscription stands after the change."""

from datetime import datetime

from billing.domain.event import Event, EventField, EventType, event_of
from billing.domain.subscription import Subscription


def subscription_event(type: EventType, after: Subscription, *, at: datetime, version: str = "") -> Event:  # noqa: A002
    """What a change at a UTC instant means to others; `version` is the one that it replaces ("" for a new one).

    The plan is the one in force at that instant, or the first one. A change to come is told when it is decided, not
    when it takes effect: `plan_next`, `ends_at` and the pause say what stands ahead.
    """
    in_force = [phase for phase in after.phases if phase.start <= at] or [after.phases[0]]
    ahead = [phase for phase in after.phases if phase.start > at and phase is not in_force[-1]]
    pause = after.pauses[-1] if after.pauses else None
    fields: dict[str, EventField] = {
        "customer_id": after.customer_id,
        "status": after.status.value,
        "plan": in_force[-1].plan,
        "plan_next": ahead[0].plan if ahead else None,
        "started_at": _text(after.begun),
        "ends_at": _text(after.end),
        "paused_from": None if pause is None else _text(pause.start),
        "paused_until": None if pause is None else _text(pause.end),
        "next_billing_at": _text(after.next_billing_at),
    }
    return event_of(type, subject=f"subscriptions/{after.id}", occurred_at=at, fields=fields, name=f"from-{version}")


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%Y-%m-%dT%H:%M:%SZ}"
