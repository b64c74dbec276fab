"""`billing events`: what each of these commands takes."""

from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import Refused, plain_errors
from billing.cli.options import AsJson, KeptIn, Limit, TenantId
from billing.cli.place import Place

_ID = "As `billing events list` shows it."
_ONE_OR_MANY = "name one event, or a time with --since"

events_app = command_group("What the tenant's own system is told: what waits, what was delivered, what failed.")


@events_app.command(
    "list", epilog="\b\nExamples:\n  billing events list --dir demo\n  billing events list --failed --json"
)
def list_events(
    *,
    directory: KeptIn,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that were given up.")] = False,
    tenant: TenantId = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List events, the latest first, with how often and when each was tried."""
    with plain_errors():
        from billing.cli.events import show_list

        show_list(limit, failed=failed, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@events_app.command("deliver", epilog="\b\nExample:\n  EVENT_SECRET=whsec_... billing events deliver --dir demo")
def deliver(*, directory: KeptIn, tenant: TenantId = None, as_json: AsJson = False) -> None:
    """Deliver what is due to the tenant's `event_url`, signed by EVENT_SECRET.

    A run of the dunning does so at its end. The exit code is 1 where an event was not taken.
    """
    with plain_errors():
        from billing.cli.events import run_deliver

        code = run_deliver(Place(tenant_id=tenant, directory=directory, as_json=as_json))
    raise typer.Exit(code)


@events_app.command("show", epilog="\b\nExample:\n  billing events show evt_0f3a... --dir demo")
def show(
    *,
    event: Annotated[str, typer.Argument(metavar="ID", help=_ID)],
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Show one event: what it says, and each try to deliver it."""
    with plain_errors():
        from billing.cli.events import show_one

        show_one(event, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@events_app.command("test", epilog="\b\nExample:\n  EVENT_SECRET=whsec_... billing events test --dir demo")
def send_test(*, directory: KeptIn, tenant: TenantId = None, as_json: AsJson = False) -> None:
    """Send an event of the type `test` to the tenant's `event_url`, signed as all others are.

    It is tried once. The exit code is 1 where it was not taken.
    """
    with plain_errors():
        from billing.cli.events import run_test

        code = run_test(Place(tenant_id=tenant, directory=directory, as_json=as_json))
    raise typer.Exit(code)


@events_app.command(
    "retry",
    epilog="\b\nExamples:\n  EVENT_SECRET=whsec_... billing events retry evt_0f3a... --dir demo"
    "\n  EVENT_SECRET=whsec_... billing events retry --since 2026-03-15T09:00:00Z --dir demo",
)
def retry(
    *,
    event: Annotated[str | None, typer.Argument(metavar="[ID]", help=_ID)] = None,
    directory: KeptIn,
    since: Annotated[str | None, typer.Option(help="Instead of one: what happened from this instant on.")] = None,
    until: Annotated[str | None, typer.Option(help="The end of that time, not included; else now.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="With --since: delivered ones too, not only those given up.")
    ] = False,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Put an event back and deliver what is due: one that was given up, or that its receiver lost.

    With --since it is all that were given up since then. The receiver gets the same message ids as before. The exit
    code is 1 where an event was not taken.
    """
    with plain_errors():
        from billing.cli.events import run_retry, run_retry_many

        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        if (event is None) == (since is None):
            raise Refused(_ONE_OR_MANY)
        if event is not None:
            code = run_retry(event, place=place)
        else:
            code = run_retry_many(str(since), until, everything=everything, place=place)
    raise typer.Exit(code)
