"""Whose card is charged: the one saved last, whatever is heard of older pages, and none of a customer deleted there."""

from collections.abc import Callable
from itertools import count

import pytest

from billing.domain.attempt import AttemptStatus
from billing.domain.invoice import CollectionMethod, InvoiceStatus
from billing.ports import ChargeOrder, ChargeOutcome, Checkout, CheckoutStatus, GatewayRefused, GatewayUnavailable
from billing.sandbox.server import RunningSandbox
from billing.store.audit import AuditLog
from billing.usecases.follow_checkout import follow_checkout
from billing.usecases.open_payment import WayBack, open_method_page, open_payment
from billing.usecases.write_off_invoice import write_off_invoice
from tests.collected_invoice import (
    CARD,
    COLLECT,
    DELIVER,
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
from tests.unpaid import fails, pages, the_customer

__all__ = ["running", "sandbox", "world"]

BACK = WayBack(success_url="https://pay.example/saved", cancel_url="https://pay.example")
VISA, MASTERCARD = "Visa •••• 4242", "Mastercard •••• 4444"
_NUMBERS = {VISA: "4242424242424242", MASTERCARD: "5555555555554444"}
_visits = count(1)


class DiedError(BaseException):
    """The process is gone."""


def page_to_save(world: CardWorld) -> Checkout:
    assert world.gateway is not None
    invoice, visit = the_invoice(world), f"visit-{next(_visits)}"
    return open_method_page(world.documents, world.gateway, invoice.id, back=BACK, visit=visit, call=world.call())


def saves(world: CardWorld, card: str) -> Checkout:
    """The customer enters a card on a hosted page, of which nobody has heard yet."""
    page = page_to_save(world)
    assert browse(page.url, {**CARD, "number": _NUMBERS[card]}).status == 303
    return page


def comes_back(world: CardWorld, page: Checkout) -> None:
    follow_checkout(world.documents, pages(world), page.id, call=world.call(), invoice_id=the_invoice(world).id)


def charged_now(world: CardWorld) -> tuple[str, str]:
    """The card that the books name, and the one that Stripe does."""
    assert world.gateway is not None
    at_stripe = world.gateway.saved_method(the_customer(world).gateway_id)
    return the_customer(world).payment_method, "" if at_stripe is None else at_stripe.label


def sent(world: CardWorld) -> None:
    world.joins("lumen", card=None, collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)


def test_coming_back_to_an_old_page_does_not_bring_its_card_back(world: CardWorld) -> None:
    sent(world)
    first, second = saves(world, VISA), saves(world, MASTERCARD)
    comes_back(world, first)
    assert charged_now(world) == (VISA, VISA)
    for page in (second, first, second, first):
        comes_back(world, page)
        assert charged_now(world) == (MASTERCARD, MASTERCARD)


def test_a_page_that_is_heard_of_after_a_later_one_does_not_bring_its_card_back(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    sent(world)
    first = saves(world, VISA)
    sandbox.control("POST", "clock", {"advance": 60})
    comes_back(world, saves(world, MASTERCARD))
    comes_back(world, first)
    assert charged_now(world) == (MASTERCARD, MASTERCARD)


def test_a_card_saved_anew_after_another_is_the_one_that_is_charged_again(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    sent(world)
    for card in (VISA, MASTERCARD, VISA):
        sandbox.control("POST", "clock", {"advance": 60})
        comes_back(world, saves(world, card))
        assert charged_now(world) == (card, card)


def deleted(world: CardWorld) -> str:
    """Somebody deletes the customer in Stripe's dashboard; its id there."""
    before = the_customer(world).gateway_id
    world.account.v1.customers.delete(before)
    return before


def pays_online(world: CardWorld) -> Checkout:
    assert world.gateway is not None
    return open_payment(world.documents, world.gateway, the_invoice(world).id, back=BACK, call=world.call())


@pytest.mark.parametrize("open_page", [pays_online, page_to_save])
def test_a_customer_deleted_at_stripe_is_made_anew_and_its_card_forgotten(
    world: CardWorld, open_page: Callable[[CardWorld], Checkout]
) -> None:
    world.joins("lumen", collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    before = deleted(world)
    page = open_page(world)
    after = the_customer(world)
    assert page.status is CheckoutStatus.OPEN
    assert after.gateway_id not in ("", before)
    assert (page.customer, after.payment_method, after.payment_method_id) == (after.gateway_id, "", "")
    records = AuditLog.of(world.documents, world.tenant.id).about("customers/lumen")
    assert [(each.event, each.before, each.after) for each in records][-2:] == [
        ("customer.payment_method", VISA, ""),
        ("customer.at_gateway", before, after.gateway_id),
    ]
    assert open_page(world).customer == after.gateway_id
    assert len(world.account.v1.customers.list({"limit": 10}).data) == 1


def test_a_page_that_was_open_for_a_customer_deleted_since_gives_way_to_another(world: CardWorld) -> None:
    sent(world)
    before = pays_online(world)
    assert pays_online(world).id == before.id
    deleted(world)
    page = pays_online(world)
    assert (page.id != before.id, page.customer) == (True, the_customer(world).gateway_id)
    assert world.stripe.inner.checkout(before.id).status is CheckoutStatus.EXPIRED
    assert browse(page.url, CARD).status == 303


def test_what_a_customer_saves_after_it_was_deleted_is_charged_for_what_waited(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world)
    deleted(world)
    comes_back(world, saves(world, MASTERCARD))
    assert charged_now(world) == (MASTERCARD, MASTERCARD)
    assert (the_invoice(world).status, world.taken()) == (InvoiceStatus.PAID, [4900])


def test_a_page_of_a_customer_deleted_since_saves_nothing_with_the_one_in_its_place(world: CardWorld) -> None:
    sent(world)
    page = saves(world, VISA)
    deleted(world)
    pays_online(world)
    comes_back(world, page)
    assert charged_now(world) == ("", "")


def test_a_customer_that_stripe_never_had_is_refused_and_keeps_its_card(world: CardWorld) -> None:
    """The key is of another account: nothing is forgotten for that."""
    world.joins("lumen")
    bills(world)
    world.damages("customers/lumen", {"gateway_id": "cus_elsewhere"})
    with pytest.raises(GatewayRefused, match="cus_elsewhere"):
        page_to_save(world)
    assert (the_customer(world).gateway_id, the_customer(world).payment_method) == ("cus_elsewhere", VISA)


def test_a_charge_without_an_answer_is_looked_up_before_its_deleted_customer_is_made_anew(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    """Among the new one's charges it would not be found, and be made a second time."""
    unknown(sandbox, world, "lose_answer")
    assert the_invoice(world).attempts[-1].status is AttemptStatus.UNKNOWN
    deleted(world)
    with pytest.raises(GatewayUnavailable, match="INV-2026-01-0001 has no answer yet"):
        page_to_save(world)
    world.runs_billing()
    assert (the_invoice(world).status, world.taken()) == (InvoiceStatus.PAID, [4900])
    assert page_to_save(world).status is CheckoutStatus.OPEN


@pytest.mark.parametrize("what", ["wired", "void", "written off"])
def test_so_is_one_of_an_invoice_that_is_closed(sandbox: RunningSandbox, world: CardWorld, what: str) -> None:
    unknown(sandbox, world, "lose_answer")
    if what == "wired":
        pay_by_transfer(world, the_invoice(world))
    elif what == "void":
        void(world, the_invoice(world).number)
    else:
        write_off_invoice(world.documents, the_invoice(world).id, reason="insolvent", call=world.call())
    deleted(world)
    with pytest.raises(GatewayUnavailable, match="INV-2026-01-0001 has no answer yet"):
        page_to_save(world)
    world.runs_billing()
    assert (world.taken(), world.balance("lumen")) == ([4900], 0 if what == "written off" else 4900)
    assert page_to_save(world).status is CheckoutStatus.OPEN


def test_a_page_that_is_asked_about_holds_no_new_customer_back(world: CardWorld) -> None:
    """It is found by its own id; nothing was charged."""
    sent(world)
    pays_online(world)
    pay_by_transfer(world, the_invoice(world))
    assert the_invoice(world).pending == (COLLECT,)
    deleted(world)
    assert page_to_save(world).customer == the_customer(world).gateway_id


def test_a_charge_that_never_reached_stripe_holds_no_new_customer_back_once_it_is_given_up(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    """The invoice was paid on its page, and waits only for a mail server."""
    assert browse(opened_page(world, unknown(sandbox, world, "drop_before")), CARD).status == 303
    comes_back(world, world.stripe.inner.checkout(the_invoice(world).checkout_id))
    world.sent.fails = ["421 away"]
    world.travels_to("2026-02-02")
    world.runs_billing()
    assert (the_invoice(world).pending, the_invoice(world).attempts[0].status) == ((DELIVER,), AttemptStatus.UNKNOWN)
    before = deleted(world)
    assert page_to_save(world).customer not in ("", before)


def test_a_charge_whose_process_died_is_looked_up_before_its_deleted_customer_is_made_anew(
    world: CardWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its invoice has no attempt yet, as that is written with the answer."""
    world.joins("lumen")
    charge = world.stripe.inner.charge

    def dies(order: ChargeOrder) -> ChargeOutcome:
        charge(order)
        raise DiedError

    with monkeypatch.context() as dying:
        dying.setattr(world.stripe.inner, "charge", dies)
        with pytest.raises(DiedError):
            bills(world)
    assert (the_invoice(world).attempts, COLLECT in the_invoice(world).pending) == ((), True)
    deleted(world)
    with pytest.raises(GatewayUnavailable, match="INV-2026-01-0001 has no answer yet"):
        page_to_save(world)
    world.runs_billing()
    assert (the_invoice(world).status, world.taken(), len(world.payments())) == (InvoiceStatus.PAID, [4900], 1)
    assert page_to_save(world).status is CheckoutStatus.OPEN
