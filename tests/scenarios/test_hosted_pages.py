"""What is paid on a hosted page is paid once, whenever it comes and whatever else becomes of the invoice meanwhile."""

from billing.domain.invoice import CollectionMethod, Invoice
from billing.ports import Checkout
from billing.usecases.open_payment import WayBack, open_payment
from tests.collected_invoice import CARD, bills, opened_page, running, sandbox, the_invoice, world
from tests.collecting import CardWorld
from tests.sandbox_client import browse

__all__ = ["running", "sandbox", "world"]
BACK = WayBack(success_url="http://127.0.0.1/thanks?session={CHECKOUT_SESSION_ID}", cancel_url="http://127.0.0.1/")


def invoiced(world: CardWorld) -> Invoice:
    """An invoice of 49.00 that its customer pays when it likes."""
    world.joins("lumen", card=None, collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    return the_invoice(world)


def asked(world: CardWorld) -> Checkout:
    """The page that the pay link leads to now."""
    assert world.gateway is not None
    return open_payment(world.documents, world.gateway, the_invoice(world).id, back=BACK, call=world.call())


def test_a_page_that_is_paid_while_it_is_closed_counts_before_another_is_opened(world: CardWorld) -> None:
    url = opened_page(world, invoiced(world), amount=1000)

    def quicker(verb: str) -> None:
        if verb == "expire_checkout":
            assert browse(url, CARD).status == 303

    world.stripe.before = quicker
    assert asked(world).amount == 3900
    assert (the_invoice(world).amount_paid, world.taken()) == (1000, [1000])
