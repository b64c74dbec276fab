"""What an event would have told that never comes, or that comes again as a process died over it, is in the books."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import pytest

from billing.domain.attempt import AttemptSource, AttemptStatus
from billing.domain.decline import Advice
from billing.domain.invoice import CollectionMethod, InvoiceStatus
from billing.ports import ChargeOrder, ChargeOutcome, Declined, Gateway, GatewayPayment, Mail, Pending, Succeeded, Write
from billing.sandbox.server import RunningSandbox
from billing.usecases.follow_payment import follow_payment
from billing.usecases.open_payment import WayBack, open_payment
from billing.usecases.settle_invoices import settle_invoices
from billing.usecases.void_invoice import void_invoice
from tests.collected_invoice import CARD, COLLECT, DELIVER, bills, pay_by_transfer, running, sandbox, the_invoice, world
from tests.collecting import CardWorld, card_world
from tests.sandbox_client import browse
from tests.unpaid import dunned_on, fails
from tests.watched_documents import WatchedDocuments

__all__ = ["running", "sandbox", "world"]

BACK = WayBack(success_url="http://127.0.0.1/thanks?session={CHECKOUT_SESSION_ID}", cancel_url="http://127.0.0.1/")


class Slow:
    """A gateway whose charges are under way when they are made, and until `end` says what becomes of them."""

    def __init__(self, inner: Gateway) -> None:
        self.inner = inner
        self.end: ChargeOutcome | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - every other call of the port
        return getattr(self.inner, name)

    def charge(self, order: ChargeOrder) -> ChargeOutcome:
        made = self.inner.charge(order)
        assert isinstance(made, Succeeded)
        return Pending(payment_id=made.payment_id)

    def payment(self, payment_id: str) -> GatewayPayment:
        return replace(self.inner.payment(payment_id), outcome=self.end or Pending(payment_id=payment_id))

    def succeeds(self, payment_id: str) -> None:
        self.end = self.inner.payment(payment_id).outcome

    def fails(self, payment_id: str) -> None:
        self.end = Declined(
            code="insufficient_funds", advice=Advice.RETRY, message="It was returned.", payment_id=payment_id
        )


def slow(world: CardWorld) -> Slow:
    gateway: Any = Slow(world.stripe.inner)
    world.stripe.inner = gateway
    return gateway


def under_way(world: CardWorld) -> tuple[Slow, str]:
    """An invoice whose charge is under way, and the gateway's id of that."""
    gateway = slow(world)
    world.joins("lumen")
    bills(world)
    [attempt] = the_invoice(world).attempts
    assert (attempt.status, world.sent.sent) == (AttemptStatus.PENDING, [])
    world.stripe.calls.clear()
    return gateway, attempt.payment_id


def nights(world: CardWorld, *days: str) -> None:
    for day in days:
        world.travels_to(day)
        world.runs_billing()


def test_a_charge_under_way_that_succeeded_unheard_is_booked_by_the_next_night(world: CardWorld) -> None:
    gateway, payment_id = under_way(world)
    gateway.succeeds(payment_id)
    world.travels_to("2026-02-06")
    report = world.runs_billing()
    invoice = the_invoice(world)
    assert (invoice.status, invoice.pending, world.taken()) == (InvoiceStatus.PAID, (), [4900])
    assert (len(world.payments()), world.sent.kinds()) == (1, ["receipt"])
    assert (report.collected.charged, dict(report.collected.amounts)) == (1, {"USD": 4900})


def test_a_charge_under_way_that_failed_unheard_is_told_and_chased_from_then_on(world: CardWorld) -> None:
    gateway, payment_id = under_way(world)
    gateway.fails(payment_id)
    nights(world, "2026-02-06")
    invoice = the_invoice(world)
    assert (invoice.status, [each.code for each in invoice.attempts]) == (InvoiceStatus.ISSUED, ["insufficient_funds"])
    assert world.sent.kinds() == ["payment_failed", "tenant_payment_failed"]
    assert invoice.dunning is not None
    assert str(invoice.dunning.started_on) == "2026-02-06"


def test_a_charge_under_way_is_asked_about_once_a_night_and_nothing_else_is(world: CardWorld) -> None:
    gateway, payment_id = under_way(world)
    nights(world, "2026-02-02", "2026-02-03")
    assert (world.stripe.calls, world.sent.sent) == (["payment"] * 2, [])
    gateway.succeeds(payment_id)
    nights(world, "2026-02-04")
    world.stripe.calls.clear()
    nights(world, "2026-02-05", "2026-02-06")
    assert world.stripe.calls == []


def test_where_no_mail_is_sent_the_dunning_run_finds_what_succeeded_unheard(sandbox: RunningSandbox) -> None:
    world = card_world(sandbox, mail_sender="")
    gateway, payment_id = under_way(world)
    world.travels_to("2026-03-04")
    world.runs_dunning()
    [attempt] = the_invoice(world).attempts
    assert (attempt.status, the_invoice(world).status) == (AttemptStatus.PENDING, InvoiceStatus.OVERDUE)
    gateway.succeeds(payment_id)
    world.travels_to("2026-03-05")
    report = world.runs_dunning()
    assert (the_invoice(world).status, report.actions) == (InvoiceStatus.PAID, {"recovered": 1})
    assert (len(world.payments()), world.taken()) == (1, [4900])


def test_a_debit_under_way_for_a_void_invoice_is_asked_about_to_its_end_and_is_credit(world: CardWorld) -> None:
    gateway, payment_id = under_way(world)
    settle = partial(settle_invoices, world.settlement())
    void = void_invoice(world.documents, the_invoice(world).id, reason="wrong", call=world.call(), settle=settle)
    assert void.pending == (COLLECT,)
    gateway.cancel_payment = lambda _: False  # type: ignore[attr-defined]
    nights(world, "2026-02-02")
    assert the_invoice(world).pending == (COLLECT,)
    gateway.succeeds(payment_id)
    world.travels_to("2026-02-03")
    assert world.runs_billing().collected.charged == 1
    assert (the_invoice(world).status, the_invoice(world).pending) == (InvoiceStatus.VOID, ())
    assert (world.balance("lumen"), len(world.payments()), world.taken()) == (4900, 1, [4900])
    world.stripe.calls.clear()
    nights(world, "2026-02-04")
    assert world.stripe.calls == []


@pytest.mark.parametrize("what", ["void", "wired"])
def test_what_was_paid_on_the_page_of_a_void_or_paid_invoice_is_asked_about_to_its_end_and_is_credit(
    world: CardWorld, what: str
) -> None:
    gateway = slow(world)
    world.joins("lumen", card=None, collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    page = open_payment(world.documents, world.stripe.inner, the_invoice(world).id, back=BACK, call=world.call())
    assert browse(page.url, CARD).status == 303
    payment_id = gateway.checkout(page.id).payment_id
    follow_payment(world.documents, world.stripe.inner, payment_id, call=world.call())
    assert the_invoice(world).page_payment_id == payment_id
    if what == "void":
        void_invoice(world.documents, the_invoice(world).id, reason="wrong", call=world.call())
    else:
        pay_by_transfer(world, the_invoice(world))
    nights(world, "2026-02-02")
    assert the_invoice(world).pending == (COLLECT,)
    gateway.succeeds(payment_id)
    nights(world, "2026-02-03")
    assert (the_invoice(world).page_payment_id, the_invoice(world).pending) == ("", ())
    assert (world.balance("lumen"), world.taken()) == (4900, [4900])


def test_a_debit_under_way_for_what_a_wire_paid_is_asked_about_to_its_end_and_is_credit(world: CardWorld) -> None:
    gateway, payment_id = under_way(world)
    pay_by_transfer(world, the_invoice(world))
    gateway.cancel_payment = lambda _: False  # type: ignore[attr-defined]
    nights(world, "2026-02-02")
    assert (the_invoice(world).status, the_invoice(world).pending) == (InvoiceStatus.PAID, (COLLECT,))
    gateway.succeeds(payment_id)
    nights(world, "2026-02-03")
    assert (the_invoice(world).attempts[-1].status, the_invoice(world).pending) == (AttemptStatus.SUCCEEDED, ())
    assert (world.balance("lumen"), len(world.payments()), world.taken()) == (4900, 2, [4900])
    world.stripe.calls.clear()
    nights(world, "2026-02-04")
    assert world.stripe.calls == []


def test_a_later_charge_of_a_void_invoice_that_has_no_answer_is_looked_up_and_is_credit(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    card = fails(sandbox, world)
    sandbox.control("POST", f"payment_methods/{card}/decline", {"code": None})
    sandbox.control("POST", "faults", {"kind": "lose_answer", "path": "/v1/payment_intents", "times": 3})
    dunned_on(world, "2026-02-04")
    sandbox.control("DELETE", "faults")
    assert the_invoice(world).attempts[-1].status is AttemptStatus.UNKNOWN
    void_invoice(world.documents, the_invoice(world).id, reason="wrong", call=world.call())
    nights(world, "2026-02-05")
    last = the_invoice(world).attempts[-1]
    assert (last.number, last.status, last.source) == (2, AttemptStatus.SUCCEEDED, AttemptSource.SCHEDULE)
    assert (the_invoice(world).pending, world.balance("lumen"), world.taken()) == ((), 4900, [4900])


def test_a_dry_run_asks_nobody_about_a_charge_under_way(world: CardWorld) -> None:
    gateway, payment_id = under_way(world)
    world.travels_to("2026-03-04")
    world.runs_dunning()
    gateway.succeeds(payment_id)
    world.stripe.calls.clear()
    world.travels_to("2026-03-06")
    world.runs_dunning(dry_run=True)
    assert (world.stripe.calls, the_invoice(world).status) == ([], InvoiceStatus.OVERDUE)


class DiedError(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("at", [1, 2])
def test_a_receipt_is_mailed_once_wherever_the_process_dies_that_books_a_payment(world: CardWorld, at: int) -> None:
    world.joins("lumen", card=None, collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    stripe = world.stripe.inner
    page = open_payment(world.documents, stripe, the_invoice(world).id, back=BACK, call=world.call())
    assert browse(page.url, CARD).status == 303
    paid, commits = stripe.checkout(page.id).payment_id, count(1)

    def dies(_writes: Sequence[Write]) -> None:
        if next(commits) == at:
            raise DiedError

    dying = WatchedDocuments(world.documents, after=dies)
    with pytest.raises(DiedError):
        follow_payment(dying, stripe, paid, call=world.call())
    assert (the_invoice(world).status, the_invoice(world).pending) == (InvoiceStatus.PAID, (DELIVER,))
    follow_payment(world.documents, stripe, paid, call=world.call())
    nights(world, "2026-02-02", "2026-02-03")
    assert (world.sent.kinds(), len(world.sent.sent)) == (["invoice_issued", "receipt"], 2)
    assert (len(world.payments()), the_invoice(world).amount_paid) == (1, 4900)


def test_what_is_paid_while_another_mail_of_it_goes_out_has_its_receipt_all_the_same(world: CardWorld) -> None:
    world.joins("lumen", card=None, collection_method=CollectionMethod.SEND_INVOICE)
    paid_at_once: list[str] = []

    def sends_and_pays(mail: Mail) -> None:
        sends(mail)
        if not paid_at_once:
            page = open_payment(
                world.documents, world.stripe.inner, the_invoice(world).id, back=BACK, call=world.call()
            )
            assert browse(page.url, CARD).status == 303
            paid_at_once.append(world.stripe.inner.checkout(page.id).payment_id)
            follow_payment(world.documents, world.stripe.inner, paid_at_once[0], call=world.call())

    sends = world.sent.send
    world.sent.send = sends_and_pays  # type: ignore[method-assign]
    bills(world)
    assert (the_invoice(world).status, world.sent.kinds()) == (InvoiceStatus.PAID, ["invoice_issued"])
    nights(world, "2026-02-02", "2026-02-03")
    assert (world.sent.kinds(), len(world.sent.sent)) == (["invoice_issued", "receipt"], 2)
    assert the_invoice(world).pending == ()
