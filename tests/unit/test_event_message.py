"""The signature that the specification's own libraries are tested with, and the body's exact bytes."""

from billing.adapters.event_message import message_body, signed_headers
from billing.domain.event import EventType, event_of
from tests.builders import utc
from tests.event_receiver import OLD_SECRET, SECRET

MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = utc("2021-02-25T15:02:10")  # 1614265330
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""test_sign_function and its kin in the libraries of github.com/standard-webhooks/standard-webhooks."""


def headers(*secrets: str) -> dict[str, str]:
    return signed_headers(MESSAGE, '{"test": 2432232314}', at=AT, secrets=secrets, name="EVENT_SECRET")


def test_the_signature_is_the_published_one() -> None:
    assert headers(SECRET) == {
        "content-type": "application/json",
        "webhook-id": MESSAGE,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_the_prefix_of_a_secret_is_no_part_of_it() -> None:
    assert headers(SECRET.removeprefix("whsec_")) == headers(SECRET)


def test_two_secrets_are_two_signatures_the_newest_first() -> None:
    first, second = headers(SECRET, OLD_SECRET)["webhook-signature"].split(" ")
    assert first == SIGNATURE
    assert second == headers(OLD_SECRET)["webhook-signature"] != first


def test_a_body_says_what_happened_when_to_whom_and_at_which_tenant() -> None:
    event = event_of(
        EventType.INVOICE_OVERDUE,
        subject="invoices/i1",
        occurred_at=utc("2026-03-15T09:00"),
        fields={"amount_due": 4900, "currency": "EUR", "invoice_ids": ("i1", "i2")},
    )
    assert message_body(event, tenant_id="acme") == (
        '{"type":"invoice.overdue","timestamp":"2026-03-15T09:00:00Z",'
        '"data":{"amount_due":4900,"currency":"EUR","invoice_ids":["i1","i2"],"tenant_id":"acme","subject":"invoices/i1"}}'
    )
