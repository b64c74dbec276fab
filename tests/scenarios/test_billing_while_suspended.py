"""Bills of customers whose service is suspended, run by run: billed, left out, or caught up on return (semantics 5)."""

from collections.abc import Iterator
from typing import Any

import pytest

from billing.adapters.counting import CountingDocuments
from billing.domain.catalog import Billed
from billing.domain.customer import Customer
from billing.domain.dunning_policy import WhileSuspended
from billing.domain.invoice import Invoice
from billing.domain.period import Period
from billing.domain.run_comparison import Change, RunComparison
from billing.ports import Update
from billing.sandbox.server import RunningSandbox
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.usecases.compare_run import compare_run
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.preview_invoice import Preview, preview_invoices
from billing.usecases.record_usage import OutcomeStatus, ReportedUsage, record_usage
from billing.usecases.verify import VerifyRequest, verify
from tests.builders import a_fee, a_meter, a_plan, a_tenant, utc
from tests.collected_invoice import pay_by_transfer, running, sandbox, world
from tests.collecting import CardWorld
from tests.reviewing import approve, reissue, reject, settings, void
from tests.unpaid import suspended as dunned_until_suspended
from tests.unpaid import the_customer
from tests.world import World

__all__ = ["running", "sandbox", "world"]

BILL, SKIP, CATCH_UP = WhileSuspended.BILL, WhileSuspended.SKIP, WhileSuspended.CATCH_UP
ARREARS = a_plan(plan_id="arrears", fees=[a_fee("31.00")], metered=[a_meter("1.00")], anchor_day=1)
AHEAD = a_plan(plan_id="ahead", fees=[a_fee("60.00")], anchor_day=1, billed=Billed.IN_ADVANCE)
BOOKS: list[World] = []


@pytest.fixture(autouse=True)
def each_book_verifies() -> Iterator[None]:
    """Whatever a test does, each invoice can be computed again, and each period without one has its reason."""
    BOOKS.clear()
    yield
    for book in BOOKS:
        request = VerifyRequest(tenant_id="acme", as_of=book.now, objects=False)
        assert verify(book.documents, book.objects, request).findings.kept == []


def opened(rule: WhileSuspended, **changes: Any) -> World:  # noqa: ANN401 - any field of the tenant
    """Acme has two subscriptions, in arrears and in advance; February is billed, and March ahead."""
    world = World(tenant=a_tenant(while_suspended=rule, **changes))
    BOOKS.append(world)
    world.subscribes("acme", to=world.plan(ARREARS), on="2026-02-01", named="past")
    world.subscribes("acme", to=world.plan(AHEAD), on="2026-02-01", named="ahead")
    world.travels_to("2026-03-01")
    world.runs_billing()
    return world


def customers(world: World) -> tuple[Customers, Stored[Customer]]:
    found = Customers.of(world.documents, "acme")
    [stored] = found.get(["acme"])
    assert stored is not None
    return found, stored


def suspended(world: World, at: str) -> None:
    world.travels_to(at)
    found, stored = customers(world)
    world.documents.commit([found.serviced(stored, suspended_at=world.now, reason="INV-2026-02-0001 is unpaid")])


def back(world: World, at: str) -> None:
    world.travels_to(at)
    found, stored = customers(world)
    world.documents.commit([found.restored(stored, at=world.now)])


def billed_on(world: World, day: str) -> tuple[dict[str, int], int]:
    """The subtotals of a run by invoice, and how many bills it left out or waits with; again, it does nothing more."""
    world.travels_to(day)
    planned = world.runs_billing(dry_run=True)
    report = world.runs_billing()
    assert (planned.invoices, planned.skipped, planned.failures) == (report.invoices, report.skipped, [])
    again = world.runs_billing()
    assert (again.invoices, again.complete) == ([], True)
    found = {each.id: each.subtotal for each in world.invoices()}
    return {each.id.removesuffix("T000000Z.r0"): found[each.id] for each in report.invoices}, report.skipped[
        "suspended"
    ]


def uses(world: World, calls: int, *, on: str) -> OutcomeStatus:
    event = ReportedUsage(id=f"calls-{on}", subscription_id="past", meter="calls", occurred_at=utc(on), quantity=calls)
    recorded_at = max(world.now, utc(on))
    [outcome] = record_usage(world.documents, tenant_id="acme", events=[event], recorded_at=recorded_at)
    return outcome.status


def two_months(rule: WhileSuspended) -> World:
    """Suspended from 21 March to 10 May, with usage before, in and after it."""
    world = opened(rule)
    for day, calls in (("2026-03-10", 5), ("2026-03-25", 7), ("2026-04-10", 11), ("2026-05-05", 13)):
        assert uses(world, calls, on=day) is OutcomeStatus.ACCEPTED
    suspended(world, "2026-03-21T09:00")
    return world


def test_by_default_a_suspended_customer_is_billed_as_ever() -> None:
    world = two_months(BILL)
    assert billed_on(world, "2026-04-01") == ({"past.20260301": 3100 + 1200, "ahead.20260401": 6000}, 0)
    assert billed_on(world, "2026-05-01") == ({"past.20260401": 3100 + 1100, "ahead.20260501": 6000}, 0)


def test_skip_leaves_the_suspended_days_out() -> None:
    world = two_months(SKIP)
    # 20 of 31 days of March and the calls of the 10th; April is not billed ahead
    assert billed_on(world, "2026-04-01") == ({"past.20260301": 2000 + 500}, 1)
    assert billed_on(world, "2026-05-01") == ({}, 2)
    back(world, "2026-05-10T12:00")
    uses(world, 17, on="2026-05-20")
    # from 10 May on 22 of 31 days: 22.00 of 31.00, and 42.58 of 60.00 before June's 60.00
    assert billed_on(world, "2026-06-01") == ({"past.20260501": 2200 + 1700, "ahead.20260601": 4258 + 6000}, 0)
    assert billed_on(world, "2026-07-01") == ({"past.20260601": 3100, "ahead.20260701": 6000}, 0)


def test_each_bill_that_is_left_out_is_on_record() -> None:
    world = two_months(SKIP)
    billed_on(world, "2026-04-01")
    found = AuditLog.of(world.documents, "acme").about("subscriptions/ahead")
    record = next(each for each in found if each.event == "subscription.not_billed")
    assert (record.before, record.after) == ("2026-04-01T00:00:00+00:00", "2026-05-01T00:00:00+00:00")
    assert record.reason.startswith("suspended by run")


def test_catch_up_bills_nothing_until_the_return_and_then_every_month_in_order() -> None:
    world = two_months(CATCH_UP)
    assert billed_on(world, "2026-04-01") == ({}, 2)
    assert billed_on(world, "2026-05-01") == ({}, 2)
    assert world.subscription("past").next_billing_at == utc("2026-04-01")
    back(world, "2026-05-10T12:00")
    report = world.runs_billing()
    assert [each.number for each in report.invoices] == [
        "INV-2026-04-0001",
        "INV-2026-03-0002",
        "INV-2026-05-0001",
        "INV-2026-04-0002",
    ]
    assert {each.id: each.subtotal for each in world.invoices() if each.issued_at == world.now} == {
        "ahead.20260401T000000Z.r0": 6000,
        "past.20260301T000000Z.r0": 3100 + 1200,
        "ahead.20260501T000000Z.r0": 6000,
        "past.20260401T000000Z.r0": 3100 + 1100,
    }


def test_other_customers_are_billed_beside_one_that_waits() -> None:
    world = opened(CATCH_UP)
    world.subscribes("other", to=ARREARS, on="2026-03-01")
    suspended(world, "2026-03-21T09:00")
    assert billed_on(world, "2026-04-01") == ({"sub-other.20260301": 3100}, 2)


def test_who_waits_costs_a_run_two_reads_and_no_write() -> None:
    world = opened(CATCH_UP)
    suspended(world, "2026-03-21T09:00")
    world.travels_to("2026-04-01")
    counted = CountingDocuments(world.documents)
    report = world.runs_billing(through=counted, sweeps=False)
    assert (report.skipped["suspended"], report.complete) == (2, True)
    assert counted.counts.writes == 1  # the run's own record


def test_the_last_bill_waits_for_the_return_as_well() -> None:
    world = World(tenant=a_tenant(while_suspended=CATCH_UP))
    BOOKS.append(world)
    world.subscribes("acme", to=world.plan(ARREARS), on="2026-03-01", until="2026-03-29", named="past")
    suspended(world, "2026-03-21T09:00")
    assert billed_on(world, "2026-04-01") == ({}, 1)
    back(world, "2026-04-02T10:00")
    assert billed_on(world, "2026-04-03") == ({"past.20260301": 2800}, 0)


@pytest.mark.parametrize("late_on", ["2026-03-25", "2026-04-10"])
def test_usage_of_suspended_days_that_comes_late_is_not_billed(late_on: str) -> None:
    world = two_months(SKIP)
    billed_on(world, "2026-04-01")
    back(world, "2026-05-02T12:00")
    billed_on(world, "2026-05-03")
    assert uses(world, 1000, on=f"{late_on}T08:00") is OutcomeStatus.ACCEPTED
    assert uses(world, 3, on="2026-03-11T08:00") is OutcomeStatus.ACCEPTED
    past, _ = billed_on(world, "2026-06-01")
    # 2 to 31 May are 30 of 31 days: 30.00; the calls of 5 May; three late ones of 11 March
    assert past["past.20260501"] == 3000 + 1300 + 300


def test_an_invoice_that_left_days_out_is_made_again_without_them_whatever_the_setting_is_then() -> None:
    world = two_months(SKIP)
    billed_on(world, "2026-04-01")
    void(world, "INV-2026-03-0002")
    settings(world, while_suspended=BILL)
    assert reissue(world, "INV-2026-03-0002").subtotal == 2000 + 500


def test_a_draft_that_is_rejected_is_drafted_again_alike() -> None:
    world = two_months(SKIP)
    settings(world, approval=True)
    world.travels_to("2026-04-01")
    [held] = world.runs_billing().held
    reject(world, held.invoice.id)
    world.travels_to("2026-04-02")
    [again] = world.runs_billing().held
    assert (again.invoice.id, again.invoice.total) == (held.invoice.id, 2500)
    approve(world)
    assert world.invoices()[-1].subtotal == 2500


def test_the_setting_of_the_moment_decides_and_what_was_decided_stands() -> None:
    world = two_months(SKIP)
    billed_on(world, "2026-04-01")
    settings(world, while_suspended=BILL)
    # April was not billed ahead: all of it follows now, with May
    assert billed_on(world, "2026-05-01") == ({"past.20260401": 3100 + 1100, "ahead.20260501": 6000 + 6000}, 0)


def test_days_that_dunning_suspended_until_the_payment_came_are_left_out(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    settings(world, while_suspended=SKIP)
    invoice = dunned_until_suspended(sandbox, world)  # on 22 February
    world.travels_to("2026-02-26T10:00")
    pay_by_transfer(world, invoice)
    customer = the_customer(world)
    assert (customer.suspended_at, customer.suspension_reason) == (None, "")
    assert customer.suspensions == (Period(utc("2026-02-22T01:00"), utc("2026-02-26T10:00")),)
    world.travels_to("2026-03-01")
    world.runs_billing(sweeps=False)
    # 22 to 25 February are left out: 24 of 28 days of 49.00
    assert world.invoices("lumen")[-1].subtotal == 4200


def previewed(world: World, at: str) -> dict[str, Preview]:
    found = preview_invoices(world.documents, tenant_id="acme", at=utc(at), customer_id="acme")
    return {each.subscription_id: each for each in found}


def test_a_preview_says_what_the_run_will() -> None:
    world = two_months(SKIP)
    found = previewed(world, "2026-04-01")
    assert isinstance(found["past"].outcome, Invoice)
    assert (found["past"].outcome.subtotal, found["ahead"].outcome) == (2500, "suspended")
    settings(world, while_suspended=CATCH_UP)
    waiting = previewed(world, "2026-06-20")
    assert [(each.outcome, each.bill_for_date) for each in waiting.values()] == [("suspended", utc("2026-04-01"))] * 2


def compared(world: World) -> RunComparison:
    drafted: list[Invoice] = []
    generate_invoices(world.documents, world.request(dry_run=True), RunOptions(on_invoice=drafted.append))
    return compare_run(world.documents, drafted, tenant_id="acme", as_of=world.now)


@pytest.mark.parametrize(
    ("rule", "change"), [(SKIP, Change.SUSPENDED), (CATCH_UP, Change.SUSPENDED), (BILL, Change.SAME)]
)
def test_a_comparison_tells_the_suspended_from_the_missing(rule: WhileSuspended, change: Change) -> None:
    world = opened(rule)
    suspended(world, "2026-03-21T09:00")
    world.travels_to("2026-04-01")
    [ahead] = [each for each in compared(world).bills if each.subscription_id == "ahead"]
    assert ahead.change is change


def test_a_period_that_nobody_left_out_is_still_found_missing() -> None:
    world = opened(SKIP)
    BOOKS.clear()
    suspended(world, "2026-04-05T09:00")
    path = world.documents.get_many(["tenants/acme/subscriptions/past"])[0]
    assert path is not None
    world.documents.commit([Update(path.path, {"next_billing_at": utc("2026-05-01")})])
    world.travels_to("2026-04-20")
    request = VerifyRequest(tenant_id="acme", as_of=world.now, objects=False)
    [found] = verify(world.documents, world.objects, request).findings.kept
    assert "has no bill for 2026-03-01 to 2026-04-01: by the stored facts it comes to 31.00 USD" in found.message
