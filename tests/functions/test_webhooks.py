"""Stripe's webhooks at the door: who is believed, what is told to strangers, and that an event's effect stands."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import stripe

from billing.domain.invoice import InvoiceStatus
from billing.domain.payment import PaymentStatus
from billing.store.tenants import Tenants
from tests import stripe_signature
from tests.builders import a_tenant
from tests.functions.proxy import STRIPE_KEY, WEBHOOK_SECRET, Proxy, owes, running_proxy
from tests.functions.served_app import START
from tests.sandbox_client import Client, browse, client_of

CARD = {"number": "4242424242424242", "expiry": "12/30", "cvc": "123", "email": "ap@lumen.test"}
NOW = int(START.timestamp())


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with running_proxy(tmp_path) as running:
        yield running


def pays_by_link(proxy: Proxy, customer_id: str = "lumen") -> None:
    """The customer pays on the hosted page and never comes back: only webhooks can tell."""
    page = proxy.call("POST", f"{proxy.link(customer_id)}/checkout").headers["location"]
    assert browse(page, CARD).status == 303


def client(proxy: Proxy) -> Client:
    return client_of(proxy.sandbox, key=STRIPE_KEY)


def events(proxy: Proxy, kind: str = "") -> list[dict[str, Any]]:
    """What happened at the sandbox, the oldest first."""
    listed = client(proxy).v1.events.list({"limit": 100}).data[::-1]
    return [each.to_dict() for each in listed if each.type.startswith(kind)]


def signed(event: dict[str, Any] | bytes, *, secret: str = WEBHOOK_SECRET, at: int = NOW) -> tuple[bytes, str]:
    """A body and its header, as Stripe signs it for this tenant now."""
    return stripe_signature.signed(event, secret=secret, at=at)


def test_a_payment_is_booked_by_its_webhook_alone(proxy: Proxy) -> None:
    owes(proxy)
    pays_by_link(proxy)
    assert proxy.invoice().status is InvoiceStatus.ISSUED
    [event] = events(proxy, "payment_intent.succeeded")

    answered = proxy.webhook(*signed(event))

    assert (answered.status, answered.json["outcome"]) == (200, "applied")
    assert (proxy.invoice().status, proxy.invoice().amount_due) == (InvoiceStatus.PAID, 0)
    [payment] = proxy.payments()
    assert (payment.amount, payment.method) == (5831, "Visa •••• 4242")


def test_the_same_event_again_and_twice_at_once_changes_nothing_more(proxy: Proxy) -> None:
    owes(proxy)
    pays_by_link(proxy)
    [event] = events(proxy, "payment_intent.succeeded")
    with ThreadPoolExecutor(4) as threads:
        at_once = list(threads.map(lambda _: proxy.webhook(*signed(event)), range(4)))
    before = proxy.world.everything()

    again = proxy.webhook(*signed(event))

    assert {each.status for each in at_once} == {200}
    assert again.json["outcome"] == "known"
    assert proxy.world.everything() == before
    assert len(proxy.payments()) == 1


@pytest.mark.parametrize(
    ("body", "header"),
    [
        signed(b'{"id":"evt_1"}', secret="whsec_somebody_else"),
        (b'{"id":"evt_2"}', signed(b'{"id":"evt_1"}')[1]),
        signed(b'{"id":"evt_1"}', at=NOW - 301),
        signed(b'{"id":"evt_1"}', at=NOW + 301),
        (b'{"id":"evt_1"}', ""),
        (b'{"id":"evt_1"}', "t=,v1="),
        (b'{"id":"evt_1"}', f"t={NOW}"),
        (b'{"id":"evt_1"}', signed(b'{"id":"evt_1"}')[1].replace("v1=", "v0=")),
        signed(b"\xff\xfe"),
    ],
    ids=["wrong secret", "other body", "stale", "early", "none", "empty", "no digest", "old scheme", "no text"],
)
def test_a_forged_stale_or_broken_signature_is_refused_before_anything_is_read(
    proxy: Proxy, body: bytes, header: str
) -> None:
    answered = proxy.webhook(body, header)
    assert (answered.status, answered.json["code"]) == (400, "bad_signature")


def test_a_signature_is_good_for_five_minutes(proxy: Proxy) -> None:
    body = {"id": "evt_1", "type": "invoice.created", "data": {"object": {"id": "in_1"}}}
    assert proxy.webhook(*signed(body, at=NOW - 300)).json == {"received": True, "outcome": "ignored"}


def test_a_tenant_that_there_is_none_of_is_answered_like_a_wrong_signature(proxy: Proxy) -> None:
    body, header = signed({"id": "evt_1", "type": "x", "data": {"object": {}}})
    wrong = proxy.webhook(body, header.replace("v1=", "v1=0"))
    for tenant in ("nobody", "a%20b", "..", "x" * 100):
        stranger = proxy.webhook(body, header, tenant=tenant)
        assert stranger.status == wrong.status == 400
        assert {**stranger.json, "request_id": ""} == {**wrong.json, "request_id": ""}


def test_both_secrets_are_good_while_one_is_replaced_and_no_third(proxy: Proxy) -> None:
    proxy.engine.secrets._variables.update(  # type: ignore[attr-defined]
        STRIPE_WEBHOOK_SECRET="whsec_new", STRIPE_WEBHOOK_SECRET_PREVIOUS=WEBHOOK_SECRET
    )
    body = {"id": "evt_1", "type": "invoice.created", "data": {"object": {"id": "in_1"}}}
    assert proxy.webhook(*signed(body, secret="whsec_new")).status == 200
    assert proxy.webhook(*signed(body, secret=WEBHOOK_SECRET)).status == 200
    assert proxy.webhook(*signed(body, secret="whsec_older")).status == 400


def test_a_tenant_with_an_account_of_its_own_has_a_secret_of_its_own(proxy: Proxy) -> None:
    own = a_tenant(id="own", gateway="stripe", gateway_account="OWN")
    proxy.world.documents.commit([Tenants(proxy.world.documents).saving(own)])
    proxy.engine.secrets._variables.update(  # type: ignore[attr-defined]
        STRIPE_API_KEY_OWN="sk_test_own", STRIPE_WEBHOOK_SECRET_OWN="whsec_own"
    )
    body = {"id": "evt_1", "type": "invoice.created", "data": {"object": {"id": "in_1"}}}
    assert proxy.webhook(*signed(body, secret="whsec_own"), tenant="own").status == 200
    assert proxy.webhook(*signed(body), tenant="own").status == 400


def test_a_body_that_is_too_large_is_413_whether_its_length_is_told_or_not(proxy: Proxy) -> None:
    body, header = signed(b" " * (64 * 1024 + 1))
    assert proxy.webhook(body, header).status == 413
    pieces = (body[start : start + 9000] for start in range(0, len(body), 9000))
    answered = proxy.call("POST", "/webhooks/stripe/acme", body=pieces, sent={"Stripe-Signature": header})  # type: ignore[arg-type]
    assert answered.status == 413


@pytest.mark.parametrize("body", [b"[]", b"{}", b"no json", b'{"id":1,"type":"refund.updated","data":{"object":{}}}'])
def test_a_signed_body_that_is_no_event_is_422(proxy: Proxy, body: bytes) -> None:
    assert proxy.webhook(*signed(body)).status == 422


def test_a_payment_of_another_tenant_is_ignored(proxy: Proxy) -> None:
    owes(proxy)
    pays_by_link(proxy)
    [event] = events(proxy, "payment_intent.succeeded")
    other = a_tenant(id="other", gateway="stripe")
    proxy.world.documents.commit([Tenants(proxy.world.documents).saving(other)])

    answered = proxy.webhook(*signed(event), tenant="other")

    assert answered.json["outcome"] == "ignored"
    assert proxy.invoice().status is InvoiceStatus.ISSUED


def test_what_the_event_says_is_not_believed_the_object_is_fetched(proxy: Proxy) -> None:
    owes(proxy)
    page = proxy.call("POST", f"{proxy.link()}/checkout").headers["location"]
    assert browse(page, CARD | {"number": "4000000000000002"}).status == 402  # declined
    [declined] = events(proxy, "payment_intent.payment_failed")
    made_up = declined | {"type": "payment_intent.succeeded"}
    made_up["data"]["object"] |= {"status": "succeeded", "amount_received": 5831}

    assert proxy.webhook(*signed(made_up)).status == 200

    assert (proxy.invoice().status, proxy.payments()) == (InvoiceStatus.ISSUED, [])


def test_a_payment_that_names_no_invoice_of_ours_is_ignored_and_logged(proxy: Proxy) -> None:
    made = client(proxy).v1.payment_intents.create(
        {"amount": 900, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True, "off_session": True}
    )
    [event] = events(proxy, "payment_intent.succeeded")
    assert event["data"]["object"]["id"] == made.id
    assert proxy.webhook(*signed(event)).json["outcome"] == "ignored"
    assert proxy.logged(event_id=event["id"])["outcome"] == "ignored"


def test_while_stripe_does_not_answer_the_event_is_asked_for_again(proxy: Proxy) -> None:
    owes(proxy)
    pays_by_link(proxy)
    [event] = events(proxy, "payment_intent.succeeded")
    proxy.sandbox.control(
        "POST", "faults", {"kind": "server_error", "path": "/v1/payment_intents/*", "method": "GET", "times": 9}
    )

    failed = proxy.webhook(*signed(event))
    proxy.sandbox.control("DELETE", "faults")

    assert (failed.status, failed.headers["retry-after"]) == (503, "30")
    assert proxy.webhook(*signed(event)).json["outcome"] == "applied"
    assert proxy.invoice().status is InvoiceStatus.PAID


def test_a_second_payment_that_could_not_be_stopped_becomes_credit(proxy: Proxy) -> None:
    invoice = owes(proxy)
    metadata = {"tenant_id": "acme", "invoice_id": invoice.id}
    for _ in range(2):
        client(proxy).v1.payment_intents.create(
            {"amount": 5831, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
            | {"off_session": True, "metadata": metadata}
        )
    for event in events(proxy, "payment_intent.succeeded"):
        assert proxy.webhook(*signed(event)).status == 200

    assert (proxy.invoice().amount_paid, proxy.customer().credit_balance) == (5831, 5831)


def test_the_first_payment_closes_the_hosted_page_that_is_open(proxy: Proxy) -> None:
    invoice = owes(proxy)
    page = proxy.call("POST", f"{proxy.link()}/checkout").headers["location"]
    client(proxy).v1.payment_intents.create(
        {"amount": 5831, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True, "off_session": True}
        | {"metadata": {"tenant_id": "acme", "invoice_id": invoice.id}}
    )
    [event] = events(proxy, "payment_intent.succeeded")
    proxy.webhook(*signed(event))

    assert browse(page, CARD).status == 410
    assert proxy.invoice().checkout_id == ""
    assert len(proxy.payments()) == 1


def test_a_refund_made_at_stripe_is_booked_once_it_arrived_and_taken_back_when_it_fails(proxy: Proxy) -> None:
    owes(proxy)
    page = proxy.call("POST", f"{proxy.link()}/checkout").headers["location"]
    browse(page, CARD | {"number": "4000000000007726"})  # its refunds are slow
    [paid] = events(proxy, "payment_intent.succeeded")
    proxy.webhook(*signed(paid))
    refund = client(proxy).v1.refunds.create({"payment_intent": paid["data"]["object"]["id"], "amount": 1000})

    proxy.webhook(*signed(events(proxy, "charge.refunded")[0]))
    assert proxy.payments()[0].refunded == 0  # it is pending

    proxy.sandbox.control("POST", f"refunds/{refund.id}/settle", {"status": "succeeded"})
    proxy.webhook(*signed(events(proxy, "refund.updated")[-1]))
    assert (proxy.payments()[0].refunded, proxy.invoice().amount_due) == (1000, 1000)
    assert proxy.invoice().status is InvoiceStatus.ISSUED

    proxy.sandbox.control("POST", f"refunds/{refund.id}/settle", {"status": "failed"})
    proxy.webhook(*signed(events(proxy, "refund.failed")[-1]))
    assert (proxy.payments()[0].refunded, proxy.invoice().amount_due) == (0, 0)
    assert proxy.invoice().status is InvoiceStatus.PAID


@pytest.mark.parametrize(
    ("outcome", "status", "due"), [("won", PaymentStatus.SUCCEEDED, 0), ("lost", PaymentStatus.REVERSED, 5831)]
)
def test_a_dispute_holds_the_payment_and_its_end_decides(
    proxy: Proxy, outcome: str, status: PaymentStatus, due: int
) -> None:
    owes(proxy)
    pays_by_link(proxy)
    charge = events(proxy, "charge.succeeded")[0]["data"]["object"]["id"]
    proxy.webhook(*signed(events(proxy, "payment_intent.succeeded")[0]))
    dispute = proxy.sandbox.control("POST", f"charges/{charge}/dispute", {"reason": "fraudulent"})
    proxy.webhook(*signed(events(proxy, "charge.dispute.created")[0]))
    assert (proxy.payments()[0].status, proxy.invoice().amount_due) == (PaymentStatus.DISPUTED, 0)

    proxy.sandbox.control("POST", f"disputes/{dispute['id']}/close", {"outcome": outcome})
    proxy.webhook(*signed(events(proxy, "charge.dispute.closed")[0]))

    assert (proxy.payments()[0].status, proxy.invoice().amount_due) == (status, due)


def test_an_inquiry_withholds_nothing(proxy: Proxy) -> None:
    owes(proxy)
    pays_by_link(proxy)
    charge = events(proxy, "charge.succeeded")[0]["data"]["object"]["id"]
    proxy.sandbox.control("POST", f"charges/{charge}/dispute", {"reason": "inquiry"})
    proxy.webhook(*signed(events(proxy, "charge.dispute.created")[0]))
    assert proxy.payments()[0].status is PaymentStatus.SUCCEEDED


def test_a_method_that_was_renewed_or_detached_at_stripe_is_known_here(proxy: Proxy) -> None:
    owes(proxy)
    pays_by_link(proxy)  # which made the customer at Stripe
    cus = proxy.customer().gateway_id
    method = client(proxy).v1.payment_methods.attach("pm_card_visa", {"customer": cus}).id
    client(proxy).v1.customers.update(cus, {"invoice_settings": {"default_payment_method": method}})
    proxy.webhook(*signed(events(proxy, "customer.updated")[-1]))
    assert proxy.customer().payment_method == "Visa •••• 4242"

    renewed = {"exp_month": 4, "exp_year": 2031, "number": "5555555555554444"}
    proxy.sandbox.control("POST", f"payment_methods/{method}/renew", renewed)
    proxy.webhook(*signed(events(proxy, "payment_method.automatically_updated")[-1]))
    assert proxy.customer().payment_method == "Mastercard •••• 4444"

    client(proxy).v1.payment_methods.detach(method)
    proxy.webhook(*signed(events(proxy, "payment_method.detached")[-1]))
    assert proxy.customer().payment_method == ""


def test_the_card_of_a_customer_that_was_deleted_at_stripe_is_forgotten(proxy: Proxy) -> None:
    owes(proxy)
    pays_by_link(proxy)
    cus = proxy.customer().gateway_id
    method = client(proxy).v1.payment_methods.attach("pm_card_visa", {"customer": cus}).id
    client(proxy).v1.customers.update(cus, {"invoice_settings": {"default_payment_method": method}})
    proxy.webhook(*signed(events(proxy, "customer.updated")[-1]))
    client(proxy).v1.customers.delete(cus)
    proxy.webhook(*signed(events(proxy, "customer.deleted")[-1]))
    assert (proxy.customer().payment_method, proxy.customer().payment_method_id) == ("", "")


def test_the_library_would_believe_what_we_believe() -> None:
    body, header = signed({"id": "evt_1"})
    assert stripe.WebhookSignature.verify_header(body.decode(), header, WEBHOOK_SECRET)
