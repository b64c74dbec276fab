"""A subscription is opened by command: once, with its add-ons and coupons, and billed from its start on. In cents."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.catalog import Billed
from billing.domain.coupon import Coupon
from billing.domain.errors import BillingError, InvalidInput, NotFound
from billing.domain.invoice import Invoice
from billing.domain.life_change import ItemsChange
from billing.domain.new_subscription import NewSubscription
from billing.domain.subscription import UnknownPlan
from billing.store.audit import AuditLog
from billing.store.coupons import Coupons
from billing.store.customers import Customers
from billing.store.subscriptions import Subscriptions
from billing.usecases.change_life import change_life
from billing.usecases.create_subscription import (
    CreatedSubscription,
    OtherSubscription,
    create_subscription,
    preview_subscription,
)
from billing.usecases.verify import VerifyRequest, verify
from tests.builders import a_fee, a_plan, a_tenant, utc
from tests.reviewing import call
from tests.watched_documents import Once, WatchedDocuments
from tests.world import World

BASIC = a_plan(fees=[a_fee("29.00")], addons=[a_fee("58.00", "seat")], anchor_day=1, billed=Billed.IN_ADVANCE)
TRIAL = a_plan(plan_id="trial", fees=[a_fee("30.00")], trial_days=10)
NEW = NewSubscription(
    id="sub-1",
    customer_id="ada",
    plan="plan@1",
    start=utc("2028-02-15"),
    quantities={"seat": Decimal(2)},
    coupons=("half",),
)


@pytest.fixture
def world() -> World:
    """Ada without a subscription, in the leap year's February; a coupon of a half for one invoice."""
    world = World(tenant=a_tenant(shards=4))
    world.customer("ada")
    for plan in (BASIC, TRIAL, a_plan(plan_id="euro", currency="EUR")):
        world.plan(plan)
    half = Coupon(coupon_id="half", name="Half", percent=Decimal(50), periods=1)
    yen = Coupon(coupon_id="yen", name="Yen", amount=Decimal(500), currency="JPY")
    coupons = Coupons.of(world.documents, "acme")
    world.documents.commit([coupons.publication(half), coupons.publication(yen)])
    world.travels_to("2028-02-15")
    return world


def create(world: World, **changes: Any) -> CreatedSubscription:  # noqa: ANN401 - any field of the request
    return create_subscription(world.documents, replace(NEW, **changes), call=call(world))


def active(world: World) -> int:
    [stored] = Customers.of(world.documents, "acme").get(["ada"])
    assert stored is not None
    return stored.value.active_subscriptions


def test_it_is_opened_counted_audited_and_billed_from_its_start(world: World) -> None:
    created = create(world)
    assert created == CreatedSubscription(subscription=world.subscription("sub-1"))
    assert active(world) == 1
    [record] = AuditLog.of(world.documents, "acme").about("subscriptions/sub-1")
    assert (record.event, record.after) == ("subscription.created", "active")
    assert record.reason == ("plan@1 from 2028-02-15T00:00:00+00:00; add-ons: 2 x seat from 2028-02-15T00:00:00Z; half")
    world.runs_billing()
    world.travels_to("2028-03-01")
    world.runs_billing()
    # 15 of 29 days of 29.00 and of 2 x 58.00: 15.00 and 60.00, half of it; then a whole month without a coupon
    assert [each.total for each in world.invoices()] == [3750, 14500]
    request = VerifyRequest(tenant_id="acme", as_of=world.now, objects=False)
    assert verify(world.documents, world.objects, request).findings.kept == []


def test_asked_for_again_it_is_the_same_also_when_it_was_billed_and_changed(world: World) -> None:
    create(world)
    assert create(world).known
    world.runs_billing()
    change_life(
        world.documents, "sub-1", ItemsChange(quantities={"seat": Decimal(5)}, at=utc("2028-02-20")), call=call(world)
    )
    world.travels_to("2028-06-01")
    assert create(world).known
    assert active(world) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"plan": "trial@1", "quantities": {}, "coupons": ()},
        {"start": utc("2028-02-16")},
        {"quantities": {"seat": Decimal(3)}},
        {"quantities": {}},
    ],
)
def test_another_one_needs_another_id(world: World, other: dict[str, Any]) -> None:
    create(world)
    with pytest.raises(OtherSubscription, match="subscription 'sub-1' stands already .of ada, plan@1 from 2028-02-15"):
        create(world, **other)


def test_two_who_open_it_at_once_open_one(world: World) -> None:
    def somebody() -> None:
        create(world)

    crowded = WatchedDocuments(world.documents, before=Once("subscriptions", somebody))
    assert create_subscription(crowded, NEW, call=call(world)).known
    assert active(world) == 1


def test_a_trial_comes_first(world: World) -> None:
    created = create(world, plan="trial@1", quantities={}, coupons=()).subscription
    assert (created.trial_start, created.start) == (utc("2028-02-15"), utc("2028-02-25"))
    assert created.next_billing_at == utc("2028-03-25")


def test_all_of_a_customer_stand_in_one_shard(world: World) -> None:
    shards = {create(world, id=f"sub-{number}", coupons=()).subscription.shard for number in range(5)}
    assert len(shards) == 1


REFUSED: dict[str, tuple[dict[str, Any], type[BillingError], str]] = {
    "customer": ({"customer_id": "bob"}, NotFound, "no customer 'bob'"),
    "plan": ({"plan": "plan@2"}, NotFound, "no plan version 'plan@2'"),
    "coupon": ({"coupons": ("gone",)}, NotFound, "no coupon 'gone'"),
    "coupon's currency": ({"coupons": ("yen",)}, InvalidInput, "coupon_id: expected a coupon in USD, got 'yen in JPY'"),
    "coupon twice": ({"coupons": ("half", "half")}, InvalidInput, "a coupon that the subscription does not have"),
    "currency": (
        {"plan": "euro@1"},
        InvalidInput,
        "plan: expected a plan in USD, the customer's currency, got 'euro@1",
    ),
    "add-on": ({"quantities": {"phone": Decimal(1)}}, UnknownPlan, r"addon_id: expected an add-on of plan@1 \(seat\)"),
    "id": ({"id": "../x"}, InvalidInput, "subscriptions.id: expected 1 to 200 letters"),
    "past": ({"start": utc("2028-01-31")}, InvalidInput, "start: expected a start whose first period is not over by"),
}


@pytest.mark.parametrize(("changes", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_what_can_not_be_is_refused_and_nothing_is_written(
    world: World, changes: dict[str, Any], error: type[BillingError], words: str
) -> None:
    before = world.everything()
    with pytest.raises(error, match=words):
        create(world, **changes)
    assert world.everything() == before


def test_periods_that_are_over_are_billed_where_that_is_said(world: World) -> None:
    create(world, start=utc("2027-12-31"), backdated=True, quantities={}, coupons=())
    world.runs_billing()
    # 1 of 31 days of 29.00: 0.94; January and February ahead
    assert [each.total for each in world.invoices()] == [94, 2900, 2900]


def test_no_start_lies_in_the_time_that_was_billed_elsewhere(world: World) -> None:
    first = create(world, coupons=()).subscription
    taken_over = replace(first, id="sub-old", billed_from=utc("2028-02-10"))
    world.documents.commit([Subscriptions.of(world.documents, "acme").creation(taken_over)])
    with pytest.raises(InvalidInput, match="start: expected an instant from 2028-02-10.* billed elsewhere"):
        create(world, id="sub-2", start=utc("2028-02-09"), coupons=())
    assert create(world, id="sub-2", start=utc("2028-02-10"), coupons=()).subscription.start == utc("2028-02-10")


def test_its_first_bills_are_shown_beforehand(world: World) -> None:
    before = world.everything()
    [first] = preview_subscription(world.documents, NEW, call=call(world))
    assert isinstance(first.outcome, Invoice)
    assert (first.bill_for_date, first.outcome.total) == (utc("2028-02-15"), 3750)
    backdated = replace(NEW, start=utc("2027-12-31"), backdated=True)
    assert [each.bill_for_date for each in preview_subscription(world.documents, backdated, call=call(world))] == [
        utc("2027-12-31"), utc("2028-01-01"), utc("2028-02-01"), utc("2028-03-01"),
    ]  # fmt: skip
    assert world.everything() == before


def test_a_subscription_may_have_a_time_zone_of_its_own(world: World) -> None:
    """From 15 February in New York, five hours behind UTC: 15 of 29 days of 29.00, and months that begin there."""
    asked = {"zone": "America/New_York", "start": utc("2028-02-15T05:00"), "quantities": {}, "coupons": ()}
    created = create(world, **asked)
    assert (created.subscription.zone, world.subscription("sub-1").zone) == ("America/New_York", "America/New_York")
    assert create(world, **asked).known
    with pytest.raises(OtherSubscription):
        create(world, **{**asked, "zone": ""})  # the tenant's, UTC
    world.travels_to("2028-04-01T04:00")
    world.runs_billing()
    periods = [(each.period.start, each.subtotal) for each in world.invoices("ada")]
    assert periods == [
        (utc("2028-02-15T05:00"), 1500),
        (utc("2028-03-01T05:00"), 2900),
        (utc("2028-04-01T04:00"), 2900),  # summer time
    ]


def test_a_time_zone_that_is_none_opens_nothing(world: World) -> None:
    with pytest.raises(InvalidInput, match="time_zone: expected an IANA time zone such as Europe/Berlin, got 'Mars'"):
        create(world, zone="Mars")
    assert world.collection("subscriptions") == []
