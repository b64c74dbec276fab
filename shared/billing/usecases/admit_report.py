"""Decide which usage reports may be recorded: sound in themselves, and metered by a subscription on each day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from billing.domain.catalog import Aggregation, Plan
from billing.domain.errors import BillingError, InvalidInput
from billing.domain.money import parse_decimal
from billing.domain.period import local_midnight
from billing.domain.subscription import Subscription
from billing.domain.usage_report import DayQuantity, UsageReport
from billing.ports import Documents
from billing.store.ids import checked_id
from billing.usecases.admit_usage import metered_charge, plain_text, plans_of, subscriptions_of

_MOST_DAYS = 500
_DAY, _MOMENT = timedelta(days=1), timedelta(microseconds=1)
_ADDED_UP = (Aggregation.SUM, Aggregation.COUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedDays:
    """A usage report as it was sent, not checked yet: `days` are local days of the subscription with their quantities.

    A quantity is an exact decimal, as text or whole: the sum of the day, how many were counted, or the greatest. It is
    below zero only in a `correction` of a sum or a count.
    """

    id: str
    subscription_id: str
    meter: str
    days: Sequence[tuple[date, Decimal | int | str]]
    correction: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredReport:
    """A report that a subscription meters, and how the meter is kept on each of its days."""

    report: UsageReport
    subscription: Subscription
    aggregations: tuple[Aggregation, ...]


def admit_reports(
    documents: Documents,
    reports: Sequence[ReportedDays],
    *,
    tenant_id: str,
    recorded_at: datetime,
    retention: timedelta,
) -> list[MeteredReport | BillingError]:
    """Each report as its subscription meters it, or why it can't be recorded, in order."""
    sound = [_sound(each) for each in reports]
    ids = sorted({each.subscription_id for each in sound if isinstance(each, UsageReport)})
    subscriptions = subscriptions_of(documents, tenant_id, ids)
    plans = plans_of(documents, tenant_id, subscriptions)
    window = recorded_at - retention, recorded_at + _DAY
    return [
        _metered(each, subscriptions[each.subscription_id], plans, given=given, window=window)
        if isinstance(each, UsageReport)
        else each
        for given, each in zip(reports, sound, strict=True)
    ]


def _sound(given: ReportedDays) -> UsageReport | InvalidInput:
    try:
        return UsageReport(
            id=plain_text("id", given.id),
            subscription_id=checked_id("subscription_id", given.subscription_id),
            meter=checked_id("meter", given.meter),
            days=_days(given),
        )
    except InvalidInput as error:
        return error


def _days(given: ReportedDays) -> tuple[DayQuantity, ...]:
    if not 1 <= len(given.days) <= _MOST_DAYS:
        raise InvalidInput("days", expected=f"1 to {_MOST_DAYS} days", given=len(given.days))
    least = None if given.correction else Decimal(0)
    days = [
        DayQuantity(day=day, quantity=parse_decimal(quantity, field=f"days[{day}].quantity", min=least))
        for day, quantity in sorted(given.days, key=lambda each: each[0])
    ]
    for one, other in pairwise(days):
        if one.day == other.day:
            raise InvalidInput("days", expected="each day once", given=str(one.day))
    return tuple(days)


def _metered(
    report: UsageReport,
    subscription: Subscription | BillingError,
    plans: Mapping[str, Plan | BillingError],
    *,
    given: ReportedDays,
    window: tuple[datetime, datetime],
) -> MeteredReport | BillingError:
    if isinstance(subscription, BillingError):
        return subscription
    try:
        kept = tuple(
            _kept(each, report.meter, subscription, plans, correction=given.correction, window=window)
            for each in report.days
        )
    except BillingError as error:
        return error
    return MeteredReport(report=report, subscription=subscription, aggregations=kept)


def _kept(
    reported: DayQuantity,
    meter: str,
    subscription: Subscription,
    plans: Mapping[str, Plan | BillingError],
    *,
    correction: bool,
    window: tuple[datetime, datetime],
) -> Aggregation:
    """How the meter is kept on that day; the day of a change belongs to the new plan."""
    starts = local_midnight(reported.day, zone=subscription.zone)
    ends = local_midnight(reported.day + _DAY, zone=subscription.zone)
    _require_alive(reported.day, subscription, starts=starts, ends=ends)
    if not window[0] <= starts <= window[1]:
        expected = f"a day that starts from {window[0].isoformat()} to {window[1].isoformat()}"
        raise InvalidInput("days", expected=expected, given=str(reported.day))
    phase = subscription.phase_at(max(ends - _MOMENT, subscription.start))
    aggregation = metered_charge(plans[phase.plan], meter).aggregation
    _require_fitting(aggregation, reported, correction=correction)
    return aggregation


def _require_alive(day: date, subscription: Subscription, *, starts: datetime, ends: datetime) -> None:
    if ends <= subscription.begun:
        expected = f"a day from the subscription's start, {subscription.begun.isoformat()}, on"
        raise InvalidInput("days", expected=expected, given=str(day))
    if subscription.end is not None and starts >= subscription.end:
        expected = f"a day that starts before the subscription's end, {subscription.end.isoformat()}"
        raise InvalidInput("days", expected=expected, given=str(day))


def _require_fitting(aggregation: Aggregation, reported: DayQuantity, *, correction: bool) -> None:
    """A last reading needs its instant and a unique count its values: a day's quantity tells neither."""
    if aggregation not in (*_ADDED_UP, Aggregation.MAX):
        expected = "a meter of sums, counts or maxima; send its events one by one"
        raise InvalidInput("meter", expected=expected, given=aggregation.value)
    if correction and aggregation not in _ADDED_UP:
        raise InvalidInput("correction", expected="a meter that adds up", given=aggregation.value)
    if aggregation is Aggregation.COUNT and reported.quantity != reported.quantity.to_integral_value():
        raise InvalidInput(f"days[{reported.day}].quantity", expected="a whole number", given=str(reported.quantity))
