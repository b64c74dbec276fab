"""Invoices made by hand: of our own series, known by their maker's number, taxed within what was asked for."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.adapters.read_through import ReadThrough
from billing.domain.audit import AuditRecord
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import InvoiceStatus
from billing.ports import Documents, Put, StoreUnavailable, Write
from billing.store.audit import AuditLog
from billing.store.codec import encode
from billing.store.customers import Customers
from billing.store.tenants import Tenants
from billing.usecases.asked_before import OtherInvoice
from billing.usecases.bill_by_hand import HandBill, HandBilled, HandLine, bill_by_hand
from billing.usecases.call import Call
from billing.usecases.invoice_once import invoice_once
from billing.usecases.one_off_draft import OneOff, OneOffLine
from billing.usecases.verify import VerifyRequest, verify
from tests.builders import GERMAN_VAT, a_customer, a_fee, a_plan, a_tenant, amounts, utc
from tests.world import World


@pytest.fixture
def world() -> World:
    world = World(taxes=GERMAN_VAT)
    world.customer("lumen")
    world.travels_to("2026-02-10")
    return world


class Killed(ReadThrough):
    """The store, whose first commit is the last thing that the process does, or all but that."""

    def __init__(self, inner: Documents, *, after: bool) -> None:
        super().__init__(inner)
        self._after = after

    def commit(self, writes: Sequence[Write]) -> list[str]:
        if self._after:
            self._inner.commit(writes)
        raise StoreUnavailable("documents", reason="killed")


def bills(
    world: World,
    number: str = "A-1",
    *,
    total: int = 11900,
    documents: Documents | None = None,
    **changes: Any,  # noqa: ANN401 - any field of the bill
) -> HandBilled:
    asked: dict[str, Any] = {
        "customer_id": "lumen",
        "given_number": number,
        "due_on": date(2026, 2, 20),
        "lines": (HandLine(description="Installation", quantity=Decimal(2), unit_price=Decimal("59.50")),),
        "total": total,
    }
    call = Call(tenant_id="acme", actor="ada", recorded_at=world.now)
    return bill_by_hand(documents or world.documents, HandBill(**(asked | changes)), call=call)


def recorded(world: World, entity: str) -> list[AuditRecord]:
    return list(AuditLog.of(world.documents, "acme").about(entity))


def test_the_amount_is_what_was_asked_for_with_its_tax_in_it(world: World) -> None:
    """119.00 with 19 % in it are 100.00 and 19.00."""
    invoice = bills(world).invoice.value

    assert (invoice.subtotal, invoice.tax, invoice.total) == (10000, 1900, 11900)
    assert amounts(invoice.lines) == {"Installation": 11900}
    assert (invoice.status, invoice.issued_on, invoice.due_on) == (
        InvoiceStatus.ISSUED,
        date(2026, 2, 10),
        date(2026, 2, 20),
    )
    assert (invoice.number, invoice.given_number, invoice.notes) == ("INV-2026-02-0001", "A-1", ("Ref. A-1",))


def test_the_same_number_again_is_the_same_invoice_and_takes_no_other_number(world: World) -> None:
    first = bills(world).invoice.value
    world.travels_to("2026-02-12")

    again = bills(world)

    assert (again.known, again.invoice.value) == (True, first)
    assert world.numbers() == ["INV-2026-02-0001"]
    with pytest.raises(OtherInvoice, match=r"A-1 was invoiced as INV-2026-02-0001 with 119\.00 USD"):
        bills(world, total=5950, lines=(HandLine(description="x", quantity=Decimal(1), unit_price=Decimal("59.50")),))


def test_numbers_of_runs_and_of_hands_are_one_row_without_gaps(world: World) -> None:
    world.subscribes("other", to=world.plan(a_plan(fees=[a_fee("49.00")])), on="2026-01-10")
    bills(world, "A-1")
    world.runs_billing()
    bills(world, "A-2")

    assert world.numbers() == ["INV-2026-01-0001", "INV-2026-02-0001", "INV-2026-02-0002"]


def test_a_day_before_the_issue_is_kept_as_the_due_day_at_once(world: World) -> None:
    invoice = bills(world, due_on=date(2026, 1, 31)).invoice.value

    assert (invoice.due_on, invoice.payment_terms_days) == (date(2026, 1, 31), 0)


def test_a_credit_balance_is_used_first(world: World) -> None:
    world.documents.commit([Customers.of(world.documents, "acme").added("lumen", {"credit_balance": 1900})])

    assert bills(world).invoice.value.amount_due == 10000

    [payment] = world.collection("payments")
    [used] = recorded(world, f"payments/{payment.id}")
    assert (used.event, used.reason) == ("payment.recorded", "19.00 USD of the credit balance for INV-2026-02-0001")


@pytest.mark.parametrize("after", [False, True])
def test_one_that_is_made_paid_and_killed_on_its_way_is_paid_once_by_the_same_again(
    world: World,
    after: bool,
) -> None:
    """All of it is one commit: the number, the invoice, its payment. A credit of 19.00 stays what it is."""
    world.documents.commit([Customers.of(world.documents, "acme").added("lumen", {"credit_balance": 1900})])
    with pytest.raises(StoreUnavailable):
        bills(world, status=InvoiceStatus.PAID, documents=Killed(world.documents, after=after))
    assert len(world.collection("payments")) == len(world.invoices()) == after

    invoice = bills(world, status=InvoiceStatus.PAID).invoice.value
    again = bills(world, status=InvoiceStatus.PAID)

    assert (again.known, again.invoice.value) == (True, invoice)
    assert (invoice.status, invoice.amount_paid, invoice.balance_applied) == (InvoiceStatus.PAID, 11900, 0)
    payments = [(each.id, each.fields["amount"]) for each in world.collection("payments")]
    assert payments == [(f"{invoice.id}.paid", 11900)]
    [customer] = Customers.of(world.documents, "acme").get(["lumen"])
    assert customer is not None
    assert customer.value.credit_balance == 1900
    assert world.numbers() == ["INV-2026-02-0001"]


def test_one_that_is_made_cancelled_keeps_its_number_and_is_recorded_as_issued_and_void(world: World) -> None:
    invoice = bills(world, status=InvoiceStatus.VOID).invoice.value

    assert (invoice.status, invoice.number, invoice.amount_due) == (InvoiceStatus.VOID, "INV-2026-02-0001", 0)
    said = [(each.event, each.before, each.after) for each in recorded(world, f"invoices/{invoice.id}")]
    assert said == [
        ("invoice.issued", "", "issued"),
        ("invoice.voided", "issued", "void"),
    ]
    assert world.subscription(invoice.subscription_id).recent == ()
    checked = verify(world.documents, world.objects, VerifyRequest(tenant_id="acme", as_of=world.now, objects=False))
    assert checked.findings.kept == []


def test_what_waits_for_approval_under_that_number_is_not_taken_for_paid(world: World) -> None:
    line = OneOffLine(description="Installation", quantity=Decimal(1), unit_price=Decimal(119), tax_inclusive=True)
    call = Call(tenant_id="acme", actor="ada", recorded_at=world.now)
    invoice_once(world.documents, OneOff(customer_id="lumen", key="A-1", lines=(line,)), call=call, draft=True)
    before = world.everything()

    with pytest.raises(OtherInvoice, match="with other status"):
        bills(world, status=InvoiceStatus.PAID)

    assert world.everything() == before


def test_what_costs_nothing_is_paid_at_once_even_where_runs_skip_it(world: World) -> None:
    world.documents.commit([Tenants(world.documents).saving(a_tenant(skip_zero_invoices=True))])
    lines = (HandLine(description="Gift", quantity=Decimal(1), unit_price=Decimal(0)),)

    assert bills(world, total=0, lines=lines).invoice.value.status is InvoiceStatus.PAID


def test_a_customer_whose_service_is_suspended_can_be_billed_by_hand(world: World) -> None:
    customer = a_customer(id="still", suspended_at=utc("2026-02-01"))
    world.documents.commit([Put(Customers.of(world.documents, "acme").path("still"), encode(customer))])

    assert bills(world, customer_id="still").invoice.value.total == 11900


def test_lines_that_come_to_another_amount_are_refused_and_no_number_is_taken(world: World) -> None:
    with pytest.raises(InvalidInput, match="lines that add up to 11901 minor units"):
        bills(world, total=11901)
    with pytest.raises(NotFound):
        bills(world, customer_id="nobody")

    assert bills(world).invoice.value.number == "INV-2026-02-0001"


def test_it_stays_the_only_bill_of_its_subscription_and_verifies(world: World) -> None:
    made = bills(world).invoice.value
    world.runs_billing()
    world.travels_to("2026-05-01")
    report = world.runs_billing()

    assert report.invoices == []
    assert world.subscription(made.subscription_id).next_billing_at is None
    checked = verify(world.documents, world.objects, VerifyRequest(tenant_id="acme", as_of=world.now, objects=False))
    assert checked.findings.kept == []
