"""The proxy over a directory's books: on the loopback, with the sandbox for its Stripe if one likes."""

import asyncio
import json
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import typer
from uvicorn import Config, Server

from billing.adapters.environment_secrets import EnvironmentSecrets
from billing.adapters.kept_key import kept_key
from billing.adapters.system_clock import SystemClock
from billing.api.app import proxy_app
from billing.api.call_log import CallLog, json_lines
from billing.api.caller import INTERNAL_KEY
from billing.api.identity import Trusted
from billing.api.pay_engine import Door, DoorParts
from billing.cli.directory import open_directory
from billing.cli.errors import Refused
from billing.cli.local_gateway import LOCAL_STRIPE_KEY, SANDBOX_FILE
from billing.cli.local_keys import LocalKeys, local_keys
from billing.config import PAYMENT_LINK_KEY, STRIPE_KEY, STRIPE_WEBHOOK_SECRET
from billing.domain.errors import Unavailable
from billing.domain.pay_state import pay_state
from billing.sandbox.server import Webhook, running_sandbox
from billing.store.invoices import Invoices
from billing.store.tenants import Tenants
from billing.wiring import Engine, local_key

HOST = "127.0.0.1"
_LARGEST_BODY = 1024 * 1024
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDoor:
    """What was typed: `port` 0 takes a free one, `stripe` is a key and a webhook secret, None for the sandbox."""

    directory: Path
    port: int
    stripe: tuple[str, str] | None


def serve_door(door: LocalDoor, *, as_json: bool) -> None:
    """Answer until interrupted. Refused without books, Unavailable where the port is taken."""
    with ExitStack() as running:
        listener = running.enter_context(_bound(door.port))
        base = f"http://{HOST}:{listener.getsockname()[1]}"
        engine = open_directory(door.directory, payment_link_base=base)
        stripe, sandbox_url = door.stripe, None
        if stripe is None:
            secret = f"whsec_{kept_key(door.directory / 'keys' / 'webhook')}"
            webhooks = [Webhook(url=url, secret=secret) for url in _webhook_urls(engine, base)]
            file = door.directory / SANDBOX_FILE
            sandbox = running_sandbox(clock=SystemClock(), file=file, webhooks=webhooks)
            stripe, sandbox_url = (LOCAL_STRIPE_KEY, secret), running.enter_context(sandbox).url
        _require_key(engine, stripe[0])
        keys = local_keys(door.directory)
        secrets = {
            PAYMENT_LINK_KEY: local_key(door.directory),
            INTERNAL_KEY: keys.internal,
            **_stripe_secrets(engine, *stripe),
        }
        engine = replace(engine, secrets=EnvironmentSecrets(secrets), stripe_base_url=sandbox_url)
        _announce(engine, base, sandbox_url, keys=keys, as_json=as_json)
        asyncio.run(_server(engine, trusted=keys.trusted, log=json_lines(sys.stderr)).serve(sockets=[listener]))


def _stripe_secrets(engine: Engine, key: str, webhook_secret: str) -> dict[str, str]:
    """The same account for every tenant, by the name of its own where it has one."""
    tenants = Tenants(engine.documents)
    accounts = {tenants.get(each).gateway_account for each in tenants.ids()}
    suffixes = {f"_{account}" if account else "" for account in accounts}
    keys = {f"{STRIPE_KEY}{suffix}": key for suffix in suffixes}
    return keys | {f"{STRIPE_WEBHOOK_SECRET}{suffix}": webhook_secret for suffix in suffixes}


def _require_key(engine: Engine, key: str) -> None:
    tenants = Tenants(engine.documents)
    if not key and any(tenants.get(each).gateway for each in tenants.ids()):
        message = "cards are taken here, so say --with-sandbox, or --stripe-key with a test key of Stripe's"
        raise Refused(message)


def _server(engine: Engine, *, trusted: Trusted, log: CallLog) -> Server:
    parts = DoorParts(engine=engine, max_body_bytes=_LARGEST_BODY, trusted=trusted)
    app = proxy_app(Door(parts=lambda: parts, clock=SystemClock(), new_id=lambda: uuid4().hex), log=log)
    return Server(Config(app, log_config=None, access_log=False, lifespan="off", server_header=False))


def _webhook_urls(engine: Engine, base: str) -> list[str]:
    return [f"{base}/webhooks/stripe/{tenant_id}" for tenant_id in Tenants(engine.documents).ids()]


def _announce(engine: Engine, base: str, sandbox_url: str | None, *, keys: LocalKeys, as_json: bool) -> None:
    example = _example(engine, base)
    token = keys.token(now=SystemClock().now())
    tenant = next(iter(Tenants(engine.documents).ids()), None)
    if as_json:
        said = {"url": base, "token": token, "tenant": tenant, "internal_key": keys.internal}
        typer.echo(json.dumps({**said, "sandbox": sandbox_url, "example": example}))
        return
    typer.echo(f"The API, pay pages and webhooks at {base}; Ctrl-C ends it.")
    typer.echo(f"A token of this directory, for twelve hours (X-Tenant-ID: {tenant}):\n{token}")
    if sandbox_url:
        typer.echo(f"Cards go to a sandbox of Stripe at {sandbox_url}: no money moves.")
    if example:
        typer.echo(f"Open one: {example}")


def _example(engine: Engine, base: str) -> str | None:
    """The page of some invoice that can be paid, here: a link's token opens it whatever address it was made with."""
    for tenant_id in Tenants(engine.documents).ids():
        for invoice in Invoices.of(engine.documents, tenant_id).page(limit=_LOOKED_AT):
            if invoice.number and invoice.payment_url and pay_state(invoice).is_payable:
                return f"{base}/pay/{invoice.payment_url.rpartition('/')[2]}"
    return None


@contextmanager
def _bound(port: int) -> Iterator[socket.socket]:
    try:
        listener = socket.create_server((HOST, port), backlog=256)
    except OSError as error:
        message = f"port {port} of {HOST} can't be used: {error.strerror}"
        raise Unavailable(message) from error
    with listener:
        yield listener
