"""`billing subscriptions`: what a subscription is charged, its coupons, and the one-time charges that wait."""

from dataclasses import dataclass
from decimal import Decimal

from billing.cli.directory import instant_of, open_call, open_place
from billing.cli.place import Place
from billing.cli.screen import Json, write_json
from billing.cli.subscription_page import print_subscription
from billing.domain.errors import NotFound
from billing.domain.money import parse_decimal
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
    engine, tenant = open_place(place)
    _answer(_read(subscription_id, engine.documents, tenant), as_json=place.as_json)


def run_apply_coupon(subscription_id: str, coupon_id: str, *, start: str | None, place: Place) -> None:
    """Put a coupon on a subscription."""
    engine, tenant, call = open_call(place)
    zone = Subscriptions.of(engine.documents, tenant.id).zone_of(_checked(subscription_id), default=tenant.zone)
    start_at = None if start is None else instant_of(start, zone=zone, option="--from")
    coupon_id = checked_id("coupon", coupon_id)
    after = apply_coupon(engine.documents, _checked(subscription_id), coupon_id=coupon_id, start=start_at, call=call)
    _answer(after, as_json=place.as_json)


def run_remove_coupon(subscription_id: str, coupon_id: str, *, place: Place) -> None:
    """Take a coupon off a subscription."""
    engine, _, call = open_call(place)
    after = remove_coupon(engine.documents, _checked(subscription_id), coupon_id=coupon_id, call=call)
    _answer(after, as_json=place.as_json)


def run_add_charge(subscription_id: str, given: GivenCharge, *, place: Place) -> None:
    """Charge something once."""
    engine, tenant, call = open_call(place)
    subscription = _read(subscription_id, engine.documents, tenant)
    next_bill = subscription.next_billing_at or call.recorded_at
    charge = OneTimeCharge(
        id=checked_id("charge", given.charge_id),
        name=given.name,
        quantity=parse_decimal(given.quantity, field="--quantity", min=Decimal(0)),
        unit_price=parse_decimal(given.price, field="--price", min=Decimal(0)),
        charged_at=next_bill if given.on is None else instant_of(given.on, zone=subscription.zone, option="--on"),
        tax_inclusive=given.tax_inclusive,
    )
    after = add_one_time_charge(engine.documents, _checked(subscription_id), one_time=charge, call=call)
    _answer(after, as_json=place.as_json)


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
        print_subscription(subscription)


def _json(subscription: Subscription) -> Json:
    return encode(subscription)
