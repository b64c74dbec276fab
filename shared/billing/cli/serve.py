"""`billing serve`: the public door on this machine, with the books of one directory, until it is interrupted."""

from contextlib import suppress
from typing import Annotated

import typer

from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn

_EPILOG = (
    "\b\nExamples:\n  billing serve --dir demo --with-sandbox\n"
    "  STRIPE_API_KEY=sk_test_... STRIPE_WEBHOOK_SECRET=whsec_... billing serve --dir books --port 3003"
)


def add_to(app: typer.Typer) -> None:
    """Make it a command of `app`."""
    app.command(short_help="Serve the API, pay pages and webhooks on this machine.", epilog=_EPILOG)(serve)


def serve(
    *,
    directory: KeptIn,
    port: Annotated[int, typer.Option(min=0, max=65_535, metavar="PORT", help="0 takes a free one.")] = 8080,
    with_sandbox: Annotated[
        bool, typer.Option("--with-sandbox", help="Pay with a stand-in for Stripe, kept in the directory.")
    ] = False,
    stripe_key: Annotated[
        str | None, typer.Option(envvar="STRIPE_API_KEY", metavar="sk_test_...", help="Take cards at Stripe itself.")
    ] = None,
    webhook_secret: Annotated[
        str | None, typer.Option(envvar="STRIPE_WEBHOOK_SECRET", metavar="whsec_...", help="What Stripe signs with.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Serve the API, the pay pages and webhooks of a directory's books on 127.0.0.1, until Ctrl-C.

    It prints a token for the API, which this directory alone trusts.

    Pay links lead here where the invoices were made with the same address (--pay-base, http://127.0.0.1:8080 unless
    told otherwise). docs/guides/pay-page.md has a walk through it.
    """
    with plain_errors():
        from billing.cli.local_door import LocalDoor, serve_door

        with suppress(KeyboardInterrupt):  # how one stops it
            stripe = None if with_sandbox else (stripe_key or "", webhook_secret or "")
            serve_door(LocalDoor(directory=directory, port=port, stripe=stripe), as_json=as_json)
