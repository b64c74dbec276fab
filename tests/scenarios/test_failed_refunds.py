"""A refund that its bank sends back days after it was made: the money is its invoice's again, or the customer's credit.

One invoice of 49.00 was paid by card and refunded.
"""

from dataclasses import replace

import pytest

from billing.domain.invoice import InvoiceStatus
from billing.domain.payment import Payment, RefundState, RefundTarget
from billing.ports import RefundStatus
from billing.usecases.follow_refunds import follow_refund
from billing.usecases.refund_payment import RefundRequest, refund_payment
from billing.usecases.reverse_payment import reverse_payment
from billing.usecases.void_invoice import void_invoice
from tests.paying import RefundingGateway, balance, call, gateway, ids, pay, payments_that_differ, state, three_unpaid
from tests.world import World


def refunded(world: World, amount: int = 4900) -> RefundingGateway:
    """49.00 paid by card, of which an amount went back to it."""
    first = ids(world)[0]
    pay(world, 4900, gateway_id="pi_1", invoice_ids=(first,))
    stripe: RefundingGateway = gateway()
    request = RefundRequest(id="r1", payment_id="p1", amount=amount, target=RefundTarget.METHOD, invoice_id=first)
    refund_payment(world.documents, request, gateway=stripe, call=call(world))  # type: ignore[arg-type]
    return stripe


def fails(world: World, stripe: RefundingGateway) -> Payment:
    """The bank sends the refund back; it is told twice."""
    [(key, made)] = stripe.made.items()
    stripe.made[key] = replace(made, status=RefundStatus.FAILED)
    follow_refund(world.documents, "p1", stripe.made[key], call=call(world))
    return follow_refund(world.documents, "p1", stripe.made[key], call=call(world))


def test_it_pays_its_invoice_again() -> None:
    world = three_unpaid()
    payment = fails(world, refunded(world, 1000))
    assert [(each.id, each.state) for each in payment.refunds] == [("r1", RefundState.FAILED)]
    assert (state(world)[0], balance(world)) == ((InvoiceStatus.PAID, 4900, 0), 0)
    assert payments_that_differ(world) == []


def test_what_became_void_meanwhile_is_the_customer_s_credit() -> None:
    world = three_unpaid()
    stripe = refunded(world)
    void_invoice(world.documents, ids(world)[0], reason="refunded", call=call(world))
    payment = fails(world, stripe)
    invoice = world.invoices("acme")[0]
    assert (invoice.status, invoice.amount_paid, invoice.overpaid) == (InvoiceStatus.VOID, 0, 0)
    assert balance(world) == 4900
    assert [(each.id, each.amount, each.target, each.state) for each in payment.refunds] == [
        ("r1", 4900, RefundTarget.METHOD, RefundState.FAILED),
        ("r1.balance", 4900, RefundTarget.BALANCE, RefundState.DONE),
    ]
    assert payments_that_differ(world) == []


@pytest.mark.parametrize("wire", [4900, 4000])
def test_where_other_money_paid_meanwhile_only_what_is_due_goes_to_the_invoice(wire: int) -> None:
    world = three_unpaid()
    stripe = refunded(world)
    pay(world, wire, id="wire", invoice_ids=ids(world)[:1])
    fails(world, stripe)
    assert (state(world)[0], world.invoices("acme")[0].overpaid) == ((InvoiceStatus.PAID, 4900, 0), 0)
    assert balance(world) == wire
    assert payments_that_differ(world) == []


def test_credit_that_came_so_is_taken_off_when_the_bank_takes_the_payment_back() -> None:
    world = three_unpaid()
    stripe = refunded(world)
    void_invoice(world.documents, ids(world)[0], reason="refunded", call=call(world))
    fails(world, stripe)
    for _ in range(2):
        reverse_payment(world.documents, "p1", reason="chargeback", call=call(world))
    assert balance(world) == 0


def test_of_a_payment_that_the_bank_took_back_nothing_comes_back() -> None:
    """10.00 went back to the card, then the bank took all of it; the 10.00 that fail went with the rest."""
    world = three_unpaid()
    stripe = refunded(world, 1000)
    reverse_payment(world.documents, "p1", reason="chargeback", call=call(world))
    fails(world, stripe)
    assert (state(world)[0], balance(world)) == ((InvoiceStatus.ISSUED, 0, 4900), 0)
    assert payments_that_differ(world) == []
