"""A job's door beside the proxy: the request reaches it as it was sent, and its answer comes back."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import flask
from starlette.types import ASGIApp, Message, Scope

from billing.api.job_app import Beside, JobApp

GONE: Message = {"type": "http.disconnect"}


def piece(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def a_scope(path: str = "/run_dunning", *, method: str = "POST", headers: Sequence[tuple[str, str]] = ()) -> Scope:
    sent = [(name.encode(), text.encode("latin-1")) for name, text in headers]
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"a=1%202",
        "headers": sent,
        "server": ("127.0.0.1", 8080),
        "http_version": "1.1",
    }


def answer(app: ASGIApp, scope: Scope, *pieces: Message) -> list[Message]:
    """What the application sends for a request whose body comes in these pieces."""
    coming, sent = iter(pieces), list[Message]()

    async def receive() -> Message:
        return next(coming)

    async def send(message: Message) -> None:
        sent.append(message)

    async def called() -> None:
        await app(scope, receive, send)

    asyncio.run(called())
    return sent


def echo(request: flask.Request) -> flask.Response:
    """A door that answers with what reached it."""
    seen: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "query": request.query_string.decode(),
        "body": request.stream.read().decode(),
        "headers": {name.lower(): text for name, text in request.headers.items()},
    }
    return flask.Response(json.dumps(seen), 202, {"X-Request-ID": "r-1", "Content-Type": "application/json"})


def echoed(scope: Scope, *pieces: Message, largest_body: int = 1000) -> dict[str, Any]:
    start, *bodies = answer(JobApp(door=echo, largest_body=largest_body), scope, *pieces)
    assert start["status"] == 202
    assert (b"x-request-id", b"r-1") in start["headers"]
    seen: dict[str, Any] = json.loads(b"".join(each["body"] for each in bodies))
    return seen


def test_a_request_reaches_the_door_as_it_was_sent() -> None:
    scope = a_scope("/run_dunning/späht", headers=[("content-type", "application/json"), ("x-internal-key", "k")])
    seen = echoed(scope, piece(b'{"limit":', more=True), piece(b" 5}"))
    assert (seen["method"], seen["path"], seen["query"]) == ("POST", "/run_dunning/späht", "a=1%202")
    assert seen["body"] == '{"limit": 5}'
    assert seen["headers"]["content-type"] == "application/json"
    assert seen["headers"]["x-internal-key"] == "k"


def test_a_header_that_was_sent_twice_keeps_both_values() -> None:
    scope = a_scope(headers=[("x-internal-key", "one"), ("x-internal-key", "two")])
    assert echoed(scope, piece(b""))["headers"]["x-internal-key"] == "one,two"


def test_a_body_above_the_limit_arrives_one_byte_too_long_and_no_longer() -> None:
    seen = echoed(a_scope(), piece(b"x" * 9, more=True), piece(b"y" * 9, more=True), piece(b"z"), largest_body=10)
    assert seen["body"] == "x" * 9 + "yy"


def test_a_caller_who_hangs_up_in_the_middle_of_a_body_starts_no_run() -> None:
    called = list[str]()

    def door(request: flask.Request) -> flask.Response:
        called.append(request.path)
        return flask.Response()

    assert answer(JobApp(door=door, largest_body=10), a_scope(), piece(b"{", more=True), GONE) == []
    assert called == []


def test_the_path_or_its_first_part_says_which_application_answers() -> None:
    def named(name: str) -> ASGIApp:
        return JobApp(door=lambda _request: flask.Response(name), largest_body=10)

    app = Beside({"run_dunning": named("job"), "run_dunning/verify": named("other job")}, named("proxy"))
    bodies = {
        path: answer(app, a_scope(path), piece(b""))[-1]["body"].decode()
        for path in (
            "/run_dunning",
            "/run_dunning/",
            "/run_dunning/x",
            "/run_dunning/verify",
            "/",
            "/run_dunnings",
            "/api/run_dunning",
        )
    }
    assert bodies == {
        "/run_dunning": "job",
        "/run_dunning/": "job",
        "/run_dunning/x": "job",
        "/run_dunning/verify": "other job",
        "/": "proxy",
        "/run_dunnings": "proxy",
        "/api/run_dunning": "proxy",
    }
