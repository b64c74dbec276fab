"""`billing sandbox`: a stand-in for Stripe on this machine, until it is interrupted."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from billing.cli.errors import Refused, plain_errors
from billing.cli.options import AsJson

_EPILOG = (
    "\b\nExamples:\n  billing sandbox --memory\n  billing sandbox --dir demo --clock 2026-03-01T00:00:00Z\n"
    "  billing sandbox --memory --webhook-url http://127.0.0.1:8080/webhooks/stripe/acme-api"
)


def add_to(app: typer.Typer) -> None:
    """Make it a command of `app`."""
    app.command(short_help="Run a stand-in for Stripe on this machine.", epilog=_EPILOG)(sandbox)


def sandbox(
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, metavar="PORT", help="0 takes a free one.")] = 12_111,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", envvar="BILLING_DIR", help="Keep everything in DIR/sandbox.sqlite3."),
    ] = None,
    memory: Annotated[bool, typer.Option("--memory", help="Forget everything at the end, even with --dir.")] = False,
    webhook_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where events of every account go; on this machine.")
    ] = None,
    webhook_secret: Annotated[
        str | None, typer.Option(metavar="whsec_...", help="What they are signed with; without it one is made.")
    ] = None,
    clock: Annotated[
        str | None, typer.Option(metavar="DATE|INSTANT", help="When its time begins; otherwise now. A date is UTC.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a stand-in for Stripe's API on 127.0.0.1, without real money, until Ctrl-C.

    Any key that begins with sk_test_ works and has an account of its own. docs/guides/sandbox.md has the test cards,
    and how to move time and to make things fail.
    """
    with plain_errors():
        from billing.adapters.system_clock import SystemClock
        from billing.cli.directory import instant_of
        from billing.sandbox.server import SandboxSettings, Webhook, serve

        secret = _secret(webhook_url, webhook_secret)
        file = directory / "sandbox.sqlite3" if directory and not memory else None
        settings = SandboxSettings(
            port=port,
            file=file,
            starts_at=instant_of(clock, zone="UTC", option="--clock") if clock else None,
            webhook=Webhook(url=webhook_url, secret=secret) if webhook_url and secret else None,
        )
        with suppress(KeyboardInterrupt):  # how one stops it
            serve(settings, clock=SystemClock(), announce=lambda url: _announce(url, file, secret, as_json=as_json))


def _secret(url: str | None, given: str | None) -> str | None:
    """What webhooks are signed with; None where there are none."""
    if url is None:
        if given:
            message = "--webhook-secret needs --webhook-url: without an address nothing is signed"
            raise Refused(message)
        return None
    from secrets import token_hex

    return given or f"whsec_{token_hex(16)}"


def _announce(url: str, file: Path | None, secret: str | None, *, as_json: bool) -> None:
    from billing.cli.screen import write_json

    if as_json:
        write_json({"url": url, "file": str(file.resolve()) if file else None, "webhook_secret": secret})
        return
    typer.echo(f"A sandbox of Stripe at {url}, {f'kept in {file}' if file else 'in memory'}; Ctrl-C ends it.")
    if secret:
        typer.echo(f"Webhooks are signed with {secret}")
