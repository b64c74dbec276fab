"""A job's door in the server of the proxy: what functions-framework does for it in the cloud, on a laptop."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import flask
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from billing.api.request_body import DISCARDED

_WITHOUT_PREFIX = ("content-type", "content-length")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobApp:
    """A door, which takes requests of flask, as an ASGI application. It runs in a thread: a run takes its time.

    `largest_body` is the door's own limit in bytes; what is longer is handed on cut off behind it, and refused there.
    """

    door: Callable[[flask.Request], flask.Response]
    largest_body: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request. Nobody is answered who hung up in the middle of a body: nothing was done for it."""
        request = Request(scope, receive)
        try:
            body = await self._body(request)
        except ClientDisconnect:
            return
        answered = await run_in_threadpool(self.door, flask.Request(_environ(request, body)))
        response = Response(answered.get_data(), answered.status_code)
        response.raw_headers = [(name.lower().encode(), text.encode("latin-1")) for name, text in answered.headers]
        await response(scope, receive, send)

    async def _body(self, request: Request) -> bytes:
        body, size = bytearray(), 0
        async for piece in request.stream():
            size += len(piece)
            body += piece[: max(self.largest_body + 1 - len(body), 0)]
            if size > DISCARDED:
                break
        return bytes(body)


@dataclass(frozen=True, slots=True)
class Beside:
    """Applications by a whole path or the first part of one (`run_dunning`), and one for every other path."""

    apps: dict[str, ASGIApp]
    rest: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the application of its path."""
        path = scope.get("path", "").removeprefix("/") if scope["type"] == "http" else ""
        app = self.apps.get(path) or self.apps.get(path.partition("/")[0], self.rest)
        await app(scope, receive, send)


def _environ(request: Request, body: bytes) -> dict[str, Any]:
    """The request as WSGI has it (PEP 3333). A header that was sent twice is one, its values joined by a comma."""
    server, port = request.scope.get("server") or ("", "")
    names = dict.fromkeys(request.headers.keys())
    headers = {_variable(name): ",".join(request.headers.getlist(name)) for name in names}
    return {
        **headers,
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": request.scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
    }


def _variable(name: str) -> str:
    plain = name.upper().replace("-", "_")
    return plain if name in _WITHOUT_PREFIX else f"HTTP_{plain}"
