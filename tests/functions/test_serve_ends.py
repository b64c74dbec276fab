"""A server that was told to stop: runs that are under way do no more, and say so."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Scope
from uvicorn import Server

from billing.adapters.environment_secrets import EnvironmentSecrets
from billing.adapters.system_clock import SystemClock
from billing.cli.local_keys import LocalKeys, local_keys
from billing.cli.local_server import local_server
from billing.wiring import local_engine
from tests.functions.running_door import PATH
from tests.functions.small_tenants import AS_OF, add_tenant


def billed(server: Server, path: str, *, token: str, key: str) -> dict[str, Any]:
    """What the server's application answers to a call of the billing run."""
    headers = [(b"x-tenant-id", b"acme"), (b"content-type", b"application/json")]
    headers.append((b"authorization", b"Bearer " + token.encode()) if token else (b"x-internal-key", key.encode()))
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": headers,
        "http_version": "1.1",
        "server": ("127.0.0.1", 8080),
    }
    sent = list[Message]()

    async def receive() -> Message:
        return {"type": "http.request", "body": json.dumps({"as_of": AS_OF}).encode()}

    async def send(message: Message) -> None:
        sent.append(message)

    async def call() -> None:
        app: Any = server.config.app
        await app(scope, receive, send)

    asyncio.run(call())
    assert sent[0]["status"] == 200, sent
    answer: dict[str, Any] = json.loads(b"".join(each["body"] for each in sent[1:]))
    return answer


def a_server(folder: Path) -> tuple[Server, LocalKeys, str]:
    """A server over one tenant with two accounts that are due, its keys, and a token."""
    keys = local_keys(folder)
    engine = local_engine(folder, payment_link_base="")
    add_tenant(engine.documents, "acme", accounts=2)
    engine = replace(engine, secrets=EnvironmentSecrets({"INTERNAL_API_KEY": keys.internal}))
    server = local_server(engine, trusted=keys.trusted, log=lambda _event, _fields: None)
    return server, keys, keys.token(now=SystemClock().now())


@pytest.mark.parametrize("path", ["/generate_invoices", PATH])
def test_a_run_does_no_more_once_the_server_is_told_to_stop(tmp_path: Path, path: str) -> None:
    server, keys, token = a_server(tmp_path)
    token = token if path == PATH else ""
    server.should_exit = True
    stopped = billed(server, path, token=token, key=keys.internal)
    assert (stopped["generated"], stopped["complete"]) == (0, False)
    server.should_exit = False
    done = billed(server, path, token=token, key=keys.internal)
    assert (done["generated"], done["complete"]) == (2, True)
