"""Setup intents: make a card ready for later, with the customer present (docs.stripe.com/api/setup_intents)."""

from billing.sandbox.account import Account
from billing.sandbox.cards import Challenges, Declines
from billing.sandbox.errors import ApiError, unexpected_state
from billing.sandbox.events import emit
from billing.sandbox.intents import (
    OPEN,
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
from billing.sandbox.payment_methods import attach, behaviour
from billing.sandbox.payments import next_action
from billing.sandbox.state import Resource

_WITHOUT_METHOD = (
    "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a payment "
    "method and then confirm it again."
)


def new_setup(account: Account, fields: Resource) -> Resource:
    """A setup intent that still lacks a card, and its event."""
    intent = account.new(
        "setup_intent",
        prefix="seti",
        fields={
            "application": None,
            "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
            "cancellation_reason": None,
            "client_secret": None,
            "customer": None,
            "customer_account": None,
            "description": None,
            "excluded_payment_method_types": None,
            "flow_directions": None,
            "last_setup_error": None,
            "latest_attempt": None,
            "mandate": None,
            "metadata": {},
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": {"card": {"mandate_options": None, "request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "single_use_mandate": None,
            "status": "requires_payment_method",
            "usage": "off_session",
        }
        | fields,
    )
    intent["client_secret"] = account.secret(intent["id"])
    emit(account, "setup_intent.created", intent)
    return intent


def attempt_setup(account: Account, intent: Resource, method: Resource, *, return_url: str | None) -> None:
    """Ask the card whether it may be kept; a decline is recorded and raised."""
    answer = behaviour(account, method)
    intent |= {"payment_method": method["id"], "next_action": None}
    account.save(intent)
    if isinstance(answer, Challenges) and answer.when != "on_session":
        intent |= {"next_action": next_action(account, intent, return_url=return_url), "status": "requires_action"}
        emit(account, "setup_intent.requires_action", intent)
    elif isinstance(answer, Declines) and not answer.attaches:
        error = answer.error()
        error.more["payment_method"] = dict(method)
        _reopen(account, intent, error)
        error.more["setup_intent"] = dict(intent)
        raise error
    else:
        _succeed(account, intent, method)


def answer_setup_challenge(account: Account, intent: Resource, *, passed: bool) -> None:
    """The customer came back from 3D Secure."""
    method = account.find("payment_method", intent["payment_method"], param="payment_method")
    if passed:
        _succeed(account, intent, method)
        return
    message = "The provided PaymentMethod has failed authentication. Provide a new PaymentMethod to try again."
    error = ApiError(message, reason="setup_intent_authentication_failure")
    error.more["payment_method"] = dict(method)
    _reopen(account, intent, error)


def _succeed(account: Account, intent: Resource, method: Resource) -> None:
    if intent["customer"]:
        attach(account, method, intent["customer"])
    account.hidden(method)["set_up"] = True
    account.save(method)
    intent |= {"last_setup_error": None, "next_action": None, "status": "succeeded"}
    account.save(intent)
    emit(account, "setup_intent.succeeded", intent)


def _reopen(account: Account, intent: Resource, error: ApiError) -> None:
    intent |= {
        "last_setup_error": error.body()["error"],
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    account.save(intent)
    emit(account, "setup_intent.setup_failed", intent)


def _create(call: Call) -> Resource:
    account, params = call.account, call.params
    confirms = params.get("confirm", False)
    if "return_url" in params and not confirms:
        raise ApiError("`return_url` can only be passed when `confirm` is true.", param="return_url")
    customer = named_customer(call)
    method = checked_method(account, params, customer=customer)
    if confirms and method is None:
        raise ApiError(_WITHOUT_METHOD, reason="setup_intent_unexpected_state")
    fields = call.given("description") | {"customer": customer, "metadata": merged_metadata({}, call)}
    fields |= {"usage": params.get("usage", "off_session")} | waiting_with(method)
    intent = new_setup(account, fields)
    if confirms and method:
        attempt_setup(account, intent, method, return_url=params.get("return_url"))
    return intent


def _found(call: Call) -> Resource:
    return found_intent(call, "setup_intent")


def _confirm(call: Call) -> Resource:
    intent = open_intent(call, "setup_intent", verb="confirm")
    method = confirmed_method(call, intent)
    if method is None:
        raise ApiError(_WITHOUT_METHOD, reason="setup_intent_unexpected_state")
    attempt_setup(call.account, intent, method, return_url=call.params.get("return_url"))
    return intent


def _update(call: Call) -> Resource:
    intent = _found(call)
    if intent["status"] not in OPEN and (strange := set(call.params) - {"description", "metadata"}):
        raise unexpected_state("SetupIntent", intent, verb=f"change `{min(strange)}` of")
    return amend(call, intent, call.given("description"))


def _cancel(call: Call) -> Resource:
    intent = open_intent(call, "setup_intent", verb="cancel")
    cancel_setup(call.account, intent, reason=call.params.get("cancellation_reason"))
    return intent


def cancel_setup(account: Account, intent: Resource, *, reason: str | None) -> None:
    """Close a setup intent that has kept no card."""
    intent |= {"cancellation_reason": reason, "next_action": None, "status": "canceled"}
    account.save(intent)
    emit(account, "setup_intent.canceled", intent)


def _list(call: Call) -> Resource:
    return listed(call, "setup_intent", url="/v1/setup_intents", equal=["customer", "payment_method"])


_AT = "/v1/setup_intents/{id}"
_WRITABLE = "customer description metadata payment_method"

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/setup_intents",
        takes="SetupIntentCreateParams",
        honours=f"{_WRITABLE} allowed_payment_method_types automatic_payment_methods confirm return_url usage",
        run=_create,
    ),
    Operation(
        method="GET",
        path="/v1/setup_intents",
        takes="SetupIntentListParams",
        honours="created customer ending_before limit payment_method starting_after",
        run=_list,
    ),
    Operation(method="GET", path=_AT, takes="SetupIntentRetrieveParams", honours="client_secret", run=_found),
    Operation(method="POST", path=_AT, takes="SetupIntentUpdateParams", honours=_WRITABLE, run=_update),
    Operation(
        method="POST",
        path=f"{_AT}/confirm",
        takes="SetupIntentConfirmParams",
        honours="payment_method return_url",
        run=_confirm,
    ),
    Operation(
        method="POST",
        path=f"{_AT}/cancel",
        takes="SetupIntentCancelParams",
        honours="cancellation_reason",
        run=_cancel,
    ),
)
