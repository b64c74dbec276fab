"""A door as it runs in production: functions-framework in a process of its own, called over HTTP on the loopback."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.local_server import free_port

ROOT = Path(__file__).resolve().parents[2]
PATH = "/api/customer-billing/generate-invoices"
KEY = "a-key-for-tests-0123456789abcdef"

_OURS = (
    "BILLING_",
    "OIDC_",
    "INTERNAL_API_KEY",
    "PAYMENT_LINK",
    "STRIPE_",
    "GOOGLE_CLOUD_PROJECT",
    "MAX_BODY",
    "RUN_",
    "TASKS_",
    "GENERATE_INVOICES_URL",
    "API_PROXY_URL",
)
_START_SECONDS = 30
_UNTIL_STDIN_ENDS = '"$@" & cat; kill -9 $!'  # so that it ends with the tests, however they end


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - parsed JSON
        """The body with every number exact."""
        return json.loads(self.body, parse_float=Decimal)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningDoor:
    """The process' port, and the file that its output goes to."""

    port: int
    log_file: Path

    @property
    def log(self) -> list[dict[str, Any]]:
        """Its log, a line a call; a line that is no JSON fails here."""
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    def post(
        self,
        body: object = None,
        *,
        key: str | None = KEY,
        token: str | None = None,
        tenant: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """A call of the run; `body` is sent as JSON, bytes as they are."""
        sent = {"Content-Type": "application/json"} | dict(headers or {})
        if key is not None:
            sent["x-internal-key"] = key
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if tenant is not None:
            sent["X-Tenant-ID"] = tenant
        return self.call("POST", body=body if isinstance(body, bytes | None) else json.dumps(body).encode(), sent=sent)

    def call(
        self,
        method: str,
        *,
        path: str = PATH,
        body: bytes | Iterable[bytes] | None = None,
        sent: Mapping[str, str] | None = None,
    ) -> Answered:
        """Any request; a body in pieces goes out in chunks, without its length."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=dict(sent or {}))
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answered(status=response.status, headers=headers, body=response.read())
        finally:
            connection.close()


@contextmanager
def running_door(
    environ: Mapping[str, str],
    *,
    folder: Path,
    root: Path = ROOT,
    function: str = "generate_invoices",
    command: Callable[[int], Sequence[str]] | None = None,
) -> Iterator[RunningDoor]:
    """The door while the block runs, from the tree at `root`, with `environ` and none of our variables besides.

    `command` serves the function on a port in another way than functions-framework's own command.
    """
    port = free_port()
    log_file = folder / f"door-{port}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", _UNTIL_STDIN_ENDS, "sh", *(command(port) if command else _command(function, port))],
            cwd=root,
            env=door_environment(environ),
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            door = RunningDoor(port=port, log_file=log_file)
            _wait_until_ready(door)
            yield door
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def door_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """This process' environment without our variables, then `environ`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return inherited | {"PYTHONPATH": "shared", "PYTHONWARNINGS": "ignore"} | dict(environ)


def _command(function: str, port: int) -> list[str]:
    source = f"functions/{function}/main.py"
    framework = [sys.executable, "-m", "functions_framework"]
    return [*framework, "--target", function, "--source", source, "--host", "127.0.0.1", "--port", str(port)]


def _wait_until_ready(door: RunningDoor) -> None:
    """Until it takes connections; nothing is asked of it, so that a test sees its first request."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", door.port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    msg = f"the door did not answer on port {door.port} within {_START_SECONDS} seconds: {door.log_file.read_text()}"
    raise RuntimeError(msg)
