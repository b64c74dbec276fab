"""A subscription to be opened: what is asked for, and the subscription as it begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from billing.domain.billing_cycle import first_bill_for, next_bill_for
from billing.domain.catalog import Plan
from billing.domain.coupon import Coupon
from billing.domain.customer import Customer
from billing.domain.discounts import with_coupon
from billing.domain.errors import InvalidInput
from billing.domain.item_changes import set_quantity
from billing.domain.subscription import Subscription
from billing.domain.trial import subscribed


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription:
    """A plan version (`plan@version`) for a customer from `start` (UTC), with its trial first.

    `quantities` are add-ons by id, `coupons` their ids in the order in which they apply. `backdated` says that periods
    which are over already are to be billed too. `zone` is its own IANA time zone ("" = the tenant's).
    """

    id: str
    customer_id: str
    plan: str
    start: datetime
    quantities: Mapping[str, Decimal] = field(default_factory=dict)
    coupons: tuple[str, ...] = ()
    backdated: bool = False
    zone: str = ""


def opened(
    new: NewSubscription, *, plan: Plan, customer: Customer, coupons: Sequence[Coupon], zone: str, now: datetime
) -> Subscription:
    """The subscription with its first bill to come, anchored at its start or at the plan's day; `zone` is the tenant's.

    `coupons` are those that are asked for, in order. Raises InvalidInput for a plan or coupon in another currency than
    the customer's and for a first period that is over at `now` (UTC) without being said to be billed all the same,
    UnknownPlan for an add-on that the plan lacks.
    """
    if plan.currency != customer.currency:
        given = f"{plan.ref} in {plan.currency}"
        raise InvalidInput("plan", expected=f"a plan in {customer.currency}, the customer's currency", given=given)
    plans = {plan.ref: plan}
    bare = subscribed(new.id, customer.id, plan=plan, start=new.start, zone=new.zone or zone)
    subscription = replace(bare, next_billing_at=first_bill_for(bare, plans))
    first_end = next_bill_for(subscription, after=subscription.start)
    if not new.backdated and first_end is not None and first_end <= now:
        expected = (
            f"a start whose first period is not over by {now.isoformat()}, or to be asked to bill it all the same"
        )
        raise InvalidInput("start", expected=expected, given=new.start.isoformat())
    for addon_id, quantity in new.quantities.items():
        subscription = set_quantity(subscription, addon_id, quantity=quantity, at=new.start, plans=plans)
    for coupon in coupons:
        subscription = with_coupon(subscription, coupon, start=subscription.start, plans=plans)
    return subscription


def is_same(stored: Subscription, asked: Subscription) -> bool:
    """Whether a stored subscription is what the same request opened, whatever was billed or changed since."""
    began, asked_for = (
        (each.customer_id, each.zone, each.begun, each.trial_end, each.phases[0].plan) for each in (stored, asked)
    )
    items = {(each.charge_id, each.quantity) for each in stored.items if each.start <= asked.begun}
    coupons = {each.id for each in stored.discounts}
    return (
        began == asked_for
        and {(each.charge_id, each.quantity) for each in asked.items} == items
        and {each.id for each in asked.discounts} <= coupons
    )
