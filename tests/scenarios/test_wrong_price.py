"""A price table with one tier wrong by a factor of ten: the guard stops it before any of its invoices is issued.

Twenty customers use 30,000 calls a month: 10,000 free and 20,000 at 0.001 are 20.00. Six of them go over to a new
version in April, whose second tier costs 0.01 in place of 0.001: 200.00.
"""

from decimal import Decimal

import pytest

from billing.domain.catalog import GraduatedPrice, Plan, Tier
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import InvoiceStatus
from billing.domain.review import ReviewKind
from billing.domain.subscription_changes import change_plan
from billing.domain.tenant import Guard
from billing.store.subscriptions import subscription_fields
from billing.usecases.correct_plan import CorrectionReport, correct_plan
from billing.usecases.publish_plans import PlanPublished, publish_plans
from tests.builders import a_meter, a_plan, a_tenant, utc
from tests.reviewing import approve, call, reissue, reject, reviews, void
from tests.world import World

WRONG = range(6)


def a_table(version: int, price: str) -> Plan:
    tiers = (
        Tier(name="Free tier", up_to=Decimal(10_000)),
        Tier(name="Standard tier", up_to=None, unit_price=Decimal(price)),
    )
    return a_plan(plan_id="api", version=version, metered=[a_meter(GraduatedPrice(tiers=tiers))], anchor_day=1)


GOOD, BAD, MENDED = a_table(1, "0.001"), a_table(2, "0.01"), a_table(3, "0.001")


@pytest.fixture
def world() -> World:
    """Three months billed as usual; six customers are on the wrong table since April, which is over."""
    world = World(tenant=a_tenant(guard=Guard(factor=Decimal(3), floor=1000)))
    world.plan(GOOD)
    world.plan(BAD)
    ids = world.book(20, to=GOOD, on="2026-01-01")
    for month in range(1, 5):
        for each in ids:
            world.uses(each, "calls", "30000", on=f"2026-{month:02}-10")
    for month in range(2, 5):
        world.travels_to(f"2026-{month:02}-01")
        assert len(world.runs_billing().invoices) == 20
    for number in WRONG:
        moved = change_plan(world.subscription(ids[number]), plan=BAD, plans=world.plans, at=utc("2026-04-01"))
        world.damages(f"subscriptions/{moved.id}", subscription_fields(moved))
    world.travels_to("2026-05-01")
    return world


def corrects(world: World, since: str | None = None) -> CorrectionReport:
    at = None if since is None else utc(since)
    return correct_plan(world.documents, wrong=BAD.ref, right=MENDED.ref, since=at, call=call(world))


def of_april(world: World) -> dict[str, int]:
    return {each.number: each.total for each in world.invoices() if "-04-" in each.number}


def test_the_run_holds_exactly_the_affected_invoices_and_issues_the_rest(world: World) -> None:
    report = world.runs_billing()
    assert sorted(each.invoice.customer_id for each in report.held) == [f"c{number:04}" for number in WRONG]
    assert of_april(world) == {f"INV-2026-04-{number:04}": 2000 for number in range(1, 15)}
    cases = reviews(world)
    assert {each.kind for each in cases} == {ReviewKind.GUARD}
    assert cases[0].reason == "200.00 USD is more than 3 times the mean of the last 3 invoices, 20.00 USD"
    assert cases[0].figures == {
        "subtotal": "200.00",
        "mean": "20.00",
        "recent": "20.00, 20.00, 20.00",
        "factor": "3",
        "currency": "USD",
    }


def test_one_part_is_approved_and_the_other_rejected_put_right_and_billed_again(world: World) -> None:
    world.runs_billing()
    held = [each.invoice_id for each in reviews(world)]
    report = approve(world, held[:2])
    assert [each.number for each in report.approved] == ["INV-2026-04-0015", "INV-2026-04-0016"]
    for each in held[2:]:
        reject(world, each)
    publish_plans(world.documents, [MENDED], call=call(world))
    corrected = corrects(world)
    assert (len(corrected.corrected), corrected.failures) == (6, [])
    # what was approved stays as it is, and the right prices follow it
    plans = [[phase.plan for phase in world.subscription(f"sub-c000{number}").phases] for number in (0, 5)]
    assert plans == [[GOOD.ref, BAD.ref, MENDED.ref], [GOOD.ref, MENDED.ref]]
    world.travels_to("2026-05-02")
    assert world.runs_billing().held == []
    april = of_april(world)
    assert list(april) == [f"INV-2026-04-{number:04}" for number in range(1, 21)]
    assert sorted(april.values()) == [2000] * 18 + [20000] * 2


def test_what_was_approved_by_mistake_is_void_and_reissued_with_the_right_prices(world: World) -> None:
    world.runs_billing()
    approve(world)
    publish_plans(world.documents, [MENDED], call=call(world))
    refused = corrects(world, since="2026-04-01")
    assert refused.corrected == []
    assert str(refused.failures[0].error) == (
        "since: expected time that nothing has billed; INV-2026-04-0015 has, so void it first, "
        "got '2026-04-01T00:00:00+00:00'"
    )
    for number in range(15, 21):
        void(world, f"INV-2026-04-{number:04}", reason="wrong price table")
    assert len(corrects(world, since="2026-04-01").corrected) == 6
    again = [reissue(world, f"INV-2026-04-{number:04}") for number in range(15, 21)]
    assert [(each.number, each.total, each.replaces) for each in again] == [
        (f"INV-2026-04-{number + 6:04}", 2000, f"INV-2026-04-{number:04}") for number in range(15, 21)
    ]
    assert {each.status for each in again} == {InvoiceStatus.ISSUED}
    # void invoices count no more: the mean is 20.00 again
    assert world.subscription("sub-c0000").recent == (2000, 2000, 2000)


def test_correcting_again_changes_nothing_and_a_published_version_never_changes(world: World) -> None:
    assert publish_plans(world.documents, [MENDED], call=call(world)).published == [MENDED.ref]
    assert publish_plans(world.documents, [MENDED], call=call(world)).unchanged == [MENDED.ref]
    with pytest.raises(PlanPublished, match="api@3 is published with other content, for good"):
        publish_plans(world.documents, [a_table(3, "0.002")], call=call(world))
    assert len(corrects(world).corrected) == 6
    before = world.everything()
    assert corrects(world).corrected == []
    assert world.everything() == before
    assert world.runs_billing().held == []


def test_a_correction_is_taken_back_at_the_instant_at_which_it_was_made(world: World) -> None:
    publish_plans(world.documents, [MENDED], call=call(world))
    corrected = corrects(world).corrected
    back = correct_plan(world.documents, wrong=MENDED.ref, right=BAD.ref, call=call(world))
    assert (back.corrected, back.failures) == (corrected, [])


def test_another_cycle_is_no_correction(world: World) -> None:
    world.plan(a_plan(plan_id="api", version=4, metered=BAD.metered, anchor_day=15))
    report = correct_plan(world.documents, wrong=BAD.ref, right="api@4", call=call(world))
    assert {type(each.error) for each in report.failures} == {InvalidInput}
    assert str(report.failures[0].error) == "anchor_day: expected that of api@2, 1, got 15"


def test_a_version_or_a_subscription_that_is_not_there_is_named_before_anything_changes(world: World) -> None:
    with pytest.raises(NotFound, match="no plan version 'api@9'"):
        correct_plan(world.documents, wrong=BAD.ref, right="api@9", call=call(world))
    with pytest.raises(NotFound, match="no subscription 'x'"):
        correct_plan(world.documents, wrong=BAD.ref, right=GOOD.ref, call=call(world), subscription_ids=["x"])
    one = correct_plan(
        world.documents, wrong=BAD.ref, right=GOOD.ref, call=call(world), subscription_ids=["sub-c0000", "sub-c0010"]
    )
    assert (one.corrected, one.failures) == (["sub-c0000"], [])


def test_an_ended_subscription_needs_a_date_to_be_put_right_from(world: World) -> None:
    world.damages("subscriptions/sub-c0000", {"next_billing_at": None, "status": "ended"})
    publish_plans(world.documents, [MENDED], call=call(world))
    report = corrects(world)
    assert [(each.subscription_id, str(each.error)) for each in report.failures] == [
        ("sub-c0000", "since: expected a date, as the subscription has had its last bill, got null")
    ]
    assert corrects(world, since="2026-04-01").corrected == ["sub-c0000"]
