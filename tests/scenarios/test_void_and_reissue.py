"""An issued invoice that is wrong becomes void, keeps its number, and its period is invoiced again as a revision."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.domain.catalog import Billed
from billing.domain.coupon import Coupon, Discount
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_life import InvoiceNotVoid, InvoiceNotVoidable, RevisionExists
from billing.domain.life_change import Pausing
from billing.domain.subscription import OneTimeCharge, UnknownPlan
from billing.domain.subscription_changes import end_subscription
from billing.ports import Delete, Value
from billing.store.coupons import Coupons
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.store.subscriptions import subscription_fields
from billing.usecases.change_life import change_life
from billing.usecases.change_subscription import apply_coupon, remove_coupon
from billing.usecases.record_usage import ReportedUsage, record_usage
from tests.builders import a_fee, a_meter, a_party, a_plan, a_tenant, shown, utc
from tests.reviewing import call, reissue, reviews, void
from tests.scenarios.billing_processes import audited
from tests.world import World

USAGE = a_plan(plan_id="usage", fees=[a_fee("49.00")], metered=[a_meter("1.00")], anchor_day=1)
AHEAD = a_plan(plan_id="ahead", fees=[a_fee("31.00")], anchor_day=1, billed=Billed.IN_ADVANCE)
JANUARY = "sub-ada.20260101T000000Z"


@pytest.fixture
def world() -> World:
    """Ada owes 49.00 and 3 calls for January, issued on the first of February."""
    world = World()
    world.subscribes("ada", to=world.plan(USAGE), on="2026-01-01")
    world.uses("sub-ada", "calls", "3", on="2026-01-10")
    world.travels_to("2026-02-01")
    world.runs_billing()
    return world


def invoice(world: World, invoice_id: str) -> Invoice:
    [found] = Invoices.of(world.documents, world.tenant.id).get([invoice_id])
    assert found is not None
    return found.value


def moves(world: World, customer_id: str, city: str) -> None:
    """The customer has another address from now on."""
    customers = Customers.of(world.documents, world.tenant.id)
    [customer] = customers.get([customer_id])
    assert customer is not None
    write = customers.creation(replace(customer.value, party=a_party(city=city)))
    world.damages(f"customers/{customer_id}", {"party": write.fields["party"]})


def ends(world: World, subscription_id: str, *, at: str) -> None:
    """The subscription ends."""
    ended = end_subscription(world.subscription(subscription_id), at=utc(at))
    world.damages(f"subscriptions/{subscription_id}", subscription_fields(ended))


def test_a_void_invoice_keeps_its_number_its_pdf_and_everything_it_said(world: World) -> None:
    before = invoice(world, f"{JANUARY}.r0")
    after = void(world, "INV-2026-01-0001", reason="the address was wrong")
    assert after == replace(before, status=InvoiceStatus.VOID)
    assert invoice(world, f"{JANUARY}.r0") == after
    assert after.amount_due == 0
    assert world.stored(f"invoices/{JANUARY}.r0").fields["amount_due"] == 0  # type: ignore[union-attr]
    assert ("invoice.voided", f"invoices/{JANUARY}.r0") in audited(world)
    assert world.revenue("2026-01") == 0
    assert world.subscription("sub-ada").recent == ()


def test_void_twice_is_void_once_and_a_reason_is_needed(world: World) -> None:
    with pytest.raises(InvalidInput, match="reason: expected why"):
        void(world, "INV-2026-01-0001", reason="")
    first = void(world, "INV-2026-01-0001")
    before = world.everything()
    assert void(world, f"{JANUARY}.r0") == first
    assert world.everything() == before
    with pytest.raises(NotFound):
        void(world, "INV-2026-01-0002")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"status": "paid", "amount_paid": 5200}, "it is paid: write a credit note"),
        ({"amount_paid": 100}, "a part of it is paid or credited: write a credit note for the rest"),
        ({"status": "uncollectible"}, "it is uncollectible: write a credit note"),
        ({"status": "draft", "number": ""}, "it is a draft: reject it"),
    ],
)
def test_what_is_paid_written_off_or_a_draft_is_not_voidable(
    world: World, fields: dict[str, object], message: str
) -> None:
    world.damages(f"invoices/{JANUARY}.r0", fields)  # type: ignore[arg-type]
    before = world.everything()
    with pytest.raises(InvoiceNotVoidable, match=message):
        void(world, f"{JANUARY}.r0")
    assert world.everything() == before


def test_an_invoice_of_nothing_is_paid_at_once_and_can_be_void_all_the_same() -> None:
    world = World()
    world.subscribes("ada", to=world.plan(a_plan(metered=[a_meter("1.00")], anchor_day=1)), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    assert invoice(world, f"{JANUARY}.r0").status is InvoiceStatus.PAID
    assert void(world, "INV-2026-01-0001").status is InvoiceStatus.VOID


def test_a_void_invoice_is_drawn_by_the_next_run_if_it_was_not_and_nothing_else_is_done_with_it() -> None:
    world = World()
    world.subscribes("ada", to=world.plan(USAGE), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing(sweeps=False, render=lambda invoices: iter(()))
    assert invoice(world, f"{JANUARY}.r0").attachments == ()
    void(world, "INV-2026-01-0001")
    world.runs_billing()
    drawn = invoice(world, f"{JANUARY}.r0")
    assert (drawn.status, drawn.pending, len(drawn.attachments)) == (InvoiceStatus.VOID, (), 2)
    assert world.objects.get(drawn.attachments[0].key) == b"%PDF INV-2026-01-0001 4900 issued 0"


def test_a_reissued_invoice_is_a_revision_with_a_new_number_of_what_is_known_now(world: World) -> None:
    void(world, "INV-2026-01-0001")
    moves(world, "ada", "Hamburg")
    world.travels_to("2026-02-10")
    before = world.subscription("sub-ada")
    issued = reissue(world, "INV-2026-01-0001")
    assert (issued.id, issued.number, issued.revision) == (f"{JANUARY}.r1", "INV-2026-01-0002", 1)
    assert (issued.replaces, issued.buyer.city) == ("INV-2026-01-0001", "Hamburg")
    assert (issued.total, issued.issued_on, issued.due_on) == (5200, date(2026, 2, 10), date(2026, 3, 12))
    assert world.subscription("sub-ada") == replace(before, recent=(5200,))
    stored = invoice(world, f"{JANUARY}.r1")
    assert (stored.status, stored.pending, len(stored.attachments)) == (InvoiceStatus.ISSUED, (), 2)
    assert invoice(world, f"{JANUARY}.r0").buyer.city == "Berlin"
    world.travels_to("2026-03-01")
    world.runs_billing()
    assert [each.number for each in world.invoices()] == ["INV-2026-01-0001", "INV-2026-01-0002", "INV-2026-02-0001"]


def test_only_the_latest_void_revision_is_reissued(world: World) -> None:
    with pytest.raises(InvoiceNotVoid, match="INV-2026-01-0001 is issued: void it before"):
        reissue(world, "INV-2026-01-0001")
    void(world, "INV-2026-01-0001")
    reissue(world, "INV-2026-01-0001")
    before = world.everything()
    with pytest.raises(RevisionExists, match="replaced by invoice INV-2026-01-0002, which is issued"):
        reissue(world, "INV-2026-01-0001")
    assert world.everything() == before
    void(world, "INV-2026-01-0002")
    assert reissue(world, "INV-2026-01-0002").number == "INV-2026-01-0003"


def test_a_reissue_waits_for_nobody_as_it_is_a_decision_itself(world: World) -> None:
    void(world, "INV-2026-01-0001")
    world.tenant = a_tenant(approval=True)
    assert reissue(world, "INV-2026-01-0001").status is InvoiceStatus.ISSUED
    assert reviews(world) == []


def test_what_a_void_invoice_had_billed_ahead_is_never_credited_and_what_replaced_it_is() -> None:
    """31.00 ahead for 31 days of January; the end on the 11th leaves 21 days, 21.00, unused."""
    never, replaced = (World(), World())
    for world in (never, replaced):
        world.subscribes("ada", to=world.plan(AHEAD), on="2026-01-01")
        world.travels_to("2026-01-01")
        world.runs_billing()
        void(world, "INV-2026-01-0001")
    assert reissue(replaced, "INV-2026-01-0001").number == "INV-2026-01-0002"
    for world in (never, replaced):
        ends(world, "sub-ada", at="2026-01-11")
        world.travels_to("2026-01-11")
        world.runs_billing()
    assert (never.credit_notes(), len(never.invoices())) == ([], 1)
    [note] = replaced.credit_notes()
    assert (note.total, note.invoice_id) == (2100, f"{JANUARY}.r1")


def test_an_invoice_that_a_later_one_gave_a_part_back_of_is_not_voidable_before_that_one() -> None:
    world = World()
    plan = world.plan(replace(AHEAD, addons=(a_fee("310.00", "seat"),)))
    world.subscribes("ada", to=plan, on="2026-01-01")
    world.travels_to("2026-01-01")
    world.damages("subscriptions/sub-ada", {"items": seats(until=None)})
    world.runs_billing()
    world.damages("subscriptions/sub-ada", {"items": seats(until="2026-01-31")})
    world.travels_to("2026-02-01")
    world.runs_billing()
    # February: 31.00 ahead, less 1 of 31 days of the seat, 10.00
    assert shown(world.invoices()[1].lines) == [
        ("Seat - credit for unused time", "1", "-10.00", -1000),
        ("Base (monthly)", "1", "31.00", 3100),
    ]
    with pytest.raises(InvoiceNotVoidable, match="INV-2026-02-0001 credited a part of it: void that one first"):
        void(world, "INV-2026-01-0001")
    void(world, "INV-2026-02-0001")
    void(world, "INV-2026-01-0001")
    # in order again: January now knows that the seat ends on the 31st, so February has nothing to give back
    first = reissue(world, "INV-2026-01-0001")
    assert first.total == 3100 + 30000
    second = reissue(world, "INV-2026-02-0001")
    assert shown(second.lines) == [("Base (monthly)", "1", "31.00", 3100)]


def test_an_invoice_that_a_credit_note_belongs_to_is_not_voidable() -> None:
    world = World()
    world.subscribes("ada", to=world.plan(AHEAD), on="2026-01-01")
    world.travels_to("2026-01-01")
    world.runs_billing()
    ends(world, "sub-ada", at="2026-01-11")
    world.travels_to("2026-01-11")
    world.runs_billing()
    [note] = world.credit_notes()
    with pytest.raises(InvoiceNotVoidable, match=f"{note.number} credited a part of it: write a credit note"):
        void(world, "INV-2026-01-0001")


def seats(*, until: str | None) -> list[Value]:
    end = None if until is None else utc(until).isoformat()
    return [{"id": "seat", "charge_id": "seat", "quantity": "1", "start": utc("2026-01-01").isoformat(), "end": end}]


def test_a_void_period_that_there_is_nothing_to_invoice_for_any_more_is_refused() -> None:
    """The period is owed nothing once the fee is gone and the tenant leaves out invoices of 0."""
    world = World()
    world.subscribes("ada", to=world.plan(AHEAD), on="2026-01-01")
    world.travels_to("2026-01-01")
    world.runs_billing()
    void(world, "INV-2026-01-0001")
    gone = world.plan(replace(AHEAD, plan_id="gone", fees=()))
    subscription = world.subscription("sub-ada")
    moved = replace(subscription, phases=(replace(subscription.phases[0], plan=gone.ref),))
    world.damages("subscriptions/sub-ada", {"phases": subscription_fields(moved)["phases"]})
    before = world.everything()
    with pytest.raises(InvalidInput, match="a cycle that there is something to invoice for"):
        reissue(world, "INV-2026-01-0001")
    assert world.everything() == before


def test_a_period_whose_cycle_is_another_one_now_is_refused(world: World) -> None:
    """Billed in advance, the same date would be the bill of February: another invoice altogether."""
    void(world, "INV-2026-01-0001")
    ahead = world.plan(AHEAD)
    subscription = world.subscription("sub-ada")
    moved = replace(subscription, phases=(replace(subscription.phases[0], plan=ahead.ref),))
    world.damages("subscriptions/sub-ada", {"phases": subscription_fields(moved)["phases"]})
    with pytest.raises(InvalidInput, match="the cycle that the void one was made for"):
        reissue(world, "INV-2026-01-0001")


def test_what_keeps_a_cycle_from_being_billed_keeps_it_from_being_reissued(world: World) -> None:
    void(world, "INV-2026-01-0001")
    world.damages("subscriptions/sub-ada", {"items": seats(until=None)})
    with pytest.raises(UnknownPlan, match="an add-on of usage@1"):
        reissue(world, "INV-2026-01-0001")


def test_an_invoice_whose_subscription_is_gone_is_left_alone(world: World) -> None:
    world.documents.commit([Delete("tenants/acme/subscriptions/sub-ada")])
    with pytest.raises(NotFound, match="no subscription 'sub-ada'"):
        void(world, "INV-2026-01-0001")


def test_late_usage_of_a_void_period_is_billed_once_by_the_next_invoice(world: World) -> None:
    """3 calls in time, 4 late: the revision bills the 3 again, and February's invoice the 4."""
    late = ReportedUsage(
        id="late-1", subscription_id="sub-ada", meter="calls", occurred_at=utc("2026-01-12"), quantity=4
    )
    record_usage(world.documents, tenant_id="acme", events=[late], recorded_at=world.now)
    void(world, "INV-2026-01-0001")
    assert reissue(world, "INV-2026-01-0001").total == 5200
    world.travels_to("2026-03-01")
    world.runs_billing()
    assert world.invoices()[-1].total == 4900 + 400


def test_a_revision_bills_the_late_usage_that_the_void_one_had_billed() -> None:
    world = World()
    world.subscribes("ada", to=world.plan(USAGE), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    late = ReportedUsage(
        id="late-1", subscription_id="sub-ada", meter="calls", occurred_at=utc("2026-01-12"), quantity=4
    )
    record_usage(world.documents, tenant_id="acme", events=[late], recorded_at=world.now)
    world.travels_to("2026-03-01")
    world.runs_billing()
    assert world.invoices()[-1].total == 4900 + 400
    void(world, "INV-2026-02-0001")
    assert reissue(world, "INV-2026-02-0001").total == 4900 + 400
    world.travels_to("2026-04-01")
    world.runs_billing()
    assert world.invoices()[-1].total == 4900


def test_discounts_and_one_time_charges_of_a_void_invoice_are_used_once_by_its_revision() -> None:
    """Half off once and a set-up of 10.00: (49.00 + 10.00) / 2 = 29.50, and from then on 49.00."""
    world = World()
    world.subscribes("ada", to=world.plan(USAGE), on="2026-01-01")
    half = Coupon(coupon_id="half", name="Half", percent=Decimal(50), periods=1)
    setup = OneTimeCharge(
        id="setup", name="Set-up", quantity=Decimal(1), unit_price=Decimal(10), charged_at=utc("2026-01-01")
    )
    begun = replace(
        world.subscription("sub-ada"),
        discounts=(Discount(coupon=half, start=utc("2026-01-01")),),
        one_time=(setup,),
    )
    fields = subscription_fields(begun)
    world.damages("subscriptions/sub-ada", {name: fields[name] for name in ("discounts", "one_time")})
    world.travels_to("2026-02-01")
    world.runs_billing()
    after = world.subscription("sub-ada")
    assert world.invoices()[0].total == 2950
    void(world, "INV-2026-01-0001")
    assert reissue(world, "INV-2026-01-0001").total == 2950
    assert world.subscription("sub-ada") == after
    world.travels_to("2026-03-01")
    world.runs_billing()
    assert world.invoices()[-1].total == 4900


def test_the_use_of_a_coupon_by_a_void_invoice_waits_for_its_revision_and_is_free_when_it_is_given_anew() -> None:
    """Half of 31.00 off once, in January, which is void and paused since: nothing is left to make again."""
    world = World()
    half = Coupon(coupon_id="half", name="Half", percent=Decimal(50), periods=1)
    world.documents.commit([Coupons.of(world.documents, "acme").publication(half)])
    world.subscribes("ada", to=world.plan(AHEAD), on="2026-01-01")
    apply_coupon(world.documents, "sub-ada", coupon_id="half", call=call(world))
    world.travels_to("2026-01-01")
    world.runs_billing()
    void(world, "INV-2026-01-0001")
    january = Pausing(at=utc("2026-01-01"), until=utc("2026-02-01"))
    change_life(world.documents, "sub-ada", january, call=call(world))
    with pytest.raises(InvalidInput, match="invoice: expected a cycle that there is something to invoice for"):
        reissue(world, "INV-2026-01-0001")
    world.travels_to("2026-02-01")
    world.runs_billing()
    remove_coupon(world.documents, "sub-ada", coupon_id="half", call=call(world))
    apply_coupon(world.documents, "sub-ada", coupon_id="half", call=call(world))
    world.travels_to("2026-04-01")
    world.runs_billing()
    assert [each.total for each in world.invoices()] == [1550, 3100, 1550, 3100]


def test_the_void_bill_of_a_trial_s_end_is_refused_where_it_has_ended_with_the_trial(world: World) -> None:
    usage = replace(AHEAD, plan_id="usage-ahead", fees=(), metered=USAGE.metered)
    begun = world.subscribes("bob", to=world.plan(usage), on="2026-02-15")
    setup = OneTimeCharge(
        id="setup", name="Setup", quantity=Decimal(1), unit_price=Decimal(40), charged_at=utc("2026-02-15")
    )
    trial = replace(begun, trial_start=utc("2026-02-01"), one_time=(setup,))
    world.damages("subscriptions/sub-bob", subscription_fields(trial))
    world.travels_to("2026-02-15")
    world.runs_billing()
    [first] = world.invoices("bob")
    ends(world, "sub-bob", at="2026-02-15")
    void(world, first.id)
    with pytest.raises(
        InvalidInput, match="bill_for_date: expected a bill-for date of the subscription, got '2026-02-15"
    ):
        reissue(world, first.id)
