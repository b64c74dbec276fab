"""A draft waits for a person, and its subscription ends at its very boundary: it can still be rejected.

A month costs 60.00 from the first on, a call 1.00. April is billed; the bill of 1 May is held, and the end is set
there on 1 May. In cents.
"""

from dataclasses import replace

import pytest

from billing.domain.catalog import Billed
from billing.domain.invoice_life import LaterBillMade
from billing.domain.life_change import Cancellation
from billing.domain.subscription import SubscriptionStatus, Unused
from tests.builders import a_fee, a_meter, a_plan, a_tenant, utc
from tests.changing_plans import bills, charged, does, is_sound, uses
from tests.reviewing import approve, reject, reviews, settings
from tests.scenarios.billing_processes import audited
from tests.world import World

BASIC = a_plan(fees=[a_fee("60.00")], metered=[a_meter("1.00")], anchor_day=1)
DRAFTS = {Billed.IN_ARREARS: "sub-ada.20260401T000000Z.r0", Billed.IN_ADVANCE: "sub-ada.20260501T000000Z.r0"}


def held(billed: Billed, *, unused: Unused = Unused.CREDIT) -> World:
    world = World(tenant=a_tenant())
    world.subscribes("ada", to=world.plan(replace(BASIC, billed=billed)), on="2026-04-01")
    bills(world, "2026-04-01")
    world.uses("sub-ada", "calls", "7", on="2026-04-10")
    settings(world, approval=True)
    bills(world, "2026-05-01")
    does(world, "ada", Cancellation(at=utc("2026-05-01"), unused=unused), at="2026-05-01T09:00")
    return world


@pytest.mark.parametrize("unused", [Unused.CREDIT, Unused.NONE])
@pytest.mark.parametrize("billed", Billed)
def test_it_is_rejected_and_the_last_bill_is_made_anew_for_the_time_until_the_end(
    billed: Billed, unused: Unused
) -> None:
    world = held(billed, unused=unused)
    reject(world, DRAFTS[billed])
    ended = world.subscription("sub-ada")
    assert (ended.status, ended.next_billing_at, ended.late_bills) == (SubscriptionStatus.ACTIVE, utc("2026-05-01"), 0)
    bills(world, "2026-05-02")
    [again] = reviews(world)
    assert again.entity == f"invoices/{DRAFTS[billed]}"
    approve(world)
    bills(world, "2026-06-02")
    lines = {Billed.IN_ARREARS: [[700, 6000]], Billed.IN_ADVANCE: [[6000], [700]]}  # April's calls, and no May
    assert charged(world, "ada") == lines[billed]
    assert world.subscription("sub-ada").status is SubscriptionStatus.ENDED
    assert ("invoice.rejected", f"invoices/{DRAFTS[billed]}") in audited(world)
    assert is_sound(world)


def test_a_bill_of_late_usage_that_followed_is_rejected_first() -> None:
    world = held(Billed.IN_ARREARS)
    uses(world, 3, on="2026-04-20")
    bills(world, "2026-05-02")
    late = "sub-ada.20260401T000000Z-late-1.r0"
    with pytest.raises(LaterBillMade, match=f"reject first {late}"):
        reject(world, DRAFTS[Billed.IN_ARREARS])
    reject(world, late)
    reject(world, DRAFTS[Billed.IN_ARREARS])
    bills(world, "2026-05-03")
    approve(world)
    assert charged(world, "ada") == [[1000, 6000]]  # ten calls in time
    assert is_sound(world)


def test_where_another_bill_of_late_usage_is_due_the_one_before_it_is_still_rejected() -> None:
    world = held(Billed.IN_ARREARS)
    approve(world)
    uses(world, 3, on="2026-04-20")
    bills(world, "2026-05-02")
    uses(world, 5, on="2026-04-21")
    reject(world, "sub-ada.20260401T000000Z-late-1.r0")
    bills(world, "2026-05-03")
    approve(world)
    assert charged(world, "ada") == [[700, 6000], [800]]
    assert is_sound(world)
