"""Pauses of a subscription: nothing recurring is charged, its anchor stays where it is (semantics 5).

Days are counted as for any change: the day on which a pause begins is not charged any more, the day on which the
subscription goes on is. Usage of paused days is recorded and never billed. One-time charges that somebody puts on it
are billed all the same, and so is late usage of the time before.
"""

from dataclasses import replace
from datetime import datetime

from billing.domain.errors import InvalidInput
from billing.domain.given import as_iso
from billing.domain.subscription import Pause, Subscription
from billing.domain.subscription_changes import require_open


def pause_subscription(subscription: Subscription, *, at: datetime, until: datetime | None = None) -> Subscription:
    """Charge nothing recurring from `at` (UTC) until it is resumed, or until an instant known now.

    What was billed ahead for paused days is credited by the next bill; a period that begins in a pause is not billed
    ahead. One that is paused by then already, without an end, stays as it is. Raises InvalidInput for an instant that
    was billed already, lies in the trial (which costs nothing) or not before the end, and where another pause is on or
    to come.
    """
    require_open(subscription, at)
    last = subscription.pauses[-1] if subscription.pauses else None
    if last is not None and last.end == until and (last.start == at or (until is None and last.start < at)):
        return subscription
    if last is not None and (last.end is None or last.end > at):
        expected = f"an instant from the end of the pause of {as_iso(last.start)} on"
        raise InvalidInput("at", expected=expected, given=at)
    if at < subscription.start or (subscription.end is not None and at >= subscription.end):
        end = "its end" if subscription.end is None else as_iso(subscription.end)
        expected = f"an instant in which it is billed, from {as_iso(subscription.start)} until {end}"
        raise InvalidInput("at", expected=expected, given=at)
    return replace(subscription, pauses=(*subscription.pauses, Pause(start=at, end=until)))


def resume_subscription(subscription: Subscription, *, at: datetime) -> Subscription:
    """Go on charging from `at` (UTC), with the anchor of before; a pause still to come then is taken back.

    What is left of the running period is billed with the usage of that period, by its share. A pause that ends just
    then stays as it is. Raises InvalidInput for an instant that was billed already or lies after the end, and where it
    is not paused and not to be.
    """
    require_open(subscription, at)
    last = subscription.pauses[-1] if subscription.pauses else None
    if last is None or (last.end is not None and last.end < at):
        raise InvalidInput("subscription_id", expected="a subscription that is paused then", given=subscription.id)
    ended = () if at <= last.start else (replace(last, end=at),)
    return replace(subscription, pauses=(*subscription.pauses[:-1], *ended))
