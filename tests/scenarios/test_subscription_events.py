"""Each change in the life of a subscription is told, in the commit of the change, with how it stands afterwards."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.coupon import Coupon
from billing.domain.event import EventType
from billing.domain.life_change import (
    Cancellation,
    CancellationUndone,
    ItemsChange,
    LifeChange,
    Moment,
    Pausing,
    PlanChange,
    Resuming,
)
from billing.domain.new_subscription import NewSubscription
from billing.store.coupons import Coupons
from billing.usecases.change_life import change_life
from billing.usecases.change_subscription import apply_coupon
from billing.usecases.correct_plan import correct_plan
from billing.usecases.create_subscription import create_subscription
from billing.usecases.record_change import RecordChange
from billing.usecases.save_billing_record import save_billing_record
from tests.builders import a_fee, a_plan, a_tenant, utc
from tests.listening import LISTENER, events, the_event, told
from tests.reviewing import approve, call, reject, settings
from tests.watched_documents import WatchedDocuments
from tests.world import World

BASIC = a_plan(fees=[a_fee("29.00")], addons=[a_fee("58.00", "seat")], anchor_day=1)
PRO = a_plan(plan_id="pro", fees=[a_fee("90.00")], addons=[a_fee("58.00", "seat")], anchor_day=1)
TRIAL = a_plan(plan_id="trial", fees=[a_fee("30.00")], trial_days=10)
SUBJECT = "subscriptions/sub-1"


@pytest.fixture
def world() -> World:
    """Ada, who subscribes to `basic` on 1 April; her tenant has an address."""
    world = World(tenant=a_tenant(event_url=LISTENER))
    world.customer("ada")
    for plan in (BASIC, PRO, TRIAL):
        world.plan(plan)
    return subscribed(world)


def subscribed(world: World, *, plan: str = "plan@1") -> World:
    world.travels_to("2026-04-01")
    new = NewSubscription(id="sub-1", customer_id="ada", plan=plan, start=utc("2026-04-01"))
    for _ in range(2):
        create_subscription(world.documents, new, call=call(world))
    return world


def changes(world: World, change: LifeChange, *, on: str = "2026-04-11") -> None:
    """Twice: the second time it is so already."""
    world.travels_to(on)
    for _ in range(2):
        change_life(world.documents, "sub-1", change, call=call(world))


def test_a_new_subscription_is_told_with_all_that_is_known_of_it(world: World) -> None:
    assert the_event(world, EventType.SUBSCRIPTION_CREATED).fields == {
        "customer_id": "ada",
        "status": "active",
        "plan": "plan@1",
        "plan_next": None,
        "started_at": "2026-04-01T00:00:00Z",
        "ends_at": None,
        "paused_from": None,
        "paused_until": None,
        "next_billing_at": "2026-05-01T00:00:00Z",
    }


def test_an_event_stands_in_the_commit_of_its_change(world: World) -> None:
    watched = WatchedDocuments(world.documents)
    world.travels_to("2026-04-11")
    change_life(watched, "sub-1", Pausing(), call=call(world))
    [commit] = watched.commits
    collections = [write.path.split("/")[2] for write in commit]
    assert sorted(collections) == ["audit", "events", "subscriptions"]


@pytest.mark.parametrize(
    ("change", "type_", "fields"),
    [
        (ItemsChange(quantities={"seat": Decimal(2)}), "subscription.changed", {"plan": "plan@1"}),
        (PlanChange(plan="pro@1"), "subscription.changed", {"plan": "pro@1", "plan_next": None}),
        (PlanChange(plan="pro@1", at=Moment.PERIOD_END), "subscription.changed", {"plan_next": "pro@1"}),
        (Pausing(), "subscription.paused", {"paused_from": "2026-04-11T00:00:00Z", "paused_until": None}),
        (Pausing(until=utc("2026-04-20")), "subscription.paused", {"paused_until": "2026-04-20T00:00:00Z"}),
        (Cancellation(), "subscription.cancelled", {"ends_at": "2026-05-01T00:00:00Z", "status": "active"}),
    ],
)
def test_a_change_is_told_once(world: World, change: LifeChange, type_: str, fields: dict[str, object]) -> None:
    changes(world, change)
    assert told(world, of=SUBJECT) == ["subscription.created", type_]
    assert fields.items() <= dict(events(world, of=SUBJECT)[-1].fields).items()


def test_what_is_taken_back_is_told_too(world: World) -> None:
    changes(world, Pausing())
    changes(world, Resuming(), on="2026-04-15")
    changes(world, Cancellation(), on="2026-04-16")
    world.travels_to("2026-04-17")
    change_life(world.documents, "sub-1", CancellationUndone(), call=call(world))
    assert told(world, of=SUBJECT)[1:] == [
        "subscription.paused",
        "subscription.resumed",
        "subscription.cancelled",
        "subscription.changed",
    ]
    assert events(world, of=SUBJECT)[-1].fields["ends_at"] is None


def test_the_last_bill_ends_a_subscription(world: World) -> None:
    changes(world, Cancellation())
    for _ in range(2):
        world.travels_to("2026-05-01")
        world.runs_billing()
    assert told(world, of=SUBJECT)[2:] == ["subscription.ended"]
    ended = the_event(world, EventType.SUBSCRIPTION_ENDED).fields
    assert (ended["status"], ended["next_billing_at"]) == ("ended", None)


def test_who_leaves_in_a_trial_has_ended_at_once() -> None:
    world = World(tenant=a_tenant(event_url=LISTENER))
    world.customer("ada")
    world.plan(TRIAL)
    subscribed(world, plan="trial@1")
    changes(world, Cancellation(at=Moment.NOW), on="2026-04-03")
    assert told(world) == ["subscription.created", "subscription.ended"]


def test_a_rejected_last_bill_is_to_come_again_so_the_subscription_has_not_ended(world: World) -> None:
    settings(world, approval=True)
    changes(world, Cancellation())
    world.travels_to("2026-05-01")
    world.runs_billing()
    world.travels_to("2026-05-02")
    reject(world, "sub-1.20260401T000000Z.r0")
    world.travels_to("2026-05-03")
    world.runs_billing()
    approve(world)
    assert told(world, of=SUBJECT)[2:] == ["subscription.ended", "subscription.changed", "subscription.ended"]
    assert events(world, of=SUBJECT)[-2].fields["status"] == "active"


def coupon(world: World) -> None:
    half = Coupon(coupon_id="half", name="Half", percent=Decimal(50), periods=1)
    world.documents.commit([Coupons.of(world.documents, "acme").publication(half)])
    apply_coupon(world.documents, "sub-1", coupon_id="half", call=call(world))


def correction(world: World) -> None:
    right = world.plan(replace(BASIC, version=2))
    correct_plan(world.documents, wrong="plan@1", right=right.ref, call=call(world))


@pytest.mark.parametrize("change", [coupon, correction])
def test_what_changes_the_bills_to_come_is_told(world: World, change: Callable[[World], None]) -> None:
    world.travels_to("2026-04-02")
    change(world)
    assert told(world, of=SUBJECT) == ["subscription.created", "subscription.changed"]


def test_the_service_of_a_billing_record_is_a_subscription_like_any_other(world: World) -> None:
    world.customer("bob")
    world.travels_to("2026-04-02")
    for fee in ("90.00", "95.00", "95.00"):
        change = RecordChange(plan_name="Care", monthly_fee=Decimal(fee))
        save_billing_record(world.documents, "bob", change, call=call(world))
    theirs = [each for each in events(world) if each.fields["customer_id"] == "bob"]
    assert [each.type for each in theirs] == [EventType.SUBSCRIPTION_CREATED, EventType.SUBSCRIPTION_CHANGED]


def test_a_tenant_without_an_address_has_nothing_written(world: World) -> None:
    settings(world, event_url="")
    changes(world, Pausing())
    changes(world, Resuming(), on="2026-04-15")
    assert told(world) == ["subscription.created"]
