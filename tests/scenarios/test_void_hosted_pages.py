"""A void invoice can't be paid on the page that was open for it, whoever made it void and whatever failed then."""

from datetime import date
from decimal import Decimal
from functools import partial

import pytest

from billing.domain.attempt import AttemptStatus
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus
from billing.ports import CheckoutStatus
from billing.sandbox.server import RunningSandbox
from billing.usecases.bill_by_hand import HandBill, HandLine, bill_by_hand
from billing.usecases.follow_checkout import follow_checkout
from billing.usecases.generate_invoices import RunOptions
from billing.usecases.settle_invoices import settle_invoices
from billing.usecases.void_invoice import void_invoice
from tests.collected_invoice import CARD, COLLECT, bills, opened_page, running, sandbox, the_invoice, world
from tests.collecting import CardWorld
from tests.sandbox_client import browse
from tests.unpaid import pages

__all__ = ["running", "sandbox", "world"]
CHECKOUTS = "/v1/checkout/sessions"


def shown(world: CardWorld) -> tuple[Invoice, str]:
    """An invoice that its customer is about to pay, and the page that it looks at."""
    world.joins("lumen", collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    url = opened_page(world, the_invoice(world))
    return the_invoice(world), url


def voids(world: CardWorld, *, settles: bool = True) -> Invoice:
    """As the doors do; a door that was killed after the commit has settled nothing."""
    settle = partial(settle_invoices, world.settlement()) if settles else RunOptions().settle
    return void_invoice(world.documents, the_invoice(world).id, reason="wrong", call=world.call(), settle=settle)


def page_of(world: CardWorld, invoice: Invoice) -> CheckoutStatus:
    return world.stripe.inner.checkout(invoice.checkout_id).status


def test_the_page_is_closed_at_once(world: CardWorld) -> None:
    invoice, url = shown(world)
    after = voids(world)
    assert page_of(world, invoice) is CheckoutStatus.EXPIRED
    assert (after.status, after.pending, after.checkout_id) == (InvoiceStatus.VOID, (), "")
    assert (browse(url, CARD).status, world.taken()) == (410, [])


def test_killed_before_that_the_next_run_closes_it(world: CardWorld) -> None:
    invoice, _ = shown(world)
    assert voids(world, settles=False).pending == (COLLECT,)
    assert page_of(world, invoice) is CheckoutStatus.OPEN
    world.runs_billing()
    assert page_of(world, invoice) is CheckoutStatus.EXPIRED
    assert (the_invoice(world).pending, world.taken()) == ((), [])


def test_voiding_again_closes_what_could_not_be_closed(sandbox: RunningSandbox, world: CardWorld) -> None:
    invoice, _ = shown(world)
    sandbox.control(
        "POST", "faults", {"kind": "drop_before", "path": f"{CHECKOUTS}/{invoice.checkout_id}/expire", "times": 9}
    )
    assert voids(world).pending == (COLLECT,)
    sandbox.control("DELETE", "faults")
    assert voids(world).pending == ()
    assert page_of(world, invoice) is CheckoutStatus.EXPIRED


def test_what_was_paid_in_that_moment_is_credit(world: CardWorld) -> None:
    invoice, url = shown(world)

    def quicker(verb: str) -> None:
        if verb == "expire_checkout":
            assert browse(url, CARD).status == 303

    world.stripe.before = quicker
    assert voids(world).pending == ()
    follow_checkout(world.documents, pages(world), invoice.checkout_id, call=world.call())
    assert (the_invoice(world).status, world.balance("lumen"), world.taken()) == (InvoiceStatus.VOID, 4900, [4900])


def test_a_charge_that_waits_for_the_customer_is_cancelled(world: CardWorld) -> None:
    world.joins("lumen", card="pm_card_authenticationRequired")
    bills(world)
    [attempt] = the_invoice(world).attempts
    assert attempt.status is AttemptStatus.REQUIRES_ACTION
    assert voids(world).pending == ()
    assert world.account.v1.payment_intents.retrieve(attempt.payment_id).status == "canceled"


@pytest.mark.parametrize("settles", [True, False])
def test_an_invoice_that_an_older_client_cancels_has_its_page_closed(world: CardWorld, settles: bool) -> None:
    world.joins("lumen", collection_method=CollectionMethod.SEND_INVOICE)
    line = HandLine(description="Installation", quantity=Decimal(1), unit_price=Decimal("49.00"))
    options = RunOptions(settle=partial(settle_invoices, world.settlement())) if settles else RunOptions()

    def asks(status: InvoiceStatus) -> Invoice:
        bill = HandBill(
            customer_id="lumen", given_number="A-1", due_on=date(2026, 2, 20), lines=(line,), total=4900, status=status
        )
        return bill_by_hand(world.documents, bill, call=world.call(), options=options).invoice.value

    opened_page(world, asks(InvoiceStatus.ISSUED))
    page = the_invoice(world).checkout_id
    assert asks(InvoiceStatus.VOID).status is InvoiceStatus.VOID
    assert (world.stripe.inner.checkout(page).status is CheckoutStatus.EXPIRED) == settles
    world.runs_billing()
    assert world.stripe.inner.checkout(page).status is CheckoutStatus.EXPIRED
