"""The control routes, which Stripe has not: time, faults, disputes, cards that go bad or are renewed, deliveries.

They stand under /v1/_sandbox/, take and give JSON, and ask for no key: whoever reaches this machine's loopback may.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import orjson

from billing.domain.errors import BillingError, InvalidInput, NotFound
from billing.sandbox.account import Account
from billing.sandbox.cards import DECLINES, accepted_number, card_details
from billing.sandbox.checkout import current
from billing.sandbox.deliveries import schedule
from billing.sandbox.disputes import CAUSES, close_dispute, open_dispute
from billing.sandbox.errors import ApiError
from billing.sandbox.events import emit
from billing.sandbox.faults import Faults
from billing.sandbox.http import Answer, Request, json_answer
from billing.sandbox.metadata import change
from billing.sandbox.refunds import settle_refund
from billing.sandbox.state import State

PREFIX = "/v1/_sandbox/"
_Action: TypeAlias = "Callable[[str, dict[str, Any]], object]"


class Control:
    """Answers the control routes; the methods are named for their paths."""

    def __init__(self, state: State, faults: Faults, *, base_url: str) -> None:
        self._state = state
        self._faults = faults
        self._base_url = base_url
        self._actions: dict[tuple[str, str], _Action] = {
            ("GET", "clock"): self._clock,
            ("POST", "clock"): self._move_clock,
            ("GET", "faults"): self._list_faults,
            ("POST", "faults"): self._set_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "deliveries"): self._deliveries,
            ("POST", "charges/dispute"): self._dispute,
            ("POST", "disputes/close"): self._close,
            ("POST", "events/resend"): self._resend,
            ("POST", "payment_methods/decline"): self._decline,
            ("POST", "payment_methods/renew"): self._renew,
            ("POST", "refunds/settle"): self._settle,
        }

    def answer(self, request: Request) -> Answer:
        """200 with what is so now; 400 for a body that makes no sense, 404 for a route or id that is none."""
        noun, _, rest = request.path.removeprefix(PREFIX).partition("/")
        key, _, verb = rest.partition("/")
        action = self._actions.get((request.method, f"{noun}/{verb}" if rest else noun))
        if action is None:
            return _refusal(404, NotFound("control route", f"{request.method} {request.path}"))
        try:
            answer = json_answer(200, action(key, _body(request)))
        except NotFound as error:
            answer = _refusal(404, error)
        except ApiError as error:
            answer = json_answer(error.status, error.body())
        except BillingError as error:
            answer = _refusal(400, error)
        self._state.commit()
        return answer

    def _clock(self, _key: str, _given: dict[str, Any]) -> object:
        return {"now": self._state.clock.instant.isoformat(), "epoch": self._state.clock.now}

    def _move_clock(self, key: str, given: dict[str, Any]) -> object:
        _only(given, "advance", "set")
        if len(given) != 1:
            raise InvalidInput("clock", expected="either advance (seconds) or set (an instant)", given=given)
        if "advance" in given:
            self._state.clock.advance(_whole(given, "advance"))
        else:
            self._state.clock.move_to(_instant(given["set"]))
        self._state.commit_clock()
        for record in self._state.everyones("checkout.session"):
            current(self._account(record.account), record.resource)
        return self._clock(key, {})

    def _list_faults(self, _key: str, _given: dict[str, Any]) -> object:
        return {"faults": self._faults.list()}

    def _set_fault(self, key: str, given: dict[str, Any]) -> object:
        self._faults.set(given)
        return self._list_faults(key, {})

    def _clear_faults(self, key: str, _given: dict[str, Any]) -> object:
        self._faults.clear()
        return self._list_faults(key, {})

    def _deliveries(self, _key: str, _given: dict[str, Any]) -> object:
        return {"deliveries": [record.resource for record in self._state.everyones("_delivery")]}

    def _dispute(self, key: str, given: dict[str, Any]) -> object:
        _only(given, "amount", "reason")
        reason = given.get("reason", "fraudulent")
        if reason not in CAUSES:
            raise InvalidInput("reason", expected=f"one of {', '.join(CAUSES)}", given=reason)
        account, charge = self._found("charge", key)
        amount = _whole(given, "amount") if "amount" in given else charge["amount"]
        if not 0 < amount <= charge["amount"]:
            raise InvalidInput("amount", expected=f"more than 0 and at most {charge['amount']}", given=amount)
        return open_dispute(account, charge, cause=reason, amount=amount)

    def _close(self, key: str, given: dict[str, Any]) -> object:
        _only(given, "outcome")
        outcome = given.get("outcome")
        if outcome not in ("won", "lost"):
            raise InvalidInput("outcome", expected="won or lost", given=outcome)
        account, dispute = self._found("dispute", key)
        return close_dispute(account, dispute, outcome=outcome)

    def _resend(self, key: str, given: dict[str, Any]) -> object:
        _only(given)
        account, event = self._found("event", key)
        schedule(account, event)
        return account.save(event)

    def _decline(self, key: str, given: dict[str, Any]) -> object:
        _only(given, "code")
        code = given.get("code")
        if code is not None and code not in DECLINES:
            raise InvalidInput("code", expected=f"null or one of {', '.join(DECLINES)}", given=code)
        account, method = self._found("payment_method", key)
        account.hidden(method)["declines_with"] = code
        return account.save(method)

    def _renew(self, key: str, given: dict[str, Any]) -> object:
        """The issuer sent a new card and the network told Stripe: same payment method, new expiry, perhaps number."""
        _only(given, "exp_month", "exp_year", "number")
        account, method = self._found("payment_method", key)
        hidden, card = account.hidden(method), dict(method["card"])
        if "number" in given:
            hidden["number"] = accepted_number(str(given["number"]))
            card |= card_details(hidden["number"])
        card |= {name: _whole(given, name) for name in ("exp_month", "exp_year") if name in given}
        if not 1 <= card["exp_month"] <= 12:
            raise InvalidInput("exp_month", expected="1 to 12", given=card["exp_month"])
        hidden["declines_with"] = None
        previous = change(method, {"card": card})
        emit(account, "payment_method.automatically_updated", method, previous=previous)
        return account.save(method)

    def _settle(self, key: str, given: dict[str, Any]) -> object:
        _only(given, "status")
        status = given.get("status")
        if status not in ("succeeded", "failed"):
            raise InvalidInput("status", expected="succeeded or failed", given=status)
        account, refund = self._found("refund", key)
        return settle_refund(account, refund, status=status)

    def _found(self, kind: str, key: str) -> tuple[Account, dict[str, Any]]:
        record = self._state.get(key)
        if record is None or record.resource["object"] != kind:
            raise NotFound(kind, key)
        return self._account(record.account), record.resource

    def _account(self, key: str) -> Account:
        cause = {"id": None, "idempotency_key": None}
        return Account(state=self._state, id=key, base_url=self._base_url, cause=cause)


def _body(request: Request) -> dict[str, Any]:
    if not request.body:
        return {}
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise InvalidInput("content-type", expected="application/json", given=request.headers.get("content-type"))
    try:
        given = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise InvalidInput("body", expected="a JSON object", given=request.body)
    return given


def _only(given: dict[str, Any], *names: str) -> None:
    if strange := set(given) - set(names):
        raise InvalidInput(min(strange), expected=f"none but {', '.join(names) or 'an empty object'}", given=given)


def _whole(given: dict[str, Any], name: str) -> int:
    value = given[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidInput(name, expected="a whole number", given=value)
    return value


def _instant(value: object) -> datetime:
    """Seconds since 1970, or ISO 8601 with its offset."""
    if isinstance(value, int) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, tz=UTC)
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InvalidInput("set", expected="an instant with its offset, or seconds since 1970", given=value)
    return instant


def _refusal(status: int, error: BillingError) -> Answer:
    return json_answer(status, {"error": {"type": "sandbox_control", "code": error.code, "message": str(error)}})
