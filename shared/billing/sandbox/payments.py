"""What happens to a payment intent when its card is asked: money, a decline, or a question to the customer."""

from typing import assert_never

from billing.sandbox.account import Account
from billing.sandbox.cards import AUTHENTICATION_REQUIRED, Approves, Challenges, Declines
from billing.sandbox.charges import failed_charge, succeeded_charge
from billing.sandbox.disputes import open_dispute
from billing.sandbox.errors import ApiError
from billing.sandbox.events import emit
from billing.sandbox.payment_methods import attach, behaviour
from billing.sandbox.state import Resource

_AUTHENTICATION_FAILED = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod "
    "to attempt to fulfill this PaymentIntent again."
)


def attempt(account: Account, intent: Resource, method: Resource, *, off_session: bool, return_url: str | None) -> None:
    """Ask the card. A decline is recorded and raised as Stripe's 402."""
    answer = behaviour(account, method)
    if not isinstance(answer, Challenges):
        settle(account, intent, method, answer, authenticated=False)
    elif _is_exempt(account, method, answer, off_session=off_session):
        settle(account, intent, method, answer.then, authenticated=False)
    elif off_session:
        decline(account, intent, method, AUTHENTICATION_REQUIRED)
    else:
        _challenge(account, intent, return_url=return_url)


def settle(
    account: Account, intent: Resource, method: Resource, answer: Approves | Declines, *, authenticated: bool
) -> None:
    """Take the money or record the decline."""
    match answer:
        case Approves():
            _succeed(account, intent, method, answer, authenticated=authenticated)
        case Declines():
            decline(account, intent, method, answer)
        case _:
            assert_never(answer)


def answer_challenge(account: Account, intent: Resource, *, passed: bool) -> None:
    """The customer came back from 3D Secure; CardError where the card declines after all."""
    method = account.find("payment_method", intent["payment_method"], param="payment_method")
    intent["next_action"] = None
    account.save(intent)
    if not passed:
        _fail_authentication(account, intent, method)
        return
    account.hidden(method)["set_up"] = True
    account.save(method)
    answer = behaviour(account, method)
    settle(account, intent, method, answer.then if isinstance(answer, Challenges) else answer, authenticated=True)


def decline(account: Account, intent: Resource, method: Resource, answer: Declines) -> None:
    """Record a failed attempt and raise it."""
    charge = failed_charge(account, intent, method, answer=answer)
    error = answer.error()
    error.more |= {"charge": charge["id"], "payment_method": dict(method)}
    intent["latest_charge"] = charge["id"]
    _reopen(account, intent, error)
    error.more["payment_intent"] = dict(intent)
    raise error


def next_action(account: Account, intent: Resource, *, return_url: str | None) -> Resource:
    """Where the customer has to go for 3D Secure: a redirect where the caller said where to come back to."""
    url = f"{account.base_url}/_sandbox/authenticate/{intent['id']}"
    if return_url:
        return {"redirect_to_url": {"return_url": return_url, "url": url}, "type": "redirect_to_url"}
    return {"type": "use_stripe_sdk", "use_stripe_sdk": {"stripe_js": url, "type": "three_d_secure_redirect"}}


def _is_exempt(account: Account, method: Resource, answer: Challenges, *, off_session: bool) -> bool:
    if not off_session:
        return False
    if answer.when == "on_session":
        return True
    return answer.when == "unless_set_up" and bool(account.hidden(method).get("set_up"))


def _succeed(account: Account, intent: Resource, method: Resource, answer: Approves, *, authenticated: bool) -> None:
    if intent["setup_future_usage"] and intent["customer"] and method["customer"] is None:
        attach(account, method, intent["customer"])
    charge = succeeded_charge(account, intent, method, authenticated=authenticated)
    hidden = account.hidden(method)
    hidden["spent"] = method["customer"] is None
    account.save(method)
    match answer.then:
        case "fraudulent" | "product_not_received" | "inquiry":
            open_dispute(account, charge, cause=answer.then)
        case "refund_pends" | "refund_fails":
            account.hidden(charge)["refund"] = answer.then
        case None:
            pass
        case _:
            assert_never(answer.then)
    intent |= {
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "status": "succeeded",
    }
    account.save(intent)
    emit(account, "payment_intent.succeeded", intent)


def _challenge(account: Account, intent: Resource, *, return_url: str | None) -> None:
    intent |= {"next_action": next_action(account, intent, return_url=return_url), "status": "requires_action"}
    account.save(intent)
    emit(account, "payment_intent.requires_action", intent)


def _fail_authentication(account: Account, intent: Resource, method: Resource) -> None:
    error = ApiError(_AUTHENTICATION_FAILED, reason="payment_intent_authentication_failure")
    error.more["payment_method"] = dict(method)
    _reopen(account, intent, error)


def _reopen(account: Account, intent: Resource, error: ApiError) -> None:
    """Back to `requires_payment_method`: Stripe forgets the card that failed and keeps the error."""
    intent |= {
        "last_payment_error": error.body()["error"],
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    account.save(intent)
    emit(account, "payment_intent.payment_failed", intent)
