"""An application in this process, served over HTTP on the loopback: how it is called, its clock, and its log."""

import asyncio
import http.client
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Thread
from typing import Any

from starlette.types import ASGIApp
from uvicorn import Config, Server

from tests.functions.running_door import Answered

START = datetime.fromisoformat("2026-03-01T08:00:00+00:00")


@dataclass(kw_only=True)
class Clock:
    """The door's clock: it stands until a test moves it."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at


@dataclass(frozen=True, kw_only=True)
class Served:
    """Where it listens, and the lines that it wrote."""

    port: int
    log: list[dict[str, Any]] = field(default_factory=list)

    def request(self, method: str, path: str, *, body: bytes | None, headers: Mapping[str, str]) -> Answered:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=dict(headers))
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Answered(status=response.status, headers=told, body=response.read())
        finally:
            connection.close()

    def logged(self, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a line
        """The line with these fields; it is written when the answer is on its way already."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for line in self.log:
                if fields.items() <= line.items():
                    return line
            time.sleep(0.01)
        raise AssertionError(fields)


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket on a free port."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        yield listener


@contextmanager
def serving(app: ASGIApp, listener: socket.socket) -> Iterator[None]:
    """The application answers there while the block runs."""
    server = Server(Config(app, log_config=None, access_log=False, lifespan="off", server_header=False))
    thread = Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
