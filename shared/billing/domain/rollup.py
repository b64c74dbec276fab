"""The roll-up: one meter of one subscription in one month, kept as events arrive so that a run never re-reads them.

When a period is invoiced the roll-up is closed up to the period's end. What arrives for closed time later is kept apart
in `late`: it is never lost and never changes an issued invoice (semantics 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from billing.domain.billing_cycle import usage_bucket
from billing.domain.catalog import ZERO, Aggregation
from billing.domain.period import Period, local_date
from billing.domain.subscription import Subscription
from billing.domain.usage import Bucket, Buckets, all_joined, joined, quantity
from billing.domain.usage_ownership import priced_period


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Usage at the UTC instant `occurred_at`, as a bucket of its own."""

    occurred_at: datetime
    bucket: Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class LateBill:
    """What of a roll-up's late part the bill of that id was for: an invoice, a credit note, or one that was skipped."""

    invoice_id: str
    buckets: Buckets


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRollup:
    """`month` is the local yyyy-mm that the buckets start in; `closed_until` (UTC) the end of what was invoiced.

    `late` came for closed time and waits for the next invoice; `late_billed` is what earlier ones billed of it, in
    their order. `buckets` of closed time never change, so that what was billed can be computed again for ever.
    """

    subscription_id: str
    meter: str
    month: str
    aggregation: Aggregation
    buckets: Mapping[datetime, Bucket] = field(default_factory=dict)
    closed_until: datetime | None = None
    late: Mapping[datetime, Bucket] = field(default_factory=dict)
    late_billed: tuple[LateBill, ...] = ()

    @property
    def id(self) -> str:
        """The document's id: subscription, meter, month."""
        return rollup_id(self.subscription_id, self.meter, self.month)


def rollup_id(subscription_id: str, meter: str, month: str) -> str:
    """The id of a roll-up, whether it exists or not."""
    return f"{subscription_id}.{meter}.{month}"


@lru_cache(maxsize=4096)
def month_of(instant: datetime, *, zone: str) -> str:
    """The local month of a UTC instant, as yyyy-mm."""
    return f"{local_date(instant, zone=zone):%Y-%m}"


@lru_cache(maxsize=1024)  # one answer for all subscriptions that share a period
def months_of(period: Period, *, zone: str) -> tuple[str, ...]:
    """The local months that a period's buckets can start in, in order."""
    day = local_date(period.start, zone=zone).replace(day=1)
    last = local_date(period.end - timedelta(microseconds=1), zone=zone)
    months = []
    while day <= last:
        months.append(f"{day:%Y-%m}")
        day = _next_month(day)
    return tuple(months)


def with_usage(rollup: UsageRollup, used: Used, *, subscription: Subscription) -> UsageRollup:
    """The roll-up with more usage of its subscription: in its bucket, or in the late part where that is billed."""
    start = usage_bucket(subscription, occurred_at=used.occurred_at)
    is_late = _is_billed(rollup, used.occurred_at) and priced_period(subscription, bucket=start) is not None
    part = rollup.late if is_late else rollup.buckets
    added = {**part, start: joined(rollup.aggregation, part.get(start), used.bucket)}
    return replace(rollup, late=added) if is_late else replace(rollup, buckets=added)


def closed(rollup: UsageRollup, *, until: datetime) -> UsageRollup:
    """The roll-up after its buckets before `until` (UTC) were invoiced."""
    return replace(rollup, closed_until=max(until, rollup.closed_until or until))


def with_late_billed(rollup: UsageRollup, *, invoice_id: str) -> UsageRollup:
    """The roll-up after an invoice billed its late part.

    A roll-up that other invoices billed late usage of is marked even where this one had nothing to bill of it: so it
    knows for ever what came before this invoice and what after.
    """
    if not rollup.late and not rollup.late_billed:
        return rollup
    billed = LateBill(invoice_id=invoice_id, buckets=rollup.late)
    return replace(rollup, late={}, late_billed=(*rollup.late_billed, billed))


def with_late_unbilled(rollup: UsageRollup, *, invoice_id: str) -> UsageRollup:
    """The roll-up with what a bill was for in its late part again, as that bill is taken back."""
    taken = [each.buckets for each in rollup.late_billed if each.invoice_id == invoice_id]
    return replace(
        rollup,
        late=all_joined(rollup.aggregation, (*taken, rollup.late)),
        late_billed=tuple(each for each in rollup.late_billed if each.invoice_id != invoice_id),
    )


def used(rollup: UsageRollup) -> Decimal:
    """All that was used in the roll-up's month as one quantity: billed, late and still to be billed."""
    late = (each.buckets for each in rollup.late_billed)
    whole = all_joined(rollup.aggregation, (rollup.buckets, *late, rollup.late))
    if not whole:
        return ZERO
    return quantity(rollup.aggregation, whole, Period(min(whole), max(whole) + timedelta(microseconds=1)))


def _is_billed(rollup: UsageRollup, occurred_at: datetime) -> bool:
    return rollup.closed_until is not None and occurred_at < rollup.closed_until


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)
