"""Payment intents: create, confirm, update, cancel, read (docs.stripe.com/api/payment_intents)."""

from typing import Any

from billing.sandbox.account import Account
from billing.sandbox.amounts import checked_amount, checked_currency
from billing.sandbox.errors import ApiError, unexpected_state, unsupported
from billing.sandbox.events import emit
from billing.sandbox.intents import (
    amend,
    checked_method,
    confirmed_method,
    found_intent,
    named_customer,
    open_intent,
    waiting_with,
)
from billing.sandbox.lists import listed
from billing.sandbox.metadata import merged_metadata
from billing.sandbox.operation import Call, Operation
from billing.sandbox.payments import attempt
from billing.sandbox.state import Resource

_TEXTS = ("description", "receipt_email", "setup_future_usage", "shipping", "statement_descriptor_suffix")
_NULL = (
    "application application_fee_amount canceled_at cancellation_reason client_secret customer customer_account"
    " excluded_payment_method_types last_payment_error latest_charge next_action on_behalf_of payment_method"
    " payment_method_configuration_details processing review source statement_descriptor transfer_data transfer_group"
).split()
_METHODS = ("allowed_payment_method_types", "automatic_payment_methods")
_NEEDS_RETURN_URL = (
    "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these "
    "payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want "
    "to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and "
    "`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents."
)


def new_intent(account: Account, *, amount: int, currency: str, fields: Resource) -> Resource:
    """A payment intent that still lacks a card, and its event."""
    intent = account.new(
        "payment_intent",
        prefix="pi",
        fields={
            "amount": amount,
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            **dict.fromkeys(_NULL),
            "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
            "capture_method": "automatic",
            "confirmation_method": "automatic",
            "currency": currency,
            **dict.fromkeys(_TEXTS),
            "metadata": {},
            "payment_method_options": {"card": {"installments": None, "request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "status": "requires_payment_method",
        }
        | fields,
    )
    intent["client_secret"] = account.secret(intent["id"])
    emit(account, "payment_intent.created", intent)
    return intent


def _create(call: Call) -> Resource:
    account, params = call.account, call.params
    amount = checked_amount(params)
    if "capture_method" in params and params["capture_method"] == "manual":
        raise unsupported("manual capture", param="capture_method")
    confirms = params.get("confirm", False)
    for name in ("off_session", "return_url", "error_on_requires_action"):
        if name in params and not confirms:
            raise ApiError(f"`{name}` can only be passed when `confirm` is true.", param=name)
    customer = named_customer(call)
    _check_return_url(params)
    method = checked_method(account, params, customer=customer)
    if confirms and method is None:
        raise _without_method()
    fields = call.given(*_TEXTS) | {"customer": customer, "metadata": merged_metadata({}, call)}
    fields |= _automatic(params) | waiting_with(method)
    intent = new_intent(account, amount=amount, currency=checked_currency(params), fields=fields)
    if confirms and method:
        _attempt(call, intent, method)
    return intent


def _automatic(params: dict[str, Any]) -> Resource:
    if allowed := params.get("allowed_payment_method_types"):
        if "card" not in allowed:
            raise unsupported("payment methods other than cards", param="allowed_payment_method_types")
        return {"allowed_payment_method_types": allowed, "automatic_payment_methods": None}
    given = params.get("automatic_payment_methods")
    if given is None:
        return {}
    redirects = given.get("allow_redirects", "always")
    return {"automatic_payment_methods": {"allow_redirects": redirects, "enabled": given["enabled"]}}


def _check_return_url(params: dict[str, Any]) -> None:
    """Who confirms with the customer present has to say where a redirect comes back to, or rule redirects out."""
    if not params.get("confirm") or params.get("off_session") or "return_url" in params:
        return
    if (params.get("automatic_payment_methods") or {}).get("allow_redirects") == "never":
        return
    if params.get("allowed_payment_method_types") == ["card"]:
        return
    raise ApiError(_NEEDS_RETURN_URL)


def _without_method() -> ApiError:
    message = (
        "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
        "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment "
        "method or ConfirmationToken."
    )
    return ApiError(message, reason="payment_intent_unexpected_state")


def _attempt(call: Call, intent: Resource, method: Resource) -> None:
    off_session = bool(call.params.get("off_session"))
    attempt(call.account, intent, method, off_session=off_session, return_url=call.params.get("return_url"))


def _found(call: Call) -> Resource:
    return found_intent(call, "payment_intent")


def _confirm(call: Call) -> Resource:
    intent = open_intent(call, "payment_intent", verb="confirm")
    _check_return_url({"confirm": True, **{name: intent.get(name) for name in _METHODS}, **call.params})
    method = confirmed_method(call, intent)
    if method is None:
        raise _without_method()
    intent |= call.given("receipt_email", "setup_future_usage", "shipping")
    intent |= {"payment_method": method["id"], "next_action": None}
    call.account.save(intent)
    _attempt(call, intent, method)
    return intent


def _update(call: Call) -> Resource:
    intent, params = _found(call), call.params
    settled = intent["status"] in ("succeeded", "canceled")
    if settled and (strange := set(params) - {"description", "metadata", "receipt_email"}):
        raise unexpected_state("PaymentIntent", intent, verb=f"change `{min(strange)}` of")
    changes = call.given(*_TEXTS)
    if {"amount", "currency"} & set(params):
        amended = {"amount": intent["amount"], "currency": intent["currency"], **params}
        changes |= {"amount": checked_amount(amended), "currency": checked_currency(amended)}
    return amend(call, intent, changes)


def _cancel(call: Call) -> Resource:
    intent = open_intent(call, "payment_intent", verb="cancel")
    cancel_intent(call.account, intent, reason=call.params.get("cancellation_reason"))
    return intent


def cancel_intent(account: Account, intent: Resource, *, reason: str | None) -> None:
    """Close a payment intent that has taken no money."""
    intent |= {
        "canceled_at": account.now,
        "cancellation_reason": reason,
        "next_action": None,
        "status": "canceled",
    }
    account.save(intent)
    emit(account, "payment_intent.canceled", intent)


def _list(call: Call) -> Resource:
    return listed(call, "payment_intent", url="/v1/payment_intents", equal=["customer"])


_AT = "/v1/payment_intents/{id}"
_WRITABLE = (
    "amount currency customer description metadata payment_method receipt_email"
    " setup_future_usage shipping statement_descriptor_suffix"
)

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/payment_intents",
        takes="PaymentIntentCreateParams",
        honours=f"{_WRITABLE} allowed_payment_method_types automatic_payment_methods capture_method confirm"
        " off_session return_url",
        run=_create,
    ),
    Operation(
        method="GET",
        path="/v1/payment_intents",
        takes="PaymentIntentListParams",
        honours="created customer ending_before limit starting_after",
        run=_list,
    ),
    Operation(method="GET", path=_AT, takes="PaymentIntentRetrieveParams", honours="client_secret", run=_found),
    Operation(method="POST", path=_AT, takes="PaymentIntentUpdateParams", honours=_WRITABLE, run=_update),
    Operation(
        method="POST",
        path=f"{_AT}/confirm",
        takes="PaymentIntentConfirmParams",
        honours="off_session payment_method receipt_email return_url setup_future_usage shipping",
        run=_confirm,
    ),
    Operation(
        method="POST",
        path=f"{_AT}/cancel",
        takes="PaymentIntentCancelParams",
        honours="cancellation_reason",
        run=_cancel,
    ),
)
