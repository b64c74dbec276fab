"""What payment intents and setup intents have in common: whose they are, and the card that they are for."""

from typing import Any

from billing.sandbox.account import Account
from billing.sandbox.customers import live_customer
from billing.sandbox.errors import ApiError, unexpected_state
from billing.sandbox.metadata import change, merged_metadata
from billing.sandbox.operation import Call
from billing.sandbox.payment_methods import refuse_spent, resolve
from billing.sandbox.state import Resource

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
NAMES = {"payment_intent": "PaymentIntent", "setup_intent": "SetupIntent"}
"""What Stripe calls each kind in a sentence."""


def found_intent(call: Call, kind: str) -> Resource:
    """The intent of a kind (`payment_intent`, `setup_intent`) that a path names."""
    return call.account.find(kind, call.ids[0], param="intent", status=404)


def open_intent(call: Call, kind: str, *, verb: str) -> Resource:
    """The same, which the call is about to `verb`: refused unless it still waits for something."""
    intent = found_intent(call, kind)
    if intent["status"] not in OPEN:
        raise unexpected_state(NAMES[kind], intent, verb=verb)
    return intent


def named_customer(call: Call) -> str | None:
    """The id of the customer that a request names; None where it names none."""
    params = call.params
    return live_customer(call.account, params["customer"])["id"] if "customer" in params else None


def checked_method(account: Account, params: dict[str, Any], *, customer: str | None) -> Resource | None:
    """The card that a request names, fit for use with the customer; None where it brings none."""
    if "payment_method" not in params:
        return None
    method = resolve(account, params["payment_method"], param="payment_method")
    refuse_spent(account, method)
    if method["customer"] not in (None, customer):
        message = (
            f"The payment method {method['id']} belongs to a customer; name that customer in `customer`."
            if customer is None
            else f"The customer does not have a payment method with the ID {method['id']}. "
            "The payment method must be attached to the customer."
        )
        raise ApiError(message, reason=None if customer is None else "resource_missing", param="payment_method")
    return method


def confirmed_method(call: Call, intent: Resource) -> Resource | None:
    """The card that an intent is confirmed with: the request's, else its own; None where there is neither."""
    method = checked_method(call.account, call.params, customer=intent["customer"])
    if method is None and intent["payment_method"] is not None:
        method = call.account.find("payment_method", intent["payment_method"], param="payment_method")
        refuse_spent(call.account, method)
    return method


def waiting_with(method: Resource | None) -> Resource:
    """What an intent says while it waits with that card to be confirmed; nothing without a card."""
    return {"payment_method": method["id"], "status": "requires_confirmation"} if method else {}


def amend(call: Call, intent: Resource, changes: Resource) -> Resource:
    """Save an intent with these changes and with those of metadata, customer and card that the request names."""
    changes |= {"metadata": merged_metadata(intent["metadata"], call)}
    if customer := named_customer(call):
        changes["customer"] = customer
    method = checked_method(call.account, call.params, customer=changes.get("customer", intent["customer"]))
    change(intent, changes | waiting_with(method))
    return call.account.save(intent)
