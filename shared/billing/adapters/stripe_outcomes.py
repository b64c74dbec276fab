"""What Stripe answers, as our closed set of outcomes.

https://docs.stripe.com/payments/paymentintents/lifecycle and https://docs.stripe.com/declines/codes
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import stripe

from billing.adapters.stripe_amounts import minor_amount
from billing.domain.decline import AUTHENTICATION_CODES, NO_METHOD, advice_of, network_advice, stricter
from billing.ports import (
    ChargeOutcome,
    Checkout,
    CheckoutStatus,
    Declined,
    GatewayDispute,
    GatewayRefund,
    Pending,
    RefundStatus,
    RequiresAction,
    SavedMethod,
    Succeeded,
)

_REFUNDS = {
    "succeeded": RefundStatus.SUCCEEDED,
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
_OF_INVOICE, _OF_BALANCE = "invoice/", "balance"
_NOT_HELD = frozenset({"won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed"})
"""Disputes that withhold no money: a warning is an inquiry (https://docs.stripe.com/disputes/how-disputes-work)."""


def outcome_of(intent: stripe.PaymentIntent) -> ChargeOutcome:
    """Where a payment intent stands; `payment_method` should be expanded to say what was charged."""
    match intent.status:
        case "succeeded":
            return Succeeded(
                payment_id=intent.id,
                amount=minor_amount(intent.amount_received, intent.currency),
                currency=intent.currency.upper(),
                method=method_of(intent.payment_method),
            )
        case "requires_action":
            return RequiresAction(payment_id=intent.id)
        case "processing" | "requires_capture" | "requires_confirmation":
            return Pending(payment_id=intent.id)
        case _:  # requires_payment_method, canceled
            return declined(intent.last_payment_error, payment_id=intent.id)


def declined(error: Any, *, payment_id: str) -> Declined | RequiresAction:  # noqa: ANN401 - of an exception or an intent
    """What a card error says; `error` is Stripe's error object, or None where an intent never got that far.

    A network that forbids another try outweighs a code that says nothing against it.
    """
    code = _said(error, "decline_code") or _said(error, "code") or NO_METHOD
    if AUTHENTICATION_CODES & {code, _said(error, "code")}:
        return RequiresAction(payment_id=payment_id)
    network = network_advice(
        decline_code=_said(error, "network_decline_code"),
        merchant_advice=_said(error, "network_advice_code"),
        stripe_advice=_said(error, "advice_code"),
    )
    return Declined(
        code=code,
        advice=stricter(advice_of(code), network),
        message=_said(error, "message") or "The payment was not completed.",
        payment_id=payment_id,
        network_advice=network,
    )


def _said(error: Any, name: str) -> str:  # noqa: ANN401 - as above
    """A field of an error object, which leaves out what it has not to say."""
    return str(getattr(error, name, None) or "")


def method_of(method: Any) -> SavedMethod | None:  # noqa: ANN401 - an id, an expanded method, or None
    """A saved method, where Stripe sent it whole."""
    if method is None or isinstance(method, str):
        return None
    card, made_at = getattr(method, "card", None), datetime.fromtimestamp(method.created, UTC)
    if card is None:
        return SavedMethod(id=method.id, brand=method.type.replace("_", " "), last4="", made_at=made_at)
    return SavedMethod(
        id=method.id,
        brand=card.brand,
        last4=card.last4,
        expires=f"{card.exp_year:04}-{card.exp_month:02}",
        fingerprint=card.fingerprint or "",
        made_at=made_at,
    )


def refund_of(refund: stripe.Refund) -> GatewayRefund:
    """A refund as it stands; its metadata are what we sent with it."""
    said = metadata_of(refund)
    return GatewayRefund(
        id=refund.id,
        payment_id=str(refund.payment_intent or ""),
        amount=minor_amount(refund.amount, refund.currency),
        currency=refund.currency.upper(),
        status=_REFUNDS.get(refund.status or "", RefundStatus.PENDING),
        key=said.get("key", ""),
        invoice_id=_part_of(said.get("part", "")),
    )


def part_text(invoice_id: str) -> str:
    """Whose part of a payment a refund is, in its metadata: Stripe keeps no empty text."""
    return f"{_OF_INVOICE}{invoice_id}" if invoice_id else _OF_BALANCE


def _part_of(text: str) -> str | None:
    if text == _OF_BALANCE:
        return ""
    return text.removeprefix(_OF_INVOICE) if text.startswith(_OF_INVOICE) else None


def disputes_of(disputes: Iterable[stripe.Dispute], intent: stripe.PaymentIntent) -> tuple[GatewayDispute, ...]:
    """Those that withhold money; one in another currency than was charged is about all of it."""
    return tuple(
        GatewayDispute(
            id=each.id,
            amount=minor_amount(each.amount if each.currency == intent.currency else intent.amount, intent.currency),
            is_lost=each.status == "lost",
        )
        for each in disputes
        if each.status not in _NOT_HELD
    )


def checkout_of(session: stripe.checkout.Session) -> Checkout:
    """A hosted page as it stands; a `setup_intent` expanded to its method says what was saved."""
    setup = session.setup_intent
    method = None if setup is None or isinstance(setup, str) else method_of(setup.payment_method)
    return Checkout(
        id=session.id,
        url=session.url or "",
        status=CheckoutStatus(session.status or "expired"),
        amount=minor_amount(session.amount_total, session.currency or "") if session.amount_total else 0,
        customer=str(session.customer or ""),
        payment_id=str(session.payment_intent or ""),
        method=method,
        metadata=metadata_of(session),
    )


def metadata_of(answer: Any) -> dict[str, str]:  # noqa: ANN401 - any object of Stripe's that carries metadata
    """Our own words on an object of Stripe's."""
    return {} if answer.metadata is None else {name: str(text) for name, text in answer.metadata.to_dict().items()}
