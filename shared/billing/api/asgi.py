"""Every request of the proxy on its way: an id, one line in the log, headers that hold for all, an answer to errors."""

import re
from asyncio import timeout
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache
from time import monotonic
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billing.api.allowed_methods import allowed_methods
from billing.api.call_log import CallLog, call_fields, error_fields
from billing.api.invalid_request import invalid_request
from billing.api.problem import Answer, BodyTooLarge, MalformedRequest, MethodNotAllowed, problem_of
from billing.domain.errors import NotFound
from billing.ports.trace import Spans, note_in_span, trace_of, traced

REQUEST_ID_HEADER = "x-request-id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_UNREADABLE = "the body cannot be read"
_DISCARDED = 32 * 1024 * 1024
_FOR_ALL = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store"}

Failure = Callable[[str, Exception, str], Answer]
"""The answer to an exception: from the path, the exception and the request's id."""


@dataclass(frozen=True, slots=True)
class Watch:
    """An application with its log. The log names routes, never addresses: those of pay links open invoices."""

    app: ASGIApp
    _: KW_ONLY
    name: str
    log: CallLog
    new_id: Callable[[], str]
    failure: Failure
    spans: Spans | None = None
    clock: Callable[[], float] = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        came_with = trace_of(Request(scope).headers.get)
        with traced(self.name, came_with, {"http.request.method": scope["method"]}, spans=self.spans):
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, noted = self.clock(), dict[str, Any]()
        request_id = self._request_id(scope)
        scope["state"] = {**scope.get("state", {}), "request_id": request_id, "noted": noted}
        told = _Told(send, request_id)
        try:
            await self.app(scope, receive, told)
        except Exception as error:  # noqa: BLE001 - the last place that can tell the caller
            named = _named(error, scope)
            noted |= error_fields(named)
            if told.status == 0:
                answer = self.failure(scope["path"], named, request_id)
                await Response(answer.body, answer.status, answer.headers)(scope, receive, told)
        fields = call_fields(
            self.name,
            method=scope["method"],
            route=_route_of(scope),
            status=told.status,
            seconds=self.clock() - started,
            request_id=request_id,
            noted=noted,
        )
        self.log(self.name, fields)
        note_in_span(**{"http.route": fields["route"], "http.response.status_code": told.status})

    def _request_id(self, scope: Scope) -> str:
        given = Request(scope).headers.get(REQUEST_ID_HEADER, "")
        return given if _REQUEST_ID.fullmatch(given) else self.new_id()


class _Told:
    """Sends on what the application answers, with the headers that hold for all, and keeps its status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = {name.lower() for name, _ in message["headers"]}
            ours = {**_FOR_ALL, REQUEST_ID_HEADER: self._request_id}
            more = [(name.encode(), text.encode()) for name, text in ours.items() if name.encode() not in given]
            message = {**message, "headers": [*message["headers"], *more]}
        await self._send(message)


def problem_answer(_path: str, error: Exception, request_id: str) -> Answer:
    """The answer to an exception as problem details."""
    return problem_of(error, request_id=request_id)


async def body_of(request: Request, *, limit: int, within: float | None = None) -> bytes:
    """The whole body. BodyTooLarge above `limit` bytes; the rest is read and dropped, so that the sender is told.

    MalformedRequest where it takes longer than `within` seconds: a stranger's holds one of few places until it is here.
    """
    body, size = bytearray(), 0
    try:
        async with timeout(within):
            async for piece in request.stream():
                size += len(piece)
                if size > _DISCARDED:
                    break
                if size <= limit:
                    body += piece
    except TimeoutError as error:
        message = f"the body was not here within {within:g} seconds"
        raise MalformedRequest(message) from error
    if size > limit:
        raise BodyTooLarge(limit=limit)
    return bytes(body)


async def response_of(app: ASGIApp, request: Request) -> Response:
    """What an application answers to a request that a framework hands over, collected into one response."""
    start, pieces = dict[str, Any](), list[bytes]()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            pieces.append(message.get("body", b""))

    await app(dict(request.scope), request.receive, send)
    response = Response(b"".join(pieces), start["status"])
    response.raw_headers = list(start["headers"])
    return response


def _route_of(scope: Scope) -> str:
    """The whole template of the route that was asked for, with the fixed places that it is below; "" for none."""
    asked = scope.get("route")
    return "" if asked is None else _templates(scope["app"]).get(id(asked), "")


@lru_cache(maxsize=8)
def _templates(app: FastAPI) -> dict[int, str]:
    """The templates of an application's routes, which live as long as it does."""
    return {id(each.original_route): each.path_format or "" for each in iter_route_contexts(app.routes)}


def _named(error: Exception, scope: Scope) -> Exception:
    """The framework's own refusals as ours."""
    match error:
        case RequestValidationError():
            return invalid_request(error.errors(), body=error.body)
        case HTTPException(status_code=400):
            cause = error.__cause__  # the framework puts its own words in place of those of whoever read the body
            return cause if isinstance(cause, MalformedRequest) else MalformedRequest(_UNREADABLE)
        case HTTPException(status_code=404):
            return NotFound("path", scope["path"])
        case HTTPException(status_code=405):
            return MethodNotAllowed(scope["method"], allowed=allowed_methods(scope["app"], scope["path"]))
        case _:
            return error
