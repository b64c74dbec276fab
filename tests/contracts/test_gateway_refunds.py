"""What goes back of a payment at the gateway: refunds of ours, those made on its own pages, and disputes."""

import pytest

from billing.ports import Gateway, RefundOrder, RefundRefused, RefundStatus, Succeeded
from billing.sandbox.server import RunningSandbox
from tests.gateway_orders import order
from tests.sandbox_client import client_of


def test_refunds_add_up_to_the_charge_and_one_key_is_one_refund(gateway: Gateway) -> None:
    paid = gateway.charge(order(gateway))
    assert isinstance(paid, Succeeded)
    part = RefundOrder(key="r1", payment_id=paid.payment_id, amount=1900, invoice_id="inv-1")
    assert gateway.refund(part) == gateway.refund(part)
    rest = gateway.refund(RefundOrder(key="r2", payment_id=paid.payment_id, amount=3000))
    assert (rest.status, rest.amount, rest.currency, rest.key) == (RefundStatus.SUCCEEDED, 3000, "EUR", "r2")
    assert {(each.key, each.amount, each.invoice_id) for each in gateway.payment(paid.payment_id).refunds} == {
        ("r1", 1900, "inv-1"),
        ("r2", 3000, ""),
    }
    with pytest.raises(RefundRefused, match="refunded|greater"):
        gateway.refund(RefundOrder(key="r3", payment_id=paid.payment_id, amount=1))


def test_a_part_of_a_unit_that_no_card_is_refunded_is_refused_for_good(gateway: Gateway) -> None:
    """1.001 of 49.000 dinars: it ends in no 0."""
    paid = gateway.charge(order(gateway, currency="KWD", amount=49_000))
    assert isinstance(paid, Succeeded)
    with pytest.raises(RefundRefused, match="an amount that ends in 0"):
        gateway.refund(RefundOrder(key="r1", payment_id=paid.payment_id, amount=1001))
    assert gateway.payment(paid.payment_id).refunds == ()


def test_the_longest_ids_and_reasons_make_one_refund_each(gateway: Gateway) -> None:
    """Stripe takes keys of 255 characters and metadata of 500; the last of a key may tell two refunds apart."""
    paid = gateway.charge(order(gateway))
    assert isinstance(paid, Succeeded)
    keys = [f"{'t' * 63}/{'p' * 200}/refund/{'n' * 199}{last}" for last in "ab"]
    orders = [RefundOrder(key=each, payment_id=paid.payment_id, amount=100, reason="r" * 1020) for each in keys]
    assert [gateway.refund(each).key for each in [*orders, *orders]] == [*keys, *keys]
    assert len(gateway.payment(paid.payment_id).refunds) == 2


def test_a_refund_on_the_gateway_s_own_pages_is_of_no_part_that_we_named(
    sandbox: RunningSandbox, gateway: Gateway, key: str
) -> None:
    paid = gateway.charge(order(gateway))
    assert isinstance(paid, Succeeded)
    client_of(sandbox, key=key).v1.refunds.create({"payment_intent": paid.payment_id, "amount": 1000})
    [made] = gateway.payment(paid.payment_id).refunds
    assert (made.amount, made.key, made.invoice_id) == (1000, "", None)


@pytest.mark.parametrize(("outcome", "then"), [("won", []), ("lost", [(1000, True)])])
def test_a_dispute_shows_on_the_payment_unless_it_is_won(
    sandbox: RunningSandbox, gateway: Gateway, key: str, outcome: str, then: list[tuple[int, bool]]
) -> None:
    """Of 49.00 the customer disputes 10.00."""
    paid = gateway.charge(order(gateway))
    assert isinstance(paid, Succeeded)
    charge = client_of(sandbox, key=key).v1.payment_intents.retrieve(paid.payment_id).latest_charge
    opened = sandbox.control("POST", f"charges/{charge}/dispute", {"reason": "fraudulent", "amount": 1000})
    payment = gateway.payment(paid.payment_id)
    assert [(each.id, each.amount, each.is_lost) for each in payment.disputes] == [(opened["id"], 1000, False)]
    assert payment.metadata["invoice_id"] == "inv-1"
    sandbox.control("POST", f"disputes/{opened['id']}/close", {"outcome": outcome})
    assert [(each.amount, each.is_lost) for each in gateway.payment(paid.payment_id).disputes] == then
