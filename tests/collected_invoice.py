"""One invoice that is collected from a card at the sandbox, and what gets in the way of it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from billing.domain.invoice import Invoice, SettlementStep
from billing.domain.payment import PaymentSource
from billing.domain.run_report import RunReport
from billing.ports import CheckoutOrder, CheckoutPurpose
from billing.sandbox.server import RunningSandbox, running_sandbox
from billing.store.customers import Customers
from billing.usecases.call import Call
from billing.usecases.change_invoice import change_invoice
from billing.usecases.record_payment import NewPayment, record_payment
from tests.collecting import CardWorld, card_world
from tests.sandbox_client import StandingClock

RENDER, COLLECT, DELIVER = SettlementStep.RENDER, SettlementStep.COLLECT, SettlementStep.DELIVER
INTENTS = "/v1/payment_intents"
CARD = {"number": "4242424242424242", "expiry": "12/30", "cvc": "123", "email": "ap@acme.test"}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock()) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox) -> Iterator[RunningSandbox]:
    yield running
    running.control("DELETE", "faults")


@pytest.fixture
def world(sandbox: RunningSandbox) -> CardWorld:
    return card_world(sandbox)


def bills(world: CardWorld, *, sweeps: bool = False) -> RunReport:
    world.travels_to("2026-02-01")
    return world.runs_billing(sweeps=sweeps)


def the_invoice(world: CardWorld, name: str = "lumen") -> Invoice:
    [invoice] = world.invoices(name)
    return invoice


def opened_page(world: CardWorld, invoice: Invoice, *, amount: int = 4900) -> str:
    """A hosted page for an amount, recorded on the invoice; its address."""
    [customer] = Customers.of(world.documents, world.tenant.id).get([invoice.customer_id])
    assert customer is not None
    page = world.stripe.inner.open_checkout(
        CheckoutOrder(
            key=f"page/{invoice.id}",
            purpose=CheckoutPurpose.PAY_INVOICE,
            tenant_id=world.tenant.id,
            customer_id=invoice.customer_id,
            customer=customer.value.gateway_id,
            email="",
            success_url="https://pay.example/thanks",
            cancel_url="https://pay.example",
            currency="USD",
            invoice_id=invoice.id,
            invoice_number=invoice.number,
            amount=amount,
        )
    )
    change_invoice(
        world.documents,
        invoice.id,
        lambda now: replace(now, checkout_id=page.id),
        event="invoice.page_opened",
        call=world.call(),
    )
    return page.url


def unknown(sandbox: RunningSandbox, world: CardWorld, fault: str) -> Invoice:
    """An issued invoice whose charge has no answer: it was made (lose_answer) or was not (drop_before)."""
    world.joins("lumen")
    sandbox.control("POST", "faults", {"kind": fault, "path": INTENTS, "times": 3})
    bills(world)
    sandbox.control("DELETE", "faults")
    return the_invoice(world)


def pay_by_transfer(
    world: CardWorld, invoice: Invoice, *, payment_id: str = "bank.1", call: Call | None = None
) -> None:
    new = NewPayment(
        id=payment_id,
        amount=4900,
        currency="USD",
        source=PaymentSource.BANK_TRANSFER,
        received_at=world.now,
        invoice_ids=(invoice.id,),
    )
    record_payment(world.documents, new, call=call or world.call())
