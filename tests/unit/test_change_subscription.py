"""Coupons and one-time charges put on a stored subscription: once, audited, and whoever else writes meanwhile."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import cast

import pytest

from billing.domain.coupon import Coupon, Discount
from billing.domain.errors import BillingError, InvalidInput, NotFound
from billing.domain.subscription import OneTimeCharge, Subscription
from billing.ports import Documents, Write, WriteConflict
from billing.store.coupons import Coupons
from billing.store.subscriptions import Subscriptions
from billing.usecases.call import Call
from billing.usecases.change_subscription import add_one_time_charge, apply_coupon, remove_coupon
from tests.builders import a_fee, a_plan, utc
from tests.watched_documents import Once, WatchedDocuments
from tests.world import World

HALF = Coupon(coupon_id="half", name="Half", percent=Decimal(50), periods=2)
YEN = Coupon(coupon_id="yen", name="Yen", amount=Decimal(500), currency="JPY")
SETUP = OneTimeCharge(
    id="setup", name="Set-up", quantity=Decimal(2), unit_price=Decimal("40.00"), charged_at=utc("2026-01-20")
)
CALL = Call(tenant_id="acme", actor="ada", recorded_at=utc("2026-01-20T09:30"), request_id="req-1")


@pytest.fixture
def world() -> World:
    """One subscription of 10.00 a month since 1 January, and two coupons."""
    world = World()
    world.subscribes("c-1", to=world.plan(a_plan(fees=[a_fee("10.00")])), on="2026-01-01")
    coupons = Coupons.of(world.documents, "acme")
    world.documents.commit([coupons.publication(HALF), coupons.publication(YEN)])
    return world


def records(world: World) -> list[tuple[str, str, str, str, str]]:
    batches = [cast("list[dict[str, str]]", batch.fields["records"]) for batch in world.collection("audit")]
    found = [record for batch in batches for record in batch]
    return [(each["entity"], each["event"], each["actor"], each["reason"], each["request_id"]) for each in found]


def totals(world: World, *months: str) -> list[int]:
    for month in months:
        world.travels_to(month)
        world.runs_billing()
    return [each.total for each in world.invoices()]


def test_a_coupon_is_applied_to_the_next_bills_and_audited(world: World) -> None:
    after = apply_coupon(world.documents, "sub-c-1", coupon_id="half", call=CALL)
    assert after == world.subscription("sub-c-1")
    assert after.discounts == (Discount(coupon=HALF, start=utc("2026-02-01")),)
    assert records(world) == [("subscriptions/sub-c-1", "subscription.coupon_applied", "ada", "half", "req-1")]
    assert totals(world, "2026-02-01", "2026-03-01", "2026-04-01") == [500, 500, 1000]
    assert world.subscription("sub-c-1").discounts[0].used == 2


def test_a_coupon_may_begin_later(world: World) -> None:
    apply_coupon(world.documents, "sub-c-1", coupon_id="half", start=utc("2026-02-02"), call=CALL)
    assert totals(world, "2026-02-01", "2026-03-01") == [1000, 500]


def test_a_coupon_that_is_removed_lowers_no_more_and_changes_nothing_issued(world: World) -> None:
    apply_coupon(world.documents, "sub-c-1", coupon_id="half", call=CALL)
    assert totals(world, "2026-02-01") == [500]
    later = replace(CALL, recorded_at=utc("2026-02-02"))
    assert remove_coupon(world.documents, "sub-c-1", coupon_id="half", call=later).discounts == ()
    assert totals(world, "2026-03-01") == [500, 1000]
    assert [event for _, event, *_ in records(world) if event.startswith("subscription")] == [
        "subscription.coupon_applied",
        "subscription.coupon_removed",
    ]


def test_a_charge_is_added_once_and_billed_once(world: World) -> None:
    after = add_one_time_charge(world.documents, "sub-c-1", one_time=SETUP, call=CALL)
    assert after.one_time == world.subscription("sub-c-1").one_time == (SETUP,)
    with pytest.raises(InvalidInput, match="charge_id: expected an id that no charge to come has, got 'setup'"):
        add_one_time_charge(world.documents, "sub-c-1", one_time=SETUP, call=CALL)
    assert records(world) == [
        ("subscriptions/sub-c-1", "subscription.charge_added", "ada", "setup: 2 x 40.00 for Set-up", "req-1")
    ]
    assert totals(world, "2026-02-01", "2026-03-01") == [9000, 1000]
    assert world.subscription("sub-c-1").one_time == ()


Change = Callable[[Documents, str], Subscription]
CHANGES: dict[str, Change] = {
    "apply": lambda documents, which: apply_coupon(documents, which, coupon_id="half", call=CALL),
    "remove": lambda documents, which: remove_coupon(documents, which, coupon_id="half", call=CALL),
    "charge": lambda documents, which: add_one_time_charge(documents, which, one_time=SETUP, call=CALL),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_unknown_subscription_is_told(world: World, change: Change) -> None:
    with pytest.raises(NotFound, match="no subscription 'sub-x'"):
        change(world.documents, "sub-x")


def test_what_can_not_be_put_on_is_refused_and_nothing_is_written(world: World) -> None:
    before = world.everything()
    with pytest.raises(NotFound, match="no coupon 'other'"):
        apply_coupon(world.documents, "sub-c-1", coupon_id="other", call=CALL)
    with pytest.raises(InvalidInput, match="coupon_id: expected a coupon in USD, got 'yen in JPY'"):
        apply_coupon(world.documents, "sub-c-1", coupon_id="yen", call=CALL)
    with pytest.raises(InvalidInput, match=r"coupon_id: expected a coupon of the subscription \(none\), got 'half'"):
        remove_coupon(world.documents, "sub-c-1", coupon_id="half", call=CALL)
    assert world.everything() == before


def test_one_that_has_had_its_last_bill_takes_nothing_more(world: World) -> None:
    world.subscribes("c-2", to=world.plans["plan@1"], on="2026-01-01", until="2026-01-10")
    world.travels_to("2026-02-01")
    world.runs_billing()
    for change in (CHANGES["apply"], CHANGES["charge"]):
        with pytest.raises(InvalidInput, match="subscription_id: expected a subscription with a bill to come"):
            change(world.documents, "sub-c-2")


def test_a_change_that_loses_to_a_run_is_decided_anew(world: World) -> None:
    def bills_first() -> None:
        world.travels_to("2026-02-01")
        world.runs_billing()

    late = WatchedDocuments(world.documents, before=Once("subscriptions", bills_first))
    after = apply_coupon(late, "sub-c-1", coupon_id="half", call=CALL)
    assert after.next_billing_at == utc("2026-03-01")
    assert after.discounts == (Discount(coupon=HALF, start=utc("2026-03-01")),)
    assert totals(world, "2026-03-01") == [1000, 500]


def test_a_run_between_the_check_of_what_was_read_and_the_commit_is_seen(world: World) -> None:
    [stored] = Subscriptions.of(world.documents, "acme").get(["sub-c-1"])
    assert stored is not None

    def bills_first() -> None:
        world.travels_to("2026-02-01")
        world.runs_billing()

    def only_what_was_read(version: str) -> None:
        if version != stored.version:
            raise KeyError(version)

    late = WatchedDocuments(world.documents, before=Once("subscriptions", bills_first))
    with pytest.raises(KeyError):
        apply_coupon(late, "sub-c-1", coupon_id="half", call=CALL, seen=only_what_was_read)
    assert world.subscription("sub-c-1").discounts == ()


def test_a_change_that_always_loses_gives_up(world: World) -> None:
    def somebody_is_quicker(_writes: Sequence[Write]) -> None:
        world.damages("subscriptions/sub-c-1", {"shard": 0})

    crowded = WatchedDocuments(world.documents, before=somebody_is_quicker)
    with pytest.raises(WriteConflict):
        CHANGES["charge"](crowded, "sub-c-1")
    assert len(crowded.commits) == 8
    assert world.subscription("sub-c-1").one_time == ()


def test_a_subscription_whose_plan_can_not_be_read_takes_no_coupon(world: World) -> None:
    subscription = world.subscription("sub-c-1")
    phases = (replace(subscription.phases[0], plan="gone@1"),)
    lost = replace(subscription, id="sub-lost", phases=phases)
    world.documents.commit([Subscriptions.of(world.documents, "acme").creation(lost)])
    with pytest.raises(BillingError, match="no plan version 'gone@1'"):
        CHANGES["apply"](world.documents, "sub-lost")
