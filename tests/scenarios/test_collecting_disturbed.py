"""A charge without an answer, twice at once, or beside another payment takes the money once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from billing.domain.attempt import AttemptStatus
from billing.domain.invoice import InvoiceStatus
from billing.sandbox.server import RunningSandbox
from billing.usecases.follow_payment import follow_payment
from tests.collected_invoice import (
    CARD,
    COLLECT,
    DELIVER,
    INTENTS,
    bills,
    opened_page,
    pay_by_transfer,
    running,
    sandbox,
    the_invoice,
    unknown,
    world,
)
from tests.collecting import CardWorld
from tests.reviewing import void
from tests.sandbox_client import browse

__all__ = ["running", "sandbox", "world"]


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


def test_a_hosted_page_paid_in_the_middle_of_the_charge_becomes_credit(world: CardWorld) -> None:
    world.joins("lumen")

    def pays(verb: str) -> None:
        if verb == "charge":
            assert browse(opened_page(world, the_invoice(world)), CARD).status == 303

    world.stripe.before = pays
    bills(world)
    hosted = [each for each in world.account.v1.payment_intents.list({}).data if "attempt" not in each.metadata]
    follow_payment(world.documents, world.stripe.inner, hosted[0].id, call=world.call())
    world.runs_billing()
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
    world.travels_to("2026-02-02")
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
