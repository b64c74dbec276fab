"""Issued invoices are charged and mailed, once, whatever the gateway answers and whoever else is at it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest

from billing.domain.attempt import AttemptStatus
from billing.domain.decline import Advice
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus, SettlementStep
from billing.domain.notice import Notice
from billing.domain.payment import PaymentSource
from billing.domain.run_report import RunReport
from billing.ports import CheckoutOrder, CheckoutPurpose, Mail
from billing.sandbox.server import RunningSandbox, running_sandbox
from billing.store.customers import Customers
from billing.usecases.change_invoice import change_invoice
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.follow_payment import follow_payment
from billing.usecases.record_payment import NewPayment, record_payment
from tests.collecting import CardWorld, card_world, plain_mail
from tests.reviewing import approve, reissue, settings, void
from tests.sandbox_client import StandingClock, browse
from tests.scenarios.billing_processes import audited

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


@pytest.mark.parametrize("fault", ["lose_answer", "drop_before", "server_error", "fail_after", "rate_limit"])
def test_a_charge_without_an_answer_is_looked_up_and_made_once(
    sandbox: RunningSandbox, world: CardWorld, fault: str
) -> None:
    world.joins("lumen")
    sandbox.control("POST", "faults", {"kind": fault, "path": INTENTS, "times": 3, "retry_after": 0})
    report = bills(world)
    assert (report.unknown_charges, report.unsettled, report.collected.charged) == (1, 1, 0)
    invoice = the_invoice(world)
    assert (invoice.pending, [each.status for each in invoice.attempts]) == (
        (COLLECT, DELIVER),
        [AttemptStatus.UNKNOWN],
    )
    assert world.sent.sent == []
    sandbox.control("DELETE", "faults")
    world.stripe.calls.clear()
    again = world.runs_billing()
    assert world.stripe.calls[0] == "find_charge"
    assert (again.unknown_charges, again.collected.charged, world.taken()) == (0, 1, [4900])
    assert ([each.status for each in the_invoice(world).attempts], len(world.payments())) == (
        [AttemptStatus.SUCCEEDED],
        1,
    )
    assert (world.sent.kinds(), world.runs_billing().settled) == (["receipt"], 0)


def test_a_charge_whose_key_the_gateway_forgot_is_found_by_what_it_says(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    world.joins("lumen")
    sandbox.control("POST", "faults", {"kind": "lose_answer", "path": INTENTS, "times": 3})
    bills(world)
    sandbox.control("POST", "clock", {"advance": int(timedelta(days=3).total_seconds())})
    world.travels_to("2026-02-04")
    world.runs_billing()
    assert (the_invoice(world).status, world.taken(), len(world.payments())) == (InvoiceStatus.PAID, [4900], 1)


def test_two_settlements_at_once_charge_once_and_mail_once(world: CardWorld) -> None:
    for number in range(5):
        world.joins(f"c{number}")
    world.travels_to("2026-02-01")
    world.runs_billing(render=lambda _invoices: [], sweeps=False)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: world.runs_billing(), range(2)))
    world.runs_billing()
    assert (world.taken(), len(world.payments()), len(world.sent.mails)) == ([4900] * 5, 5, 5)
    assert {(each.status, each.amount_paid, each.pending) for each in world.invoices()} == {
        (InvoiceStatus.PAID, 4900, ())
    }


def test_the_webhook_that_is_quicker_than_the_commit_books_the_payment_once(world: CardWorld) -> None:
    world.joins("lumen")

    def webhook(verb: str) -> None:
        [intent] = world.account.v1.payment_intents.list({}).data
        follow_payment(world.documents, world.stripe.inner, intent.id, call=world.call())

    world.stripe.after = lambda verb: webhook(verb) if verb == "charge" else None
    report = bills(world)
    assert (report.settled, report.unsettled, world.taken()) == (1, 0, [4900])
    invoice = the_invoice(world)
    assert (invoice.status, invoice.pending, len(invoice.attachments)) == (InvoiceStatus.PAID, (), 2)
    assert (len(world.payments()), world.balance("lumen"), world.sent.kinds()) == (1, 0, ["receipt"])


def opened_page(world: CardWorld, invoice: Invoice) -> str:
    """A hosted page for what is due, recorded on the invoice; its address."""
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
            amount=4900,
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


def test_a_hosted_page_paid_in_the_middle_of_the_charge_becomes_credit(world: CardWorld) -> None:
    world.joins("lumen")

    def pays(verb: str) -> None:
        if verb == "charge":
            assert browse(opened_page(world, the_invoice(world)), CARD).status == 303

    world.stripe.before = pays
    bills(world)
    hosted = [each for each in world.account.v1.payment_intents.list({}).data if "attempt" not in each.metadata]
    follow_payment(world.documents, world.stripe.inner, hosted[0].id, call=world.call())
    invoice = the_invoice(world)
    assert (invoice.status, invoice.amount_paid, invoice.pending) == (InvoiceStatus.PAID, 4900, ())
    assert (world.taken(), world.balance("lumen")) == ([4900, 4900], 4900)
    assert world.sent.kinds() == ["receipt"]


def test_a_hosted_page_left_open_is_closed_by_the_charge(world: CardWorld) -> None:
    world.joins("lumen")
    opened: list[str] = []
    world.stripe.before = lambda verb: (
        opened.append(opened_page(world, the_invoice(world))) if verb == "charge" else None
    )
    bills(world)
    assert browse(opened[0], CARD).status != 303
    assert (the_invoice(world).status, world.taken(), world.balance("lumen")) == (InvoiceStatus.PAID, [4900], 0)


def unknown(sandbox: RunningSandbox, world: CardWorld, fault: str) -> Invoice:
    """An issued invoice whose charge has no answer: it was made (lose_answer) or was not (drop_before)."""
    world.joins("lumen")
    sandbox.control("POST", "faults", {"kind": fault, "path": INTENTS, "times": 3})
    bills(world)
    sandbox.control("DELETE", "faults")
    return the_invoice(world)


def test_a_page_paid_while_the_charge_waited_is_the_payment(sandbox: RunningSandbox, world: CardWorld) -> None:
    invoice = unknown(sandbox, world, "drop_before")
    assert browse(opened_page(world, invoice), CARD).status == 303
    world.runs_billing()
    assert (the_invoice(world).status, world.taken(), len(world.payments())) == (InvoiceStatus.PAID, [4900], 1)
    assert (world.balance("lumen"), world.sent.kinds()) == (0, ["receipt"])


@pytest.mark.parametrize("what", ["paid", "void"])
def test_nothing_is_charged_or_mailed_after_the_invoice_was_paid_or_void(
    sandbox: RunningSandbox, world: CardWorld, what: str
) -> None:
    invoice = unknown(sandbox, world, "drop_before")
    if what == "void":
        void(world, invoice.number)
    else:
        pay_by_transfer(world, invoice)
    world.runs_billing()
    assert (world.taken(), world.sent.sent, the_invoice(world).pending) == ([], [], ())


@pytest.mark.parametrize("what", ["paid", "void"])
def test_a_charge_found_for_an_invoice_that_was_paid_or_void_meanwhile_is_credit(
    sandbox: RunningSandbox, world: CardWorld, what: str
) -> None:
    invoice = unknown(sandbox, world, "lose_answer")
    if what == "void":
        void(world, invoice.number)
    else:
        pay_by_transfer(world, invoice)
    world.runs_billing()
    assert (world.taken(), world.balance("lumen"), world.sent.sent) == ([4900], 4900, [])
    assert the_invoice(world).pending == ()


def pay_by_transfer(world: CardWorld, invoice: Invoice) -> None:
    new = NewPayment(
        id="bank.1",
        amount=4900,
        currency="USD",
        source=PaymentSource.BANK_TRANSFER,
        received_at=world.now,
        invoice_ids=(invoice.id,),
    )
    record_payment(world.documents, new, call=world.call())


def test_a_mail_server_that_is_away_keeps_the_mail_and_not_the_money(world: CardWorld) -> None:
    world.joins("lumen")
    world.sent.fails = ["busy"]
    report = bills(world)
    assert (the_invoice(world).status, the_invoice(world).pending) == (InvoiceStatus.PAID, (DELIVER,))
    assert [each.code for each in report.settlement_failures.values()] == ["mail_unavailable"]
    again = world.runs_billing()
    assert (again.collected.charged, again.collected.mailed, world.sent.kinds()) == (0, 1, ["receipt"])
    assert (the_invoice(world).pending, world.taken()) == ((), [4900])


def test_a_mail_that_nobody_takes_is_told_and_not_tried_again(world: CardWorld) -> None:
    world.joins("lumen")
    world.sent.fails = ["refused"]
    report = bills(world)
    assert (the_invoice(world).pending, report.unsettled) == ((), 0)
    [refused] = report.refused_mails
    assert (refused.code, refused.message) == (
        "mail_refused",
        "the mail to lumen@kunde.test was refused: 550 no such user",
    )
    assert ("invoice.mail_refused", f"invoices/{the_invoice(world).id}") in audited(world)
    assert world.runs_billing().collected.mailed == 0


def test_an_invoice_paid_before_its_mail_could_go_out_is_not_mailed(world: CardWorld) -> None:
    world.joins("lumen", collection_method=CollectionMethod.SEND_INVOICE)
    world.sent.fails = ["busy"]
    bills(world)
    pay_by_transfer(world, the_invoice(world))
    world.runs_billing()
    assert (world.sent.sent, the_invoice(world).pending) == ([], ())


def test_one_mail_that_cannot_be_made_stops_no_other(world: CardWorld) -> None:
    for name in ("lumen", "other"):
        world.joins(name)

    def compose(notice: Notice) -> Mail:
        if notice.invoice.customer_id == "lumen":
            msg = "no such name"
            raise KeyError(msg)
        return plain_mail(notice)

    world.compose = compose
    report = bills(world)
    assert [each.code for each in report.settlement_failures.values()] == ["unexpected_error"]
    assert {each.status for each in world.invoices()} == {InvoiceStatus.PAID}
    assert [mail.to for mail in world.sent.sent] == [("other@kunde.test",)]


# one invoice, charged again


def failed(sandbox: RunningSandbox, world: CardWorld) -> Invoice:
    """An invoice whose first charge was declined; the card is good again."""
    world.joins("lumen", card=None)
    card = world.saves_card("lumen")
    sandbox.control("POST", f"payment_methods/{card}/decline", {"code": "insufficient_funds"})
    bills(world)
    sandbox.control("POST", f"payment_methods/{card}/decline", {"code": None})
    return the_invoice(world)


def test_an_invoice_is_charged_again_and_its_receipt_goes_out_with_the_next_settlement(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    invoice = failed(sandbox, world)
    charged = charge_invoice(world.documents, invoice.id, gateway=world.stripe, call=world.call())  # type: ignore[arg-type]
    assert charged.attempt is not None
    assert (charged.attempt.number, charged.attempt.status, charged.invoice.status) == (
        2,
        AttemptStatus.SUCCEEDED,
        InvoiceStatus.PAID,
    )
    again = charge_invoice(world.documents, invoice.id, gateway=world.stripe, call=world.call())  # type: ignore[arg-type]
    assert (again.attempt, world.taken()) == (None, [4900])
    world.runs_billing()
    assert world.sent.kinds("lumen@kunde.test") == ["payment_failed", "receipt"]


def test_an_invoice_from_before_the_gateway_is_charged_as_its_first_attempt(world: CardWorld) -> None:
    world.joins("lumen", collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    charged = charge_invoice(world.documents, the_invoice(world).id, gateway=world.stripe.inner, call=world.call())
    assert charged.attempt is not None
    assert (charged.attempt.number, charged.invoice.status, world.taken()) == (1, InvoiceStatus.PAID, [4900])


def test_four_charges_of_one_invoice_at_once_take_the_money_once(sandbox: RunningSandbox, world: CardWorld) -> None:
    invoice = failed(sandbox, world)
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda _: charge_invoice(world.documents, invoice.id, gateway=world.stripe.inner, call=world.call()),
                range(4),
            )
        )
    assert (world.taken(), len(world.payments()), the_invoice(world).status) == ([4900], 1, InvoiceStatus.PAID)
    assert [each.status for each in the_invoice(world).attempts] == [AttemptStatus.DECLINED, AttemptStatus.SUCCEEDED]


class Crash(BaseException):
    """The process is gone: nothing in the product may catch it."""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_charge_that_died_is_finished_by_the_next_call(
    sandbox: RunningSandbox, world: CardWorld, moment: str
) -> None:
    invoice, crashes = failed(sandbox, world), count(1)

    def dies(verb: str) -> None:
        if verb == "charge" and next(crashes) == 1:
            raise Crash

    setattr(world.stripe, moment, dies)
    charge = partial(charge_invoice, world.documents, invoice.id, gateway=world.stripe, call=world.call())  # type: ignore[arg-type]
    with pytest.raises(Crash):
        charge()
    assert the_invoice(world).attempts[-1].status is AttemptStatus.STARTED
    charged = charge()
    assert charged.attempt is not None
    assert (charged.attempt.number, charged.attempt.status) == (2, AttemptStatus.SUCCEEDED)
    assert (world.taken(), len(world.payments())) == ([4900], 1)


def test_a_payment_that_waits_for_the_customer_gives_way_to_a_new_card(world: CardWorld) -> None:
    world.joins("lumen", card="pm_card_authenticationRequired")
    bills(world)
    world.saves_card("lumen", card="pm_card_mastercard")
    charged = charge_invoice(world.documents, the_invoice(world).id, gateway=world.stripe, call=world.call())  # type: ignore[arg-type]
    assert charged.attempt is not None
    assert (charged.attempt.number, charged.invoice.status, world.taken()) == (2, InvoiceStatus.PAID, [4900])
