"""Of a payment the customer's bank disputes a part only: lost, that part is owed again, and the rest stands.

An invoice of 49.00 is charged at the sandbox, and 10.00 of it are disputed there.
"""

from dataclasses import replace
from itertools import permutations

import pytest

from billing.domain.invoice import InvoiceStatus
from billing.domain.payment import Payment, PaymentStatus, RefundState, RefundTarget
from billing.domain.payment_totals import payment_totals
from billing.ports import GatewayDispute, GatewayPayment, GatewayRefund, GatewayUnavailable, RefundStatus
from billing.sandbox.server import RunningSandbox
from billing.usecases.follow_payment import follow_fetched, follow_payment
from billing.usecases.refund_payment import RefundRequest, refund_payment
from billing.usecases.reverse_payment import reverse_payment
from tests.collected_invoice import bills, running, sandbox, the_invoice, world
from tests.collecting import CardWorld
from tests.paying import RefundingGateway, payments_that_differ

__all__ = ["running", "sandbox", "world"]


class Disputed(RefundingGateway):
    """One whose payment lost 10.00 in a dispute."""

    def payment(self, payment_id: str) -> GatewayPayment:
        return replace(super().payment(payment_id), disputes=(lost("du_1", 1000),))


REFUNDED = GatewayRefund(id="re_1", payment_id="pi_1", amount=3900, currency="USD", status=RefundStatus.SUCCEEDED)


@pytest.fixture
def paid(world: CardWorld) -> str:
    """The gateway's id of the payment."""
    world.joins("lumen")
    bills(world)
    return the_invoice(world).attempts[-1].payment_id


def disputes(sandbox: RunningSandbox, world: CardWorld, paid: str, *, amount: int = 1000) -> str:
    charge = world.account.v1.payment_intents.retrieve(paid).latest_charge
    dispute = sandbox.control("POST", f"charges/{charge}/dispute", {"amount": amount})
    return str(dispute["id"])


def told(world: CardWorld, paid: str) -> Payment:
    """The payment after the gateway told of it, twice."""
    for _ in range(2):
        follow_payment(world.documents, world.stripe.inner, paid, call=world.call())
    [payment] = world.payments()
    return payment


def hears(world: CardWorld, paid: str, *held: GatewayDispute, refunded: bool = False) -> Payment:
    """The same, of a payment that the gateway has so."""
    fetched: GatewayPayment = world.stripe.inner.payment(paid)
    now = replace(fetched, disputes=held, refunds=(REFUNDED,) if refunded else ())
    for _ in range(2):
        follow_fetched(world.documents, world.stripe.inner, now, call=world.call())
    [payment] = world.payments()
    return payment


def owed(world: CardWorld) -> tuple[int, int]:
    invoice = the_invoice(world)
    return invoice.amount_paid, invoice.amount_due


def lost(name: str, amount: int) -> GatewayDispute:
    return GatewayDispute(id=name, amount=amount, is_lost=True)


def test_lost_it_takes_that_part_and_the_rest_stands(sandbox: RunningSandbox, world: CardWorld, paid: str) -> None:
    dispute = disputes(sandbox, world, paid)
    assert (told(world, paid).status, owed(world)) == (PaymentStatus.DISPUTED, (4900, 0))

    sandbox.control("POST", f"disputes/{dispute}/close", {"outcome": "lost"})
    payment = told(world, paid)
    assert (payment.status, owed(world)) == (PaymentStatus.SUCCEEDED, (3900, 1000))
    assert the_invoice(world).status is InvoiceStatus.ISSUED
    [part] = payment.refunds
    assert (part.id, part.amount, part.is_lost, part.reason) == (dispute, 1000, True, "the dispute is lost")
    [totals] = payment_totals([payment])
    assert (totals.refunded, totals.reversed, totals.kept) == (0, 1000, 3900)
    assert payments_that_differ(world) == []


def test_won_it_takes_nothing(sandbox: RunningSandbox, world: CardWorld, paid: str) -> None:
    dispute = disputes(sandbox, world, paid)
    told(world, paid)
    sandbox.control("POST", f"disputes/{dispute}/close", {"outcome": "won"})
    payment = told(world, paid)
    assert (payment.status, payment.refunds, owed(world)) == (PaymentStatus.SUCCEEDED, (), (4900, 0))


@pytest.mark.parametrize("first", ["dispute", "refund", "both at once"])
def test_the_rest_can_be_refunded_at_the_gateway_before_and_after_it(world: CardWorld, paid: str, first: str) -> None:
    if first == "dispute":
        hears(world, paid, lost("du_1", 1000))
    if first == "refund":
        hears(world, paid, refunded=True)
    payment = hears(world, paid, lost("du_1", 1000), refunded=True)
    assert (payment.status, payment.refunded, owed(world)) == (PaymentStatus.SUCCEEDED, 4900, (0, 4900))
    assert payments_that_differ(world) == []


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_of_two_each_takes_its_own_and_the_payment_rests_until_the_last_is_decided(
    world: CardWorld, paid: str, order: tuple[int, ...]
) -> None:
    both = [lost("du_1", 1000), lost("du_2", 500)]
    first = order[0]
    held = [each if place == first else replace(each, is_lost=False) for place, each in enumerate(both)]
    payment = hears(world, paid, *held)
    taken = both[first].amount
    assert (payment.status, owed(world)) == (PaymentStatus.DISPUTED, (4900 - taken, taken))
    payment = hears(world, paid, *both)
    assert (payment.status, owed(world)) == (PaymentStatus.SUCCEEDED, (3400, 1500))


def test_parts_that_come_to_all_of_it_reverse_it(world: CardWorld, paid: str) -> None:
    hears(world, paid, lost("du_1", 1000))
    payment = hears(world, paid, lost("du_1", 1000), lost("du_2", 3900))
    assert (payment.status, owed(world)) == (PaymentStatus.REVERSED, (0, 4900))
    [totals] = payment_totals([payment])
    assert (totals.refunded, totals.reversed, totals.kept) == (0, 4900, 0)
    assert payments_that_differ(world) == []


def test_what_a_refund_of_ours_held_meanwhile_is_taken_when_the_gateway_refuses_that(
    world: CardWorld, paid: str
) -> None:
    """All 49.00 were asked back and the call died; then the bank took 10.00."""
    [payment] = world.payments()
    invoice_id = the_invoice(world).id
    request = RefundRequest(
        id="r1", payment_id=payment.id, amount=4900, target=RefundTarget.METHOD, invoice_id=invoice_id
    )
    stripe = Disputed(fails=["before", "refused"])
    with pytest.raises(GatewayUnavailable):
        refund_payment(world.documents, request, gateway=stripe, call=world.call())  # type: ignore[arg-type]
    hears(world, paid, lost("du_1", 1000))
    assert owed(world) == (4900, 0)
    for _ in range(2):
        payment = refund_payment(world.documents, request, gateway=stripe, call=world.call())  # type: ignore[arg-type]
    assert [(each.id, each.amount, each.state) for each in payment.refunds] == [
        ("r1", 4900, RefundState.FAILED),
        ("du_1", 1000, RefundState.DONE),
    ]
    assert (payment.status, owed(world)) == (PaymentStatus.SUCCEEDED, (3900, 1000))


def test_a_payment_that_was_reversed_by_hand_loses_no_part_once_more(world: CardWorld, paid: str) -> None:
    [payment] = world.payments()
    reverse_payment(world.documents, payment.id, reason="booked by mistake", call=world.call())
    payment = hears(world, paid, lost("du_1", 1000))
    assert (payment.status, payment.refunds, owed(world)) == (PaymentStatus.REVERSED, (), (0, 4900))
