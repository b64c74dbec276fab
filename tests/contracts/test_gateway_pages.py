"""The hosted pages of the gateway: what was paid or saved on one, and that a closed one takes no payment."""

from billing.ports import CheckoutPurpose, CheckoutStatus, Gateway, Succeeded
from tests.gateway_orders import checkout_order
from tests.sandbox_client import browse

CARD = {"expiry": "12/30", "cvc": "123", "email": "jo@kunde.example"}


def test_a_page_to_pay_on_is_opened_once_and_tells_what_was_paid(gateway: Gateway) -> None:
    opened = gateway.open_checkout(checkout_order())
    assert gateway.open_checkout(checkout_order()).id == opened.id
    assert (opened.status, opened.payment_id) == (CheckoutStatus.OPEN, "")
    browse(opened.url, CARD | {"number": "4242424242424242"})
    paid = gateway.checkout(opened.id)
    assert paid.status is CheckoutStatus.COMPLETE
    payment = gateway.payment(paid.payment_id)
    assert isinstance(payment.outcome, Succeeded)
    assert payment.metadata["invoice_id"] == "inv-1"
    assert gateway.expire_checkout(opened.id).status is CheckoutStatus.COMPLETE


def test_a_page_that_was_closed_can_not_be_paid_on(gateway: Gateway) -> None:
    opened = gateway.open_checkout(checkout_order())
    assert gateway.expire_checkout(opened.id).status is CheckoutStatus.EXPIRED
    assert gateway.expire_checkout(opened.id).status is CheckoutStatus.EXPIRED


def test_a_page_to_save_a_card_on_answers_the_card(gateway: Gateway) -> None:
    customer = gateway.save_customer(key="acme/c1", customer_id="c1", email="a@b.example", name="A", known="")
    opened = gateway.open_checkout(
        checkout_order(key="acme/c1/save", purpose=CheckoutPurpose.SAVE_METHOD, customer=customer, amount=0)
    )
    browse(opened.url, CARD | {"number": "5555555555554444"})
    saved = gateway.checkout(opened.id)
    assert saved.status is CheckoutStatus.COMPLETE
    assert saved.method is not None
    assert saved.method.label == "Mastercard •••• 4444"
