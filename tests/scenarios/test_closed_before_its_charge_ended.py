"""An invoice that is closed, however that is, while it may still be paid: whatever began is asked about to its end.

No event tells of it here. 49.00 that comes for an invoice that is void, paid by transfer or credited whole is its
customer's credit; what comes for one that was written off pays it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from billing.domain.attempt import AttemptSource, AttemptStatus
from billing.domain.invoice import CollectionMethod, InvoiceStatus
from billing.ports import ChargeOrder, ChargeOutcome, Checkout, CheckoutStatus, RequiresAction
from billing.sandbox.server import RunningSandbox
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.follow_payment import follow_payment
from billing.usecases.open_payment import WayBack, open_payment
from billing.usecases.reverse_payment import reverse_payment
from billing.usecases.settle_invoices import settle_invoices
from billing.usecases.void_invoice import void_invoice
from billing.usecases.write_off_invoice import write_off_invoice
from tests.collected_invoice import (
    CARD,
    COLLECT,
    INTENTS,
    bills,
    opened_page,
    pay_by_transfer,
    running,
    sandbox,
    the_invoice,
    world,
)
from tests.collecting import CardWorld
from tests.crediting import issue
from tests.sandbox_client import browse
from tests.slow_charges import Slow, nights, slow, under_way
from tests.unpaid import NUMBER, declines, dunned_on, fails

__all__ = ["running", "sandbox", "world"]
BACK = WayBack(success_url="http://127.0.0.1/thanks?session={CHECKOUT_SESSION_ID}", cancel_url="http://127.0.0.1/")


def voids(world: CardWorld) -> None:
    settle = partial(settle_invoices, world.settlement())
    void_invoice(world.documents, NUMBER, reason="wrong", call=world.call(), settle=settle)


def wires(world: CardWorld) -> None:
    pay_by_transfer(world, the_invoice(world))


def credits_all(world: CardWorld) -> None:
    issue(world)


def writes_off(world: CardWorld) -> None:
    write_off_invoice(world.documents, NUMBER, reason="insolvent", call=world.call())


Close = Callable[[CardWorld], None]
closings = pytest.mark.parametrize("close", [voids, wires, credits_all, writes_off])


def is_asked(world: CardWorld) -> bool:
    return the_invoice(world).pending == (COLLECT,)


def came_once(world: CardWorld, close: Close) -> None:
    """The money is in the books, and nothing is asked for any more."""
    invoice = the_invoice(world)
    assert (invoice.page_payment_id, invoice.checkout_id, COLLECT in invoice.pending) == ("", "", False)
    assert (world.taken(), world.balance("lumen")) == ([4900], 0 if close is writes_off else 4900)
    assert invoice.status is (InvoiceStatus.VOID if close is voids else InvoiceStatus.PAID)
    assert [each.amount for each in world.payments() if each.gateway_id] == [4900]
    world.stripe.calls.clear()
    nights(world, "2026-02-20")
    assert (world.stripe.calls, the_invoice(world).pending) == ([], ())


@closings
def test_a_debit_under_way(world: CardWorld, close: Close) -> None:
    gateway, payment_id = under_way(world)
    close(world)
    nights(world, "2026-02-02", "2026-02-03")
    assert is_asked(world)
    gateway.succeeds(payment_id)
    world.travels_to("2026-02-04")
    assert world.runs_billing().collected.charged == 1
    assert the_invoice(world).attempts[-1].status is AttemptStatus.SUCCEEDED
    came_once(world, close)


@pytest.mark.parametrize("close", [wires, credits_all, writes_off])
def test_a_debit_that_is_made_while_the_invoice_is_closed(world: CardWorld, close: Close) -> None:
    gateway = slow(world)
    world.joins("lumen")
    world.stripe.after = lambda verb: close(world) if verb == "charge" else None
    bills(world)
    [attempt] = the_invoice(world).attempts
    assert (attempt.status, COLLECT in the_invoice(world).pending) == (AttemptStatus.PENDING, True)
    gateway.succeeds(attempt.payment_id)
    nights(world, "2026-02-02")
    came_once(world, close)


@closings
def test_a_debit_that_is_returned_leaves_nothing_to_ask_for(world: CardWorld, close: Close) -> None:
    gateway, payment_id = under_way(world)
    close(world)
    gateway.fails(payment_id)
    nights(world, "2026-02-02")
    assert (the_invoice(world).pending, world.balance("lumen")) == ((), 0)
    assert the_invoice(world).attempts[-1].status is AttemptStatus.DECLINED


def unanswered(sandbox: RunningSandbox, world: CardWorld, *, fault: str) -> str:
    """The second charge, of 4 February, has no answer: it was made (lose_answer) or was not; the gateway's card."""
    card = fails(sandbox, world)
    declines(sandbox, card, None)
    sandbox.control("POST", "faults", {"kind": fault, "path": INTENTS, "times": 3})
    dunned_on(world, "2026-02-04")
    sandbox.control("DELETE", "faults")
    assert (the_invoice(world).attempts[-1].status, the_invoice(world).pending) == (AttemptStatus.UNKNOWN, ())
    return card


@closings
def test_a_later_charge_without_an_answer(sandbox: RunningSandbox, world: CardWorld, close: Close) -> None:
    card = unanswered(sandbox, world, fault="lose_answer")
    world.saves_card("lumen", card="pm_card_mastercard")
    close(world)
    nights(world, "2026-02-05")
    last = the_invoice(world).attempts[-1]
    assert (last.number, last.status, last.source) == (2, AttemptStatus.SUCCEEDED, AttemptSource.SCHEDULE)
    assert (last.amount, last.method_id) == (4900, card)
    came_once(world, close)


def paid_on_page(world: CardWorld) -> Checkout:
    """The customer has paid on the page, which nobody has heard of."""
    world.joins("lumen", card=None, collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    page = open_payment(world.documents, world.stripe.inner, the_invoice(world).id, back=BACK, call=world.call())
    assert browse(page.url, CARD).status == 303
    return world.stripe.inner.checkout(page.id)


@closings
def test_what_was_paid_on_the_page_by_a_debit(world: CardWorld, close: Close) -> None:
    gateway = slow(world)
    payment_id = paid_on_page(world).payment_id
    follow_payment(world.documents, world.stripe.inner, payment_id, call=world.call())
    assert the_invoice(world).page_payment_id == payment_id
    close(world)
    nights(world, "2026-02-02")
    assert is_asked(world)
    gateway.succeeds(payment_id)
    nights(world, "2026-02-03")
    came_once(world, close)


@closings
def test_what_was_paid_on_the_page_unheard(world: CardWorld, close: Close) -> None:
    paid_on_page(world)
    close(world)
    world.travels_to("2026-02-02")
    report = world.runs_billing()
    assert report.collected.charged == (0 if close is voids else 1)
    came_once(world, close)


@closings
def test_what_was_paid_on_the_page_by_a_debit_unheard(world: CardWorld, close: Close) -> None:
    gateway = slow(world)
    payment_id = paid_on_page(world).payment_id
    close(world)
    nights(world, "2026-02-02")
    assert (is_asked(world), the_invoice(world).page_payment_id) == (True, payment_id)
    gateway.succeeds(payment_id)
    nights(world, "2026-02-03")
    came_once(world, close)


def voucher(world: CardWorld) -> tuple[Slow, str]:
    """The customer took a voucher on the page and has not paid it yet; the gateway's id of that payment."""
    gateway = slow(world)
    payment_id = paid_on_page(world).payment_id
    gateway.end = RequiresAction(payment_id=payment_id)
    return gateway, payment_id


@closings
def test_a_voucher_that_the_customer_has_not_paid_yet(world: CardWorld, close: Close) -> None:
    """It can't be cancelled, so its page is asked for night by night."""
    gateway, payment_id = voucher(world)
    close(world)
    nights(world, "2026-02-02", "2026-02-03")
    assert is_asked(world)
    gateway.succeeds(payment_id)
    nights(world, "2026-02-04")
    came_once(world, close)


@pytest.mark.parametrize("close", [voids, wires, credits_all])
def test_a_voucher_that_nobody_is_to_pay_any_more_is_cancelled(world: CardWorld, close: Close) -> None:
    def cancels(payment_id: str) -> bool:
        gateway.fails(payment_id)
        return True

    gateway, _ = voucher(world)
    gateway.cancel_payment = cancels  # type: ignore[method-assign]
    close(world)
    nights(world, "2026-02-02")
    assert (the_invoice(world).pending, the_invoice(world).checkout_id) == ((), "")
    assert [each for each in world.payments() if each.gateway_id] == []


class DiedError(BaseException):
    """The process is gone."""


@closings
def test_a_charge_that_reaches_the_gateway_after_it_was_looked_up(
    sandbox: RunningSandbox, world: CardWorld, close: Close, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that asked for it died, and its request is on its way still."""
    sent: list[ChargeOrder] = []

    def dies(order: ChargeOrder) -> ChargeOutcome:
        sent.append(order)
        raise DiedError

    card = fails(sandbox, world)
    declines(sandbox, card, None)
    stripe: Any = world.stripe.inner
    world.travels_to("2026-02-04T01:00")
    with monkeypatch.context() as dying:
        dying.setattr(stripe, "charge", dies)
        with pytest.raises(DiedError):
            charge_invoice(world.documents, the_invoice(world).id, gateway=stripe, call=world.call())
    close(world)
    world.travels_to("2026-02-04T01:10")
    world.runs_billing()
    assert (is_asked(world), the_invoice(world).attempts[-1].status) == (True, AttemptStatus.STARTED)
    stripe.charge(sent[0])
    nights(world, "2026-02-05")
    came_once(world, close)


@closings
def test_what_never_reached_it_is_given_up_once_nobody_can_be_asking_for_it_any_more(
    sandbox: RunningSandbox, world: CardWorld, close: Close
) -> None:
    unanswered(sandbox, world, fault="drop_before")
    close(world)
    nights(world, "2026-02-05")
    assert (the_invoice(world).pending, world.taken(), world.balance("lumen")) == ((), [], 0)


def test_the_open_page_of_what_is_written_off_is_asked_about_until_it_expires(world: CardWorld) -> None:
    world.joins("lumen", card=None, collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    page = open_payment(world.documents, world.stripe.inner, the_invoice(world).id, back=BACK, call=world.call())
    writes_off(world)
    nights(world, "2026-02-02")
    assert (is_asked(world), world.stripe.inner.checkout(page.id).status) == (True, CheckoutStatus.OPEN)
    assert browse(page.url, CARD).status == 303
    nights(world, "2026-02-03")
    came_once(world, writes_off)


@pytest.mark.parametrize(("fault", "status"), [("lose_answer", InvoiceStatus.PAID), ("drop_before", None)])
def test_a_later_charge_of_what_is_owed_again_is_looked_up_and_not_made(
    sandbox: RunningSandbox, world: CardWorld, fault: str, status: InvoiceStatus | None
) -> None:
    """The wire that closed it is taken back before anybody asked: a person decides whether it is charged."""
    unanswered(sandbox, world, fault=fault)
    wires(world)
    reverse_payment(world.documents, "bank.1", reason="recalled", call=world.call())
    assert (the_invoice(world).status, COLLECT in the_invoice(world).pending) == (InvoiceStatus.ISSUED, True)
    nights(world, "2026-02-05")
    assert (the_invoice(world).status, the_invoice(world).attempts[-1].number) == (status or InvoiceStatus.ISSUED, 2)
    assert (COLLECT in the_invoice(world).pending, sum(world.taken())) == (False, 4900 if status else 0)


def test_a_wire_that_is_taken_back_has_no_card_charged_for_it(world: CardWorld) -> None:
    """The step that asks about the page would charge an invoice that its customer is charged for."""
    world.joins("lumen", collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    opened_page(world, the_invoice(world))
    wires(world)
    reverse_payment(world.documents, "bank.1", reason="recalled", call=world.call())
    assert (the_invoice(world).status, the_invoice(world).pending) == (InvoiceStatus.ISSUED, (COLLECT,))
    nights(world, "2026-02-02")
    assert (the_invoice(world).pending, the_invoice(world).attempts, world.taken()) == ((), (), [])
