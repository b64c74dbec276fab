"""One-off invoices: taxed by the tenant's rules, issued at once, or held until a person approves or rejects them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.credit_request import CreditRequest, WholeCredit
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import InvoiceStatus
from billing.domain.review import Resolution, ReviewKind, ReviewStatus
from billing.domain.tax import TaxParty
from billing.ports import Update, Write
from billing.store.audit import AuditLog
from billing.store.customers import Customers
from billing.usecases.asked_before import OneOffRejected, OtherInvoice
from billing.usecases.commit_one_off import HandBilled
from billing.usecases.explain_invoice import explain_invoice
from billing.usecases.invoice_once import invoice_once, preview_once
from billing.usecases.issue_credit_note import issue_credit_note
from billing.usecases.one_off_draft import OneOff, OneOffLine
from billing.usecases.publish_plans import PlanPublished
from billing.usecases.settle_invoices import settle_invoices
from billing.usecases.verify import VerifyRequest, verify
from tests.builders import GERMAN_VAT, a_fee, a_party, a_plan, a_tenant, amounts, utc
from tests.reviewing import approve, call, reissue, reject, reviews, settings, void
from tests.scenarios.billing_processes import audited
from tests.watched_documents import WatchedDocuments
from tests.world import World


@pytest.fixture
def world() -> World:
    """Acme in Berlin, 19 % VAT, net 30; lumen is a customer there. It is 10 February."""
    seller = a_party(name="Acme GmbH", tax_id="DE136695976")
    world = World(tenant=a_tenant(seller=seller), taxes=GERMAN_VAT)
    world.customer("lumen")
    world.travels_to("2026-02-10T09:00")
    return world


def line(price: str, quantity: str = "1", *, of: str = "Set-up", inclusive: bool = False) -> OneOffLine:
    return OneOffLine(description=of, quantity=Decimal(quantity), unit_price=Decimal(price), tax_inclusive=inclusive)


def asked(*lines: OneOffLine, key: str = "k-1", **changes: Any) -> OneOff:  # noqa: ANN401 - any field
    return OneOff(**({"customer_id": "lumen", "key": key, "lines": lines or (line("250.00"),)} | changes))


def invoices(world: World, one_off: OneOff | None = None, *, draft: bool = False) -> HandBilled:
    return invoice_once(world.documents, one_off or asked(), call=call(world), draft=draft)


def findings(world: World) -> object:
    checked = verify(world.documents, world.objects, VerifyRequest(tenant_id="acme", as_of=world.now))
    return checked.findings.kept


def test_it_is_issued_with_the_tenants_terms_tax_on_top_and_explained(world: World) -> None:
    """2.5 hours at 120.00 are 300.00, with set-up 550.00; 19 % of that are 104.50."""
    lines = line("250.00"), line("120.00", "2.5", of="Consulting")
    made = invoices(world, asked(*lines, reference="PO-7", notes=("Thank you",))).invoice
    settle_invoices(world.settlement(), [made])

    [invoice] = world.invoices("lumen")
    assert amounts(invoice.lines) == {"Set-up": 25000, "Consulting": 30000}
    assert (invoice.subtotal, invoice.tax, invoice.total) == (55000, 10450, 65450)
    assert (invoice.number, invoice.status) == ("INV-2026-02-0001", InvoiceStatus.ISSUED)
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 2, 10), date(2026, 3, 12))
    assert (invoice.buyer_reference, invoice.notes) == ("PO-7", ("Thank you",))
    assert (invoice.pending, len(invoice.attachments)) == ((), 2)
    explained = explain_invoice(world.documents, invoice.id, tenant_id="acme")
    assert [each.description for each in explained.lines] == ["Set-up", "Consulting"]
    assert audited(world) == [
        ("invoice.issued", f"invoices/{invoice.id}"),
        ("subscription.created", f"subscriptions/{invoice.subscription_id}"),
    ]
    assert findings(world) == []


def test_a_price_with_its_tax_in_it_stands_beside_one_without(world: World) -> None:
    """119.00 hold 100.00 and 19.00; on 100.00 come 19.00: together 200.00 and 38.00."""
    invoice = invoices(world, asked(line("119.00", inclusive=True), line("100.00", of="Cable"))).invoice.value

    assert (invoice.subtotal, invoice.tax, invoice.total) == (20000, 3800, 23800)
    assert findings(world) == []


def test_a_line_below_zero_lowers_the_total_and_its_tax(world: World) -> None:
    """250.00 - 50.00 = 200.00, and 19 % of that are 38.00."""
    invoice = invoices(world, asked(line("250.00"), line("-50.00", of="Goodwill"))).invoice.value

    assert (invoice.subtotal, invoice.tax, invoice.total) == (20000, 3800, 23800)
    assert findings(world) == []


def test_a_business_in_another_member_state_owes_the_tax_itself(world: World) -> None:
    tax = TaxParty(country="AT", vat_id="ATU13585627", vat_id_valid=True)
    world.customer("wien", party=a_party(country="AT", city="Wien", tax_id="ATU13585627"), tax=tax)
    invoice = invoices(world, asked(customer_id="wien")).invoice.value

    assert (invoice.subtotal, invoice.tax, invoice.total) == (25000, 0, 25000)
    assert [each.category.value for each in invoice.tax_lines] == ["AE"]
    assert findings(world) == []


def test_the_same_again_is_known_and_takes_no_other_number(world: World) -> None:
    first = invoices(world).invoice.value
    world.travels_to("2026-02-12")
    again = invoices(world)

    assert (again.known, again.invoice.value) == (True, first)
    with pytest.raises(OtherInvoice, match=r"k-1 was invoiced as INV-2026-02-0001 with 297\.50 USD"):
        invoices(world, asked(line("9.00")))
    assert invoices(world, asked(key="k-2")).invoice.value.number == "INV-2026-02-0002"


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"reference": ""}, "reference"),
        ({"reference": "PO-8"}, "reference"),
        ({"notes": ()}, "notes"),
        ({"notes": ("Thank you", "so much")}, "notes"),
        ({"due_on": None}, "due_on"),
        ({"due_on": date(2026, 3, 2), "notes": ()}, "due_on, notes"),
        ({"lines": (line("250.00", inclusive=True),)}, "lines"),
        ({"lines": (line("250.00"), line("0", of="Gift"))}, "lines"),
        ({"lines": (line("250.00", "1.0"),)}, ""),
        ({"lines": (line("250"),)}, ""),
    ],
)
def test_the_same_key_with_anything_else_is_refused_and_told_in_what_it_differs(
    world: World, changes: dict[str, Any], differs: str
) -> None:
    first: dict[str, Any] = {"reference": "PO-7", "notes": ("Thank you",), "due_on": date(2026, 3, 1)}
    made = invoices(world, asked(**first)).invoice.value
    if not differs:
        assert invoices(world, asked(**first | changes)).invoice.value == made
        return
    before = world.everything()
    with pytest.raises(OtherInvoice, match=f"k-1 was invoiced as {made.number} with 297.50 USD, with other {differs}:"):
        invoices(world, asked(**first | changes))
    assert world.everything() == before


def test_a_draft_under_the_key_of_an_issued_invoice_is_refused(world: World) -> None:
    invoices(world)
    with pytest.raises(OtherInvoice, match="with other draft"):
        invoices(world, draft=True)


def test_what_an_earlier_program_made_is_known_by_its_lines(world: World) -> None:
    made = invoices(world, asked(reference="PO-7")).invoice.value
    for batch in world.collection("audit"):
        records: Any = batch.fields["records"]
        world.documents.commit([Update(batch.path, {"records": [{**each, "reason": ""} for each in records]})])
    assert invoices(world, asked(reference="PO-8")).invoice.value == made
    with pytest.raises(OtherInvoice, match="with other lines"):
        invoices(world, asked(line("9.00")))


def test_what_else_became_of_it_for_whatever_reason_is_not_what_was_asked(world: World) -> None:
    made = invoices(world).invoice.value
    entity = f"subscriptions/{made.subscription_id}"
    told = call(world).record(entity, "subscription.canceled", after="canceled", reason="asked for by phone")
    log = AuditLog.of(world.documents, world.tenant.id)
    world.documents.commit([log.batch([told], batch_id="later", recorded_at=world.now)])

    assert invoices(world).known
    with pytest.raises(OtherInvoice, match="with other lines"):
        invoices(world, asked(line("9.00")))


def test_a_draft_waits_and_gets_its_number_and_dates_when_it_is_approved(world: World) -> None:
    held = invoices(world, draft=True).invoice.value
    assert (held.status, held.number) == (InvoiceStatus.DRAFT, "")
    [case] = reviews(world)
    assert (case.kind, case.entity, case.reason) == (
        ReviewKind.APPROVAL,
        f"invoices/{held.id}",
        "made as a draft by ada",
    )
    world.travels_to("2026-02-20")
    assert world.runs_billing().invoices == []
    assert invoices(world, draft=True).known
    assert findings(world) == []

    report = approve(world, [held.id])

    assert [each.number for each in report.approved] == ["INV-2026-02-0001"]
    [invoice] = world.invoices("lumen")
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 2, 20), date(2026, 3, 22))
    assert (invoice.total, len(invoice.attachments)) == (29750, 2)
    assert world.subscription(invoice.subscription_id).recent == (25000,)
    assert {event for event, _ in audited(world)} == {"invoice.held", "subscription.created", "invoice.issued"}
    assert findings(world) == []


@pytest.mark.parametrize(
    ("approved", "due_on", "terms"),
    [("2026-02-20", date(2026, 3, 1), 9), ("2026-03-05", date(2026, 3, 5), 0)],
)
def test_approval_keeps_a_named_due_day_until_it_is_over(world: World, approved: str, due_on: date, terms: int) -> None:
    held = invoices(world, asked(due_on=date(2026, 3, 1)), draft=True).invoice.value
    assert (held.due_on, held.payment_terms_days) == (date(2026, 3, 1), 19)
    world.travels_to(approved)
    approve(world)

    [invoice] = world.invoices("lumen")
    assert (invoice.due_on, invoice.payment_terms_days) == (due_on, terms)


def test_a_tenant_who_approves_every_invoice_approves_these_too(world: World) -> None:
    settings(world, approval=True)
    assert invoices(world).invoice.value.status is InvoiceStatus.DRAFT
    [case] = reviews(world)
    assert case.reason == "every invoice waits for approval"


def test_a_rejected_draft_is_gone_for_good_and_no_run_bills_it(world: World) -> None:
    held = invoices(world, draft=True).invoice.value
    case = reject(world, held.id, note="agreed otherwise")

    assert (case.status, case.resolution, case.note) == (ReviewStatus.RESOLVED, Resolution.REJECTED, "agreed otherwise")
    assert world.invoices("lumen") == []
    assert world.stored(f"subscriptions/{held.subscription_id}") is None
    assert reject(world, held.id) == case
    world.travels_to("2026-04-01")
    report = world.runs_billing()
    assert (report.invoices, report.held, report.failures) == ([], [], [])
    gone = {
        ("invoice.rejected", f"invoices/{held.id}"),
        ("subscription.discarded", f"subscriptions/{held.subscription_id}"),
    }
    assert gone <= {*audited(world)}
    assert findings(world) == []
    before = world.everything()
    for again in (asked(), asked(line("9.00"))):
        with pytest.raises(
            OneOffRejected, match=r"of k-1 was rejected on 2026-02-10 \(agreed otherwise\); use a new key"
        ):
            invoices(world, again)
    assert world.everything() == before
    assert invoices(world, asked(key="k-2")).invoice.value.number == "INV-2026-04-0001"


def test_rejecting_a_subscriptions_draft_still_gives_its_cycle_back(world: World) -> None:
    """A subscription whose id looks like that of an invoice made by hand is none."""
    settings(world, approval=True)
    named = "lumen.by-hand.mine"
    plan = replace(a_plan(fees=[a_fee("49.00")]), plan_id="by-hand.gold")
    world.subscribes("lumen", to=world.plan(plan), on="2026-01-01", named=named)
    world.runs_billing()
    [draft] = world.invoices("lumen")
    reject(world, draft.id)
    assert world.subscription(named).next_billing_at == utc("2026-02-01")


def test_a_preview_is_the_invoice_and_writes_nothing(world: World) -> None:
    before = world.everything()
    preview = preview_once(world.documents, asked(due_on=date(2026, 2, 28)), call=call(world))

    assert (preview.number, preview.total, preview.due_on) == ("", 29750, date(2026, 2, 28))
    assert world.everything() == before
    issued = invoices(world, asked(due_on=date(2026, 2, 28))).invoice.value
    assert (issued.lines, issued.tax_lines, issued.due_on) == (preview.lines, preview.tax_lines, preview.due_on)


def test_nothing_to_pay_is_paid_at_once_unless_the_tenant_skips_such_invoices(world: World) -> None:
    assert invoices(world, asked(line("0"))).invoice.value.status is InvoiceStatus.PAID
    settings(world, skip_zero_invoices=True)
    with pytest.raises(InvalidInput, match="lines: expected an amount to pay, as skip_zero_invoices is set"):
        invoices(world, asked(line("0"), key="k-2"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lines": ()}, "lines: expected 1 to 200 lines, got 0"),
        ({"lines": (line("1"),) * 201}, "lines: expected 1 to 200 lines, got 201"),
        ({"lines": (line("1"), line("1", "-2"))}, r"lines\[1\]\.quantity: expected more than 0; a discount is"),
        ({"lines": (line("1"), line("-2"))}, r"lines: expected a total of 0 or more; .* got '-1\.19 USD'"),
        (
            {"lines": (line("1e10", "1e3"),)},
            r"lines\[0\]: expected an amount below 10000000000000\.00 USD, got '10000000",
        ),
        ({"due_on": date(2026, 2, 9)}, "due_on: expected 2026-02-10, today, or a later day, got '2026-02-09'"),
    ],
)
def test_what_can_not_be_invoiced_says_why_and_changes_nothing(
    world: World, changes: dict[str, Any], message: str
) -> None:
    before = world.everything()
    for refuses in (invoices, lambda world, wrong: preview_once(world.documents, wrong, call=call(world))):
        with pytest.raises(InvalidInput, match=message):
            refuses(world, asked(**changes))
        with pytest.raises(NotFound, match="nobody"):
            refuses(world, asked(customer_id="nobody"))
    assert world.everything() == before


def test_a_plan_of_the_tenants_own_is_not_taken_for_the_one_without_prices(world: World) -> None:
    world.plan(replace(a_plan(fees=[a_fee("9.00")]), plan_id="by-hand.usd", version=1))
    before = world.everything()
    with pytest.raises(PlanPublished, match="by-hand.usd@1"):
        invoices(world)
    assert world.everything() == before


def test_a_credit_balance_is_used_first_at_issue_and_at_approval(world: World) -> None:
    world.documents.commit([Customers.of(world.documents, "acme").added("lumen", {"credit_balance": 40000})])

    assert invoices(world).invoice.value.status is InvoiceStatus.PAID  # 297.50 of 400.00
    held = invoices(world, asked(key="k-2"), draft=True).invoice.value
    assert held.amount_due == 29750
    approve(world, [held.id])
    [second] = [each for each in world.invoices("lumen") if each.id == held.id]
    assert second.amount_due == 19500
    assert findings(world) == []


def test_a_void_one_is_issued_again_with_what_was_said_on_it(world: World) -> None:
    made = invoices(world, asked(reference="PO-7", notes=("Thank you",), due_on=date(2026, 3, 1))).invoice.value
    void(world, made.number)
    world.travels_to("2026-02-11")
    again = reissue(world, made.number)

    assert (again.number, again.replaces, again.total) == ("INV-2026-02-0002", "INV-2026-02-0001", 29750)
    assert (again.buyer_reference, again.notes, again.due_on) == ("PO-7", ("Thank you",), date(2026, 3, 1))
    assert findings(world) == []


def test_two_at_once_with_one_key_make_one_invoice_and_one_with_another_key_gets_the_next_number(world: World) -> None:
    """Both stand written before the third commits: it knows the first, and numbers again after the second."""
    first = list[HandBilled]()

    def quicker(_writes: Sequence[Write]) -> None:
        if not first:
            first.append(invoices(world))
            first.append(invoices(world, asked(key="k-2")))

    through = WatchedDocuments(world.documents, before=quicker)
    same = invoice_once(through, asked(), call=call(world))
    assert (same.known, same.invoice.value.id) == (True, first[0].invoice.value.id)
    first.clear()
    third = invoice_once(WatchedDocuments(world.documents, before=quicker), asked(key="k-3"), call=call(world))
    assert (third.known, third.invoice.value.number) == (False, "INV-2026-02-0003")
    assert world.numbers() == ["INV-2026-02-0001", "INV-2026-02-0002", "INV-2026-02-0003"]
    assert findings(world) == []


def test_what_it_says_can_be_credited_to_the_last_cent(world: World) -> None:
    """250.00 - 50.00 and 19 % are 238.00."""
    made = invoices(world, asked(line("250.00"), line("-50.00", of="Goodwill"))).invoice.value
    wanted = CreditRequest(key="all", what=WholeCredit(), reason="not delivered")
    note = issue_credit_note(world.documents, made.id, wanted, call=call(world)).credit_note.value

    assert (note.subtotal, note.tax, note.total) == (20000, 3800, 23800)
    [invoice] = world.invoices("lumen")
    assert (invoice.amount_due, invoice.status) == (0, InvoiceStatus.PAID)
    assert findings(world) == []
