"""`billing runs`: what each of these commands takes."""

from pathlib import Path
from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, Limit, TenantId
from billing.cli.place import Place

runs_app = command_group("What runs were asked and did, and which of their tasks were given up.")


@runs_app.command(
    "list", epilog="\b\nExamples:\n  billing runs list --dir demo\n  billing runs list --unfinished --json"
)
def list_runs(
    *,
    directory: KeptIn,
    unfinished: Annotated[
        bool,
        typer.Option(
            "--unfinished", help="Only those of the latest 2,000 that stopped early, or of which something failed."
        ),
    ] = False,
    tenant: TenantId = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List a tenant's runs, the latest first, with how many of each outcome there were."""
    with plain_errors():
        from billing.cli.run_records import show_runs

        show_runs(limit, unfinished=unfinished, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@runs_app.command("fan-outs", epilog="\b\nExample:\n  billing runs fan-outs --dir demo --json")
def list_fan_outs(*, directory: KeptIn, limit: Limit = 20, as_json: AsJson = False) -> None:
    """List calls that were spread over tasks, the latest first, each with the tasks that were given up.

    The exit code is 1 where there is such a task.
    """
    with plain_errors():
        from billing.cli.run_records import show_fan_outs

        code = show_fan_outs(limit, directory=Path(directory), as_json=as_json)
    raise typer.Exit(code)
