"""Requests and answers between the ASGI server and the sandbox."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_LARGEST_BODY = 1_000_000


class TooLarge(Exception):
    """A body over a megabyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; header names in small letters."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer."""

    status: int
    body: bytes
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


async def read_request(scope: Scope, receive: Receive) -> Request:
    """The whole request; TooLarge past a megabyte."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _LARGEST_BODY:
            raise TooLarge
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body.decode(errors="replace"),
    )


async def send_answer(answer: Answer, send: Send) -> None:
    """The answer as ASGI messages."""
    headers = {"content-type": answer.kind, "content-length": str(len(answer.body)), **answer.headers}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})


def json_answer(status: int, value: object) -> Answer:
    """JSON, indented for those who read it by hand."""
    return Answer(status=status, body=orjson.dumps(value, option=orjson.OPT_INDENT_2))


def page_answer(status: int, html: str) -> Answer:
    """A page; nothing on it may load or run anything."""
    safe = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'", "cache-control": "no-store"}
    return Answer(status=status, body=html.encode(), kind="text/html; charset=utf-8", headers=safe)


def redirect(url: str) -> Answer:
    """On to another address, with GET."""
    return Answer(status=303, body=b"", kind="text/plain", headers={"location": url})
