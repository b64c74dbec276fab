"""The ASGI application: Stripe's API, the pages that a customer sees, and the control routes."""

import asyncio
import re
from asyncio import Task
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address

from billing.sandbox import pages
from billing.sandbox.account import Account
from billing.sandbox.amounts import shown
from billing.sandbox.api import Api, server_error
from billing.sandbox.challenge import answer_authentication
from billing.sandbox.checkout_page import answer_checkout
from billing.sandbox.control import PREFIX, Control
from billing.sandbox.dispatcher import Dispatcher
from billing.sandbox.errors import ApiError
from billing.sandbox.faults import Fault, Faults
from billing.sandbox.http import (
    Answer,
    Receive,
    Request,
    Scope,
    Send,
    TooLarge,
    json_answer,
    page_answer,
    read_request,
    send_answer,
)
from billing.sandbox.state import Resource, State

_PAGE = re.compile(r"/(c/pay|_sandbox/authenticate|_sandbox/receipts)/(\w+)")
_HOST = re.compile(r"(?:\[([0-9a-f:]+)\]|([^:]+))(?::\d+)?")


class SandboxApp:
    """One sandbox over one state. It answers loopback names only, whatever it is bound to."""

    def __init__(self, state: State, *, base_url: str) -> None:
        self._state = state
        self._base_url = base_url
        self._faults = Faults()
        self._api = Api(state, base_url=base_url)
        self._control = Control(state, self._faults, base_url=base_url)
        self._dispatcher = Dispatcher(state)
        self._dispatching: Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection event of ASGI."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._dispatching = asyncio.create_task(self._dispatcher.run())
                await send({"type": "lifespan.startup.complete"})
            else:
                if self._dispatching:
                    self._dispatching.cancel()
                    with suppress(asyncio.CancelledError):
                        await self._dispatching
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            request = await read_request(scope, receive)
        except TooLarge:
            await send_answer(json_answer(413, ApiError("Request body too large").body()), send)
            return
        answer = await self._routed(request)
        self._dispatcher.wake()
        if answer is None:
            await _hang_up(scope)
        else:
            await send_answer(answer, send)

    async def _routed(self, request: Request) -> Answer | None:
        """The answer; None where a fault says that there is none."""
        if not _is_loopback(request.headers.get("host", "")):
            return json_answer(403, ApiError("The sandbox answers on this machine's loopback names only.").body())
        if request.path.startswith(PREFIX):
            return self._control.answer(request)
        if match := _PAGE.fullmatch(request.path):
            return self._page(request, place=match[1], key=match[2])
        return await self._called(request)

    async def _called(self, request: Request) -> Answer | None:
        fault = self._faults.take(request.method, request.path)
        if fault is None:
            return await self._api.answer(request)
        match fault.kind:
            case "drop_before":
                return None
            case "server_error":
                return json_answer(500, server_error().body())
            case "rate_limit":
                return _rate_limited(fault)
            case "fail_after":
                return await self._api.answer(request, breaks=True)
            case "lose_answer":
                await self._api.answer(request)
                self._dispatcher.wake()
                await asyncio.sleep(fault.milliseconds / 1000)
                return None
            case "latency":
                return await self._api.answer(request, wait=asyncio.sleep(fault.milliseconds / 1000))

    def _page(self, request: Request, *, place: str, key: str) -> Answer:
        record = self._state.get(key)
        kinds, answer = _PAGES[place]
        if record is None or record.resource["object"] not in kinds or request.method not in ("GET", "POST"):
            return page_answer(404, pages.notice("Not found", "There is no such page in this sandbox."))
        cause = {"id": None, "idempotency_key": None}
        account = Account(state=self._state, id=record.account, base_url=self._base_url, cause=cause)
        page = answer(account, record.resource, request)
        self._state.commit()
        return page


def _receipt(_account: Account, charge: Resource, _request: Request) -> Answer:
    card = charge["payment_method_details"]["card"]
    paid = f"{shown(charge['amount_captured'], charge['currency'])} with {card['brand']} {card['last4']}."
    return page_answer(200, pages.notice("Receipt", paid))


_PAGES: dict[str, tuple[tuple[str, ...], Callable[[Account, Resource, Request], Answer]]] = {
    "c/pay": (("checkout.session",), answer_checkout),
    "_sandbox/authenticate": (("payment_intent", "setup_intent"), answer_authentication),
    "_sandbox/receipts": (("charge",), _receipt),
}


def _rate_limited(fault: Fault) -> Answer:
    error = ApiError("Request rate limit exceeded.", status=429, reason="rate_limit")
    answer = json_answer(429, error.body())
    answer.headers["retry-after"] = str(fault.retry_after)
    return answer


def _is_loopback(host: str) -> bool:
    """Whether a Host header names this machine: a page of another site that resolves to 127.0.0.1 is turned away."""
    match = _HOST.fullmatch(host)
    name = (match[1] or match[2]) if match else ""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


async def _hang_up(scope: Scope) -> None:
    """Close the connection without a word. `server.py` hands the transport in; other servers will answer 500."""
    transport = scope.get("state", {}).get("transport")
    if transport is not None:
        transport.abort()
        await asyncio.sleep(0.001)  # until the server has noticed, or it would try to answer
