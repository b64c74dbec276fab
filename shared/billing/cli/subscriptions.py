"""`billing subscriptions`: what a subscription is charged, its coupons, and the one-time charges that wait."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from rich.markup import escape

from billing.adapters.system_clock import SystemClock
from billing.cli.directory import call_on, instant_of, open_place
from billing.cli.place import Place
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.errors import NotFound
from billing.domain.figures import plain
from billing.domain.money import parse_decimal
from billing.domain.period import local_date
from billing.domain.subscription import OneTimeCharge, Subscription
from billing.domain.tenant import Tenant
from billing.ports import Documents
from billing.store.codec import encode
from billing.store.ids import checked_id
from billing.store.subscriptions import Subscriptions
from billing.usecases.change_subscription import add_one_time_charge, apply_coupon, remove_coupon


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenCharge:
    """A one-time charge as it was typed."""

    charge_id: str
    name: str
    price: str
    quantity: str
    on: str | None
    tax_inclusive: bool


def show(subscription_id: str, *, place: Place) -> None:
    """Print one subscription; NotFound where there is none."""
    _answer(_read(subscription_id, *_opened(place)), as_json=place.as_json)


def run_apply_coupon(subscription_id: str, coupon_id: str, *, start: str | None, place: Place) -> None:
    """Put a coupon on a subscription."""
    documents, tenant = _opened(place)
    start_at = None if start is None else instant_of(start, zone=tenant.zone, option="--from")
    coupon_id = checked_id("coupon", coupon_id)
    after = apply_coupon(
        documents, _checked(subscription_id), coupon_id=coupon_id, start=start_at, call=call_on(tenant)
    )
    _answer(after, as_json=place.as_json)


def run_remove_coupon(subscription_id: str, coupon_id: str, *, place: Place) -> None:
    """Take a coupon off a subscription."""
    documents, tenant = _opened(place)
    after = remove_coupon(documents, _checked(subscription_id), coupon_id=coupon_id, call=call_on(tenant))
    _answer(after, as_json=place.as_json)


def run_add_charge(subscription_id: str, given: GivenCharge, *, place: Place) -> None:
    """Charge something once."""
    documents, tenant = _opened(place)
    next_bill = _read(subscription_id, documents, tenant).next_billing_at or SystemClock().now()
    charge = OneTimeCharge(
        id=checked_id("charge", given.charge_id),
        name=given.name,
        quantity=parse_decimal(given.quantity, field="--quantity", min=Decimal(0)),
        unit_price=parse_decimal(given.price, field="--price", min=Decimal(0)),
        charged_at=next_bill if given.on is None else instant_of(given.on, zone=tenant.zone, option="--on"),
        tax_inclusive=given.tax_inclusive,
    )
    after = add_one_time_charge(documents, _checked(subscription_id), one_time=charge, call=call_on(tenant))
    _answer(after, as_json=place.as_json)


def _opened(place: Place) -> tuple[Documents, Tenant]:
    engine, tenant = open_place(place)
    return engine.documents, tenant


def _read(subscription_id: str, documents: Documents, tenant: Tenant) -> Subscription:
    found = Subscriptions.of(documents, tenant.id).get([_checked(subscription_id)])[0]
    if found is None:
        raise NotFound("subscription", subscription_id)
    return found.value


def _checked(subscription_id: str) -> str:
    return checked_id("subscription", subscription_id)


def _answer(subscription: Subscription, *, as_json: bool) -> None:
    if as_json:
        write_json(_json(subscription))
    else:
        _print(subscription)


def _json(subscription: Subscription) -> Json:
    return encode(subscription)


def _print(subscription: Subscription) -> None:
    console, zone = answers(), subscription.zone

    def day(instant: datetime) -> str:
        return str(local_date(instant, zone=zone))

    table = columns("dim", "")
    table.add_row("Customer", escape(subscription.customer_id))
    for phase in subscription.phases:
        table.add_row("Plan", f"{escape(phase.plan)} from {day(phase.start)}")
    if subscription.trial_start is not None:
        table.add_row("Trial", f"{day(subscription.trial_start)} to {day(subscription.start)}, the end not included")
    due = subscription.next_billing_at
    table.add_row("Next bill", "none" if due is None else day(due))
    for item in subscription.items:
        ended = "" if item.end is None else f" to {day(item.end)}, the end not included"
        table.add_row("Add-on", f"{plain(item.quantity)} x {escape(item.charge_id)} from {day(item.start)}{ended}")
    for each in subscription.discounts:
        times = "for ever" if each.coupon.periods is None else f"{each.used} of {each.coupon.periods} times used"
        table.add_row("Coupon", f"{escape(each.coupon.name)} ({each.id}) from {day(each.start)}, {times}")
    for charge in subscription.one_time:
        price = f"{plain(charge.quantity)} x {plain(charge.unit_price)}"
        table.add_row("Charge", f"{escape(charge.name)} ({charge.id}): {price}, on {day(charge.charged_at)}")
    console.print(f"[bold]{escape(subscription.id)}[/]  {subscription.status.value}")
    console.print(table)
