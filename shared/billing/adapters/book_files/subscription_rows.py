"""subscriptions.csv and addons.csv: who uses which plan since when, with which add-ons."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from billing.adapters.book_files.cell_types import Day, Key, Name, Number, Text, Zone
from billing.adapters.book_files.coupon_file import CouponFile
from billing.adapters.book_files.csv_rows import Row, RowModel, Rows, read_rows
from billing.adapters.book_files.customer_rows import CustomerRow
from billing.adapters.book_files.error_log import ErrorLog
from billing.adapters.book_files.one_time_rows import OneTimeRow, one_time_charges, read_one_time_rows
from billing.adapters.book_files.plan_files import PlanFiles
from billing.domain.billing_cycle import first_bill_for
from billing.domain.catalog import Plan
from billing.domain.coupon import Discount
from billing.domain.customer import Customer
from billing.domain.errors import InvalidInput
from billing.domain.period import local_midnight
from billing.domain.sharding import shard_of
from billing.domain.stamp import stamp
from billing.domain.subscription import Item, Subscription
from billing.domain.tenant import Tenant
from billing.domain.trial import subscribed

_ONE_DAY = timedelta(days=1)


class SubscriptionRow(RowModel):
    """One subscription; both days are days on which it runs."""

    subscription_id: Key
    customer_id: Key
    plan_id: Name
    started_on: Day
    ended_on: Day | None = None
    bill_from: Day | None = None
    coupons: Text = ""
    time_zone: Zone | None = None


class AddOnRow(RowModel):
    """One add-on of a subscription; both days are days on which it runs."""

    subscription_id: Key
    addon_id: Key
    quantity: Number
    started_on: Day
    ended_on: Day | None = None


R = TypeVar("R", AddOnRow, OneTimeRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedSubscription:
    """A subscription of the book before its first bill is chosen; `bill_from` is its own row's wish."""

    value: Subscription
    plan: Plan
    bill_from: date | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFiles:
    """What the rows of both files refer to."""

    tenant: Tenant
    plans: PlanFiles
    customer_rows: Rows[CustomerRow]
    customers: Mapping[str, Customer]
    coupons: CouponFile
    log: ErrorLog


def read_subscriptions(folder: Path, book: SubscriptionFiles) -> tuple[Rows[SubscriptionRow], list[BookedSubscription]]:
    """The rows of subscriptions.csv, and its subscriptions with their add-ons; what is wrong is logged."""
    log = book.log
    rows = read_rows(folder / "subscriptions.csv", SubscriptionRow, key="subscription_id", log=log)
    addons = read_rows(folder / "addons.csv", AddOnRow, key="subscription_id", log=log, required=False)
    one_time = read_one_time_rows(folder / "one_time_charges.csv", log=log)
    for each in (addons, one_time):
        _refuse_strangers(each, rows, log=log)
    theirs, owed_once = _by_subscription(addons), _by_subscription(one_time)
    lines: dict[str, int] = {}
    booked = []
    for row in rows.valid:
        key = row.value.subscription_id
        if key in lines:
            log.add(rows.file, f"{key!r} stands in line {lines[key]} already", line=row.line, column="subscription_id")
            continue
        lines[key] = row.line
        found = _booked(row, theirs[key], owed_once[key], book)
        if found is not None:
            booked.append(found)
    return rows, booked


def _refuse_strangers(files: Rows[AddOnRow] | Rows[OneTimeRow], rows: Rows[SubscriptionRow], *, log: ErrorLog) -> None:
    for each in files.valid:
        key = each.value.subscription_id
        if rows.lacks(key):
            message = f"expected a subscription of subscriptions.csv, got {key!r}"
            log.add(files.file, message, line=each.line, column="subscription_id")


def _by_subscription(rows: Rows[R]) -> Mapping[str, list[Row[R]]]:
    found = defaultdict(list)
    for row in rows.valid:
        found[row.value.subscription_id].append(row)
    return found


def _booked(
    row: Row[SubscriptionRow],
    addons: Sequence[Row[AddOnRow]],
    one_time: Sequence[Row[OneTimeRow]],
    book: SubscriptionFiles,
) -> BookedSubscription | None:
    try:
        plan = _checked_plan(row.value, book)
        if plan is None:
            return None
        value = _subscription(row.value, plan, book)
        value = replace(value, discounts=_discounts(row.value, value, plan, book))
        first_bill_for(value, {plan.ref: plan})
    except InvalidInput as error:
        book.log.add_rule("subscriptions.csv", error, line=row.line)
        return None
    whole = replace(
        value,
        items=_items(value, plan, addons, book),
        one_time=one_time_charges(value, one_time, log=book.log),
    )
    return BookedSubscription(value=whole, plan=plan, bill_from=row.value.bill_from, line=row.line)


def _checked_plan(given: SubscriptionRow, book: SubscriptionFiles) -> Plan | None:
    if book.customer_rows.lacks(given.customer_id):
        raise InvalidInput("customer_id", expected="a customer of customers.csv", given=given.customer_id)
    plan = book.plans.named(given.plan_id)
    customer = book.customers.get(given.customer_id)
    if plan is not None and customer is not None and customer.currency != plan.currency:
        raise InvalidInput(
            "plan_id",
            expected=f"a plan in {customer.currency}, the customer's currency",
            given=f"one in {plan.currency}",
        )
    return plan


def _subscription(given: SubscriptionRow, plan: Plan, book: SubscriptionFiles) -> Subscription:
    if given.ended_on is not None and given.ended_on < given.started_on:
        raise InvalidInput("ended_on", expected=f"{given.started_on} or later", given=str(given.ended_on))
    zone = given.time_zone or book.tenant.zone
    start = local_midnight(given.started_on, zone=zone)
    return replace(
        subscribed(given.subscription_id, given.customer_id, plan=plan, start=start, zone=zone),
        end=_day_after(given.ended_on, zone),
        shard=shard_of(given.customer_id, shards=book.tenant.shards),
    )


def _discounts(
    given: SubscriptionRow, subscription: Subscription, plan: Plan, book: SubscriptionFiles
) -> tuple[Discount, ...]:
    """The coupons that the row names, from the subscription's first bill on; in the order in which they apply."""
    found: list[Discount] = []
    ids = [each.strip() for each in given.coupons.split(";") if each.strip()]
    for coupon_id in ids:
        coupon = book.coupons.named(coupon_id)
        if ids.count(coupon_id) > 1:
            raise InvalidInput("coupons", expected="each coupon once", given=given.coupons)
        if coupon is not None and coupon.amount is not None and coupon.currency != plan.currency:
            given_coupon = f"{coupon_id} in {coupon.currency}"
            raise InvalidInput(
                "coupons", expected=f"coupons in {plan.currency}, the plan's currency", given=given_coupon
            )
        found += [Discount(coupon=coupon, start=subscription.start)] if coupon is not None else []
    return tuple(found)


def _items(
    subscription: Subscription, plan: Plan, rows: Sequence[Row[AddOnRow]], book: SubscriptionFiles
) -> tuple[Item, ...]:
    items: list[Item] = []
    for row in sorted(rows, key=lambda row: (row.value.addon_id, row.value.started_on)):
        before = items[-1] if items and items[-1].charge_id == row.value.addon_id else None
        try:
            items.append(_item(subscription, plan, row.value, before=before))
        except InvalidInput as error:
            book.log.add_rule("addons.csv", error, line=row.line)
    return tuple(items)


def _item(subscription: Subscription, plan: Plan, given: AddOnRow, *, before: Item | None) -> Item:
    """One add-on row as an item. Rows of one add-on follow each other in time: two at once would be a quantity."""
    if plan.addon(given.addon_id) is None:
        known = ", ".join(charge.charge_id for charge in plan.addons) or "none"
        raise InvalidInput("addon_id", expected=f"an add-on of plan {plan.ref} ({known})", given=given.addon_id)
    if given.ended_on is not None and given.ended_on < given.started_on:
        raise InvalidInput("ended_on", expected=f"{given.started_on} or later", given=str(given.ended_on))
    start, end = local_midnight(given.started_on, zone=subscription.zone), _day_after(given.ended_on, subscription.zone)
    if start < subscription.begun or (subscription.end is not None and start >= subscription.end):
        raise InvalidInput("started_on", expected="a day of the subscription's life", given=str(given.started_on))
    if subscription.end is not None and end is not None and end > subscription.end:
        raise InvalidInput("ended_on", expected="a day of the subscription's life", given=str(given.ended_on))
    if before is not None and (before.end is None or before.end > start):
        raise InvalidInput(
            "started_on", expected="a day after the add-on's row before has ended", given=str(given.started_on)
        )
    item_id = given.addon_id if before is None else f"{given.addon_id}~{stamp(start)}"
    return Item(id=item_id, charge_id=given.addon_id, quantity=given.quantity, start=start, end=end)


def _day_after(day: date | None, zone: str) -> datetime | None:
    return None if day is None else local_midnight(day + _ONE_DAY, zone=zone)
