"""Idempotency keys as docs.stripe.com/api/idempotent_requests has them, over HTTP with the real library."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from billing.sandbox.server import RunningSandbox, running_sandbox
from tests.sandbox_client import OFF_SESSION, USD_10, Client, StandingClock, client_of, customer_with, error_of


def test_the_same_request_with_the_same_key_is_done_once(client: Client) -> None:
    customer, method = customer_with(client)
    given = {**USD_10, **OFF_SESSION, "customer": customer, "payment_method": method, "metadata": {"invoice": "1"}}
    first = client.v1.payment_intents.create(given, {"idempotency_key": "inv-1"})
    again = client.v1.payment_intents.create(dict(reversed(given.items())), {"idempotency_key": "inv-1"})
    assert again.id == first.id
    assert again.to_dict() == first.to_dict()
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.last_response.headers
    assert again.last_response.headers["request-id"] == first.last_response.headers["request-id"]
    assert len(client.v1.charges.list().data) == 1
    [event] = client.v1.events.list({"type": "payment_intent.succeeded"}).data
    assert event.request.idempotency_key == "inv-1"


def test_another_request_with_the_same_key_is_refused(client: Client) -> None:
    client.v1.payment_intents.create(USD_10, {"idempotency_key": "k"})
    for other in ({**USD_10, "amount": 1001}, {**USD_10, "description": "x"}):
        with pytest.raises(stripe.IdempotencyError) as raised:
            client.v1.payment_intents.create(other, {"idempotency_key": "k"})
        assert raised.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({}, {"idempotency_key": "k"})
    assert len(client.v1.payment_intents.list().data) == 1


def test_a_decline_is_kept_for_the_key(client: Client) -> None:
    given = {**USD_10, **OFF_SESSION, "payment_method": "pm_card_visa_chargeDeclined"}
    charges = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as raised:
            client.v1.payment_intents.create(given, {"idempotency_key": "k"})
        charges.append(error_of(raised).charge)
    assert charges[0] == charges[1]
    assert len(client.v1.charges.list().data) == 1


def test_a_refusal_before_execution_leaves_the_key_free(client: Client) -> None:
    for wrong in ({**USD_10, "amount": 1}, {**USD_10, "foo": "x"}, {**USD_10, "customer": "cus_none"}):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.payment_intents.create(wrong, {"idempotency_key": "k"})
    assert client.v1.payment_intents.create(USD_10, {"idempotency_key": "k"}).amount == 1000


def test_each_account_has_its_own_keys(sandbox: RunningSandbox) -> None:
    made = [client_of(sandbox).v1.payment_intents.create(USD_10, {"idempotency_key": "same"}).id for _ in range(2)]
    assert made[0] != made[1]


def test_a_key_is_forgotten_after_a_day() -> None:
    with running_sandbox(clock=StandingClock()) as sandbox:
        client = client_of(sandbox)
        first = client.v1.payment_intents.create(USD_10, {"idempotency_key": "k"}).id
        sandbox.control("POST", "clock", {"advance": 86_399})
        assert client.v1.payment_intents.create(USD_10, {"idempotency_key": "k"}).id == first
        sandbox.control("POST", "clock", {"advance": 1})
        second = client.v1.payment_intents.create({**USD_10, "amount": 2000}, {"idempotency_key": "k"})
        assert second.id != first
        assert client.v1.payment_intents.create({**USD_10, "amount": 2000}, {"idempotency_key": "k"}).id == second.id


def test_a_key_in_use_is_a_conflict(client: Client, sandbox: RunningSandbox) -> None:
    sandbox.control("POST", "faults", {"kind": "latency", "path": "/v1/payment_intents", "milliseconds": 1500})
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.v1.payment_intents.create, USD_10, {"idempotency_key": "k"})
        while sandbox.control("GET", "faults")["faults"][-1]["met"] == 0:
            pass
        with pytest.raises(stripe.StripeError) as raised:
            client.v1.payment_intents.create(USD_10, {"idempotency_key": "k"})
        assert (raised.value.http_status, error_of(raised).code) == (409, "idempotency_key_in_use")
        made = slow.result().id
    assert client.v1.payment_intents.create(USD_10, {"idempotency_key": "k"}).id == made


def test_many_at_once_with_one_key_charge_once(sandbox: RunningSandbox) -> None:
    client = client_of(sandbox)
    customer, method = customer_with(client)
    given = {**USD_10, **OFF_SESSION, "customer": customer, "payment_method": method}

    def charge(_: int) -> str:
        try:
            return client.v1.payment_intents.create(given, {"idempotency_key": "once"}).id
        except stripe.StripeError as error:
            return str(error.http_status)

    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(charge, range(40))) - {"409"}
    assert len(made) == 1
    assert len(client.v1.charges.list().data) == 1


def test_a_key_that_is_too_long_is_refused(client: Client) -> None:
    with pytest.raises(stripe.IdempotencyError, match="255"):
        client.v1.payment_intents.create(USD_10, {"idempotency_key": "k" * 256})
