"""`billing usage show`: a subscription's roll-ups, day by day."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from rich.markup import escape

from billing.adapters.system_clock import SystemClock
from billing.cli.directory import open_directory, the_tenant
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.errors import BillingError, InvalidInput, NotFound
from billing.domain.figures import plain
from billing.domain.period import Period, local_date
from billing.domain.rollup import UsageRollup, months_of, rollup_id
from billing.domain.subscription import Subscription
from billing.domain.usage import Bucket, LastReading, all_joined
from billing.ports import Documents
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions
from billing.store.usage import UsageRollups

_MOST_MONTHS = 14
_MOMENT = timedelta(microseconds=1)


def show(subscription_id: str, *, month: str | None, tenant_id: str | None, directory: Path, as_json: bool) -> None:
    """Print what is kept of a subscription's usage; NotFound for an unknown one."""
    engine = open_directory(directory)
    tenant = the_tenant(engine, tenant_id)
    (found,) = Subscriptions.of(engine.documents, tenant.id).get([subscription_id])
    if found is None:
        raise NotFound("subscription", subscription_id)
    subscription = found.value
    months = _months(subscription, now=SystemClock().now()) if month is None else (_checked(month),)
    rollups = list(_rollups(engine.documents, tenant.id, subscription, months=months))
    if as_json:
        shown = [_json(each) for each in rollups]
        write_json({"tenant_id": tenant.id, "subscription_id": subscription.id, "rollups": shown})
        return
    if not rollups:
        answers().print("No usage.")
    for index, each in enumerate(rollups):
        answers().print("\n" * bool(index), end="")
        _print(each, zone=subscription.zone)


def _checked(month: str) -> str:
    try:
        return f"{date.fromisoformat(f'{month}-01'):%Y-%m}"
    except ValueError:
        raise InvalidInput("--month", expected="a month such as 2026-02", given=month) from None


def _months(subscription: Subscription, *, now: datetime) -> Sequence[str]:
    """The last months before the next bill, and those since in which something can have been used."""
    due = max(subscription.next_billing_at or subscription.end or now, subscription.begun + _MOMENT)
    last = max(now, due)
    end = min(last, subscription.end or last)
    billed, used = (
        months_of(Period(subscription.begun, each), zone=subscription.zone) for each in (min(due, end), end)
    )
    return used[max(0, len(billed) - _MOST_MONTHS) :]


def _rollups(
    documents: Documents, tenant_id: str, subscription: Subscription, *, months: Sequence[str]
) -> Iterator[UsageRollup]:
    plans = PlanVersions.of(documents, tenant_id).get(sorted({phase.plan for phase in subscription.phases}))
    meters = {charge.meter for plan in plans if not isinstance(plan, BillingError) for charge in plan.metered}
    ids = [rollup_id(subscription.id, meter, month) for meter in sorted(meters) for month in months]
    return (each.value for each in UsageRollups.of(documents, tenant_id).get(ids) if each is not None)


def _json(rollup: UsageRollup) -> Json:
    return {
        "meter": rollup.meter,
        "month": rollup.month,
        "aggregation": rollup.aggregation.value,
        "closed_until": None if rollup.closed_until is None else rollup.closed_until.isoformat(),
        "buckets": _texts(rollup.buckets),
        "late": _texts(rollup.late),
        "late_billed": [
            {"invoice_id": each.invoice_id, "buckets": _texts(each.buckets)} for each in rollup.late_billed
        ],
    }


def _texts(buckets: Mapping[datetime, Bucket]) -> dict[str, str | list[str]]:
    return {
        start.isoformat(): sorted(bucket) if isinstance(bucket, frozenset) else f"{_quantity(bucket):f}"
        for start, bucket in sorted(buckets.items())
    }


def _quantity(bucket: Bucket) -> Decimal:
    match bucket:
        case Decimal():
            return bucket
        case LastReading():
            return bucket.quantity
        case _:
            return Decimal(len(bucket))


def _print(rollup: UsageRollup, *, zone: str) -> None:
    console = answers()
    until = (
        "not billed yet" if rollup.closed_until is None else f"billed until {rollup.closed_until:%Y-%m-%d %H:%M} UTC"
    )
    console.print(f"[bold]{escape(rollup.meter)}[/] ({rollup.aggregation.value}), {rollup.month}, {until}")
    billed_late = all_joined(rollup.aggregation, (each.buckets for each in rollup.late_billed))
    parts = (rollup.buckets, rollup.late, billed_late)
    table = columns("", "", "", "", right=(1, 2, 3))
    table.add_row("  Day", "In time", "Late, waiting", "Late, billed", style="dim")
    for start in sorted({start for part in parts for start in part}):
        table.add_row(f"  {local_date(start, zone=zone)}", *_cells(parts, start))
    console.print(table)
    for each in rollup.late_billed:
        console.print(f"  late usage billed by {each.invoice_id}", markup=False, style="dim")


def _cells(parts: Iterable[Mapping[datetime, Bucket]], start: datetime) -> Iterator[str]:
    for part in parts:
        yield plain(_quantity(part[start])) if start in part else ""
