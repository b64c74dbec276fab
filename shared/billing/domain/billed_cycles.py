"""Which bills a subscription must have had: every cycle since billing began here, up to the one that is due next."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from billing.domain.billing_cycle import BillingCycle, bill_for_on_or_after, cycle_at, first_bill_for, next_bill_for
from billing.domain.subscription import Plans, Subscription


def billed_cycles(subscription: Subscription, plans: Plans) -> Iterator[BillingCycle]:
    """The cycles before `next_billing_at`, oldest first; of a subscription that had its last bill, all of them.

    Cycles before `billed_from` were billed elsewhere. Bills of what came late, which follow the last, are left out.
    """
    if subscription.end is not None and subscription.end <= subscription.start:
        return  # it ended in its trial
    until = None if subscription.late_bills else subscription.next_billing_at
    due = _first(subscription, plans)
    while due is not None and (until is None or due < until):
        yield cycle_at(subscription, plans, bill_for_date=due)
        due = next_bill_for(subscription, after=due)


def is_bill_for_date(subscription: Subscription, plans: Plans, instant: datetime) -> bool:
    """Whether a subscription has a bill for exactly that date."""
    return bill_for_on_or_after(subscription, plans, instant=instant) == instant


def before_cycle(subscription: Subscription, cycle: BillingCycle) -> Subscription:
    """The subscription with that cycle due, and nothing else waiting for it: to ask what its bill comes to at least."""
    return replace(
        subscription,
        next_billing_at=cycle.bill_for_date,
        prepaid=(),
        discounts=(),
        one_time=(),
        late_usage=(),
        late_bills=0,
    )


def _first(subscription: Subscription, plans: Plans) -> datetime | None:
    if subscription.billed_from is None:
        return first_bill_for(subscription, plans)
    return bill_for_on_or_after(subscription, plans, instant=subscription.billed_from)
