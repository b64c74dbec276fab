"""What a subscription's recurring prices come to in a month, at any instant of its life.

Phases are only added and items only closed and opened, so that a subscription as it stands today says what it brought
at every time before: reports need no record of changes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import assert_never

from billing.domain.catalog import RecurringCharge
from billing.domain.period import Cycle, Unit
from billing.domain.subscription import Plans, Subscription, plan_of

NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringLevel:
    """From the UTC instant `at` on: exact major units of `currency` in a month.

    `net` are prices without tax, `gross` those that contain it.
    """

    at: datetime
    currency: str
    net: Fraction = NOTHING
    gross: Fraction = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringLife:
    """A subscription's levels in the order of time; before the first nothing is charged, a trial included.

    It runs from `begun` until `end` (UTC, exclusive; None = open).
    """

    subscription_id: str
    customer_id: str
    begun: datetime
    end: datetime | None
    levels: tuple[RecurringLevel, ...]

    def runs_at(self, instant: datetime) -> bool:
        """Whether the subscription runs at a UTC instant."""
        return self.begun <= instant and (self.end is None or instant < self.end)


def recurring_life(subscription: Subscription, plans: Plans) -> RecurringLife:
    """The levels of a subscription, of its plans' fees and its add-ons (semantics 12).

    Usage, one-time charges, minimum commitments, coupons and credits are no recurring prices; a pause brings nothing.
    Raises UnknownPlan.
    """
    return RecurringLife(
        subscription_id=subscription.id,
        customer_id=subscription.customer_id,
        begun=subscription.begun,
        end=subscription.end,
        levels=tuple(_changes(subscription, plans)),
    )


def monthly_share(cycle: Cycle) -> Fraction:
    """How many cycles a month has: a year has 12 months, 52 weeks, 365 days (semantics 12)."""
    match cycle.unit:
        case Unit.MONTH:
            return Fraction(1, cycle.every)
        case Unit.YEAR:
            return Fraction(1, 12 * cycle.every)
        case Unit.WEEK:
            return Fraction(52, 12 * cycle.every)
        case Unit.DAY:
            return Fraction(365, 12 * cycle.every)
        case Unit.HOUR:
            return Fraction(365 * 24, 12 * cycle.every)
        case _:
            assert_never(cycle.unit)


def _changes(subscription: Subscription, plans: Plans) -> Iterator[RecurringLevel]:
    """The level at each instant at which it may change, where it does."""
    before: tuple[str, Fraction, Fraction] | None = None
    for at in _instants(subscription):
        level = _level(subscription, plans, at=at)
        said = level.currency, level.net, level.gross
        if said != before:
            before = said
            yield level


def _instants(subscription: Subscription) -> list[datetime]:
    found = {phase.start for phase in subscription.phases}
    found |= {edge for item in subscription.items for edge in (item.start, item.end) if edge is not None}
    found |= {edge for pause in subscription.paused for edge in (pause.start, pause.end)}
    if subscription.end is not None:
        found = {at for at in found if at < subscription.end} | {subscription.end}
    return sorted(at for at in found if at >= subscription.start)


def _level(subscription: Subscription, plans: Plans, *, at: datetime) -> RecurringLevel:
    phase = subscription.phase_at(at)
    plan = plan_of(phase, plans)
    is_over = subscription.end is not None and at >= subscription.end
    if is_over or any(each.contains(at) for each in subscription.paused):
        return RecurringLevel(at=at, currency=plan.currency)
    charged: list[tuple[RecurringCharge, Fraction]] = [(fee, Fraction(1)) for fee in plan.fees]
    for item in subscription.items:
        addon = plan.addon(item.charge_id)
        if addon is not None and item.start <= at and (item.end is None or at < item.end):
            charged.append((addon, Fraction(item.quantity)))
    share = monthly_share(phase.schedule.cycle)
    net, gross = (
        sum((Fraction(charge.unit_price) * times for charge, times in charged if charge.tax_inclusive is kind), NOTHING)
        for kind in (False, True)
    )
    return RecurringLevel(at=at, currency=plan.currency, net=net * share, gross=gross * share)
