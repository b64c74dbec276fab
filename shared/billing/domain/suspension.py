"""Bills of a customer whose service is suspended: as ever, without the suspended time, or on return (semantics 5).

Under `skip` suspended time is no service: no fee is owed for it, no usage in it is billed, and a period that begins in
it is not billed in advance. What is left of a period once the service is back is billed with the usage of that period,
by its share. A bill puts on record, on its subscription, what it left out: that stays so whatever becomes of the
setting, for bills made again and for usage that comes late.

A pause of a subscription is left out in the same way, always; what was paid ahead for it is credited. The subscription
itself keeps its pauses.

Fees count suspended time as they count any other (by local days, semantics 5). Usage is kept by local days: the day on
which a suspension begins is left out, the day on which it ends is billed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from billing.domain.billing_cycle import BillingCycle
from billing.domain.customer import Customer
from billing.domain.dunning_policy import WhileSuspended
from billing.domain.late_usage import LateBuckets
from billing.domain.period import Period
from billing.domain.proration import without
from billing.domain.subscription import ENDLESS, Subscription
from billing.domain.tenant import Tenant
from billing.domain.usage import Bucket
from billing.domain.usage_ownership import billed_until, owned_from

_MOMENT = timedelta(microseconds=1)


def restored(customer: Customer, *, at: datetime) -> Customer:
    """The customer with its service back from a UTC instant on, and the suspension on record."""
    began = customer.suspended_at
    past = () if began is None or began >= at else (Period(start=began, end=at),)
    return replace(customer, suspended_at=None, suspension_reason="", suspensions=(*customer.suspensions, *past))


def waits_for_return(tenant: Tenant, customer: Customer) -> bool:
    """Whether nothing is billed to the customer before its service is back: its subscriptions stay due until then."""
    return tenant.while_suspended is WhileSuspended.CATCH_UP and customer.suspended_at is not None


def leaving_out(subscription: Subscription, cycle: BillingCycle, *, tenant: Tenant, customer: Customer) -> Subscription:
    """The subscription with the suspended time on record that the bill of a cycle leaves out."""
    if tenant.while_suspended is not WhileSuspended.SKIP or cycle.is_late:
        return subscription
    unbilled = subscription.unbilled
    for stretch in _seen(customer, cycle):
        unbilled = _joined(unbilled, stretch)
    return replace(subscription, unbilled=unbilled) if unbilled != subscription.unbilled else subscription


def is_left_out_ahead(subscription: Subscription, cycle: BillingCycle, *, is_again: bool) -> bool:
    """Whether the period that begins with the cycle is not billed in advance: it begins suspended, or in a pause.

    A bill that is made again bills what a pause since then leaves of it, as the next bill leaves all of it to that one.
    """
    at = cycle.bill_for_date
    suspended = any(each.start < at < each.end for each in subscription.unbilled)
    return cycle.advance is not None and (suspended or (not is_again and is_paused(subscription, at=at)))


def is_paused(subscription: Subscription, *, at: datetime) -> bool:
    """Whether a UTC instant lies in a pause."""
    return any(each.contains(at) for each in subscription.paused)


def is_left_out(subscription: Subscription, period: Period) -> bool:
    """Whether every day of a past period was suspended or paused, so that nothing is owed for it.

    The day of a change that ended it belongs to what follows, unless the period had no other.
    """
    if not subscription.left_out:
        return False
    end = billed_until(subscription, period_end=period.end)
    days = _days(subscription, until=period.end)
    return not without(replace(period, end=end) if end > period.start else period, days)


def billable(subscription: Subscription, usage: Mapping[datetime, Bucket]) -> dict[datetime, Bucket]:
    """A meter's buckets without those of suspended and paused days."""
    days = _days(subscription)
    return {start: bucket for start, bucket in usage.items() if not any(each.contains(start) for each in days)}


def billable_late(subscription: Subscription, late: LateBuckets) -> LateBuckets:
    """A meter's late usage without that of suspended days, beside what was billed in time."""
    return LateBuckets(billed=billable(subscription, late.billed), late=billable(subscription, late.late))


def _seen(customer: Customer, cycle: BillingCycle) -> Iterator[Period]:
    """The suspensions that began before a bill and reach into its past period or beyond it.

    They are seen up to the bill-for date, and a moment more where they were still on then.
    """
    until = cycle.bill_for_date + _MOMENT
    past = [(each.start, each.end) for each in customer.suspensions]
    now = [] if customer.suspended_at is None else [(customer.suspended_at, until)]
    first = cycle.bill_for_date if cycle.arrears is None else cycle.arrears.start
    for start, end in (*past, *now):
        if start < cycle.bill_for_date and end > first:
            yield Period(start=start if cycle.arrears is None else max(start, first), end=min(end, until))


def _joined(unbilled: tuple[Period, ...], stretch: Period) -> tuple[Period, ...]:
    """The stretches in order, those that overlap as one; two that only touch are two suspensions."""
    same = [stretch, *[each for each in unbilled if each.intersect(stretch) is not None]]
    whole = Period(start=min([each.start for each in same]), end=max([each.end for each in same]))
    apart = [each for each in unbilled if each.intersect(stretch) is None]
    return tuple(sorted([*apart, whole], key=lambda each: each.start))


def _days(subscription: Subscription, *, until: datetime = ENDLESS) -> list[Period]:
    """What is left out as buckets count it: from the first one's start up to that of the return.

    Nothing where a pause was to begin at the end or later, or begins at `until` or later.
    """
    found, last = [], subscription.end or ENDLESS
    for each in subscription.left_out:
        if each.start >= min(last, until):
            continue
        start = owned_from(subscription, at=each.start)
        end = each.end if each.end >= last else owned_from(subscription, at=each.end)
        if start < end:
            found.append(Period(start=start, end=end))
    return found
