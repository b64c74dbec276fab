"""Stripe's webhooks: whether Stripe sent one, and which object it is a hint about.

https://docs.stripe.com/webhooks/signature and https://docs.stripe.com/api/events/types
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
import stripe

from billing.domain.errors import InvalidInput
from billing.ports import BadSignature, EventAbout, GatewayEvent

TOLERANCE_SECONDS = 300
"""How old, or ahead of our clock, a signature may be; Stripe signs each retry anew."""

_ID = re.compile(r"[A-Za-z0-9_]{1,200}")
_SENT_AT = re.compile(r"(?:^|,)t=([0-9]{1,12})(?:,|$)")
_PAYMENT_INTENT = frozenset(
    {"payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.requires_action"}
    | {"payment_intent.processing", "payment_intent.canceled"}
)
_OF_A_PAYMENT = ("charge.refund", "charge.dispute.", "refund.")
_PAYMENT_METHOD = ("payment_method.",)
_CHECKOUT = ("checkout.session.",)


def stripe_event(body: bytes, signature: str, *, secrets: Sequence[str], now: datetime) -> GatewayEvent:
    """The event in a webhook's raw body, if one of the secrets signed it within five minutes of `now` (UTC).

    Raises BadSignature, and InvalidInput for a signed body that is no event.
    """
    _require_signed(body, signature, secrets=secrets, now=now)
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput("body", expected="an event of Stripe's", given=type(error).__name__) from error
    return read_event(event)


def read_event(event: Any) -> GatewayEvent:  # noqa: ANN401 - whatever JSON was sent
    """An event as JSON, from somebody who is believed. InvalidInput for what is none."""
    try:
        kind, changed = event["type"], event["data"].get("previous_attributes") or {}
        about, subject = _subject(kind, event["data"]["object"], changed=changed)
        return GatewayEvent(id=_id(event["id"]), type=kind, about=about, subject=subject)
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidInput("body", expected="an event of Stripe's", given=type(error).__name__) from error


def _require_signed(body: bytes, signature: str, *, secrets: Sequence[str], now: datetime) -> None:
    sent = _SENT_AT.search(signature)
    if sent is None or abs(int(now.timestamp()) - int(sent[1])) > TOLERANCE_SECONDS:
        raise BadSignature(reason="the signature has no time, or one that is too far from ours")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BadSignature(reason="the body is no text") from None
    if sum([_signs(secret, text, signature) for secret in secrets]) == 0:  # each is tried, even after one fits
        raise BadSignature(reason="none of the secrets signed it" if secrets else "no secret is configured")


def _signs(secret: str, text: str, signature: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(text, signature, secret, tolerance=None))
    except stripe.SignatureVerificationError:
        return False


def _subject(kind: str, given: dict[str, Any], *, changed: dict[str, Any]) -> tuple[EventAbout, str]:
    if kind in _PAYMENT_INTENT:
        return EventAbout.PAYMENT, _id(given["id"])
    if kind.startswith(_OF_A_PAYMENT):
        return _named(EventAbout.PAYMENT, given.get("payment_intent"))
    if kind.startswith(_CHECKOUT):
        return EventAbout.CHECKOUT, _id(given["id"])
    if kind in ("customer.updated", "customer.deleted"):
        return EventAbout.CUSTOMER, _id(given["id"])
    if kind.startswith(_PAYMENT_METHOD):
        return _named(EventAbout.CUSTOMER, given.get("customer") or changed.get("customer"))
    if kind == "setup_intent.succeeded":
        return _named(EventAbout.CUSTOMER, given.get("customer"))
    return EventAbout.NOTHING, ""


def _named(about: EventAbout, subject: object) -> tuple[EventAbout, str]:
    """What an object belongs to; an old charge has no intent, and a method may be nobody's."""
    return (about, _id(subject)) if subject else (EventAbout.NOTHING, "")


def _id(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InvalidInput("id", expected="an id of Stripe's", given=value)
    return value
