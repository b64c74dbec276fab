"""`billing subscriptions create`: a subscription opened, or its first bills shown."""

from dataclasses import dataclass

from billing.adapters.system_clock import SystemClock
from billing.cli.directory import call_on, instant_of, open_place
from billing.cli.place import Place
from billing.cli.screen import answers, write_json
from billing.cli.subscription_life import quantities_of
from billing.cli.subscription_life_page import bills_json, print_bills
from billing.cli.subscription_page import print_subscription
from billing.domain.errors import InvalidInput
from billing.domain.new_subscription import NewSubscription
from billing.domain.period import zone_named
from billing.domain.tenant import Tenant
from billing.store.codec import encode
from billing.store.ids import checked_id
from billing.usecases.create_subscription import create_subscription, preview_subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSubscription:
    """A subscription as it was typed; `add` holds ADDON=N."""

    id: str
    customer_id: str
    plan: str
    start: str | None
    add: tuple[str, ...]
    coupons: tuple[str, ...]
    backdated: bool
    zone: str | None


def run_create(given: GivenSubscription, *, preview: bool, place: Place) -> None:
    """Open it and print it, or print its first bills."""
    engine, tenant = open_place(place)
    new, call = _new(given, tenant), call_on(tenant)
    if preview:
        bills = preview_subscription(engine.documents, new, call=call)
        if place.as_json:
            write_json({"bills": bills_json(bills, directory=place.directory)})
        else:
            answers().print("A preview; nothing is changed.")
            print_bills("Its first bills", bills, zone=new.zone)
        return
    created = create_subscription(engine.documents, new, call=call)
    if place.as_json:
        write_json({"known": created.known, "subscription": encode(created.subscription)})
        return
    print_subscription(created.subscription)
    if created.known:
        answers().print("It was opened before: nothing was changed.")


def _new(given: GivenSubscription, tenant: Tenant) -> NewSubscription:
    now, zone = SystemClock().now().replace(microsecond=0), tenant.zone if given.zone is None else _checked(given.zone)
    return NewSubscription(
        id=checked_id("subscription", given.id),
        customer_id=checked_id("--customer", given.customer_id),
        plan=checked_id("--plan", given.plan),
        start=now if given.start is None else instant_of(given.start, zone=zone, option="--start"),
        quantities=quantities_of(given.add, option="--add"),
        coupons=tuple([checked_id("--coupon", each) for each in given.coupons]),
        backdated=given.backdated,
        zone=zone,
    )


def _checked(zone: str) -> str:
    """InvalidInput, by the option's name, for what is no IANA time zone."""
    try:
        zone_named(zone)
    except InvalidInput as error:
        raise InvalidInput("--time-zone", expected=error.expected, given=zone) from None
    return zone
