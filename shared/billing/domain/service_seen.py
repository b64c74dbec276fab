"""Any subscription as a service with one fee a month, as far as it can be seen so: what billing records show."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from billing.domain.catalog import Plan, Proration
from billing.domain.currency import exponent
from billing.domain.exact import divide, times, total
from billing.domain.money import Money, Rounding
from billing.domain.period import Cycle, Unit, local_date
from billing.domain.recurring import monthly_share
from billing.domain.service_terms import ServiceCycle
from billing.domain.subscription import Subscription

_BY_THE_YEAR = (Cycle(1, Unit.YEAR), Cycle(12, Unit.MONTH))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSeen:
    """A subscription's recurring prices a month (major units), its rhythm and day, and its next bill (a local day).

    A rhythm that is not by the year is seen as by the month.
    """

    name: str
    monthly_fee: Decimal
    cycle: ServiceCycle
    day_of_month: int
    prorated: bool
    next_billing_on: date | None


def service_seen(subscription: Subscription, plan: Plan) -> ServiceSeen:
    """The subscription on its latest plan version, with the add-ons that are open; rounded to the minor unit."""
    schedule = subscription.phases[-1].schedule
    prices = [fee.unit_price for fee in plan.fees]
    for item in subscription.items:
        addon = plan.addon(item.charge_id)
        if addon is not None and item.end is None:
            prices.append(times(item.quantity, addon.unit_price))
    due = subscription.next_billing_at
    return ServiceSeen(
        name=plan.name,
        monthly_fee=_a_month(total(prices), plan.cycle, currency=plan.currency),
        cycle=ServiceCycle.ANNUAL if plan.cycle in _BY_THE_YEAR else ServiceCycle.MONTHLY,
        day_of_month=schedule.anchor_day or schedule.anchor.day,
        prorated=any(fee.proration is not Proration.NONE for fee in (*plan.fees, *plan.addons)),
        next_billing_on=None if due is None else local_date(due, zone=subscription.zone),
    )


def _a_month(price: Decimal, cycle: Cycle, *, currency: str) -> Decimal:
    """What a price per cycle is a month, rounded half up to the currency's minor unit."""
    part = Fraction(price) * monthly_share(cycle) * 10 ** exponent(currency)
    return Money(divide(part.numerator, part.denominator, rounding=Rounding.HALF_UP), currency).amount
