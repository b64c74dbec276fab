"""Webhooks: posted to an endpoint on this machine, verified by the real library, tried again in the sandbox's time."""

from collections.abc import Iterator

import pytest
import stripe

from billing.sandbox.server import RunningSandbox, Webhook, running_sandbox
from tests.sandbox_client import OFF_SESSION, USD_10, Client, Receiver, StandingClock, client_of, receiver

SECRET = "whsec_of_the_command_line"


@pytest.fixture
def inbox() -> Iterator[Receiver]:
    with receiver() as listening:
        yield listening


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock()) as running:
        yield running


@pytest.fixture
def client(sandbox: RunningSandbox) -> Client:
    return client_of(sandbox)


def test_an_endpoint_hears_of_what_it_wants_signed_with_its_secret(client: Client, inbox: Receiver) -> None:
    endpoint = client.v1.webhook_endpoints.create(
        {"url": inbox.url, "enabled_events": ["payment_intent.succeeded", "charge.refunded"]}
    )
    assert endpoint.secret.startswith("whsec_")
    intent = client.v1.payment_intents.create({**USD_10, **OFF_SESSION, "payment_method": "pm_card_visa"})
    paid = inbox.next()
    stripe.WebhookSignature.verify_header(paid.body, paid.signature, endpoint.secret)
    event = stripe.Webhook.construct_event(paid.body, paid.signature, endpoint.secret, tolerance=0)
    assert (event.type, event.data.object["id"], event.api_version) == (
        "payment_intent.succeeded",
        intent.id,
        stripe.api_version,
    )
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(paid.body, paid.signature, "whsec_other")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(paid.body + b" ", paid.signature, endpoint.secret)
    client.v1.refunds.create({"payment_intent": intent.id})
    assert inbox.next().event["type"] == "charge.refunded"
    kept = client.v1.events.retrieve(event.id)
    assert kept.data.object.to_dict()["amount_received"] == 1000
    assert getattr(client.v1.webhook_endpoints.retrieve(endpoint.id), "secret", None) is None


def test_the_signature_carries_the_sandboxs_time(client: Client, sandbox: RunningSandbox, inbox: Receiver) -> None:
    client.v1.webhook_endpoints.create({"url": inbox.url, "enabled_events": ["*"]})
    sandbox.control("POST", "clock", {"set": "2026-04-01T12:00:00+02:00"})
    client.v1.customers.create()
    assert inbox.next().signature.startswith("t=1775037600,v1=")  # 2026-04-01T10:00:00Z


def test_a_refused_webhook_is_tried_again_when_its_time_has_come(
    client: Client, sandbox: RunningSandbox, inbox: Receiver
) -> None:
    client.v1.webhook_endpoints.create({"url": inbox.url, "enabled_events": ["customer.created"]})
    inbox.answers = [500, 302]
    client.v1.customers.create()
    first = inbox.next()
    attempts_of(sandbox, 1)
    sandbox.control("POST", "clock", {"advance": 59})
    assert inbox.received.empty()
    sandbox.control("POST", "clock", {"advance": 1})
    second = inbox.next()
    assert (second.body, second.signature != first.signature) == (first.body, True)
    attempts_of(sandbox, 2)
    sandbox.control("POST", "clock", {"advance": 300})
    inbox.next()
    delivery = attempts_of(sandbox, 3)
    assert (delivery["status"], [each["answer"] for each in delivery["attempts"]]) == ("delivered", [500, 302, 200])
    assert client.v1.events.retrieve(delivery["event"]).pending_webhooks == 0


def test_after_three_days_nobody_tries_any_more(client: Client, sandbox: RunningSandbox) -> None:
    client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/closed", "enabled_events": ["*"]})
    client.v1.customers.create()
    delivery = attempts_of(sandbox, 1)
    while delivery["status"] == "pending":
        sandbox.control("POST", "clock", {"set": delivery["next_attempt_at"]})
        delivery = attempts_of(sandbox, len(delivery["attempts"]) + 1)
    assert delivery["status"] == "failed"
    assert delivery["attempts"][-1]["at"] - delivery["created"] <= 3 * 86_400
    assert "refused" in delivery["attempts"][0]["answer"].lower()


def test_an_event_can_be_sent_again(client: Client, sandbox: RunningSandbox, inbox: Receiver) -> None:
    client.v1.webhook_endpoints.create({"url": inbox.url, "enabled_events": ["*"]})
    client.v1.customers.create()
    event = inbox.next().event
    sandbox.control("POST", f"events/{event['id']}/resend")
    assert inbox.next().event["id"] == event["id"]


def test_a_disabled_or_deleted_endpoint_hears_nothing(client: Client, sandbox: RunningSandbox, inbox: Receiver) -> None:
    endpoint = client.v1.webhook_endpoints.create({"url": inbox.url, "enabled_events": ["*"]})
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    client.v1.customers.create()
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": False, "enabled_events": ["customer.deleted"]})
    client.v1.customers.create()
    assert client.v1.webhook_endpoints.delete(endpoint.id).deleted is True
    client.v1.customers.create()
    assert client.v1.webhook_endpoints.list().data == []
    assert sandbox.control("GET", "deliveries")["deliveries"] == []


@pytest.mark.parametrize("url", ["https://shop.test/hooks", "http://192.0.2.1/hooks", "ftp://127.0.0.1/x", "hooks"])
def test_an_endpoint_on_another_machine_is_refused(client: Client, url: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.webhook_endpoints.create({"url": url, "enabled_events": ["*"]})
    assert raised.value.param == "url"


def test_an_event_that_stripe_does_not_know_cannot_be_listened_to(client: Client, inbox: Receiver) -> None:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.webhook_endpoints.create({"url": inbox.url, "enabled_events": ["payment_intent.paid"]})
    assert raised.value.param == "enabled_events[0]"


def test_one_endpoint_may_hear_of_every_account(inbox: Receiver) -> None:
    webhook = Webhook(url=inbox.url, secret=SECRET)
    with running_sandbox(clock=StandingClock(), webhook=webhook) as sandbox:
        for _ in range(2):
            client_of(sandbox).v1.customers.create()
            received = inbox.next()
            stripe.WebhookSignature.verify_header(received.body, received.signature, SECRET)


def attempts_of(sandbox: RunningSandbox, tries: int) -> dict:
    """The only delivery, as soon as it was tried so many times; the test's own time-out bounds the wait."""
    while True:
        [delivery] = sandbox.control("GET", "deliveries")["deliveries"]
        if len(delivery["attempts"]) >= tries:
            return delivery
