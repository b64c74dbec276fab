"""An issued invoice is collected: its card is charged, a decline is told, who pays by transfer is sent the invoice."""

from decimal import Decimal
from typing import Any

import pytest

from billing.domain.attempt import AttemptStatus
from billing.domain.decline import Advice
from billing.domain.invoice import CollectionMethod, InvoiceStatus, SettlementStep
from billing.sandbox.server import RunningSandbox
from billing.usecases.invoice_once import invoice_once
from billing.usecases.one_off_draft import OneOff, OneOffLine
from billing.usecases.settle_invoices import settle_invoices
from tests.collected_invoice import COLLECT, DELIVER, RENDER, bills, running, sandbox, the_invoice, world
from tests.collecting import CardWorld, card_world
from tests.reviewing import approve, call, reissue, settings, void

__all__ = ["running", "sandbox", "world"]


def test_a_card_is_charged_when_its_invoice_is_issued_and_the_customer_gets_a_receipt(world: CardWorld) -> None:
    world.joins("lumen")
    report = bills(world)
    invoice = the_invoice(world)
    assert (invoice.status, invoice.amount_paid, invoice.pending) == (InvoiceStatus.PAID, 4900, ())
    [attempt] = invoice.attempts
    assert (attempt.number, attempt.status, attempt.method) == (1, AttemptStatus.SUCCEEDED, "Visa •••• 4242")
    [payment] = world.payments()
    assert (payment.id, payment.amount, payment.applications[0].invoice_id) == (
        f"stripe.{attempt.payment_id}",
        4900,
        invoice.id,
    )
    assert world.taken() == [4900]
    assert [(mail.subject, mail.to) for mail in world.sent.sent] == [
        ("receipt INV-2026-01-0001", ("lumen@kunde.test",))
    ]
    assert (report.collected.charged, report.collected.mailed, dict(report.collected.amounts)) == (1, 1, {"USD": 4900})
    assert world.stripe.calls == ["charge"]  # nothing is looked up straight after the issue


def test_a_one_off_invoice_is_charged_once_and_receipted_as_one_of_a_run(world: CardWorld) -> None:
    world.joins("lumen")
    lines = (OneOffLine(description="Set-up", quantity=Decimal(1), unit_price=Decimal("250.00")),)
    made = invoice_once(world.documents, OneOff(customer_id="lumen", key="k", lines=lines), call=call(world))
    for _ in range(2):
        settle_invoices(world.settlement(), [made.invoice])
    [invoice] = world.invoices("lumen")
    assert (invoice.status, invoice.amount_paid, invoice.pending) == (InvoiceStatus.PAID, 25000, ())
    assert world.taken() == [25000]
    assert [mail.subject for mail in world.sent.sent] == [f"receipt {invoice.number}"]


def test_who_pays_by_transfer_is_sent_the_invoice_with_its_pdf_and_not_charged(world: CardWorld) -> None:
    world.joins("lumen", collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    invoice = the_invoice(world)
    assert (invoice.status, invoice.pending, invoice.attempts, world.stripe.calls) == (
        InvoiceStatus.ISSUED,
        (),
        (),
        [],
    )
    size = len(b"%PDF INV-2026-01-0001 4900 issued 0")
    assert [mail.text for mail in world.sent.sent] == [f"invoice_issued INV-2026-01-0001 4900 {size}"]


@pytest.mark.parametrize(
    ("tenant", "pending"),
    [
        ({}, (RENDER, COLLECT, DELIVER)),
        ({"gateway": ""}, (RENDER, DELIVER)),
        ({"mail_sender": ""}, (RENDER, COLLECT)),
        ({"gateway": "", "mail_sender": ""}, (RENDER,)),
    ],
)
def test_the_steps_of_an_invoice_are_what_its_tenant_is_set_up_for(
    sandbox: RunningSandbox, tenant: dict[str, Any], pending: tuple[SettlementStep, ...]
) -> None:
    world = card_world(sandbox, **tenant)
    world.joins("lumen")
    world.travels_to("2026-02-01")
    world.runs_billing(render=lambda _invoices: [], sweeps=False)
    assert the_invoice(world).pending == pending


def test_what_the_credit_balance_pays_is_not_charged(world: CardWorld) -> None:
    world.joins("lumen", credit_balance=6000)
    world.joins("other", credit_balance=900)
    bills(world)
    assert (the_invoice(world).status, the_invoice(world).attempts) == (InvoiceStatus.PAID, ())
    assert (the_invoice(world, "other").status, world.taken()) == (InvoiceStatus.PAID, [4000])
    assert world.sent.kinds() == ["invoice_issued", "receipt"]


def test_approved_and_reissued_invoices_are_collected_too_after_their_credit_balance(world: CardWorld) -> None:
    settings(world, approval=True)
    world.joins("lumen")
    world.joins("other", credit_balance=900)
    bills(world)
    assert (world.taken(), world.sent.sent) == ([], [])
    approve(world)
    assert sorted(world.taken()) == [4000, 4900]
    settings(world, gateway="")
    world.joins("third", on="2026-02-01")
    world.travels_to("2026-03-01")
    world.runs_billing()
    approve(world)
    [first] = world.invoices("third")
    void(world, first.number)
    settings(world, gateway="stripe")
    assert reissue(world, first.number).pending == (RENDER, COLLECT, DELIVER)
    assert sorted(world.taken()) == [4000, 4900, 4900]


@pytest.mark.parametrize(
    ("decline", "code", "advice", "mail"),
    [
        ("expired_card", "expired_card", Advice.UPDATE_METHOD, "update_payment_method"),
        ("insufficient_funds", "insufficient_funds", Advice.RETRY, "payment_failed"),
        ("generic_decline", "generic_decline", Advice.RETRY, "payment_failed"),
        ("stolen_card", "stolen_card", Advice.REVIEW, "payment_failed"),
    ],
)
def test_a_decline_is_kept_with_its_advice_and_told_to_both_sides(
    sandbox: RunningSandbox, world: CardWorld, decline: str, code: str, advice: Advice, mail: str
) -> None:
    world.joins("lumen", card=None)
    card = world.saves_card("lumen")
    sandbox.control("POST", f"payment_methods/{card}/decline", {"code": decline})
    report = bills(world)
    invoice = the_invoice(world)
    assert (invoice.status, invoice.amount_due, invoice.pending) == (InvoiceStatus.ISSUED, 4900, ())
    [attempt] = invoice.attempts
    assert (attempt.status, attempt.code, attempt.advice) == (AttemptStatus.DECLINED, code, advice)
    assert world.sent.kinds("lumen@kunde.test") == [mail]
    assert world.sent.kinds("owner@acme.test") == ["tenant_payment_failed"]
    assert (report.collected.charged, dict(report.collected.failed)) == (0, {code: 1})


def test_without_a_saved_method_the_gateway_is_not_asked_and_the_customer_is(world: CardWorld) -> None:
    world.joins("lumen", card=None)
    report = bills(world)
    [attempt] = the_invoice(world).attempts
    assert (attempt.code, attempt.advice, world.stripe.calls) == ("no_payment_method", Advice.UPDATE_METHOD, [])
    assert world.sent.kinds() == ["tenant_payment_failed", "update_payment_method"]
    assert dict(report.collected.failed) == {"no_payment_method": 1}


def test_a_card_that_needs_the_customer_gets_the_pay_link_by_mail(world: CardWorld) -> None:
    world.joins("lumen", card="pm_card_authenticationRequired")
    report = bills(world)
    [attempt] = the_invoice(world).attempts
    assert (attempt.status, report.collected.requires_action) == (AttemptStatus.REQUIRES_ACTION, 1)
    assert world.sent.kinds() == ["action_required"]
