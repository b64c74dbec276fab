"""Stripe's API: who calls, which operation it is, its parameters, its key, its answer."""

import asyncio
import base64
import binascii
import logging
import re
from collections.abc import Awaitable
from dataclasses import dataclass
from hashlib import sha256

import orjson
import stripe

from billing.sandbox import (
    balance,
    charges,
    checkout,
    customers,
    disputes,
    events,
    payment_intents,
    payment_methods,
    refunds,
    setup_intents,
    webhook_endpoints,
)
from billing.sandbox.account import Account
from billing.sandbox.errors import ApiError, unsupported
from billing.sandbox.expansion import check_expansions, expanded
from billing.sandbox.form import decode_form
from billing.sandbox.http import Answer, Request
from billing.sandbox.idempotency import IdempotencyKeys, KeptAnswer
from billing.sandbox.operation import Call, Operation
from billing.sandbox.state import State

_NOUNS = (
    balance,
    charges,
    checkout,
    customers,
    disputes,
    events,
    payment_intents,
    payment_methods,
    refunds,
    setup_intents,
    webhook_endpoints,
)
OPERATIONS: tuple[Operation, ...] = tuple(each for noun in _NOUNS for each in noun.OPERATIONS)
_WITHOUT_IDS = {(each.method, each.path): each for each in OPERATIONS if "{" not in each.path}
_KINDS = {"checkout/sessions": "checkout.session"}
_KEY = re.compile(r"(sk|rk)_test_\w+")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A request that has passed every check that comes before execution."""

    operation: Operation
    call: Call
    paths: list[str]


class Api:
    """Answers one request at a time; only waiting, where a fault asks for it, lets others in between."""

    def __init__(self, state: State, *, base_url: str) -> None:
        self._state = state
        self._base_url = base_url
        self._keys = IdempotencyKeys(state)

    async def answer(self, request: Request, *, wait: Awaitable[None] | None = None, breaks: bool = False) -> Answer:
        """The answer to a request. `wait` comes before execution, `breaks` makes a 500 of what was executed."""
        number = self._state.new_id("req", length=14)
        try:
            account_id = _account_of(request)
            prepared = self._prepared(request, account_id=account_id, number=number)
            key = request.headers.get("idempotency-key") if request.method == "POST" else None
            if not key:
                await _waited(wait)
                return _answer(*self._execute(prepared, breaks=breaks), number=number)
            return await self._once(prepared, key, request, wait=wait, breaks=breaks)
        except ApiError as error:
            return _answer(error.status, orjson.dumps(error.body()).decode(), number=number, headers=error.headers)
        finally:
            if asyncio.iscoroutine(wait):
                wait.close()

    async def _once(
        self, prepared: _Prepared, key: str, request: Request, *, wait: Awaitable[None] | None, breaks: bool
    ) -> Answer:
        account = prepared.call.account
        same = f"{request.method} {request.path} {sorted(request.body.split('&'))}"
        kept = self._keys.claim(account.id, key, request=same)
        if kept:
            headers = {"idempotency-key": key, "idempotent-replayed": "true", "original-request": kept.request_id}
            return _answer(kept.status, kept.body, number=kept.request_id, headers=headers)
        try:
            await _waited(wait)
            number = account.cause["id"]
            status, body, begun = self._executed(prepared, breaks=breaks)
            if begun:
                answer = KeptAnswer(status=status, body=body, request_id=number)
                self._keys.keep(account.id, key, answer, request=same)
            self._state.commit()
        finally:
            self._keys.release(account.id, key)
        return _answer(status, body, number=number, headers={"idempotency-key": key, "original-request": number})

    def _prepared(self, request: Request, *, account_id: str, number: str) -> _Prepared:
        _check_version(request)
        operation, ids = _operation(request)
        params = operation.checked(decode_form(request.body if request.method == "POST" else request.query))
        paths = params.pop("expand", [])
        kind, listed = _answered(operation)
        check_expansions(paths, kind=kind, listed=listed)
        cause = {"id": number, "idempotency_key": request.headers.get("idempotency-key")}
        account = Account(state=self._state, id=account_id, base_url=self._base_url, cause=cause)
        return _Prepared(operation=operation, call=Call(account=account, ids=ids, params=params), paths=paths)

    def _execute(self, prepared: _Prepared, *, breaks: bool) -> tuple[int, str]:
        status, body, _ = self._executed(prepared, breaks=breaks)
        self._state.commit()
        return status, body

    def _executed(self, prepared: _Prepared, *, breaks: bool) -> tuple[int, str, bool]:
        """Status, body, and whether anything was written."""
        try:
            resource = prepared.operation.run(prepared.call)
            status, body = 200, expanded(prepared.call.account, resource, prepared.paths)
        except ApiError as error:
            status, body = error.status, error.body()
        except Exception:  # noqa: BLE001  # Stripe would answer 500 too
            _log.exception("the sandbox has a bug in %s %s", prepared.operation.method, prepared.operation.path)
            breaks, status, body = True, 500, {}
        if breaks:
            status, body = 500, server_error().body()
        return status, orjson.dumps(body, option=orjson.OPT_INDENT_2).decode(), self._state.has_changes


def server_error() -> ApiError:
    """Something went wrong on Stripe's side."""
    return ApiError("An unknown error occurred", status=500, kind="api_error")


def _answer(status: int, body: str, *, number: str, headers: dict[str, str] | None = None) -> Answer:
    usual = {"request-id": number, "stripe-version": stripe.api_version}
    return Answer(status=status, body=body.encode(), headers=usual | (headers or {}))


async def _waited(wait: Awaitable[None] | None) -> None:
    if wait is not None:
        await wait


def _account_of(request: Request) -> str:
    """Every test key is an account; the key itself is never kept."""
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if not credential:
        message = (
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
        raise ApiError(message, status=401)
    key = credential if scheme.lower() == "bearer" else _basic(credential)
    if _KEY.fullmatch(key) is None:
        raise ApiError(f"Invalid API Key provided: {key[:8]}****", status=401)
    return f"acct_{sha256(key.encode()).hexdigest()[:16]}"


def _basic(credential: str) -> str:
    try:
        return base64.b64decode(credential, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _check_version(request: Request) -> None:
    version = request.headers.get("stripe-version", stripe.api_version)
    if version != stripe.api_version:
        raise unsupported(f"API version {version}; this sandbox speaks {stripe.api_version}")
    if "stripe-account" in request.headers:
        raise unsupported("connected accounts (Stripe-Account)")


def _operation(request: Request) -> tuple[Operation, tuple[str, ...]]:
    if whole := _WITHOUT_IDS.get((request.method, request.path)):
        return whole, ()
    for operation in OPERATIONS:
        if operation.method == request.method and (match := operation.pattern.fullmatch(request.path)):
            return operation, match.groups()
    message = f"Unrecognized request URL ({request.method}: {request.path}). The sandbox may not have it yet."
    raise ApiError(message, status=404)


def _answered(operation: Operation) -> tuple[str, bool]:
    """The kind of object that an operation answers with, and whether as a list."""
    parts = operation.path.removeprefix("/v1/").split("/{id}")
    noun = _KINDS.get(parts[0], parts[0].removesuffix("s"))
    if parts[1:] == ["/payment_methods"]:
        return "payment_method", True
    return noun, operation.method == "GET" and (len(parts) == 1 or parts[1] == "/line_items")
