"""A void bill that is made again charges nothing that another bill has charged; `verify` finds where one does."""

from decimal import Decimal

import pytest

from billing.adapters.counting import CountingDocuments
from billing.domain.catalog import Billed, Plan, Proration
from billing.domain.coupon import Coupon, Discount
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.life_change import ItemsChange, LifeChange, PlanChange, changed
from billing.store.codec import converter
from billing.store.subscriptions import subscription_fields
from billing.usecases.verify import VerifyReport, VerifyRequest, verify
from tests.builders import a_fee, a_plan, a_tenant, shown, utc
from tests.covered_documents import CoveredDocuments
from tests.reviewing import reissue, reject, settings, void
from tests.world import World

SEAT = a_fee("30.00", "seat")
BASIC = a_plan(plan_id="basic", fees=[a_fee("60.00")], addons=[SEAT], anchor_day=1, billed=Billed.IN_ADVANCE)
PRO = a_plan(plan_id="pro", fees=[a_fee("90.00")], addons=[SEAT], anchor_day=1, billed=Billed.IN_ADVANCE)
LEAST = a_plan(
    plan_id="least",
    fees=[a_fee("60.00")],
    anchor_day=1,
    billed=Billed.IN_ADVANCE,
    minimum_commitment=Decimal("100.00"),
)
APRIL, MAY = "sub-ada.20260401T000000Z", "sub-ada.20260501T000000Z"


def opened(plan: Plan = BASIC, *, on: str = "2026-04-01") -> World:
    """Ada's first month is billed."""
    world = World(tenant=a_tenant())
    for each in (plan, PRO):
        world.plan(each)
    world.subscribes("ada", to=plan, on=on)
    return bills(world, on)


def bills(world: World, *days: str) -> World:
    for day in days:
        world.travels_to(day)
        world.runs_billing(sweeps=False)
    return world


def changes(world: World, change: LifeChange) -> World:
    after = changed(world.subscription("sub-ada"), change, plans=world.plans, now=world.now)
    world.damages("subscriptions/sub-ada", subscription_fields(after))
    return world


def seats(world: World, number: int, *, on: str = "2026-04-16") -> World:
    return changes(world, ItemsChange(quantities={"seat": Decimal(number)}, at=utc(on)))


def in_force(world: World) -> list[Invoice]:
    return [each for each in world.invoices() if each.status is not InvoiceStatus.VOID]


def charged(world: World) -> int:
    return sum(each.subtotal for each in in_force(world))


def verified(world: World, *periods: str) -> VerifyReport:
    asked = VerifyRequest(tenant_id="acme", as_of=world.now, objects=False, events=False, periods=periods or None)
    return verify(CoveredDocuments(world.documents), world.objects, asked)


def findings(world: World) -> list[tuple[str, str]]:
    return [(each.kind.value, each.message) for each in verified(world).findings.kept]


def test_an_add_on_that_the_next_bill_charged_is_not_on_the_reissue() -> None:
    """Half of April's seat, 15.00, stands on May's bill: 60.00 + 15.00 + 60.00 + 30.00."""
    world = bills(seats(opened(), 1), "2026-05-01")
    void(world, f"{APRIL}.r0")
    again = reissue(world, f"{APRIL}.r0")
    assert shown(again.lines) == [("Base (monthly)", "1", "60.00", 6000)]
    assert (charged(world), findings(world)) == (16500, [])


def test_a_plan_changed_while_the_bill_was_void_is_charged_by_one_bill() -> None:
    """30.00 of the one plan, 45.00 of the other, and 90.00 for May."""
    world = opened()
    void(world, f"{APRIL}.r0")
    bills(changes(world, PlanChange(plan=PRO.ref, at=utc("2026-04-16"))), "2026-05-01")
    assert shown(reissue(world, f"{APRIL}.r0").lines) == [
        ("Base (monthly)", "1", "60.00", 6000),
        ("Base - proration", "1", "-30.00", -3000),
    ]
    assert (charged(world), findings(world)) == (16500, [])


@pytest.mark.parametrize("newest_first", [False, True])
def test_both_bills_void_and_reissued_in_either_order_charge_the_add_on_once(*, newest_first: bool) -> None:
    world = bills(seats(opened(), 1), "2026-05-01")
    for each in (MAY, APRIL):
        void(world, f"{each}.r0")
    for each in sorted([APRIL, MAY], reverse=newest_first):
        reissue(world, f"{each}.r0")
    bills(world, "2026-06-01")
    assert (charged(world), findings(world)) == (16500 + 9000, [])


def test_a_second_revision_leaves_out_what_was_charged_between_the_two() -> None:
    """April: 60.00, a seat for ten days and two for five: 10.00 and 10.00. May: 60.00 and 60.00."""
    world = seats(opened(), 1, on="2026-04-16")
    void(world, f"{APRIL}.r0")
    void(world, reissue(world, f"{APRIL}.r0").id)
    bills(seats(world, 2, on="2026-04-26"), "2026-05-01")
    reissue(world, f"{APRIL}.r1")
    assert (charged(world), findings(world)) == (8000 + 12000, [])


def test_what_is_not_prorated_is_charged_by_one_bill_in_full() -> None:
    """A seat for 30.00 whatever its days: May's bill charges April's, the reissue does not."""
    whole = a_fee("30.00", "seat", proration=Proration.NONE)
    plan = a_plan(plan_id="basic", fees=[a_fee("60.00")], addons=[whole], anchor_day=1, billed=Billed.IN_ADVANCE)
    world = bills(seats(opened(plan), 1), "2026-05-01")
    void(world, f"{APRIL}.r0")
    reissue(world, f"{APRIL}.r0")
    assert (charged(world), findings(world)) == (6000 + 3000 + 9000, [])


def test_a_commitment_is_filled_up_beside_what_a_void_bill_leaves_to_its_reissue() -> None:
    """Each month comes to 100.00: April's 60.00 are on its reissue, and 40.00 with May's 60.00 on May's bill."""
    world = opened(LEAST)
    void(world, f"{APRIL}.r0")
    bills(world, "2026-05-01")
    assert charged(world) == 10000
    reissue(world, f"{APRIL}.r0")
    assert (charged(world), findings(world)) == (16000, [])
    void(world, f"{MAY}.r0")
    bills(world, "2026-06-01")
    reissue(world, f"{MAY}.r0")
    assert (charged(world), findings(world)) == (26000, [])


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_coupon_for_two_bills_lowers_two_of_those_in_force(*, newest_first: bool) -> None:
    coupon = Coupon(coupon_id="welcome", name="Welcome", amount=Decimal("20.00"), currency="USD", periods=2)
    world = World(tenant=a_tenant())
    world.subscribes("ada", to=world.plan(BASIC), on="2026-04-01")
    discount = Discount(coupon=coupon, start=utc("2026-04-01"))
    world.damages("subscriptions/sub-ada", {"discounts": converter().unstructure((discount,))})
    bills(world, "2026-04-01")
    void(world, f"{APRIL}.r0")
    bills(world, "2026-05-01")
    void(world, f"{MAY}.r0")
    for each in sorted([APRIL, MAY], reverse=newest_first):
        reissue(world, f"{each}.r0")
    assert [each.used for each in world.subscription("sub-ada").discounts] == [2]
    bills(world, "2026-06-01")
    assert (charged(world), findings(world)) == (4000 + 4000 + 6000, [])


def test_a_draft_taken_back_finds_the_bill_before_as_it_stands_by_then() -> None:
    """April is void when May's draft is rejected: of its 60.00 nothing is credited, and 45.00 are the other plan's."""
    world = opened()
    settings(world, approval=True)
    bills(world, "2026-05-01")
    void(world, f"{APRIL}.r0")
    reject(world, f"{MAY}.r0")
    settings(world, approval=False)
    bills(changes(world, PlanChange(plan=PRO.ref, at=utc("2026-04-16"))), "2026-05-02")
    assert charged(world) == 4500 + 9000
    reissue(world, f"{APRIL}.r0")
    assert (charged(world), findings(world)) == (16500, [])


def test_what_a_version_before_this_rule_charged_twice_is_found() -> None:
    """April's reissue says what it would say if May had not been billed yet: with the seat that is on May's bill."""
    before, world = opened(), opened()
    for each in (before, world):
        void(each, f"{APRIL}.r0")
        seats(each, 1)
    reissue(before, f"{APRIL}.r0")
    bills(world, "2026-05-01")
    reissue(world, f"{APRIL}.r0")
    assert findings(world) == []
    document = before.stored(f"invoices/{APRIL}.r1")
    assert document is not None
    world.damages(f"invoices/{APRIL}.r1", document.fields)
    message = (
        "INV-2026-05-0001, by what INV-2026-04-0002 charges of the time before it: subtotal is 105.00, expected 90.00"
    )
    assert findings(world) == [("charged_twice", message)]


def test_a_commitment_that_a_version_before_this_rule_filled_up_twice_is_found() -> None:
    """It took what a void bill had paid ahead for nothing: May's bill brought April up to 100.00 by itself."""
    world = opened(LEAST)
    void(world, f"{APRIL}.r0")
    [ahead] = converter().unstructure(world.subscription("sub-ada").prepaid)
    world.damages("subscriptions/sub-ada", {"prepaid": [{**ahead, "amount": 0, "void": False}]})
    bills(world, "2026-05-01")
    assert findings(world) == []
    reissue(world, f"{APRIL}.r0")
    message = (
        "INV-2026-05-0001, by what INV-2026-04-0002 charges of the time before it: subtotal is 160.00, expected 100.00"
    )
    assert findings(world) == [("charged_twice", message)]


def test_what_is_read_of_a_bill_made_again_does_not_grow_with_the_age_of_its_subscription() -> None:
    reads = []
    for first in ("2026-01-01", "2024-01-01"):
        world = opened(on=first)
        while world.now < utc("2026-06-01"):
            month = world.now.year * 12 + world.now.month
            bills(world, f"{month // 12}-{month % 12 + 1:02}-01")
        void(world, f"{APRIL}.r0")
        reissue(world, f"{APRIL}.r0")
        counting = CountingDocuments(world.documents)
        asked = VerifyRequest(tenant_id="acme", as_of=world.now, objects=False, events=False, periods=("2026-04",))
        assert [each.message for each in verify(counting, world.objects, asked).findings.kept] == []
        reads.append(counting.counts.reads)
    assert reads[0] == reads[1]
