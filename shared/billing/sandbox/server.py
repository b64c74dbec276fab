"""Runs the sandbox on a loopback port: in a thread for tests and demos, in the foreground for the command line."""

import asyncio
import http.client
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import orjson
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from billing.domain.errors import InvalidInput, Unavailable
from billing.ports import Clock
from billing.sandbox.app import SandboxApp
from billing.sandbox.clock import SandboxClock
from billing.sandbox.control import PREFIX
from billing.sandbox.listening import HOST, listening
from billing.sandbox.state import State
from billing.sandbox.state_file import StateFile
from billing.sandbox.webhook_endpoints import endpoint_of_all

_BACKLOG = 1024
_PATIENCE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An endpoint on this machine that hears of every account's events."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """`port` 0 takes a free one; without a `file` all is forgotten at the end; `starts_at` None is the present."""

    port: int = 0
    file: Path | None = None
    starts_at: datetime | None = None
    webhook: Webhook | None = None
    webhooks: Sequence[Webhook] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSandbox:
    """A sandbox that answers at `url`."""

    url: str

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call a control route, such as `("POST", "clock", {"advance": 60})`; InvalidInput where it refuses."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=_PATIENCE)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request(method, f"{PREFIX}{path}", orjson.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            answer: dict[str, Any] = orjson.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise InvalidInput(path, expected=answer["error"]["message"], given=body)
        return answer


@contextmanager
def running_sandbox(
    *,
    clock: Clock,
    port: int = 0,
    file: Path | None = None,
    starts_at: datetime | None = None,
    webhook: Webhook | None = None,
    webhooks: Sequence[Webhook] = (),
    random: Random | None = None,
) -> Iterator[RunningSandbox]:
    """A sandbox in a thread of its own: ready when this enters, stopped and its file closed when it leaves.

    `clock` is the wall clock that the sandbox's time runs with; `random` makes the ids.
    """
    settings = SandboxSettings(port=port, file=file, starts_at=starts_at, webhook=webhook, webhooks=webhooks)
    with listening(port, backlog=_BACKLOG) as listener, _state(settings, clock=clock, random=random) as state:
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        server = _server(state, url)
        thread = Thread(target=_run, args=(server, listener), name="sandbox", daemon=True)
        thread.start()
        try:
            _await_answer(url, thread)
            yield RunningSandbox(url=url)
        finally:
            server.should_exit = True
            thread.join()


def serve(settings: SandboxSettings, *, clock: Clock, announce: Callable[[str], None]) -> None:
    """Answer until interrupted; `announce` gets the address as soon as the port is taken."""
    with listening(settings.port, backlog=_BACKLOG) as listener, _state(settings, clock=clock, random=None) as state:
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        announce(url)
        _run(_server(state, url), listener)


class _Protocol(H11Protocol):
    """uvicorn's own, which also tells the application its connection, so that a fault can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def _server(state: State, url: str) -> Server:
    app = SandboxApp(state, base_url=url)
    return Server(
        Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )


def _run(server: Server, listener: socket.socket) -> None:
    asyncio.run(server.serve(sockets=[listener]))


@contextmanager
def _state(settings: SandboxSettings, *, clock: Clock, random: Random | None) -> Iterator[State]:
    file = StateFile(settings.file) if settings.file else None
    try:
        sandbox_clock = SandboxClock(clock.now)
        kept = file.ahead() if file else None
        if kept is not None:
            sandbox_clock.ahead = kept
        if settings.starts_at and kept is None:
            sandbox_clock.start_at(settings.starts_at)
        elif settings.starts_at:
            sandbox_clock.move_to(settings.starts_at)
        state = State(clock=sandbox_clock, random=random or Random(), file=file)  # noqa: S311  # ids guard nothing here
        for each in (*([settings.webhook] if settings.webhook else []), *settings.webhooks):
            endpoint_of_all(state, url=each.url, secret=each.secret)
        state.commit()
        state.commit_clock()
        yield state
    finally:
        if file:
            file.close()


def _await_answer(url: str, thread: Thread) -> None:
    """Return when it answers: the socket listens already, so a connection simply waits its turn."""
    if not thread.is_alive():
        message = "the sandbox did not start"
        raise Unavailable(message)
    RunningSandbox(url=url).control("GET", "clock")
