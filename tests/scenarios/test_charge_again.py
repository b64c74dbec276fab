"""One invoice is charged again: once, however often it is asked."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count

import pytest

from billing.domain.attempt import AttemptStatus
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus
from billing.ports import ChargeOrder, ChargeOutcome
from billing.sandbox.server import RunningSandbox
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.saved_methods import keep_saved_method
from tests.collected_invoice import bills, running, sandbox, the_invoice, world
from tests.collecting import CardWorld

__all__ = ["running", "sandbox", "world"]


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


@pytest.mark.parametrize("arrives", [True, False])
def test_a_charge_that_died_is_not_over_for_a_card_that_was_removed_while_it_may_be_on_its_way(
    sandbox: RunningSandbox, world: CardWorld, monkeypatch: pytest.MonkeyPatch, *, arrives: bool
) -> None:
    """Its key is repeated with no other card, so it is looked up until nobody can be asking for it any more."""
    sent: list[ChargeOrder] = []

    def dies(order: ChargeOrder) -> ChargeOutcome:
        sent.append(order)
        raise Crash

    invoice, stripe = failed(sandbox, world), world.stripe.inner

    def charges(at: str) -> tuple[int, AttemptStatus]:
        world.travels_to(at)
        made = charge_invoice(world.documents, invoice.id, gateway=stripe, call=world.call()).attempt
        assert made is not None
        return made.number, made.status

    with monkeypatch.context() as dying:
        dying.setattr(stripe, "charge", dies)
        with pytest.raises(Crash):
            charges("2026-02-04T01:00")
    [order] = sent
    keep_saved_method(world.documents, "lumen", None, gateway_id=order.customer, call=world.call())
    assert charges("2026-02-04T01:59") == (2, AttemptStatus.UNKNOWN)
    if arrives:
        stripe.charge(order)
    assert charges("2026-02-04T02:00") == (2, AttemptStatus.SUCCEEDED if arrives else AttemptStatus.DECLINED)
    assert (world.taken(), len(world.payments())) == (([4900], 1) if arrives else ([], 0))


def test_a_payment_that_waits_for_the_customer_gives_way_to_a_new_card(world: CardWorld) -> None:
    world.joins("lumen", card="pm_card_authenticationRequired")
    bills(world)
    world.saves_card("lumen", card="pm_card_mastercard")
    charged = charge_invoice(world.documents, the_invoice(world).id, gateway=world.stripe, call=world.call())  # type: ignore[arg-type]
    assert charged.attempt is not None
    assert (charged.attempt.number, charged.invoice.status, world.taken()) == (2, InvoiceStatus.PAID, [4900])
