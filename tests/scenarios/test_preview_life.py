"""The next bills without a change and with it, and nothing written. Amounts are in cents."""

from decimal import Decimal

import pytest

from billing.domain.catalog import Billed
from billing.domain.credit import CreditNote
from billing.domain.errors import InvalidInput
from billing.domain.invoice import Invoice
from billing.domain.kept_anchor import Anchor
from billing.domain.life_change import Cancellation, ItemsChange, LifeChange, Moment, Pausing, PlanChange, Resuming
from billing.domain.subscription import Unused
from billing.usecases.change_life import change_life
from billing.usecases.preview_invoice import Preview
from billing.usecases.preview_life import LifePreview, preview_life
from billing.usecases.verify import VerifyRequest, verify
from tests.builders import YEARLY, a_fee, a_meter, a_plan, utc
from tests.reviewing import call, settings
from tests.world import World

SEAT = a_fee("30.00", "seat")
AHEAD = a_plan(fees=[a_fee("60.00")], addons=[SEAT], metered=[a_meter("1.00")], anchor_day=1, billed=Billed.IN_ADVANCE)
ANNUAL = a_plan(
    plan_id="annual", fees=[a_fee("365.00")], metered=[a_meter("1.00")], cycle=YEARLY, billed=Billed.IN_ADVANCE
)


@pytest.fixture
def world() -> World:
    """April is billed ahead; three calls since, the last one at noon of the 11th, which is now."""
    world = World()
    world.plan(ANNUAL)
    world.subscribes("ada", to=world.plan(AHEAD), on="2026-04-01")
    world.travels_to("2026-04-01")
    world.runs_billing()
    world.uses("sub-ada", "calls", "3", on="2026-04-05")
    world.travels_to("2026-04-11T12:00")
    return world


def previewed(world: World, change: LifeChange) -> LifePreview:
    before = world.everything()
    found = preview_life(world.documents, "sub-ada", change, call=call(world))
    assert world.everything() == before
    return found


def said(bills: tuple[Preview, ...]) -> list[tuple[str, int | str]]:
    """Each bill's day and total, a credit note's below zero."""
    return [(f"{each.bill_for_date:%m-%d}", _total(each.outcome)) for each in bills]


def _total(outcome: Invoice | CreditNote | str) -> int | str:
    match outcome:
        case Invoice():
            return outcome.total
        case CreditNote():
            return -outcome.total
        case reason:
            return reason


def test_an_add_on_is_on_the_next_bill(world: World) -> None:
    found = previewed(world, ItemsChange(quantities={"seat": Decimal(1)}))
    assert (said(found.without), said(found.bills)) == ([("05-01", 6300)], [("05-01", 6300 + 2000 + 3000)])
    assert (found.at, found.credit_note) == (utc("2026-04-11T12:00"), None)
    assert [each.charge_id for each in found.after.items] == ["seat"]
    assert found.before == world.subscription("sub-ada")


def test_what_is_shown_is_what_the_run_bills(world: World) -> None:
    change = ItemsChange(quantities={"seat": Decimal(1)})
    shown = said(previewed(world, change).bills)
    change_life(world.documents, "sub-ada", change, call=call(world))
    world.travels_to("2026-05-01")
    world.runs_billing()
    assert [("05-01", world.invoices()[-1].total)] == shown


def test_another_interval_is_billed_at_once(world: World) -> None:
    found = previewed(world, PlanChange(plan="annual@1"))
    # 3 calls; 20 of 30 days of 60.00 back; a year of 365.00
    assert (said(found.without), said(found.bills)) == ([("05-01", 6300)], [("04-11", 300 - 4000 + 36500)])


def test_another_interval_that_keeps_the_anchor_is_billed_at_once_until_its_next_date(world: World) -> None:
    change = PlanChange(plan="annual@1", anchor=Anchor.KEEP)
    shown = said(previewed(world, change).bills)
    # 3 calls; 20 of 30 days of 60.00 back; 355 of the 365 days until 1 April 2027 of 365.00
    assert shown == [("04-11", 300 - 4000 + 35500)]
    change_life(world.documents, "sub-ada", change, call=call(world))
    world.runs_billing()
    assert world.invoices()[-1].total == shown[0][1]
    assert world.subscription("sub-ada").next_billing_at == utc("2027-04-01")
    request = VerifyRequest(tenant_id="acme", as_of=world.now, objects=False, events=False)
    assert verify(world.documents, world.objects, request).findings.kept == []


def test_the_tenants_setting_decides_where_the_change_does_not_say(world: World) -> None:
    kept, restarted = [("04-11", 300 - 4000 + 35500)], [("04-11", 300 - 4000 + 36500)]
    settings(world, interval_change=Anchor.KEEP)
    assert said(previewed(world, PlanChange(plan="annual@1")).bills) == kept
    assert said(previewed(world, PlanChange(plan="annual@1", anchor=Anchor.RESTART)).bills) == restarted


def test_bills_before_the_change_that_are_alike_are_left_out(world: World) -> None:
    found = previewed(world, ItemsChange(quantities={"seat": Decimal(1)}, at=utc("2026-06-16")))
    # June is billed ahead with what is known then, the seat for 15 of 30 days; then July
    assert said(found.without) == [("06-01", 6000), ("07-01", 6000)]
    assert said(found.bills) == [("06-01", 6000 + 1500), ("07-01", 6000 + 3000)]


def test_an_end_with_a_refund_shows_the_credit_note_and_the_last_bill(world: World) -> None:
    found = previewed(world, Cancellation(at=Moment.NOW, unused=Unused.REFUND))
    assert found.credit_note is not None
    assert found.credit_note.total == 4000
    assert (said(found.without), said(found.bills)) == ([("05-01", 6300)], [("04-11", 300)])


def test_a_pause_and_its_end(world: World) -> None:
    found = previewed(world, Pausing())
    assert said(found.bills) == [("05-01", 300 - 4000)]
    change_life(world.documents, "sub-ada", Pausing(), call=call(world))
    world.travels_to("2026-05-01")
    world.runs_billing()
    world.travels_to("2026-05-17")
    resumed = previewed(world, Resuming())
    assert (said(resumed.without), said(resumed.bills)) == ([("06-01", "paused")], [("06-01", 2903 + 6000)])  # 15 of 31


def test_what_changes_nothing_shows_nothing(world: World) -> None:
    change_life(world.documents, "sub-ada", Cancellation(), call=call(world))
    found = previewed(world, Cancellation())
    assert (found.without, found.bills, found.before) == ((), (), found.after)


def test_what_is_refused_is_refused_beforehand(world: World) -> None:
    with pytest.raises(InvalidInput, match="quantities"):
        previewed(world, ItemsChange(quantities={}))
    with pytest.raises(InvalidInput, match="at: expected an instant within the next 400 bills"):
        previewed(world, ItemsChange(quantities={"seat": Decimal(1)}, at=utc("2100-01-01")))
