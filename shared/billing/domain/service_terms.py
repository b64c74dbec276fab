"""A service sold at one fee a month, billed ahead by the month or by the year: its terms as a plan and a subscription.

The plan's id holds the service's name, currency, rhythm and day, so that all customers of one service share its
versions; another fee is another version.
"""

import hashlib
import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from billing.domain.catalog import Billed, FirstPeriod, Plan, Proration, RecurringCharge
from billing.domain.errors import InvalidInput
from billing.domain.period import Cycle, Unit
from billing.domain.subscription import OneTimeCharge, Phase, Subscription, schedule_of

FEE_ID = "fee"
SETUP_ID = "setup"

_LONGEST_NAME = 200
_LONGEST_SLUG = 60


class ServiceCycle(StrEnum):
    """How often a service is billed."""

    MONTHLY = "monthly"
    ANNUAL = "annual"

    @property
    def months(self) -> int:
        """The months that one bill is for."""
        return 12 if self is ServiceCycle.ANNUAL else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTerms:
    """What a service costs a month (major units, exact), and on which day of month (1-31) it is billed.

    Without `prorated` the part of a period before the first such day is billed in full.
    """

    name: str
    monthly_fee: Decimal
    cycle: ServiceCycle = ServiceCycle.MONTHLY
    day_of_month: int
    prorated: bool = True

    def __post_init__(self) -> None:
        """Refuse a name that nobody could read, a negative fee and a day that no month has."""
        if not self.name.strip() or len(self.name) > _LONGEST_NAME or not self.name.isprintable():
            expected = f"a name of 1 to {_LONGEST_NAME} visible characters"
            raise InvalidInput("servicePlan.planName", expected=expected, given=self.name)
        if not (self.monthly_fee.is_finite() and self.monthly_fee >= 0):
            raise InvalidInput("servicePlan.monthlyFee", expected="0 or more", given=str(self.monthly_fee))
        if not 1 <= self.day_of_month <= 31:
            raise InvalidInput("billingCycle.dayOfMonth", expected="1 to 31", given=self.day_of_month)


def plan_id_of(terms: ServiceTerms, *, currency: str) -> str:
    """The id that the plan versions of these terms share; names that read alike in an id are told apart by a digest."""
    slug = re.sub(r"[^a-z0-9]+", "-", terms.name.lower()).strip("-")[:_LONGEST_SLUG]
    if slug != terms.name:
        slug = f"{slug}-{hashlib.sha256(terms.name.encode()).hexdigest()[:8]}".lstrip("-")
    return f"{slug}.{currency.lower()}.{terms.cycle}.{terms.day_of_month}"


def plan_of_terms(terms: ServiceTerms, *, currency: str, version: int) -> Plan:
    """The plan version that bills these terms, at the start of each period."""
    fee = RecurringCharge(
        charge_id=FEE_ID,
        name=terms.name,
        unit_price=terms.monthly_fee * terms.cycle.months,
        proration=Proration.DAY if terms.prorated else Proration.NONE,
    )
    return Plan(
        plan_id=plan_id_of(terms, currency=currency),
        version=version,
        name=terms.name,
        currency=currency,
        cycle=Cycle(1, Unit.YEAR if terms.cycle is ServiceCycle.ANNUAL else Unit.MONTH),
        anchor_day=terms.day_of_month,
        billed=Billed.IN_ADVANCE,
        first_period=FirstPeriod.PRORATE if terms.prorated else FirstPeriod.FULL,
        fees=(fee,),
    )


def started(subscription: Subscription, plan: Plan, *, at: datetime) -> Subscription:
    """A subscription that nothing was billed of, on that plan from a UTC instant, at which it is billed first."""
    phase = Phase(plan=plan.ref, start=at, schedule=schedule_of(plan, at, subscription.zone))
    one_time = tuple(replace(each, charged_at=at) for each in subscription.one_time)
    return replace(subscription, phases=(phase,), next_billing_at=at, one_time=one_time)


def on_terms_from_next_bill(subscription: Subscription, plan: Plan) -> Subscription:
    """The subscription on that plan from its next bill on: what is billed already stays as it was billed.

    Another rhythm or day begins anew there. A change that waited for the same bill is replaced. InvalidInput for a
    subscription that has had its last bill.
    """
    at = subscription.next_billing_at
    if at is None:
        raise InvalidInput("servicePlan", expected="a service with a bill to come", given=subscription.id)
    if at == subscription.start:
        return started(subscription, plan, at=at)
    before = tuple(phase for phase in subscription.phases if phase.start < at)
    current = before[-1]
    if current.plan == plan.ref:
        return replace(subscription, phases=before)
    same = (current.schedule.cycle, current.schedule.anchor_day) == (plan.cycle, plan.anchor_day)
    schedule = current.schedule if same else schedule_of(plan, at, subscription.zone)
    return replace(subscription, phases=(*before, Phase(plan=plan.ref, start=at, schedule=schedule)))


def with_setup_fee(subscription: Subscription, fee: Decimal, *, name: str) -> Subscription:
    """The subscription with that fee (major units, exact) on its next bill, in place of one that waits for it."""
    others = tuple(each for each in subscription.one_time if each.id != SETUP_ID)
    if not fee or subscription.next_billing_at is None:
        return replace(subscription, one_time=others)
    setup = OneTimeCharge(
        id=SETUP_ID,
        name=f"{name} - setup",
        quantity=Decimal(1),
        unit_price=fee,
        charged_at=subscription.next_billing_at,
    )
    return replace(subscription, one_time=(*others, setup))


def service_starts(day_of_month: int, *, today: date) -> date:
    """The first such day of month from today on; in a month too short for it, the month's last day."""
    this_month = today.replace(day=min(day_of_month, monthrange(today.year, today.month)[1]))
    if this_month >= today:
        return this_month
    following = today.replace(day=1) + timedelta(days=monthrange(today.year, today.month)[1])
    return following.replace(day=min(day_of_month, monthrange(following.year, following.month)[1]))


def setup_waits(subscription: Subscription) -> bool:
    """Whether a setup fee is still to be billed."""
    return any(each.id == SETUP_ID for each in subscription.one_time)
