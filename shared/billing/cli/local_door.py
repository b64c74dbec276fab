"""All three functions over a directory's books: on the loopback, with the sandbox for its Stripe."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import typer

from billing.adapters.environment_secrets import EnvironmentSecrets
from billing.adapters.job_credentials import key_credential
from billing.adapters.kept_key import kept_key
from billing.adapters.local_tasks import LocalTasks, Retries
from billing.adapters.sole_use import sole_use
from billing.adapters.system_clock import SystemClock
from billing.adapters.task_posts import TaskPosts
from billing.api.call_log import json_lines
from billing.api.caller import INTERNAL_KEY, KEY_HEADER
from billing.cli.directory import open_directory, require_books
from billing.cli.errors import Refused
from billing.cli.local_gateway import LOCAL_STRIPE_KEY, SANDBOX_FILE
from billing.cli.local_keys import LocalKeys, local_keys
from billing.cli.local_seed import SERVED, needs_seed, seed
from billing.cli.local_server import local_server
from billing.config import PAYMENT_LINK_KEY, STRIPE_KEY, STRIPE_WEBHOOK_SECRET, TASK_ATTEMPTS, local_event_secrets
from billing.domain.errors import Unavailable
from billing.domain.pay_state import pay_state
from billing.engine import Engine
from billing.sandbox.listening import HOST, listening
from billing.sandbox.server import RunningSandbox, Webhook, running_sandbox
from billing.store.invoices import Invoices
from billing.store.tenants import Tenants
from billing.wiring import local_key

_LOOKED_AT = 200
_TASK_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDoor:
    """What was typed: `port` 0 takes a free one; `stripe` is a key and a webhook secret, None where none was given."""

    directory: Path
    port: int
    stripe: tuple[str, str] | None


def serve_door(door: LocalDoor, *, with_sandbox: bool, as_json: bool) -> None:
    """Answer until interrupted. An empty directory gets the February book first.

    Without a key of Stripe's cards go to the sandbox, where they were saved there, where nobody takes any yet, or
    `with_sandbox`. Refused without books, or where nobody says who takes the cards; Unavailable where the port or the
    directory is taken.
    """
    with ExitStack() as running:
        listener = running.enter_context(listening(door.port, backlog=256))
        base = f"http://{HOST}:{listener.getsockname()[1]}"
        with _naming_the_remedy(door.directory):
            running.enter_context(_alone(door.directory, base))
            if needs_seed(door.directory):
                seed(door.directory, with_cards=door.stripe is None)
            engine = open_directory(door.directory, payment_link_base=base)
            stripe, sandbox_url = door.stripe, None
            if stripe is None:
                _require_taker(engine, door.directory, with_sandbox=with_sandbox)
                sandbox, stripe = _sandbox(engine, door.directory, base)
                sandbox_url = running.enter_context(sandbox).url
        keys = local_keys(door.directory)
        secrets = {
            PAYMENT_LINK_KEY: local_key(door.directory),
            INTERNAL_KEY: keys.internal,
            **local_event_secrets(),
            **_stripe_secrets(engine, *stripe),
        }
        tasks, log = running.enter_context(_tasks(base, key=keys.internal)), json_lines(sys.stderr)
        engine = replace(engine, secrets=EnvironmentSecrets(secrets), stripe_base_url=sandbox_url)
        engine = engine.with_tasks(tasks, log=log)
        server = local_server(engine, trusted=keys.trusted, log=log)
        _announce(engine, base, sandbox_url, keys=keys, as_json=as_json)
        asyncio.run(server.serve(sockets=[listener]))


@contextmanager
def _alone(directory: Path, base: str) -> Iterator[None]:
    """Have the directory to this server alone; it is made where it is not there."""
    if needs_seed(directory):
        directory.mkdir(parents=True, exist_ok=True)
    else:
        require_books(directory)
    with sole_use(directory / SERVED, holder=f"`billing serve` at {base}"):
        yield


def _tasks(base: str, *, key: str) -> LocalTasks:
    """The queue of this process, which calls the three functions at `base` with the internal key."""
    posts = TaskPosts(
        urls={"generate_invoices": f"{base}/generate_invoices", "run_dunning": f"{base}/run_dunning", "apiProxy": base},
        credential=key_credential(KEY_HEADER, lambda: [key]),
        seconds=_TASK_SECONDS,
    )
    return LocalTasks(posts, clock=SystemClock(), retries=Retries(attempts=TASK_ATTEMPTS))


def _sandbox(
    engine: Engine, directory: Path, base: str
) -> tuple[AbstractContextManager[RunningSandbox], tuple[str, str]]:
    """The directory's sandbox, which posts its webhooks to `base`, and what opens it: a key and a webhook secret."""
    secret = f"whsec_{kept_key(directory / 'keys' / 'webhook')}"
    webhooks = [Webhook(url=url, secret=secret) for url in _webhook_urls(engine, base)]
    sandbox = running_sandbox(clock=SystemClock(), file=directory / SANDBOX_FILE, webhooks=webhooks)
    return sandbox, (LOCAL_STRIPE_KEY, secret)


def _stripe_secrets(engine: Engine, key: str, webhook_secret: str) -> dict[str, str]:
    """The same account for every tenant, by the name of its own where it has one."""
    tenants = Tenants(engine.documents)
    accounts = {tenants.get(each).gateway_account for each in tenants.ids()}
    suffixes = {f"_{account}" if account else "" for account in accounts}
    keys = {f"{STRIPE_KEY}{suffix}": key for suffix in suffixes}
    return keys | {f"{STRIPE_WEBHOOK_SECRET}{suffix}": webhook_secret for suffix in suffixes}


def _require_taker(engine: Engine, directory: Path, *, with_sandbox: bool) -> None:
    """Refuse to send cards to a new sandbox unasked: it knows none of those that Stripe has saved."""
    if with_sandbox or (directory / SANDBOX_FILE).is_file():
        return
    tenants = Tenants(engine.documents)
    if any(tenants.get(each).gateway for each in tenants.ids()):
        message = "cards are taken here, so say --with-sandbox, or --stripe-key with a test key of Stripe's"
        raise Refused(message)


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
    typer.echo(f"All three functions at {base}: the API, /generate_invoices and /run_dunning; Ctrl-C ends it.")
    typer.echo(f"A token of this directory, for twelve hours (X-Tenant-ID: {tenant}):\n{token}")
    if sandbox_url:
        typer.echo(f"Cards go to a sandbox of Stripe at {sandbox_url}: no money moves.")
    if example:
        typer.echo(f"Open one: {example}")


def _example(engine: Engine, base: str) -> str | None:
    """The page of some invoice that can be paid, here: a link's token opens it whatever address it was made with."""
    for tenant_id in Tenants(engine.documents).ids():
        for invoice in islice(Invoices.of(engine.documents, tenant_id).all(), _LOOKED_AT):
            if invoice.number and invoice.payment_url and pay_state(invoice).is_payable:
                return f"{base}/pay/{invoice.payment_url.rpartition('/')[2]}"
    return None


@contextmanager
def _naming_the_remedy(directory: Path) -> Iterator[None]:
    """Say of a store, or of a sandbox, that another process has, what one can do about it."""
    try:
        yield
    except Unavailable as error:
        message = f"{error}; end what else works on {directory}, or use another --dir"
        raise Unavailable(message) from error
