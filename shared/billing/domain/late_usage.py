"""Usage that arrives after its period was invoiced: billed on the next invoice, priced as if in time (semantics 4).

Its subscription names the roll-ups that hold some. The next bill rates each of the periods again with and without it.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from billing.domain.billing_cycle import uncut_period
from billing.domain.period import local_midnight
from billing.domain.rollup import UsageRollup, months_of, rollup_id
from billing.domain.subscription import Subscription, SubscriptionStatus
from billing.domain.usage import Bucket, Buckets, all_joined


@dataclass(frozen=True, slots=True, kw_only=True)
class LateBuckets:
    """One meter's buckets of past periods: what earlier invoices billed, and what came `late` and none has billed."""

    billed: Buckets
    late: Buckets


def late_usage_of(rollups: Iterable[UsageRollup], *, invoice_id: str = "") -> dict[str, LateBuckets]:
    """The late usage of each meter that the next bill is for; or with an id, that that invoice was for, for ever.

    `rollups` are those of `rollups_to_rerate` that exist. An id of any revision will do: a revision bills the same. The
    timely usage that an invoice rested on is the roll-ups' `buckets`, which never change once their time is closed.
    """
    billed: dict[str, dict[datetime, Bucket]] = {}
    late: dict[str, dict[datetime, Bucket]] = {}
    for rollup in rollups:
        before, own = _split(rollup, invoice_id=invoice_id)
        billed.setdefault(rollup.meter, {}).update(before)
        late.setdefault(rollup.meter, {}).update(own)
    return {meter: LateBuckets(billed=billed[meter], late=late[meter]) for meter in billed}


def rollups_to_rerate(subscription: Subscription, rollup_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The roll-ups that hold the whole periods that usage in these roll-ups can lie in, as meter and month by id."""
    found: dict[str, tuple[str, str]] = {}
    for each in rollup_ids:
        meter, month = meter_and_month(subscription, each)
        for needed in (month, *_months_around(subscription, month)):
            found[rollup_id(subscription.id, meter, needed)] = meter, needed
    return found


def meter_and_month(subscription: Subscription, named: str) -> tuple[str, str]:
    """The meter and the month (yyyy-mm) of a roll-up of that subscription, from its id."""
    meter, _, month = named.removeprefix(f"{subscription.id}.").rpartition(".")
    return meter, month


def with_late_usage(subscription: Subscription, rollup_ids: Iterable[str]) -> Subscription:
    """The subscription with these roll-ups named: the next bill is for their late usage too.

    One that has had its last bill has one to come again, due at its end and for late usage alone.
    """
    named = replace(subscription, late_usage=tuple(dict.fromkeys((*subscription.late_usage, *rollup_ids))))
    if subscription.next_billing_at is not None:
        return named
    return replace(
        named,
        status=SubscriptionStatus.ACTIVE,
        next_billing_at=subscription.end,
        late_bills=subscription.late_bills + 1,
    )


def without_late_usage(subscription: Subscription, meters: Container[str]) -> Subscription:
    """The subscription after a bill of these meters' late usage: it names the roll-ups of the others alone."""
    if not subscription.late_usage:
        return subscription
    left = [each for each in subscription.late_usage if meter_and_month(subscription, each)[0] not in meters]
    return replace(subscription, late_usage=tuple(left))


def _split(rollup: UsageRollup, *, invoice_id: str) -> tuple[Buckets, Buckets]:
    """A roll-up's usage as billed before a bill, and what came late for that bill. An unmarked one had none then."""
    bills = [_bill_of(each.invoice_id) for each in rollup.late_billed]
    if not invoice_id:
        place, own = len(bills), rollup.late
    elif _bill_of(invoice_id) in bills:
        place = bills.index(_bill_of(invoice_id))
        own = rollup.late_billed[place].buckets
    else:
        place, own = 0, {}
    earlier = [each.buckets for each in rollup.late_billed[:place]]
    return all_joined(rollup.aggregation, [rollup.buckets, *earlier]), own


def _bill_of(invoice_id: str) -> str:
    return invoice_id.rpartition(".r")[0]


def _months_around(subscription: Subscription, month: str) -> tuple[str, ...]:
    """The months of the periods that touch a month; a bucket at its edge may be priced in the period that follows."""
    first = date.fromisoformat(f"{month}-01")
    start = local_midnight(first, zone=subscription.zone)
    end = local_midnight((first + timedelta(days=32)).replace(day=1), zone=subscription.zone)
    months: list[str] = []
    at = max(start, subscription.start)
    while at < end and (subscription.end is None or at < subscription.end):
        period = uncut_period(subscription, at)
        months += months_of(period, zone=subscription.zone)
        at = period.end
    return tuple(dict.fromkeys(months))
