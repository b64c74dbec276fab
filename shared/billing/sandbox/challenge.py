"""The page of 3D Secure: the customer shows who they are, or fails to."""

from urllib.parse import parse_qs, urlencode

from billing.sandbox import pages
from billing.sandbox.account import Account
from billing.sandbox.checkout import complete_session
from billing.sandbox.errors import ApiError
from billing.sandbox.http import Answer, Request, page_answer, redirect
from billing.sandbox.payments import answer_challenge
from billing.sandbox.setup_intents import answer_setup_challenge
from billing.sandbox.state import Resource


def answer_authentication(account: Account, intent: Resource, request: Request) -> Answer:
    """GET shows the question, POST `result=complete` or `result=fail` answers it and leads back to the caller."""
    if intent["status"] != "requires_action":
        return page_answer(409, pages.notice("Nothing to confirm", "This payment does not wait for a confirmation."))
    if request.method == "GET":
        return page_answer(200, pages.question(intent))
    result = parse_qs(request.body).get("result", [""])[0]
    if result not in ("complete", "fail"):
        return page_answer(400, pages.notice("Not understood", "Send result=complete or result=fail."))
    back = (intent["next_action"].get("redirect_to_url") or {}).get("return_url")
    _answer(account, intent, passed=result == "complete")
    session = account.state.get(account.hidden(intent).get("session", ""))
    if session:
        return _back_to_checkout(account, intent, session.resource)
    if back:
        return redirect(_with_result(back, intent))
    return page_answer(200, pages.notice("Done", f"The status is now {intent['status']}."))


def _answer(account: Account, intent: Resource, *, passed: bool) -> None:
    if intent["object"] == "setup_intent":
        answer_setup_challenge(account, intent, passed=passed)
        return
    try:
        answer_challenge(account, intent, passed=passed)
    except ApiError:
        return  # declined after all; the intent says so, and the page leads back all the same


def _back_to_checkout(account: Account, intent: Resource, session: Resource) -> Answer:
    if intent["status"] != "succeeded":
        return redirect(f"{account.base_url}/c/pay/{session['id']}")
    complete_session(account, session, email=account.hidden(intent).get("email"))
    return redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))


def _with_result(url: str, intent: Resource) -> str:
    kind = intent["object"]
    fields = {
        kind: intent["id"],
        f"{kind}_client_secret": intent["client_secret"],
        "redirect_status": "succeeded" if intent["status"] == "succeeded" else "failed",
    }
    return f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"
