"""The receipt of an invoice that was paid, owed again and paid once more is of the payment that came last."""

from datetime import timedelta

import pytest

from billing.domain.invoice import CollectionMethod, InvoiceStatus
from billing.domain.notice import Notice
from billing.ports import Mail
from billing.sandbox.server import RunningSandbox
from billing.usecases.follow_payment import follow_payment
from billing.usecases.open_payment import WayBack, open_payment
from tests.collected_invoice import CARD, bills, running, sandbox, the_invoice, world
from tests.collecting import CardWorld, plain_mail
from tests.sandbox_client import browse
from tests.slow_charges import nights

__all__ = ["running", "sandbox", "world"]
BACK = WayBack(success_url="http://127.0.0.1/thanks?session={CHECKOUT_SESSION_ID}", cancel_url="http://127.0.0.1/")


def told(world: CardWorld) -> list[str]:
    """The payments whose receipts are mailed from now on."""
    receipts: list[str] = []

    def composed(notice: Notice) -> Mail:
        receipts.extend([] if notice.payment is None else [notice.payment.gateway_id])
        return plain_mail(notice)

    world.compose = composed
    return receipts


def pays_on_page(world: CardWorld) -> str:
    """The customer pays what is due on the hosted page; the gateway's id of the payment."""
    page = open_payment(world.documents, world.stripe.inner, the_invoice(world).id, back=BACK, call=world.call())
    assert browse(page.url, CARD).status == 303
    paid = world.stripe.inner.checkout(page.id).payment_id
    follow_payment(world.documents, world.stripe.inner, paid, call=world.call())
    assert the_invoice(world).status is InvoiceStatus.PAID
    return paid


def gives_back(world: CardWorld, payment_id: str) -> None:
    """Somebody refunds 10.00 on Stripe's own pages."""
    world.account.v1.refunds.create({"payment_intent": payment_id, "amount": 1000})
    follow_payment(world.documents, world.stripe.inner, payment_id, call=world.call())
    assert (the_invoice(world).status, the_invoice(world).amount_due) == (InvoiceStatus.ISSUED, 1000)


@pytest.mark.parametrize("method", list(CollectionMethod))
def test_it_is_of_the_last_payment_whichever_way_that_came(
    sandbox: RunningSandbox, world: CardWorld, method: CollectionMethod
) -> None:
    """Each of 10.00 that were given back before, in turn."""
    receipts = told(world)
    world.joins("lumen", collection_method=method)
    bills(world)
    first = receipts[0] if receipts else pays_on_page(world)
    nights(world, "2026-02-02")
    paid = [first]
    for day in range(3, 9):
        sandbox.control("POST", "clock", {"advance": int(timedelta(days=1).total_seconds())})
        gives_back(world, paid[-1])
        paid.append(pays_on_page(world))
        nights(world, f"2026-02-{day:02}")
    assert receipts == paid
