"""Customers, payment methods and setup intents, driven by the real library."""

import pytest
import stripe

from tests.sandbox_client import (
    OFF_SESSION,
    USD_10,
    Client,
    browse,
    customer_with,
    error_of,
    event_types,
)


def test_a_customer_is_made_changed_found_and_deleted(client: Client) -> None:
    customer = client.v1.customers.create(
        {
            "email": "ap@acme.test",
            "name": "Acme",
            "address": {"country": "DE", "city": "Berlin"},
            "preferred_locales": ["de"],
            "metadata": {"account": "acct-1"},
        }
    )
    assert customer.id.startswith("cus_")
    assert customer.address.to_dict()["line1"] is None
    assert (customer.balance, customer.delinquent, customer.tax_exempt) == (0, False, "none")
    changed = client.v1.customers.update(
        customer.id, {"email": "new@acme.test", "address": "", "metadata": {"account": "", "tier": "gold"}}
    )
    assert (changed.email, changed.address, changed.metadata.to_dict()) == ("new@acme.test", None, {"tier": "gold"})
    assert [each.id for each in client.v1.customers.list({"email": "new@acme.test"}).data] == [customer.id]
    assert client.v1.customers.list({"email": "ap@acme.test"}).data == []
    assert client.v1.customers.delete(customer.id).deleted is True
    assert client.v1.customers.retrieve(customer.id).deleted is True
    assert client.v1.customers.list().data == []
    assert event_types(client) == ["customer.created", "customer.updated", "customer.deleted"]
    [updated] = client.v1.events.list({"type": "customer.updated"}).data
    assert updated.data.previous_attributes.to_dict() == {
        "email": "ap@acme.test",
        "address": dict.fromkeys(("line1", "line2", "postal_code", "state")) | {"country": "DE", "city": "Berlin"},
        "metadata": {"account": "acct-1"},
    }


def test_a_deleted_customer_pays_no_more(client: Client) -> None:
    customer, method = customer_with(client)
    client.v1.customers.delete(customer)
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.payment_intents.create(
            {"amount": 500, "currency": "eur", "customer": customer, "payment_method": method}
        )
    assert (raised.value.code, raised.value.param) == ("resource_missing", "customer")


def test_the_default_payment_method_has_to_be_the_customers(client: Client) -> None:
    customer, method = customer_with(client)
    _, other = customer_with(client)
    settings = {"invoice_settings": {"default_payment_method": method}}
    kept = client.v1.customers.update(customer, settings | {"expand": ["invoice_settings.default_payment_method"]})
    assert kept.invoice_settings.default_payment_method.card.last4 == "4242"
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": other}})
    assert raised.value.param == "invoice_settings[default_payment_method]"


def test_a_customer_begins_with_a_card(client: Client) -> None:
    customer = client.v1.customers.create({"payment_method": "pm_card_mastercard"})
    [method] = client.v1.customers.payment_methods.list(customer.id, {"type": "card"}).data
    assert (method.customer, method.card.brand, method.card.last4) == (customer.id, "mastercard", "4444")


@pytest.mark.parametrize(
    ("name", "brand", "last4", "funding", "country"),
    [  # docs.stripe.com/testing, cards by brand and by country
        ("pm_card_visa", "visa", "4242", "credit", "US"),
        ("pm_card_visa_debit", "visa", "5556", "debit", "US"),
        ("pm_card_mastercard", "mastercard", "4444", "credit", "US"),
        ("pm_card_mastercard_prepaid", "mastercard", "5100", "prepaid", "US"),
        ("pm_card_amex", "amex", "0005", "credit", "US"),
        ("pm_card_discover", "discover", "1117", "credit", "US"),
        ("pm_card_diners", "diners", "0004", "credit", "US"),
        ("pm_card_jcb", "jcb", "0505", "credit", "US"),
        ("pm_card_unionpay", "unionpay", "0005", "credit", "US"),
        ("pm_card_de", "visa", "0016", "credit", "DE"),
        ("pm_card_gb", "visa", "0000", "credit", "GB"),
    ],
)
def test_each_named_card_is_what_its_name_says(
    client: Client, name: str, brand: str, last4: str, funding: str, country: str
) -> None:
    _, method = customer_with(client, name)
    card = client.v1.payment_methods.retrieve(method).card
    assert (card.brand, card.last4, card.funding, card.country) == (brand, last4, funding, country)
    assert (card.exp_month, card.exp_year) == (12, 2034)


def test_a_card_by_token_or_number_is_the_same_card(client: Client) -> None:
    typed = {"number": "4242 4242 4242 4242", "exp_month": 5, "exp_year": 31, "cvc": "123"}
    by_number = client.v1.payment_methods.create({"type": "card", "card": typed})
    by_token = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    assert (by_number.card.exp_month, by_number.card.exp_year) == (5, 2031)
    assert by_number.card.checks.cvc_check == "pass"
    assert by_number.card.fingerprint == by_token.card.fingerprint
    assert by_number.customer is None


@pytest.mark.parametrize(
    ("card", "code"),
    [  # docs.stripe.com/testing, invalid data
        ({"number": "4242424242424241", "exp_month": 5, "exp_year": 2031}, "incorrect_number"),
        ({"number": "4242424242424242", "exp_month": 13, "exp_year": 2031}, "invalid_expiry_month"),
        ({"number": "4242424242424242", "exp_month": 2, "exp_year": 2026}, "invalid_expiry_year"),
        ({"number": "4242424242424242", "exp_month": 5, "exp_year": 2031, "cvc": "99"}, "invalid_cvc"),
        ({"number": "4007000000027", "exp_month": 5, "exp_year": 2031}, "card_declined"),
    ],
)
def test_a_card_that_cannot_be_is_refused(client: Client, card: dict, code: str) -> None:
    with pytest.raises(stripe.CardError) as raised:
        client.v1.payment_methods.create({"type": "card", "card": card})
    assert (raised.value.http_status, raised.value.code) == (402, code)


def test_a_card_that_always_declines_cannot_be_attached(client: Client) -> None:
    with pytest.raises(stripe.CardError) as raised:
        customer_with(client, "pm_card_visa_chargeDeclinedLostCard")
    assert (raised.value.code, error_of(raised).decline_code) == ("card_declined", "lost_card")


def test_a_payment_method_is_attached_once_and_never_after_it_was_detached(client: Client) -> None:
    customer, method = customer_with(client)
    other = client.v1.customers.create().id
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        client.v1.payment_methods.attach(method, {"customer": other})
    client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method}})
    assert client.v1.payment_methods.detach(method).customer is None
    assert client.v1.customers.retrieve(customer).invoice_settings.default_payment_method is None
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_methods.attach(method, {"customer": customer})
    assert client.v1.payment_methods.list({"customer": customer}).data == []
    assert event_types(client)[-2:] == ["customer.updated", "payment_method.detached"]


def test_a_payment_methods_expiry_and_address_can_be_changed(client: Client) -> None:
    _, method = customer_with(client)
    changed = client.v1.payment_methods.update(
        method, {"card": {"exp_month": 1, "exp_year": 2040}, "billing_details": {"name": "A. Payable"}}
    )
    assert (changed.card.exp_month, changed.card.exp_year, changed.card.last4) == (1, 2040, "4242")
    assert (changed.billing_details.name, changed.billing_details.email) == ("A. Payable", None)


def test_a_setup_intent_makes_a_card_ready_for_later(client: Client) -> None:
    customer = client.v1.customers.create().id
    setup = client.v1.setup_intents.create(
        {"customer": customer, "payment_method": "pm_card_visa", "confirm": True, "usage": "off_session"}
    )
    assert (setup.status, setup.usage) == ("succeeded", "off_session")
    assert client.v1.payment_methods.retrieve(setup.payment_method).customer == customer
    assert event_types(client)[-3:] == ["setup_intent.created", "payment_method.attached", "setup_intent.succeeded"]
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.setup_intents.confirm(setup.id)
    assert raised.value.code == "setup_intent_unexpected_state"


def test_a_setup_is_confirmed_with_3d_secure_and_then_charged_without(client: Client) -> None:
    customer = client.v1.customers.create().id
    setup = client.v1.setup_intents.create({"customer": customer})
    assert setup.status == "requires_payment_method"
    waiting = client.v1.setup_intents.confirm(
        setup.id, {"payment_method": "pm_card_authenticationRequiredOnSetup", "return_url": "https://shop.test/back"}
    )
    assert waiting.status == "requires_action"
    page = browse(waiting.next_action.redirect_to_url.url, {"result": "complete"})
    assert page.location.startswith(f"https://shop.test/back?setup_intent={setup.id}&")
    done = client.v1.setup_intents.retrieve(setup.id)
    assert done.status == "succeeded"
    paid = client.v1.payment_intents.create(
        {
            "amount": 700,
            "currency": "eur",
            "customer": customer,
            "payment_method": done.payment_method,
            "off_session": True,
            "confirm": True,
        }
    )
    assert paid.status == "succeeded"


def test_a_setup_that_fails_3d_secure_or_is_declined_can_be_tried_again(client: Client) -> None:
    setup = client.v1.setup_intents.create({"customer": client.v1.customers.create().id})
    waiting = client.v1.setup_intents.confirm(
        setup.id, {"payment_method": "pm_card_authenticationRequired", "return_url": "https://shop.test/back"}
    )
    browse(waiting.next_action.redirect_to_url.url, {"result": "fail"})
    failed = client.v1.setup_intents.retrieve(setup.id)
    assert (failed.status, failed.last_setup_error.code) == (
        "requires_payment_method",
        "setup_intent_authentication_failure",
    )
    with pytest.raises(stripe.CardError) as raised:
        client.v1.setup_intents.confirm(setup.id, {"payment_method": "pm_card_chargeDeclinedExpiredCard"})
    assert error_of(raised).setup_intent.last_setup_error.code == "expired_card"
    assert client.v1.setup_intents.confirm(setup.id, {"payment_method": "pm_card_visa"}).status == "succeeded"


def test_a_setup_is_not_confirmed_with_a_card_that_was_used_without_a_customer_meanwhile(client: Client) -> None:
    method = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}}).id
    setup = client.v1.setup_intents.create({"payment_method": method})
    assert client.v1.payment_intents.create({**USD_10, **OFF_SESSION, "payment_method": method}).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.setup_intents.confirm(setup.id)
    assert client.v1.setup_intents.retrieve(setup.id).status == "requires_confirmation"


def test_a_setup_can_be_canceled(client: Client) -> None:
    setup = client.v1.setup_intents.create({"description": "for later"})
    assert client.v1.setup_intents.update(setup.id, {"metadata": {"a": "b"}}).metadata.to_dict() == {"a": "b"}
    assert client.v1.setup_intents.cancel(setup.id).status == "canceled"
    assert [each.status for each in client.v1.setup_intents.list().data] == ["canceled"]
