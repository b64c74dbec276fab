"""What an event would have told that never comes, or that comes again as a process died over it, is in the books."""

from collections.abc import Sequence
from itertools import count

import pytest

from billing.domain.attempt import AttemptStatus
from billing.domain.invoice import CollectionMethod, InvoiceStatus
from billing.ports import Mail, Write
from billing.sandbox.server import RunningSandbox
from billing.usecases.follow_payment import follow_payment
from billing.usecases.open_payment import WayBack, open_payment
from tests.collected_invoice import CARD, DELIVER, bills, running, sandbox, the_invoice, world
from tests.collecting import CardWorld, card_world
from tests.sandbox_client import browse
from tests.slow_charges import nights, under_way
from tests.watched_documents import WatchedDocuments

__all__ = ["running", "sandbox", "world"]

BACK = WayBack(success_url="http://127.0.0.1/thanks?session={CHECKOUT_SESSION_ID}", cancel_url="http://127.0.0.1/")


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
