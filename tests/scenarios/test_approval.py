"""Where the tenant approves every invoice, a run makes drafts, and a person gives them their numbers."""

from datetime import date

import pytest

from billing.domain.catalog import Billed
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import InvoiceStatus
from billing.domain.invoice_life import InvoiceNotDraft, LaterBillMade
from billing.domain.review import Resolution, ReviewKind, ReviewStatus
from billing.domain.subscription import SubscriptionStatus
from billing.ports import Delete
from billing.usecases.record_usage import ReportedUsage, record_usage
from tests.builders import a_fee, a_meter, a_plan, a_tenant, utc
from tests.reviewing import approve, reject, reviews, settings
from tests.scenarios.billing_processes import audited
from tests.watched_documents import WatchedDocuments
from tests.world import World

FLAT = a_plan(fees=[a_fee("49.00")], anchor_day=1)
METERED = a_plan(plan_id="metered", metered=[a_meter("1.00")], anchor_day=1)
JANUARY, FEBRUARY = "sub-ada.20260101T000000Z.r0", "sub-ada.20260201T000000Z.r0"


@pytest.fixture
def world() -> World:
    """Ada pays 49.00 a month from January; it is the first of February."""
    world = World(tenant=a_tenant(approval=True))
    world.subscribes("ada", to=world.plan(FLAT), on="2026-01-01")
    world.travels_to("2026-02-01")
    return world


def test_a_run_holds_every_invoice_without_a_number_and_says_so(world: World) -> None:
    report = world.runs_billing()
    assert (report.invoices, report.revenue, report.settled) == ([], {}, 0)
    assert [(each.invoice.id, each.invoice.total) for each in report.held] == [(JANUARY, 4900)]
    assert report.held_totals == {"USD": 4900}
    [draft] = world.invoices()
    assert (draft.status, draft.number, draft.pending, draft.attachments) == (InvoiceStatus.DRAFT, "", (), ())
    [review] = reviews(world)
    assert (review.kind, review.entity, review.customer_id) == (ReviewKind.APPROVAL, f"invoices/{JANUARY}", "ada")
    assert review.reason == "every invoice waits for approval"
    assert world.stored("counters/invoice-2026-01") is None
    assert audited(world) == [("invoice.held", f"invoices/{JANUARY}")]
    [record] = world.collection("runs")
    assert (record.fields["generated"], record.fields["held"]) == (0, 1)


def test_an_approved_invoice_is_numbered_and_dated_as_of_its_approval_and_settled(world: World) -> None:
    world.runs_billing()
    world.travels_to("2026-02-05T10:00")
    report = approve(world)
    assert [each.number for each in report.approved] == ["INV-2026-01-0001"]
    [invoice] = world.invoices()
    assert (invoice.status, invoice.issued_at) == (InvoiceStatus.ISSUED, utc("2026-02-05T10:00"))
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 2, 5), date(2026, 3, 7))  # 30 days later
    assert (invoice.pending, len(invoice.attachments)) == ((), 2)
    assert invoice.payment_url == f"https://pay.example/{JANUARY}"
    [review] = reviews(world, status=ReviewStatus.RESOLVED)
    assert (review.resolution, review.actor) == (Resolution.APPROVED, "ada")
    assert review.resolved_at == utc("2026-02-05T10:00")
    assert world.subscription("sub-ada").recent == (4900,)
    assert ("invoice.issued", f"invoices/{JANUARY}") in audited(world)


def test_a_held_invoice_counts_as_recent_and_as_revenue_only_once_it_is_approved(world: World) -> None:
    world.runs_billing()
    assert world.subscription("sub-ada").recent == ()
    assert world.revenue("2026-01") == 0
    approve(world)
    assert world.subscription("sub-ada").recent == (4900,)
    assert world.revenue("2026-01") == 4900


def test_approving_twice_changes_nothing(world: World) -> None:
    world.runs_billing()
    approve(world, [JANUARY])
    before = world.everything()
    again = approve(world, [JANUARY, JANUARY])
    assert (again.approved, again.unchanged) == ([], [JANUARY])
    assert approve(world).approved == []
    assert world.everything() == before


def test_an_id_that_never_waited_is_told_and_stops_no_other(world: World) -> None:
    world.runs_billing()
    report = approve(world, ["sub-bob", JANUARY])
    assert [(each.invoice_id, str(each.error)) for each in report.failures] == [("sub-bob", "no invoice 'sub-bob'")]
    assert [each.number for each in report.approved] == ["INV-2026-01-0001"]
    assert [each.status for each in world.invoices()] == [InvoiceStatus.ISSUED]
    issued = World()
    issued.subscribes("ada", to=issued.plan(FLAT), on="2026-01-01")
    issued.travels_to("2026-02-01")
    issued.runs_billing()
    [never_waited] = approve(issued, [JANUARY]).failures
    assert isinstance(never_waited.error, InvoiceNotDraft)
    assert str(never_waited.error).startswith("invoice INV-2026-01-0001 is issued, no draft")


def test_numbers_follow_the_oldest_bill_and_then_the_customer_whatever_order_is_asked() -> None:
    world = World(tenant=a_tenant(approval=True))
    plan = world.plan(FLAT)
    for name, start in (("zoe", "2026-01-01"), ("amy", "2026-02-01"), ("bea", "2026-02-01")):
        world.subscribes(name, to=plan, on=start)
    world.travels_to("2026-03-01")
    world.runs_billing()
    asked = [each.id for each in sorted(world.invoices(), key=lambda each: each.customer_id)]
    assert [(each.customer_id, each.number) for each in approve(world, asked).approved] == [
        ("zoe", "INV-2026-01-0001"),
        ("amy", "INV-2026-02-0001"),
        ("bea", "INV-2026-02-0002"),
        ("zoe", "INV-2026-02-0003"),
    ]
    assert world.subscription("sub-zoe").recent == (4900, 4900)


def test_more_than_a_page_is_approved_in_one_row_of_numbers() -> None:
    world = World(tenant=a_tenant(approval=True))
    world.book(250, to=world.plan(FLAT), on="2026-01-01")
    world.travels_to("2026-02-01")
    assert len(world.runs_billing().held) == 250
    view = WatchedDocuments(world.documents)
    report = approve(world, through=view)
    assert [each.number for each in report.approved] == [f"INV-2026-01-{number:04}" for number in range(1, 251)]
    assert [each.customer_id for each in report.approved] == [f"c{number:04}" for number in range(250)]
    assert len(report.settled.done) == 250


def test_an_invoice_of_nothing_waits_too_and_is_paid_once_approved(world: World) -> None:
    world.subscribes("bob", to=world.plan(METERED), on="2026-01-01")
    world.runs_billing()
    assert len(reviews(world)) == 2
    approve(world)
    assert {each.customer_id: each.status for each in world.invoices()} == {
        "ada": InvoiceStatus.ISSUED,
        "bob": InvoiceStatus.PAID,
    }


def test_a_held_invoice_counts_towards_a_run_s_limit(world: World) -> None:
    world.subscribes("bob", to=FLAT, on="2026-01-01")
    report = world.runs_billing(limit=1)
    assert (len(report.held), report.complete) == (1, False)


def test_a_dry_run_names_what_it_would_hold_and_writes_nothing(world: World) -> None:
    before = world.everything()
    report = world.runs_billing(dry_run=True)
    assert [each.invoice.id for each in report.held] == [JANUARY]
    assert world.everything() == before


def test_a_run_goes_on_past_a_draft_that_waits(world: World) -> None:
    world.runs_billing()
    world.travels_to("2026-03-01")
    world.runs_billing()
    assert [each.id for each in world.invoices()] == [JANUARY, FEBRUARY]
    approve(world, [FEBRUARY])
    approve(world, [JANUARY])
    assert world.numbers() == ["INV-2026-01-0001", "INV-2026-02-0001"]


def test_a_rejected_draft_is_billed_anew_by_the_next_run_with_the_usage_that_came_since() -> None:
    world = World(tenant=a_tenant(approval=True))
    world.subscribes("ada", to=world.plan(METERED), on="2026-01-01")
    world.uses("sub-ada", "calls", "3", on="2026-01-10")
    world.travels_to("2026-02-01")
    world.runs_billing()
    world.uses("sub-ada", "calls", "4", on="2026-01-11")  # late, as January is closed
    assert world.rollup("sub-ada.calls.2026-01").late
    review = reject(world, JANUARY, note="the plan was wrong")
    assert (review.status, review.resolution, review.note) == (
        ReviewStatus.RESOLVED,
        Resolution.REJECTED,
        "the plan was wrong",
    )
    assert world.invoices() == []
    assert world.subscription("sub-ada").next_billing_at == utc("2026-02-01")
    rollup = world.rollup("sub-ada.calls.2026-01")
    assert (rollup.late, rollup.closed_until) == ({}, utc("2026-01-01"))
    world.travels_to("2026-02-02")
    world.runs_billing()
    assert [each.total for each in world.invoices()] == [700]
    assert [each.resolution for each in reviews(world, status=None)] == [Resolution.REJECTED, None]


def test_rejecting_twice_changes_nothing_and_a_note_is_needed(world: World) -> None:
    world.runs_billing()
    with pytest.raises(InvalidInput, match="note: expected what is wrong"):
        reject(world, JANUARY, note=" ")
    first = reject(world, JANUARY)
    before = world.everything()
    assert reject(world, JANUARY) == first
    assert world.everything() == before
    with pytest.raises(NotFound, match="no invoice 'sub-bob'"):
        reject(world, "sub-bob")


def test_a_draft_that_later_ones_rest_on_is_rejected_after_them(world: World) -> None:
    world.travels_to("2026-03-01")
    world.runs_billing()
    with pytest.raises(LaterBillMade, match=f"reject first {FEBRUARY}"):
        reject(world, JANUARY)
    reject(world, FEBRUARY)
    reject(world, JANUARY)
    assert world.subscription("sub-ada").next_billing_at == utc("2026-02-01")


def test_a_draft_that_an_issued_invoice_followed_is_approved_and_made_void(world: World) -> None:
    world.travels_to("2026-03-01")
    world.runs_billing()
    approve(world, [FEBRUARY])
    with pytest.raises(LaterBillMade, match="approve it, then void and reissue it"):
        reject(world, JANUARY)


def test_an_issued_invoice_is_not_rejected(world: World) -> None:
    world.runs_billing()
    approve(world)
    with pytest.raises(InvoiceNotDraft, match="by voiding and reissuing it, or by a credit note"):
        reject(world, JANUARY)


def test_the_last_draft_of_a_subscription_gives_its_customer_a_bill_to_come_again() -> None:
    world = World(tenant=a_tenant(approval=True))
    world.subscribes("ada", to=world.plan(FLAT), on="2026-01-01", until="2026-02-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    ended = world.stored("customers/ada")
    assert ended is not None
    assert (world.subscription("sub-ada").status, ended.fields["active_subscriptions"]) == (SubscriptionStatus.ENDED, 0)
    reject(world, JANUARY)
    again = world.stored("customers/ada")
    assert again is not None
    assert (world.subscription("sub-ada").status, again.fields["active_subscriptions"]) == (
        SubscriptionStatus.ACTIVE,
        1,
    )


def test_a_rejected_draft_gives_back_what_was_paid_ahead_before_it() -> None:
    """49.00 ahead for January is remembered; the February draft replaced it, and taking that back restores it."""
    world = World(tenant=a_tenant())
    ahead = world.plan(a_plan(fees=[a_fee("49.00")], anchor_day=1, billed=Billed.IN_ADVANCE))
    world.subscribes("ada", to=ahead, on="2026-01-01")
    world.travels_to("2026-01-01")
    world.runs_billing()
    before = world.subscription("sub-ada")
    settings(world, approval=True)
    world.travels_to("2026-02-01")
    world.runs_billing()
    assert world.subscription("sub-ada").prepaid != before.prepaid
    reject(world, FEBRUARY)
    assert world.subscription("sub-ada") == before


def test_a_rejected_draft_gives_back_the_late_usage_that_it_had_billed() -> None:
    """January's 3 calls are billed; 5 more of January come in February, and the February draft has them."""
    world = World()
    world.subscribes("ada", to=world.plan(METERED), on="2026-01-01")
    world.uses("sub-ada", "calls", "3", on="2026-01-10")
    world.travels_to("2026-02-01")
    world.runs_billing()
    late = ReportedUsage(
        id="late-1", subscription_id="sub-ada", meter="calls", occurred_at=utc("2026-01-12"), quantity=5
    )
    record_usage(world.documents, tenant_id="acme", events=[late], recorded_at=world.now)
    before, usage = world.subscription("sub-ada"), world.rollup("sub-ada.calls.2026-01")
    assert before.late_usage == ("sub-ada.calls.2026-01",)
    settings(world, approval=True)
    world.travels_to("2026-03-01")
    world.runs_billing()
    assert [each.total for each in world.invoices()] == [500, 300]  # the draft first, as it has no number
    assert world.subscription("sub-ada").late_usage == ()
    reject(world, FEBRUARY)
    assert world.subscription("sub-ada") == before
    assert world.rollup("sub-ada.calls.2026-01") == usage
    world.travels_to("2026-03-02")
    world.runs_billing()
    assert [each.total for each in world.invoices()] == [500, 300]


def test_a_rejected_bill_of_late_usage_alone_is_made_again() -> None:
    world = World(tenant=a_tenant())
    world.subscribes("ada", to=world.plan(METERED), on="2026-01-01", until="2026-02-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    late = ReportedUsage(
        id="late-1", subscription_id="sub-ada", meter="calls", occurred_at=utc("2026-01-12"), quantity=5
    )
    record_usage(world.documents, tenant_id="acme", events=[late], recorded_at=world.now)
    before = world.subscription("sub-ada")
    settings(world, approval=True)
    world.travels_to("2026-02-03")
    world.runs_billing()
    [draft, _] = world.invoices()
    assert (draft.id, draft.total) == ("sub-ada.20260101T000000Z-late-1.r0", 500)
    reject(world, draft.id)
    assert world.subscription("sub-ada") == before
    world.travels_to("2026-02-04")
    world.runs_billing()
    assert [each.id for each in world.invoices() if not each.number] == [draft.id]


def test_a_draft_whose_case_is_gone_is_not_decided_on(world: World) -> None:
    world.runs_billing()
    [review] = reviews(world)
    world.documents.commit([Delete(f"tenants/acme/reviews/{review.id}")])
    with pytest.raises(NotFound, match="no review"):
        reject(world, JANUARY)
    [without_case] = approve(world, [JANUARY]).failures
    assert str(without_case.error).startswith("no review")
    assert approve(world).approved == []


def test_a_balance_pays_an_invoice_when_it_is_approved_and_not_before(world: World) -> None:
    world.damages("customers/ada", {"credit_balance": 1000})
    world.runs_billing()
    assert [each.amount_paid for each in world.invoices()] == [0]
    approve(world)
    [invoice] = world.invoices()
    assert (invoice.amount_paid, invoice.amount_due, invoice.balance_applied) == (1000, 3900, 1000)
