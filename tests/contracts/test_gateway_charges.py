"""A charge at the gateway is made once, its outcome is one of a few, and an open question is never an answer.

Stripe's adapter is driven with the real library over HTTP against the sandbox. Codes and what they mean:
https://docs.stripe.com/testing and https://docs.stripe.com/declines/codes
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.decline import Advice
from billing.ports import ChargeOrder, Declined, Gateway, GatewayUnavailable, RequiresAction, Succeeded, Unknown
from billing.sandbox.server import RunningSandbox
from tests.gateway_orders import order
from tests.sandbox_client import client_of


def goes_bad(sandbox: RunningSandbox, charge: ChargeOrder, code: str) -> ChargeOrder:
    sandbox.control("POST", f"payment_methods/{charge.method}/decline", {"code": code})
    return charge


def intents(sandbox: RunningSandbox, key: str) -> list[Any]:
    listed: list[Any] = client_of(sandbox, key=key).v1.payment_intents.list({"limit": 100}).data
    return listed


def test_a_good_card_is_charged_and_the_charge_says_whose_it_is(
    sandbox: RunningSandbox, gateway: Gateway, key: str
) -> None:
    outcome = gateway.charge(order(gateway))
    assert isinstance(outcome, Succeeded)
    assert (outcome.amount, outcome.currency) == (4900, "EUR")
    assert outcome.method is not None
    assert outcome.method.label == "Visa •••• 4242"
    [intent] = intents(sandbox, key)
    assert (intent.amount, intent.currency, intent.description) == (4900, "eur", "Invoice INV-2026-02-0001")
    assert intent.metadata.to_dict() == {
        "tenant_id": "acme",
        "invoice_id": "inv-1",
        "invoice_number": "INV-2026-02-0001",
        "attempt": "1",
        "key": "acme/inv-1/charge/1",
    }


@pytest.mark.parametrize(
    ("code", "shown", "advice"),
    [
        ("expired_card", "expired_card", Advice.UPDATE_METHOD),
        ("incorrect_cvc", "incorrect_cvc", Advice.UPDATE_METHOD),
        ("insufficient_funds", "insufficient_funds", Advice.RETRY),
        ("generic_decline", "generic_decline", Advice.RETRY),
        ("processing_error", "processing_error", Advice.RETRY_SOON),
        ("card_velocity_exceeded", "card_velocity_exceeded", Advice.RETRY),
        ("lost_card", "lost_card", Advice.REVIEW),
        ("stolen_card", "stolen_card", Advice.REVIEW),
        ("fraudulent", "fraudulent", Advice.REVIEW),
    ],
)
def test_a_decline_has_its_code_and_what_follows_from_it(
    sandbox: RunningSandbox, gateway: Gateway, code: str, shown: str, advice: Advice
) -> None:
    charge = goes_bad(sandbox, order(gateway), code)
    outcome = gateway.charge(charge)
    assert isinstance(outcome, Declined)
    assert (outcome.code, outcome.advice) == (shown, advice)
    assert outcome.message
    assert outcome.payment_id.startswith("pi_")
    found = gateway.find_charge(charge)
    assert isinstance(found, Declined)
    assert (found.code, found.advice, found.payment_id) == (shown, advice, outcome.payment_id)


def test_a_card_that_wants_its_owner_asks_for_the_customer(gateway: Gateway) -> None:
    charge = order(gateway, method="pm_card_authenticationRequired")
    outcome = gateway.charge(charge)
    assert isinstance(outcome, RequiresAction)
    assert gateway.find_charge(charge) == outcome


def test_a_method_that_was_removed_is_a_decline_and_no_fault_of_ours(gateway: Gateway) -> None:
    gone = gateway.charge(replace(order(gateway), method="pm_gone"))
    assert isinstance(gone, Declined)
    assert (gone.code, gone.advice) == ("no_payment_method", Advice.UPDATE_METHOD)


def test_the_same_order_again_is_the_same_charge(sandbox: RunningSandbox, gateway: Gateway, key: str) -> None:
    charge = order(gateway)
    assert gateway.charge(charge) == gateway.charge(charge) == gateway.find_charge(charge)
    assert len(intents(sandbox, key)) == 1


def test_eight_at_once_with_one_key_charge_once(sandbox: RunningSandbox, gateway: Gateway, key: str) -> None:
    charge = order(gateway)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: gateway.charge(charge), range(8)))
    assert all(isinstance(each, Succeeded | Unknown) for each in outcomes)
    assert len([each for each in intents(sandbox, key) if each.status == "succeeded"]) == 1


def test_another_amount_under_the_same_key_charges_nothing_and_leaves_the_question_open(
    sandbox: RunningSandbox, gateway: Gateway, key: str
) -> None:
    charge = order(gateway)
    gateway.charge(charge)
    assert isinstance(gateway.charge(replace(charge, amount=5000)), Unknown)
    assert len(intents(sandbox, key)) == 1


@pytest.mark.parametrize(("executed", "made"), [(True, 1), (False, 0)])
def test_no_answer_is_no_decline_and_a_look_tells_what_became_of_it(
    sandbox: RunningSandbox, gateway: Gateway, key: str, executed: bool, made: int
) -> None:
    charge = order(gateway)
    kind = "lose_answer" if executed else "drop_before"
    sandbox.control("POST", "faults", {"path": "/v1/payment_intents", "method": "POST", "kind": kind, "times": 9})
    assert isinstance(gateway.charge(charge), Unknown)
    sandbox.control("DELETE", "faults")
    assert len(intents(sandbox, key)) == made
    found = gateway.find_charge(charge)
    assert isinstance(found, Succeeded) if executed else found is None
    assert isinstance(gateway.charge(charge), Succeeded)
    assert len(intents(sandbox, key)) == 1


def test_a_server_error_is_tried_again_by_itself(sandbox: RunningSandbox, gateway: Gateway) -> None:
    charge = order(gateway)
    sandbox.control(
        "POST", "faults", {"path": "/v1/payment_intents", "method": "POST", "kind": "server_error", "times": 1}
    )
    assert isinstance(gateway.charge(charge), Succeeded)


def test_a_charge_of_last_month_is_found_among_many(sandbox: RunningSandbox, gateway: Gateway) -> None:
    charge = order(gateway)
    first = gateway.charge(charge)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: gateway.charge(replace(charge, key=f"other/{number}")), range(120)))
    sandbox.control("POST", "clock", {"advance": 40 * 86_400})
    assert gateway.find_charge(charge) == first
    assert gateway.find_charge(replace(charge, key="acme/inv-1/charge/2")) is None


def test_what_was_made_days_ago_is_looked_for_and_not_made_again(
    sandbox: RunningSandbox, gateway: Gateway, key: str
) -> None:
    charge = order(gateway)
    paid = gateway.charge(charge)
    assert isinstance(paid, Succeeded)
    sandbox.control("POST", "clock", {"advance": 3 * 86_400})  # Stripe keeps an idempotency key for one
    looking = StripeGateway(key, base_url=sandbox.url, timeout_seconds=2, looks_first=True)
    known = {"email": "jo@kunde.example", "name": "Jo", "known": ""}
    assert looking.save_customer(key="acme/c1", customer_id="c1", **known) == charge.customer
    assert looking.find_customer(key="acme/c1", email="jo@kunde.example") == charge.customer
    assert looking.find_customer(key="acme/c3", email="jo@kunde.example") == ""
    assert looking.save_customer(key="acme/c2", customer_id="c2", **known) != charge.customer
    assert looking.paid_before(replace(charge, key="acme/inv-1/charge/2")) == (paid.payment_id,)
    assert looking.paid_before(replace(charge, invoice_id="inv-2")) == ()
    assert looking.paid_before(replace(charge, tenant_id="other")) == ()


def test_a_gateway_that_is_not_there_leaves_a_charge_open_and_fails_the_rest(gateway: Gateway) -> None:
    charge = order(gateway)
    away = StripeGateway("sk_test_x", base_url="http://127.0.0.1:9", timeout_seconds=1)
    assert isinstance(away.charge(charge), Unknown)
    with pytest.raises(GatewayUnavailable):
        away.find_charge(charge)
    with pytest.raises(GatewayUnavailable):
        away.payment("pi_1")


def test_a_payment_that_waits_for_the_customer_can_be_canceled_and_a_made_one_can_not(gateway: Gateway) -> None:
    charge = order(gateway, method="pm_card_authenticationRequired")
    waiting = gateway.charge(charge)
    assert isinstance(waiting, RequiresAction)
    assert gateway.cancel_payment(waiting.payment_id)
    assert gateway.cancel_payment(waiting.payment_id)
    card = gateway.save_method(charge.customer, method="pm_card_visa", key="acme/c1/other")
    paid = gateway.charge(replace(charge, method=card.id, key="acme/inv-2/charge/1"))
    assert isinstance(paid, Succeeded)
    assert not gateway.cancel_payment(paid.payment_id)


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 4900), ("KWD", 49_000), ("ISK", 4900), ("HUF", 17_550)])
def test_every_kind_of_currency_is_charged_in_our_own_minor_units(gateway: Gateway, currency: str, amount: int) -> None:
    outcome = gateway.charge(order(gateway, currency=currency, amount=amount))
    assert isinstance(outcome, Succeeded)
    assert (outcome.amount, outcome.currency) == (amount, currency)
