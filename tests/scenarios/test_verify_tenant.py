"""A tenant with everything that moves on: bills ahead, credits, changes, coupons, late usage, void and new bills."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

import pytest

from billing.domain.catalog import Billed
from billing.domain.coupon import Coupon
from billing.domain.finding import Finding
from billing.domain.item_changes import set_quantity
from billing.domain.period import Cycle, Unit
from billing.domain.subscription import Item, OneTimeCharge, Subscription
from billing.domain.subscription_changes import change_plan, end_subscription
from billing.domain.tax import TaxTable
from billing.ports import Delete, Document, Documents, Query
from billing.store.coupons import Coupons
from billing.store.subscriptions import subscription_fields
from billing.store.tenants import Tenants
from billing.usecases.change_subscription import add_one_time_charge, apply_coupon
from billing.usecases.correct_plan import correct_plan
from billing.usecases.record_payment import record_payment
from billing.usecases.record_usage import ReportedUsage, record_usage
from billing.usecases.verify import VerifyReport, VerifyRequest, verify
from tests.builders import API_CALLS, a_fee, a_plan, a_rate, a_tenant, utc
from tests.paying import cheque
from tests.reviewing import approve, call, reissue, reject, settings, void
from tests.world import World

SEAT = a_fee("10.00", charge_id="seat")
AHEAD = a_plan(plan_id="ahead", fees=[a_fee("31.00")], addons=[SEAT], anchor_day=1, billed=Billed.IN_ADVANCE)
BIGGER = a_plan(plan_id="bigger", fees=[a_fee("62.00")], addons=[SEAT], anchor_day=1, billed=Billed.IN_ADVANCE)
YEARLY = a_plan(
    plan_id="yearly",
    fees=[a_fee("310.00")],
    metered=[API_CALLS],
    cycle=Cycle(1, Unit.YEAR),
    billed=Billed.IN_ADVANCE,
)
USAGE = a_plan(plan_id="usage", metered=[API_CALLS], anchor_day=1)
TENTH = Coupon(coupon_id="TENTH", name="A tenth off", percent=Decimal(10), periods=2)


@pytest.fixture
def world() -> World:
    return busy()


def busy() -> World:
    """January to May of five customers, each with a life of its own."""
    world = opened()
    bills(world, "2026-01-15")
    uses(world, "sub-cyd", 12_345, on="2026-01-10", event_id="c1")
    uses(world, "sub-eve", 20_000, on="2026-01-31", event_id="e1")
    bills(world, "2026-02-01")
    changes(world, "sub-ada", lambda ada: with_seats(ada, "3", at="2026-02-11"))
    changes(world, "sub-dan", lambda dan: end_subscription(dan, at=utc("2026-02-15")))
    world.travels_to("2026-02-16")
    uses(world, "sub-cyd", 2_109, on="2026-01-27", event_id="c2")  # too late for January
    void(world, invoice_of(world, "sub-eve").number)
    reissue(world, invoice_of(world, "sub-eve").number)
    bills(world, "2026-03-01")
    changes(
        world,
        "sub-ada",
        lambda ada: set_quantity(ada, "seat", quantity=Decimal(5), at=utc("2026-03-05"), plans=world.plans),
    )
    changes(world, "sub-ada", lambda ada: change_plan(ada, plan=BIGGER, plans=world.plans, at=utc("2026-03-11")))
    changes(world, "sub-eve", lambda eve: change_plan(eve, plan=YEARLY, plans=world.plans, at=utc("2026-03-20")))
    bills(world, "2026-05-01")
    return world


def opened() -> World:
    """The customers, and what they agreed to."""
    world = World(taxes=TaxTable(rates=(a_rate("19"),)))
    for plan in (AHEAD, BIGGER, USAGE, YEARLY):
        world.plan(plan)
    world.documents.commit([Coupons.of(world.documents, "acme").publication(TENTH)])
    world.subscribes("ada", to=AHEAD, on="2026-01-01")  # more seats in mid February, the bigger plan in mid March
    world.subscribes("bob", to=AHEAD, on="2026-01-15")  # a coupon for two bills and a one-time charge
    world.subscribes("cyd", to=USAGE, on="2026-01-01")  # usage in time and late
    world.subscribes("dan", to=AHEAD, on="2026-01-01")  # ends in mid February: a credit note
    world.subscribes("eve", to=USAGE, on="2026-01-01")  # its January is void and reissued
    now = call(world)
    apply_coupon(world.documents, "sub-bob", coupon_id="TENTH", call=now)
    setup = OneTimeCharge(
        id="setup", name="Setup", quantity=Decimal(1), unit_price=Decimal("99.99"), charged_at=utc("2026-01-20")
    )
    add_one_time_charge(world.documents, "sub-bob", one_time=setup, call=now)
    return world


def bills(world: World, on: str) -> None:
    world.travels_to(on)
    assert world.runs_billing().failures == []


def uses(world: World, subscription_id: str, quantity: int, *, on: str, event_id: str) -> None:
    event = ReportedUsage(
        id=event_id, subscription_id=subscription_id, meter="calls", occurred_at=utc(on), quantity=quantity
    )
    [outcome] = record_usage(world.documents, tenant_id="acme", events=[event], recorded_at=max(world.now, utc(on)))
    assert outcome.status == "accepted", outcome


def with_seats(subscription: Subscription, quantity: str, *, at: str) -> Subscription:
    item = Item(id="seat", charge_id="seat", quantity=Decimal(quantity), start=utc(at))
    return replace(subscription, items=(*subscription.items, item))


def changes(world: World, subscription_id: str, change: Any) -> None:  # noqa: ANN401 - what takes and gives one
    changed = change(world.subscription(subscription_id))
    world.damages(f"subscriptions/{subscription_id}", subscription_fields(changed))


def invoice_of(world: World, subscription_id: str) -> Any:  # noqa: ANN401 - an invoice
    [first, *_] = [each for each in world.invoices() if each.subscription_id == subscription_id]
    return first


def verified(world: World, **changes: Any) -> VerifyReport:  # noqa: ANN401 - any field of the request
    request = VerifyRequest(tenant_id="acme", as_of=world.now, **changes)
    return verify(world.documents, world.objects, request)


def named(findings: Iterable[Finding]) -> set[tuple[str, str, str]]:
    return {(each.kind.value, each.entity, each.field) for each in findings}


def test_all_of_it_is_clean(world: World) -> None:
    report = verified(world)

    assert report.findings.kept == []
    kinds = {line.kind.value for invoice in world.invoices() for line in invoice.lines}
    assert kinds == {"flat", "proration", "usage", "one_time", "discount"}
    assert len(world.credit_notes()) == 1
    assert any("late usage" in line.description for invoice in world.invoices() for line in invoice.lines)
    assert [each.status.value for each in world.invoices("eve")][:2] == ["void", "issued"]
    assert report.read["recomputed"] == len(world.invoices()) + 1
    assert "not_recomputable" not in report.read


@pytest.mark.parametrize("month", ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"])
def test_each_month_alone_is_clean(world: World, month: str) -> None:
    assert verified(world, periods=(month,)).findings.kept == []


def test_a_late_bucket_changed_after_it_was_billed_is_named_with_its_line(world: World) -> None:
    rollup = world.stored("usage/sub-cyd.calls.2026-01")
    assert rollup is not None
    [billed] = cast("list[dict[str, Any]]", rollup.fields["late_billed"])
    world.damages("usage/sub-cyd.calls.2026-01", {"late_billed": [{**billed, "buckets": {"20260127T000000Z": "2110"}}]})

    found = named(verified(world).findings.kept)

    line = "line 'API calls - late usage 2026-01-01 to 2026-01-31'"
    entity = "invoices/sub-cyd.20260201T000000Z.r0"
    assert ("invoice_differs", entity, f"{line}: quantity") in found
    assert ("usage_differs", "usage/sub-cyd.calls.2026-01", "2026-01-27") in found
    assert {each[1] for each in found} == {entity, "usage/sub-cyd.calls.2026-01"}


def test_a_removed_credit_note_is_missed_by_its_record_its_number_and_its_period(world: World) -> None:
    [note] = world.credit_notes()
    world.documents.commit([Delete(f"tenants/acme/credit_notes/{note.id}")])

    found = {(each.kind.value, each.entity, each.name) for each in verified(world).findings.kept}

    assert {("invoice_missing", f"credit_notes/{note.id}", note.number)} <= found
    assert {kind for kind, _, _ in found} == {"invoice_missing", "number_missing", "period_not_billed"}


def test_a_changed_credit_is_named(world: World) -> None:
    [note] = world.credit_notes()
    world.damages(f"credit_notes/{note.id}", {"total": note.total + 1})

    found = named(verified(world).findings.kept)

    assert found == {
        ("invoice_differs", f"credit_notes/{note.id}", "total"),
        ("invoice_does_not_add_up", f"credit_notes/{note.id}", "total"),
    }


def test_a_changed_tax_rate_is_named_on_what_was_taxed_by_it(world: World) -> None:
    dearer = TaxTable(rates=(a_rate("20"),))
    world.documents.commit([Tenants(world.documents).saving_taxes("acme", dearer)])

    found = verified(world).findings

    assert {each.kind.value for each in found.kept} == {"invoice_differs"}
    assert "VAT 19% (DE)" in next(each.stored for each in found.kept if each.field == "tax row")


def test_what_a_customer_is_taxed_by_today_changes_nothing_of_what_was_billed(world: World) -> None:
    customer = world.stored("customers/ada")
    assert customer is not None
    world.damages("customers/ada", {"tax": {**customer.fields["tax"], "country": "FR"}})  # type: ignore[dict-item]

    assert verified(world).findings.kept == []


def test_a_void_invoice_may_stay_without_another(world: World) -> None:
    number = invoice_of(world, "sub-cyd").number
    void(world, number)

    assert verified(world).findings.kept == []


def test_drafts_approved_rejected_or_waiting_are_no_findings() -> None:
    world = World(tenant=a_tenant(approval=True))
    world.subscribes("ada", to=world.plan(USAGE), on="2026-01-01")
    world.subscribes("bob", to=USAGE, on="2026-01-01")
    world.subscribes("cyd", to=USAGE, on="2026-01-01")
    bills(world, "2026-02-01")
    approve(world, ["sub-ada.20260101T000000Z.r0"])
    reject(world, "sub-bob.20260101T000000Z.r0")

    assert verified(world).findings.kept == []
    assert verified(world, periods=("2026-01",)).findings.kept == []

    settings(world, approval=False)
    bills(world, "2026-03-01")
    assert verified(world).findings.kept == []


def test_a_cycle_with_nothing_to_bill_needs_no_invoice_until_something_is_found_in_it() -> None:
    world = World()
    only_seats = a_plan(plan_id="seats", addons=[SEAT], anchor_day=1)
    world.subscribes("ada", to=world.plan(only_seats), on="2026-01-01")
    bills(world, "2026-03-01")

    report = verified(world)

    assert (report.findings.kept, report.read["skips_recomputed"]) == ([], 2)
    changes(world, "sub-ada", lambda ada: with_seats(ada, "2", at="2026-02-01"))
    [found] = verified(world).findings.kept
    assert (found.kind.value, found.name) == ("period_not_billed", "sub-ada.20260201T000000Z")
    assert "20.00 USD" in found.message


def test_what_was_paid_ahead_needs_no_last_invoice() -> None:
    world = World()
    world.subscribes("ada", to=world.plan(AHEAD), on="2026-01-01", until="2026-03-01")
    bills(world, "2026-03-01")

    report = verified(world)

    assert [each.period.start for each in world.invoices()] == [utc("2026-01-01"), utc("2026-02-01")]
    assert report.findings.kept == []
    assert report.read["skips_recomputed"] == 1


def test_a_zero_total_is_a_reason_where_the_tenant_skips_such() -> None:
    world = World(tenant=a_tenant(skip_zero_invoices=True))
    world.subscribes("ada", to=world.plan(USAGE), on="2026-01-01")
    bills(world, "2026-02-01")
    assert verified(world).findings.kept == []

    settings(world, skip_zero_invoices=False)
    [found] = verified(world).findings.kept
    assert found.kind.value == "period_not_billed"


def test_a_billing_date_that_is_none_is_named(world: World) -> None:
    world.damages("subscriptions/sub-cyd", {"next_billing_at": utc("2026-06-17")})

    kinds = {(each.kind.value, each.entity) for each in verified(world).findings.kept}

    assert ("billing_date_wrong", "subscriptions/sub-cyd") in kinds


def test_late_usage_after_the_last_bill_is_verified_like_any_other() -> None:
    world = World()
    world.subscribes("ada", to=world.plan(USAGE), on="2026-01-01", until="2026-02-01")
    uses(world, "sub-ada", 20_000, on="2026-01-10", event_id="a1")
    bills(world, "2026-02-01")
    uses(world, "sub-ada", 1_000, on="2026-01-11", event_id="a2")
    bills(world, "2026-02-03")

    report = verified(world)

    assert [each.id for each in world.invoices()] == [
        "sub-ada.20260101T000000Z.r0",
        "sub-ada.20260101T000000Z-late-1.r0",
    ]
    assert (report.findings.kept, report.read["recomputed"]) == ([], 2)


def test_an_invoice_from_before_its_basis_was_kept_is_checked_by_itself_alone(world: World) -> None:
    world.damages("invoices/sub-cyd.20260101T000000Z.r0", {"basis": None})

    report = verified(world, objects=False)

    assert (report.findings.kept, report.read["not_recomputable"]) == ([], 1)


def test_a_void_invoice_stays_provable_after_its_plan_was_corrected() -> None:
    world = World()
    wrong = world.plan(a_plan(fees=[a_fee("490.00")], anchor_day=1))
    right = world.plan(a_plan(fees=[a_fee("49.00")], anchor_day=1, version=2))
    world.subscribes("ada", to=wrong, on="2026-01-01")
    bills(world, "2026-02-01")
    number = invoice_of(world, "sub-ada").number
    void(world, number)
    corrected = correct_plan(
        world.documents, wrong=wrong.ref, right=right.ref, call=call(world), since=utc("2026-01-01")
    )
    reissue(world, number)

    assert (corrected.corrected, [each.total for each in world.invoices()]) == (["sub-ada"], [49_000, 4_900])
    assert verified(world).findings.kept == []


def test_payments_change_nothing_of_what_an_invoice_said(world: World) -> None:
    invoice = invoice_of(world, "sub-ada")
    record_payment(world.documents, cheque(world, invoice.total - 1, invoice.id, id="wire-1"), call=call(world))

    report = verified(world)

    assert invoice_of(world, "sub-ada").amount_due == 1
    assert report.findings.kept == []


def test_usage_that_comes_while_the_books_are_verified_is_no_finding(world: World) -> None:
    """It is recorded after the roll-up was read and before its events are added up."""
    meanwhile = BetweenReads(world.documents, lambda: uses(world, "sub-cyd", 7, on="2026-04-30", event_id="now"))

    report = verify(meanwhile, world.objects, VerifyRequest(tenant_id="acme", as_of=world.now))

    assert meanwhile.done
    assert report.findings.kept == []


class BetweenReads:
    """Passes everything on, and does something once before the first query for events."""

    def __init__(self, inner: Documents, work: Callable[[], None]) -> None:
        self._inner = inner
        self._work = work
        self.done = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        return getattr(self._inner, name)

    def query(self, query: Query) -> list[Document]:
        if query.collection.endswith("/usage_events") and not self.done:
            self.done = True
            self._work()
        return self._inner.query(query)
