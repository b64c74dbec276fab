"""More requests at once than an instance can do are told so at once, and the others are answered."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message

from billing.api.app import proxy_app
from billing.api.pay_engine import Door, DoorParts
from billing.wiring import local_engine
from tests.functions.served_app import Clock

ME, WEBHOOK = "/api/billing/me", "/webhooks/stripe/acme"


@contextmanager
def an_app(folder: Path, *, most: int) -> Iterator[tuple[ASGIApp, list[dict[str, Any]]]]:
    log = list[dict[str, Any]]()
    parts = DoorParts(engine=local_engine(folder, payment_link_base=""), max_body_bytes=1024)
    door = Door(parts=lambda: parts, clock=Clock(), new_id=lambda: "id")
    yield proxy_app(door, log=lambda _event, fields: log.append(fields), most_in_flight=most), log


async def ask(app: ASGIApp, method: str, path: str, *, until: asyncio.Event | None = None) -> tuple[int, str]:
    """The status and Retry-After of a request whose body is there once the event has come."""
    answered: list[Message] = []

    async def receive() -> Message:
        if until is not None:
            await until.wait()
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Message) -> None:
        answered.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": [], "root_path": ""}
    await app(scope, receive, send)
    headers = dict(answered[0]["headers"])
    return answered[0]["status"], headers.get(b"retry-after", b"").decode()


def test_what_is_too_much_is_refused_at_once_and_let_in_when_there_is_room_again(tmp_path: Path) -> None:
    async def play(app: ASGIApp) -> None:
        body_comes = asyncio.Event()
        slow = [asyncio.create_task(ask(app, "POST", WEBHOOK, until=body_comes)) for _ in range(2)]
        await asyncio.sleep(0)  # they begin, and wait for their bodies
        assert await ask(app, "GET", ME) == (429, "1")
        assert (await ask(app, "GET", "/healthz"))[0] == 200
        body_comes.set()
        assert [(await each)[0] for each in slow] == [400, 400]  # no signature
        assert (await ask(app, "GET", ME))[0] == 401

    with an_app(tmp_path, most=2) as (app, log):
        asyncio.run(play(app))
    [refused] = [line for line in log if line["status"] == 429]
    assert (refused["code"], refused["severity"]) == ("too_many_requests", "WARNING")


def test_with_no_limit_all_are_let_in(tmp_path: Path) -> None:
    async def play(app: ASGIApp) -> None:
        body_comes = asyncio.Event()
        slow = [asyncio.create_task(ask(app, "POST", WEBHOOK, until=body_comes)) for _ in range(200)]
        await asyncio.sleep(0)
        assert (await ask(app, "GET", ME))[0] == 401
        body_comes.set()
        await asyncio.gather(*slow)

    with an_app(tmp_path, most=0) as (app, _log):
        asyncio.run(play(app))
