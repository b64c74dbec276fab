"""Proration: what part of its period a recurring charge owes (semantics 5)."""

from dataclasses import dataclass
from typing import assert_never

from billing.domain.catalog import FirstPeriod, Plan, Proration, RecurringCharge
from billing.domain.period import Period, Unit, count_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`active` of `whole` local days or seconds. A full share owes the full price."""

    active: int
    whole: int
    unit: str

    @property
    def is_full(self) -> bool:
        """Whether nothing is missing from the period."""
        return self.active >= self.whole


def share_of(active: Period, whole: Period, *, proration: Proration, zone: str) -> Share:
    """Measure a stretch of a period: in local calendar days over those of the whole anchored period, or in seconds."""
    match proration:
        case Proration.DAY:
            return Share(active=count_days(active, zone=zone), whole=count_days(whole, zone=zone), unit="day")
        case Proration.SECOND:
            return Share(active=_seconds(active), whole=_seconds(whole), unit="second")
        case Proration.NONE:
            return Share(active=1, whole=1, unit="period")
        case _:
            assert_never(proration)


def measured_by(charge: RecurringCharge, plan: Plan) -> Proration:
    """How a charge prorates under a plan: cycles of hours have no days to count and go by the second."""
    by_day = charge.proration is Proration.DAY
    return Proration.SECOND if by_day and plan.cycle.unit is Unit.HOUR else charge.proration


def as_first_period(active: Period, whole: Period, *, plan: Plan, started: bool) -> Period | None:
    """What a short first period owes: the stretch as it is, nothing (None), or as if begun with the whole period.

    `started` says that the stretch begins with the subscription itself.
    """
    if not started or active.start == whole.start:
        return active
    match plan.first_period:
        case FirstPeriod.PRORATE:
            return active
        case FirstPeriod.FREE:
            return None
        case FirstPeriod.FULL:
            return Period(start=whole.start, end=active.end)
        case _:
            assert_never(plan.first_period)


def _seconds(period: Period) -> int:
    length = period.end - period.start
    return length.days * 86_400 + length.seconds
