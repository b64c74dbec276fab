"""What happens on a Checkout session's page: a card is typed, and the session is paid, or it is left."""

import re
from typing import Any
from urllib.parse import parse_qs

from billing.sandbox import pages
from billing.sandbox.account import Account
from billing.sandbox.checkout import complete_session, current
from billing.sandbox.errors import ApiError, CardError
from billing.sandbox.http import Answer, Request, page_answer, redirect
from billing.sandbox.payment_intents import new_intent
from billing.sandbox.payment_methods import typed_card
from billing.sandbox.payments import attempt
from billing.sandbox.setup_intents import attempt_setup
from billing.sandbox.state import Resource

_EXPIRY = re.compile(r"\s*(\d{1,2})\s*/\s*(\d{2}|\d{4})\s*")


def answer_checkout(account: Account, session: Resource, request: Request) -> Answer:
    """GET shows the page; POST pays with `number`, `expiry`, `cvc` and `email`, or goes back with `cancel`."""
    current(account, session)
    if session["status"] != "open":
        return page_answer(410, pages.notice("This page is closed", f"The session is {session['status']}."))
    lines = account.hidden(session)["lines"]
    if request.method == "GET":
        return page_answer(200, pages.checkout(session, lines))
    form = {name: values[0] for name, values in parse_qs(request.body).items()}
    if "cancel" in form:
        return redirect(session["cancel_url"] or f"{account.base_url}/c/pay/{session['id']}")
    try:
        return _paid(account, session, form)
    except CardError as error:
        return page_answer(402, pages.checkout(session, lines, problem=str(error)))


def _paid(account: Account, session: Resource, form: dict[str, str]) -> Answer:
    email = form.get("email") or session["customer_email"]
    method = typed_card(account, _card(form), billing={"email": email})
    intent = _intent(account, session)
    account.hidden(intent).update(session=session["id"], email=email)
    account.save(intent)
    here = f"{account.base_url}/c/pay/{session['id']}"
    if session["mode"] == "setup":
        attempt_setup(account, intent, method, return_url=here)
    else:
        intent["payment_method"] = method["id"]
        attempt(account, intent, method, off_session=False, return_url=here)
    if intent["status"] == "requires_action":
        return redirect(f"{account.base_url}/_sandbox/authenticate/{intent['id']}")
    complete_session(account, session, email=email)
    return redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))


def _card(form: dict[str, str]) -> dict[str, Any]:
    match = _EXPIRY.fullmatch(form.get("expiry", ""))
    if match is None:
        message = "Your card's expiration date is incomplete."
        raise CardError(message, reason="invalid_expiry_month", decline=None, advice=None, param="exp_month")
    month, year = int(match[1]), int(match[2])
    return {"number": form.get("number", ""), "exp_month": month, "exp_year": year, "cvc": form.get("cvc", "")}


def _intent(account: Account, session: Resource) -> Resource:
    """The session's intent; a payment's is made when somebody first pays."""
    if session["mode"] == "setup":
        return account.find("setup_intent", session["setup_intent"], param="setup_intent")
    if session["payment_intent"]:
        return account.find("payment_intent", session["payment_intent"], param="payment_intent")
    given = dict(account.hidden(session)["intent"])
    fields = given | {"customer": session["customer"], "metadata": given.get("metadata") or {}}
    if session["amount_total"] is None:
        raise ApiError("This session sells nothing.")
    intent = new_intent(account, amount=session["amount_total"], currency=session["currency"], fields=fields)
    session["payment_intent"] = intent["id"]
    account.save(session)
    return intent
