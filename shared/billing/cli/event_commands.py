"""`billing events`: what each of these commands takes."""

from typing import Annotated

import typer

from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, Limit, TenantId
from billing.cli.place import Place

events_app = typer.Typer(
    help="What the tenant's own system is told: what waits, what was delivered, what failed.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


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


@events_app.command(
    "retry", epilog="\b\nExample:\n  EVENT_SECRET=whsec_... billing events retry evt_0f3a... --dir demo"
)
def retry(
    *,
    event: Annotated[str, typer.Argument(metavar="ID", help="As `billing events list` shows it.")],
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Put an event back and deliver what is due: one that was given up, or that its receiver lost.

    The receiver gets the same message id as before. The exit code is 1 where an event was not taken.
    """
    with plain_errors():
        from billing.cli.events import run_retry

        code = run_retry(event, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
    raise typer.Exit(code)
