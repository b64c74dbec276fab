"""Customers and their saved methods at the gateway; no error quotes a key or a customer's address."""

import pytest

from billing.adapters.stripe_gateway import StripeGateway
from billing.ports import Gateway, GatewayRefused, GatewayUnavailable
from billing.sandbox.server import RunningSandbox
from tests.sandbox_client import client_of


def test_a_customer_is_made_once_and_kept_up_to_date(sandbox: RunningSandbox, gateway: Gateway, key: str) -> None:
    first = gateway.save_customer(key="acme/c1", customer_id="c1", email="a@b.example", name="A", known="")
    assert gateway.save_customer(key="acme/c1", customer_id="c1", email="a@b.example", name="A", known="") == first
    gateway.save_customer(key="acme/c1", customer_id="c1", email="b@b.example", name="B", known=first)
    [stored] = client_of(sandbox, key=key).v1.customers.list({}).data
    assert (stored.email, stored.name, stored.metadata["customer_id"]) == ("b@b.example", "B", "c1")


def test_the_saved_method_is_the_one_that_was_saved_last(gateway: Gateway) -> None:
    customer = gateway.save_customer(key="acme/c1", customer_id="c1", email="a@b.example", name="A", known="")
    assert gateway.saved_method(customer) is None
    gateway.save_method(customer, method="pm_card_visa", key="m1")
    saved = gateway.save_method(customer, method="pm_card_mastercard", key="m2")
    assert gateway.saved_method(customer) == saved
    assert saved.label == "Mastercard •••• 4444"


def test_a_wrong_key_is_refused_and_not_repeated_in_the_words(sandbox: RunningSandbox) -> None:
    wrong = StripeGateway("pk_wrong_secret_0123456789", base_url=sandbox.url)
    with pytest.raises(GatewayRefused) as raised:
        wrong.save_customer(key="k", customer_id="c", email="a@b.example", name="A", known="")
    assert "wrong_secret_0123456789" not in str(raised.value)


def test_without_an_answer_no_address_of_a_customer_is_in_the_words() -> None:
    away = StripeGateway("sk_test_x", base_url="http://127.0.0.1:9", timeout_seconds=1, looks_first=True)
    with pytest.raises(GatewayUnavailable) as raised:
        away.save_customer(key="acme/c1", customer_id="c1", email="ap@kunde.example", name="A", known="")
    assert raised.value.reason == "no answer from Stripe (ConnectionError)"
