"""`billing serve`: all three functions on this machine, with the books of one directory, until it is told to stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer

from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn

_EPILOG = (
    "\b\nExamples:\n  billing serve --dir demo\n  billing serve --dir new --port 0 --json\n"
    "  STRIPE_API_KEY=sk_test_... STRIPE_WEBHOOK_SECRET=whsec_... billing serve --dir books --port 3003"
)


def add_to(app: typer.Typer) -> None:
    """Make it a command of `app`."""
    app.command(short_help="Serve all three functions on this machine.", epilog=_EPILOG)(serve)


def serve(
    *,
    directory: KeptIn,
    port: Annotated[int, typer.Option(min=0, max=65_535, metavar="PORT", help="0 takes a free one.")] = 8080,
    with_sandbox: Annotated[
        bool, typer.Option("--with-sandbox", help="Take cards at a stand-in for Stripe, kept in the directory.")
    ] = False,
    stripe_key: Annotated[
        str | None, typer.Option(envvar="STRIPE_API_KEY", metavar="sk_test_...", help="Take cards at Stripe itself.")
    ] = None,
    webhook_secret: Annotated[
        str | None, typer.Option(envvar="STRIPE_WEBHOOK_SECRET", metavar="whsec_...", help="What Stripe signs with.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Serve all three functions on 127.0.0.1 with a directory's books, until Ctrl-C or SIGTERM.

    That is the API with pay pages and webhooks, /generate_invoices and /run_dunning. An empty directory gets the
    February book first. It prints a token for the API, which this directory alone trusts (docs/guides/serve.md).

    Pay links lead here where the invoices were made with the same address (--pay-base, http://127.0.0.1:8080 unless
    told otherwise).
    """
    with plain_errors(), _until_stopped():
        from billing.cli.local_door import LocalDoor, serve_door

        stripe = None if with_sandbox or not stripe_key else (stripe_key, webhook_secret or "")
        door = LocalDoor(directory=directory, port=port, stripe=stripe)
        serve_door(door, with_sandbox=with_sandbox, as_json=as_json)


@contextmanager
def _until_stopped() -> Iterator[None]:
    """End the block in order on SIGTERM as on Ctrl-C, wherever it is; stopping it is no failure."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)
