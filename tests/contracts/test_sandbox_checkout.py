"""Checkout sessions: made by the real library, paid on their page by form posts."""

import pytest
import stripe

from billing.sandbox.server import RunningSandbox, running_sandbox
from tests.sandbox_client import Client, Resource, StandingClock, browse, client_of, event_types

LINES = [
    {"quantity": 2, "price_data": {"currency": "eur", "unit_amount": 1250, "product_data": {"name": "Invoice <7>"}}}
]
BACK = {"success_url": "https://shop.test/ok?s={CHECKOUT_SESSION_ID}", "cancel_url": "https://shop.test/back"}
CARD = {"number": "4242424242424242", "expiry": "12/31", "cvc": "123", "email": "ap@acme.test"}


def test_an_invoice_is_paid_on_the_page(client: Client, sandbox: RunningSandbox) -> None:
    customer = client.v1.customers.create({"email": "ap@acme.test"}).id
    session = paying(
        client,
        customer=customer,
        payment_intent_data={"metadata": {"invoice": "7"}, "setup_future_usage": "off_session"},
    )
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_total, session.currency) == (2500, "eur")
    assert session.url == f"{sandbox.url}/c/pay/{session.id}"
    page = browse(session.url)
    assert "Pay 25.00 eur" in page.text
    assert "Invoice &lt;7&gt; × 2: 25.00 eur" in page.text
    done = browse(session.url, CARD)
    assert (done.status, done.location) == (303, f"https://shop.test/ok?s={session.id}")
    paid = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge", "line_items"]})
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert (paid.payment_intent.status, paid.payment_intent.customer) == ("succeeded", customer)
    assert paid.payment_intent.metadata.to_dict() == {"invoice": "7"}
    assert paid.payment_intent.latest_charge.billing_details.email == "ap@acme.test"
    assert [(line.description, line.quantity, line.amount_total) for line in paid.line_items.data] == [
        ("Invoice <7>", 2, 2500)
    ]
    assert len(client.v1.customers.payment_methods.list(customer).data) == 1
    assert event_types(client)[-5:] == [
        "payment_intent.created",
        "payment_method.attached",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    assert browse(session.url or f"{sandbox.url}/c/pay/{session.id}").status == 410


def test_a_declined_card_leaves_the_page_open_for_another(client: Client) -> None:
    session = paying(client)
    declined = browse(session.url, CARD | {"number": "4000000000009995"})
    assert declined.status == 402
    assert "Your card has insufficient funds." in declined.text
    for broken in ({"expiry": "soon"}, {"number": "1234"}, {"expiry": "13/31"}, {"expiry": "01/26"}, {"cvc": "x"}):
        assert browse(session.url, CARD | broken).status == 402
    assert browse(session.url, CARD).status == 303
    intents = client.v1.payment_intents.list().data
    assert [intent.status for intent in intents] == ["succeeded"]
    charges = client.v1.charges.list({"payment_intent": intents[0].id}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]


def test_who_cancels_goes_back_and_may_return(client: Client) -> None:
    session = paying(client)
    assert browse(session.url, {"cancel": "yes"}).location == "https://shop.test/back"
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_3d_secure_stands_between_the_page_and_success(client: Client) -> None:
    session = paying(client)
    challenge = browse(session.url, CARD | {"number": "4000002760003184"}).location
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    failed = browse(challenge, {"result": "fail"})
    assert failed.location == session.url
    challenge = browse(session.url, CARD | {"number": "4000002760003184"}).location
    assert browse(challenge, {"result": "complete"}).location == f"https://shop.test/ok?s={session.id}"
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert (done.status, done.payment_status, done.customer_details.email) == ("complete", "paid", "ap@acme.test")


def test_an_expired_session_takes_no_money(client: Client, sandbox: RunningSandbox) -> None:
    session = paying(client)
    expired = client.v1.checkout.sessions.expire(session.id)
    assert (expired.status, expired.url) == ("expired", None)
    assert browse(session.url).status == 410
    assert browse(session.url, CARD).status == 410
    with pytest.raises(stripe.InvalidRequestError, match="open"):
        client.v1.checkout.sessions.expire(session.id)
    assert client.v1.charges.list().data == []
    assert event_types(client) == ["checkout.session.expired"]


@pytest.mark.parametrize("mode", ["payment", "setup"])
def test_3d_secure_comes_too_late_for_an_expired_session(client: Client, mode: str) -> None:
    setup = {"mode": "setup", "currency": "eur", **BACK}
    session = paying(client) if mode == "payment" else client.v1.checkout.sessions.create(setup)
    challenge = browse(session.url, CARD | {"number": "4000002760003184"}).location
    client.v1.checkout.sessions.expire(session.id)
    assert browse(challenge, {"result": "complete"}).status == 409
    expired = client.v1.checkout.sessions.retrieve(session.id, {"expand": [f"{mode}_intent"]})
    assert (expired.status, expired[f"{mode}_intent"].status) == ("expired", "canceled")
    assert client.v1.charges.list().data == []


def test_a_session_expires_when_its_time_has_come() -> None:
    with running_sandbox(clock=StandingClock()) as sandbox:
        client = client_of(sandbox)
        session = paying(client, expires_at=1772323200 + 1800)  # half an hour after 2026-03-01T00:00:00Z
        sandbox.control("POST", "clock", {"advance": 1799})
        assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
        sandbox.control("POST", "clock", {"advance": 1})
        assert event_types(client) == ["checkout.session.expired"]
        assert [each.id for each in client.v1.checkout.sessions.list({"status": "expired"}).data] == [session.id]
        assert browse(session.url, CARD).status == 410


def test_a_card_is_left_for_later(client: Client) -> None:
    customer = client.v1.customers.create().id
    session = client.v1.checkout.sessions.create({"mode": "setup", "currency": "eur", "customer": customer, **BACK})
    assert session.setup_intent.startswith("seti_")
    assert "Save a card" in browse(session.url).text
    assert browse(session.url, CARD | {"number": "4000000000000002"}).status == 402
    assert browse(session.url, CARD).location == f"https://shop.test/ok?s={session.id}"
    setup = client.v1.setup_intents.retrieve(session.setup_intent)
    assert setup.status == "succeeded"
    assert client.v1.payment_methods.retrieve(setup.payment_method).customer == customer
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert (done.status, done.payment_status) == ("complete", "no_payment_required")


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"mode": "payment", "line_items": LINES}, "success_url"),
        ({"mode": "payment", **BACK}, "line_items"),
        ({"mode": "setup", **BACK}, "currency"),
        ({"mode": "setup", "currency": "eur", "line_items": LINES, **BACK}, "line_items"),
        ({"mode": "payment", "line_items": LINES, "success_url": "shop.test"}, "success_url"),
        ({"mode": "payment", "line_items": LINES, **BACK, "expires_at": 1772323200 + 60}, "expires_at"),
        ({"mode": "payment", "line_items": [{"quantity": 1}], **BACK}, "line_items[0][price_data]"),
        ({"mode": "payment", "line_items": [{**LINES[0], "quantity": 0}], **BACK}, "line_items[0][quantity]"),
        ({"mode": "payment", "line_items": LINES, **BACK, "allow_promotion_codes": True}, "allow_promotion_codes"),
        ({"mode": "subscription", "line_items": LINES, **BACK}, "mode"),
    ],
)
def test_a_session_that_makes_no_sense_is_refused(client: Client, given: dict, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.checkout.sessions.create(given)
    assert (raised.value.http_status, raised.value.param) == (400, param)


def test_the_page_of_no_session_is_not_found(sandbox: RunningSandbox) -> None:
    assert browse(f"{sandbox.url}/c/pay/cs_test_none").status == 404


def paying(client: Client, **more: object) -> Resource:
    return client.v1.checkout.sessions.create({"mode": "payment", "line_items": LINES, **BACK, **more})
