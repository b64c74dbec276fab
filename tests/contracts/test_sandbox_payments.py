"""Payment intents and charges, driven by the real library. Expected values: docs.stripe.com/testing."""

import pytest
import stripe

from billing.sandbox.server import RunningSandbox
from tests.sandbox_client import (
    OFF_SESSION,
    USD_10,
    Client,
    Resource,
    browse,
    customer_with,
    error_of,
    event_types,
)

NO_REDIRECTS = {"enabled": True, "allow_redirects": "never"}
# Number, test name, error code and decline code, where there is one (docs.stripe.com/testing, declined payments).
DECLINED_CARDS = [
    ("4000000000000002", "pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
    ("4000000000009995", "pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
    ("4000000000009987", "pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
    ("4000000000009979", "pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
    ("4000000000000069", "pm_card_chargeDeclinedExpiredCard", "expired_card", None),
    ("4000000000000127", "pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
    ("4000000000000119", "pm_card_chargeDeclinedProcessingError", "processing_error", None),
    (
        "4000000000006975",
        "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
        "card_declined",
        "card_velocity_exceeded",
    ),
]


def test_a_saved_card_is_charged_off_session_in_one_call(client: Client) -> None:
    customer, method = customer_with(client)
    intent = client.v1.payment_intents.create(
        {
            **USD_10,
            **OFF_SESSION,
            "customer": customer,
            "payment_method": method,
            "description": "INV-1",
            "metadata": {"invoice": "inv_1"},
            "statement_descriptor_suffix": "INV-1",
        }
    )
    assert (intent.status, intent.amount_received, intent.customer) == ("succeeded", 1000, customer)
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    assert (charge.status, charge.paid, charge.captured, charge.amount_captured) == ("succeeded", True, True, 1000)
    assert "10.00 usd with visa 4242" in browse(charge.receipt_url).text
    assert (charge.payment_intent, charge.payment_method, charge.customer) == (intent.id, method, customer)
    assert charge.metadata.to_dict() == {"invoice": "inv_1"}
    assert event_types(client)[-3:] == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


def test_the_fee_of_a_charge_is_in_its_balance_transaction(client: Client) -> None:
    intent = client.v1.payment_intents.create(
        {**USD_10, **OFF_SESSION, "payment_method": "pm_card_visa", "expand": ["latest_charge.balance_transaction"]}
    )
    charge = intent.latest_charge
    entry = charge.balance_transaction
    assert (entry.amount, entry.fee, entry.net) == (1000, 59, 941)  # 2.9 % of 10.00 is 0.29, and 0.30
    assert client.v1.balance_transactions.retrieve(entry.id).source == charge.id
    assert [each.id for each in client.v1.balance_transactions.list({"source": charge.id}).data] == [entry.id]


@pytest.mark.parametrize(("number", "name", "code", "decline"), DECLINED_CARDS, ids=str)
def test_each_declined_card_gives_its_codes(
    client: Client, number: str, name: str, code: str, decline: str | None
) -> None:
    card = {"number": number, "exp_month": 12, "exp_year": 2031, "cvc": "123"}
    typed = client.v1.payment_methods.create({"type": "card", "card": card}).id
    for method in (name, typed):
        with pytest.raises(stripe.CardError) as raised:
            client.v1.payment_intents.create({**USD_10, **OFF_SESSION, "payment_method": method})
        error = error_of(raised)
        assert (raised.value.http_status, raised.value.code, error.decline_code) == (402, code, decline)
        failed = error.payment_intent
        assert (failed.status, failed.payment_method, failed.amount_received) == ("requires_payment_method", None, 0)
        intent = client.v1.payment_intents.retrieve(failed.id, {"expand": ["latest_charge"]})
        problem, charge = intent.last_payment_error, intent.latest_charge
        assert (problem.code, getattr(problem, "decline_code", None), problem.charge) == (code, decline, charge.id)
        assert problem.payment_method.card.last4 == number[-4:]
        assert (charge.status, charge.paid, charge.failure_code) == ("failed", False, code)
    assert event_types(client)[-3:] == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]


def test_a_card_that_attaches_and_then_declines(client: Client) -> None:
    customer, method = customer_with(client, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError) as raised:
        client.v1.payment_intents.create({**USD_10, **OFF_SESSION, "customer": customer, "payment_method": method})
    assert error_of(raised).decline_code == "generic_decline"
    assert error_of(raised).advice_code == "try_again_later"


def test_a_failed_intent_is_paid_with_another_card(client: Client) -> None:
    with pytest.raises(stripe.CardError) as raised:
        client.v1.payment_intents.create({**USD_10, **OFF_SESSION, "payment_method": "pm_card_visa_chargeDeclined"})
    failed = error_of(raised).payment_intent.id
    paid = client.v1.payment_intents.confirm(failed, {"payment_method": "pm_card_mastercard", "off_session": True})
    assert (paid.status, paid.last_payment_error) == ("succeeded", None)
    charges = client.v1.charges.list({"payment_intent": failed}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.confirm(failed, {"payment_method": "pm_card_visa", "off_session": True})
    assert (refused.value.http_status, refused.value.code) == (400, "payment_intent_unexpected_state")
    assert error_of(refused).payment_intent.id == failed


def test_an_intent_is_made_changed_and_confirmed_in_steps(client: Client) -> None:
    customer, method = customer_with(client)
    intent = client.v1.payment_intents.create(
        {**USD_10, "customer": customer, "automatic_payment_methods": NO_REDIRECTS}
    )
    assert intent.status == "requires_payment_method"
    changed = client.v1.payment_intents.update(
        intent.id, {"amount": 2500, "payment_method": method, "metadata": {"a": "1", "b": "2"}}
    )
    assert (changed.amount, changed.status) == (2500, "requires_confirmation")
    unset = client.v1.payment_intents.update(intent.id, {"metadata": {"a": ""}})
    assert unset.metadata.to_dict() == {"b": "2"}
    assert client.v1.payment_intents.confirm(intent.id).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="succeeded"):
        client.v1.payment_intents.update(intent.id, {"amount": 1})
    with pytest.raises(stripe.InvalidRequestError, match="succeeded"):
        client.v1.payment_intents.cancel(intent.id)


def test_a_canceled_intent_takes_no_money(client: Client) -> None:
    intent = client.v1.payment_intents.create({**USD_10, "payment_method": "pm_card_visa"})
    canceled = client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    assert canceled.canceled_at == 1772323200  # 2026-03-01T00:00:00Z
    with pytest.raises(stripe.InvalidRequestError, match="canceled"):
        client.v1.payment_intents.confirm(intent.id, {"return_url": "https://shop.test"})
    assert event_types(client)[-1] == "payment_intent.canceled"


@pytest.mark.parametrize("name", ["pm_card_authenticationRequired", "pm_card_authenticationRequiredOnSetup"])
def test_a_card_with_3d_secure_is_declined_off_session(client: Client, name: str) -> None:
    customer, method = customer_with(client, name)
    with pytest.raises(stripe.CardError) as raised:
        client.v1.payment_intents.create({**USD_10, **OFF_SESSION, "customer": customer, "payment_method": method})
    error = error_of(raised)
    assert (error.code, error.decline_code) == ("authentication_required", "authentication_required")
    assert error.payment_intent.status == "requires_payment_method"
    assert error.payment_intent.last_payment_error.payment_method.id == method


def test_the_customer_completes_3d_secure_on_a_page(client: Client, sandbox: RunningSandbox) -> None:
    intent = _challenged(client, "pm_card_authenticationRequired", back="https://shop.test/done?order=7")
    assert intent.next_action.type == "redirect_to_url"
    redirect = intent.next_action.redirect_to_url
    assert redirect.url.startswith(sandbox.url)
    assert "10.00 usd" in browse(redirect.url).text
    page = browse(redirect.url, {"result": "complete"})
    assert page.status == 303
    assert page.location == (
        f"https://shop.test/done?order=7&payment_intent={intent.id}"
        f"&payment_intent_client_secret={intent.client_secret}&redirect_status=succeeded"
    )
    paid = client.v1.payment_intents.retrieve(intent.id)
    assert (paid.status, paid.next_action) == ("succeeded", None)
    assert browse(redirect.url).status == 409


def test_the_customer_fails_3d_secure(client: Client) -> None:
    intent = _challenged(client, "pm_card_authenticationRequired", back="https://shop.test/done")
    page = browse(_challenge_url(intent), {"result": "fail"})
    assert page.location.endswith("redirect_status=failed")
    failed = client.v1.payment_intents.retrieve(intent.id)
    assert failed.status == "requires_payment_method"
    assert failed.last_payment_error.code == "payment_intent_authentication_failure"


def test_a_card_may_decline_after_3d_secure(client: Client) -> None:
    name = "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds"
    intent = _challenged(client, name, back="https://shop.test/done")
    browse(_challenge_url(intent), {"result": "complete"})
    failed = client.v1.payment_intents.retrieve(intent.id)
    assert failed.last_payment_error.decline_code == "insufficient_funds"


def test_a_card_kept_with_3d_secure_is_charged_off_session_later(client: Client) -> None:
    customer = client.v1.customers.create().id
    intent = client.v1.payment_intents.create(
        {
            **USD_10,
            "confirm": True,
            "customer": customer,
            "payment_method": "pm_card_authenticationRequiredOnSetup",
            "setup_future_usage": "off_session",
            "return_url": "https://shop.test/done",
        }
    )
    browse(_challenge_url(intent), {"result": "complete"})
    [method] = client.v1.customers.payment_methods.list(customer).data
    later = client.v1.payment_intents.create(
        {**USD_10, **OFF_SESSION, "customer": customer, "payment_method": method.id}
    )
    assert later.status == "succeeded"


def test_without_a_return_url_the_next_action_is_for_the_browser_library(client: Client) -> None:
    intent = client.v1.payment_intents.create(
        {
            **USD_10,
            "confirm": True,
            "payment_method": "pm_card_authenticationRequired",
            "automatic_payment_methods": NO_REDIRECTS,
        }
    )
    assert intent.next_action.type == "use_stripe_sdk"


def test_confirming_with_the_customer_present_needs_a_return_url(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        client.v1.payment_intents.create({**USD_10, "confirm": True, "payment_method": "pm_card_visa"})


def test_a_card_used_without_a_customer_is_used_up(client: Client) -> None:
    method = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    client.v1.payment_intents.create({**USD_10, **OFF_SESSION, "payment_method": method.id})
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_intents.create({**USD_10, **OFF_SESSION, "payment_method": method.id})


def test_one_customers_card_pays_for_nobody_else(client: Client) -> None:
    _, method = customer_with(client)
    other = client.v1.customers.create().id
    for given in ({"customer": other}, {}):
        with pytest.raises(stripe.InvalidRequestError) as raised:
            client.v1.payment_intents.create({**USD_10, **OFF_SESSION, "payment_method": method, **given})
        assert raised.value.param == "payment_method"
    assert client.v1.charges.list().data == []


def _challenged(client: Client, name: str, *, back: str) -> Resource:
    intent = client.v1.payment_intents.create({**USD_10, "confirm": True, "payment_method": name, "return_url": back})
    assert intent.status == "requires_action"
    assert event_types(client)[-1] == "payment_intent.requires_action"
    return intent


def _challenge_url(intent: Resource) -> str:
    return str(intent.next_action.redirect_to_url.url)
