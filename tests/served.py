"""`billing serve` in a process of its own, as somebody starts it on a laptop, and calls to it over HTTP."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

BILLING = [sys.executable, "-c", "from billing.cli import app; app()"]
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith(("STRIPE_", "BILLING_", "EVENT_"))}


@dataclass(frozen=True, kw_only=True)
class Served:
    """A server, and what it said of itself when it was ready."""

    process: "subprocess.Popen[str]"
    log: IO[str]
    said: dict[str, Any]

    @property
    def as_developer(self) -> dict[str, str]:
        """The headers of the token that it printed, for the tenant that it named."""
        return {"Authorization": f"Bearer {self.said['token']}", "X-Tenant-ID": self.said["tenant"]}

    @property
    def as_machine(self) -> dict[str, str]:
        """The headers of its internal key, for that tenant."""
        return {"x-internal-key": self.said["internal_key"], "X-Tenant-ID": self.said["tenant"]}

    def call(
        self, method: str, path: str, *, sent: Mapping[str, str] | None = None, body: object = None
    ) -> tuple[int, Any]:
        """The status and the JSON of the answer; bytes of a body are sent as they are, everything else as JSON."""
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self.said["url"].removeprefix("http://"), timeout=60)
        try:
            headers = {"Content-Type": "application/json", **(sent or {})}
            connection.request(method, path, body=raw, headers=headers)
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else None
        finally:
            connection.close()

    def preflight(self, sent: Mapping[str, str]) -> int:
        """The status of what a browser asks before its page may call the API."""
        connection = http.client.HTTPConnection(self.said["url"].removeprefix("http://"), timeout=60)
        try:
            connection.request("OPTIONS", "/api/billing/me", headers=dict(sent))
            return connection.getresponse().status
        finally:
            connection.close()

    def stop(self, by: signal.Signals = signal.SIGTERM) -> tuple[int, list[dict[str, Any]]]:
        """Tell it to stop; its exit code and the lines of its log. A line that is no JSON fails here."""
        self.process.send_signal(by)
        told, _ = self.process.communicate(timeout=60)
        assert told == "", f"one line alone goes to stdout, not {told!r} as well"
        self.log.seek(0)
        return self.process.returncode, [json.loads(line) for line in self.log]


def billing(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """A command that ends by itself."""
    command = [*BILLING, *map(str, arguments)]
    return subprocess.run(command, env=ENVIRON, capture_output=True, text=True, check=False)


@contextmanager
def serving(directory: Path, *arguments: str, **environ: str) -> Iterator[Served]:
    """The server on a free port, ready; killed at the end where it was not stopped."""
    command = [*BILLING, "serve", "--dir", str(directory), "--port", "0", "--json", *arguments]
    with (
        TemporaryFile("w+") as log,  # a pipe that nobody reads would hold up the server once it is full
        subprocess.Popen(
            command, env=ENVIRON | environ, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, log.seek(0) or log.read()
            yield Served(process=process, log=log, said=json.loads(line))
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
