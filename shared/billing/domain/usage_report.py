"""Usage that was added up before it was sent: one id for the whole, a quantity for each local day (semantics 4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.domain.period import local_midnight
from billing.domain.rollup import Used
from billing.domain.subscription import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class DayQuantity:
    """What a local day came to."""

    day: date
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """A meter's quantities by local day of the subscription, in order; `id` is the sender's idempotency key."""

    id: str
    subscription_id: str
    meter: str
    days: tuple[DayQuantity, ...]


def used_on_days(report: UsageReport, *, subscription: Subscription) -> Iterator[Used]:
    """The report's days as usage, each at its first moment, or at the subscription's start within it."""
    for each in report.days:
        midnight = local_midnight(each.day, zone=subscription.zone)
        yield Used(occurred_at=max(midnight, subscription.begun), bucket=each.quantity)
