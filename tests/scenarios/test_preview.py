"""The next invoice as it stands at a date: usage so far, fees as they will be, and nothing written."""

from decimal import Decimal

import pytest

from billing.domain.catalog import Billed
from billing.domain.coupon import Coupon, Discount
from billing.domain.credit import CreditNote
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import Invoice
from billing.domain.subscription import UnknownPlan
from billing.domain.subscription_changes import end_subscription
from billing.store.codec import converter
from billing.store.subscriptions import subscription_fields
from billing.usecases.preview_invoice import NothingToPreview, Preview, preview_invoices
from tests.builders import a_fee, a_meter, a_plan, utc
from tests.world import World

PLAN = a_plan(fees=[a_fee("31.00")], metered=[a_meter("1.00")], anchor_day=1)
AHEAD = a_plan(plan_id="ahead", fees=[a_fee("31.00")], anchor_day=1, billed=Billed.IN_ADVANCE)


@pytest.fixture
def world() -> World:
    """Ada uses 3 calls on the 10th of January and 4 on the 20th."""
    world = World()
    world.subscribes("ada", to=world.plan(PLAN), on="2026-01-01")
    world.uses("sub-ada", "calls", "3", on="2026-01-10")
    world.uses("sub-ada", "calls", "4", on="2026-01-20")
    return world


def previewed(world: World, at: str, customer: str = "ada") -> list[Preview]:
    before = world.everything()
    found = preview_invoices(world.documents, tenant_id="acme", at=utc(at), customer_id=customer)
    assert world.everything() == before
    return found


def invoice_at(world: World, at: str) -> Invoice:
    [found] = previewed(world, at)
    assert isinstance(found.outcome, Invoice)
    return found.outcome


@pytest.mark.parametrize(("at", "total"), [("2026-01-10", 3100), ("2026-01-15", 3400), ("2026-02-01", 3800)])
def test_the_usage_until_then_counts(world: World, at: str, total: int) -> None:
    invoice = invoice_at(world, at)
    assert (invoice.number, invoice.total, invoice.bill_for_date) == ("", total, utc("2026-02-01"))


def test_it_is_what_the_run_will_bill(world: World) -> None:
    previewed_total = invoice_at(world, "2026-02-01").total
    world.travels_to("2026-02-01")
    world.runs_billing()
    assert [each.total for each in world.invoices()] == [previewed_total]


def test_a_fee_is_prorated_as_it_will_be(world: World) -> None:
    """The end on the 11th leaves 10 of 31 days of 31.00, and the 3 calls of the day before."""
    ended = end_subscription(world.subscription("sub-ada"), at=utc("2026-01-11"))
    world.damages("subscriptions/sub-ada", subscription_fields(ended))
    [found] = previewed(world, "2026-01-05")
    assert isinstance(found.outcome, Invoice)
    assert (found.bill_for_date, found.outcome.total) == (utc("2026-01-11"), 1000)
    assert invoice_at(world, "2026-01-11").total == 1300


def test_at_a_date_ahead_the_bills_before_it_are_made_in_mind_only(world: World) -> None:
    once = Discount(
        coupon=Coupon(coupon_id="once", name="Once", percent=Decimal(50), periods=1), start=utc("2026-01-01")
    )
    world.damages("subscriptions/sub-ada", {"discounts": converter().unstructure([once])})
    march = invoice_at(world, "2026-02-15")
    assert (march.bill_for_date, march.total) == (utc("2026-03-01"), 3100)  # January's bill has used the coupon up
    assert invoice_at(world, "2026-01-31").total == 1900  # half of 38.00


def test_what_is_paid_ahead_can_be_credited_by_a_credit_note() -> None:
    world = World()
    world.subscribes("ada", to=world.plan(AHEAD), on="2026-01-01")
    world.travels_to("2026-01-01")
    world.runs_billing()
    ended = end_subscription(world.subscription("sub-ada"), at=utc("2026-01-11"))
    world.damages("subscriptions/sub-ada", subscription_fields(ended))
    [found] = previewed(world, "2026-01-05")
    assert isinstance(found.outcome, CreditNote)
    assert found.outcome.total == 2100


def test_a_cycle_that_brings_no_invoice_says_why() -> None:
    world = World()
    world.subscribes("ada", to=world.plan(a_plan(plan_id="empty", anchor_day=1)), on="2026-01-01")
    [found] = previewed(world, "2026-01-15")
    assert found.outcome == "nothing_to_bill"


def test_each_subscription_of_a_customer_is_previewed_or_the_one_that_is_named(world: World) -> None:
    world.subscribes("ada", to=PLAN, on="2026-01-15", named="second")
    assert [each.subscription_id for each in previewed(world, "2026-01-20")] == ["second", "sub-ada"]
    [one] = preview_invoices(world.documents, tenant_id="acme", at=utc("2026-01-20"), subscription_id="second")
    assert isinstance(one.outcome, Invoice)
    assert one.outcome.total == 1700  # 17 of 31 days


def test_who_is_not_there_or_has_no_bill_to_come_has_no_preview(world: World) -> None:
    with pytest.raises(NotFound, match="no customer 'bob'"):
        previewed(world, "2026-01-20", customer="bob")
    with pytest.raises(NotFound, match="no customer"):
        preview_invoices(world.documents, tenant_id="acme", at=utc("2026-01-20"))
    with pytest.raises(NotFound, match="no subscription 'x'"):
        preview_invoices(world.documents, tenant_id="acme", at=utc("2026-01-20"), subscription_id="x")
    world.customer("carl")
    with pytest.raises(NothingToPreview):
        previewed(world, "2026-01-20", customer="carl")


def test_a_date_beyond_hundreds_of_bills_is_refused_and_so_is_a_bill_that_can_t_be_made(world: World) -> None:
    with pytest.raises(InvalidInput, match="an instant within the next 400 bills"):
        previewed(world, "2070-01-01")
    world.damages(
        "subscriptions/sub-ada",
        {
            "items": [
                {"id": "x", "charge_id": "none", "quantity": "1", "start": "2026-01-01T00:00:00+00:00", "end": None}
            ]
        },
    )
    with pytest.raises(UnknownPlan, match="an add-on of plan@1"):
        previewed(world, "2026-01-20")
