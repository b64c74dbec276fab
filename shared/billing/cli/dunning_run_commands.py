"""`billing dunning run`: what it takes."""

from typing import Annotated

import typer

from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, TenantId

run_app = typer.Typer()
"""What is added to the commands of dunning."""


@run_app.command(
    "run",
    epilog="\b\nExamples:\n  billing dunning run --dir demo\n"
    "  billing dunning run --dir demo --dry-run --as-of 2026-12-24\n  billing dunning run --dir demo --all --json",
)
def run(
    *,
    directory: KeptIn,
    tenant: TenantId = None,
    all_tenants: Annotated[bool, typer.Option("--all", help="Every tenant of the directory.")] = False,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE|INSTANT", help="What is due by then is done. Default: now.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, also on a day to come; do nothing.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many cases.")] = None,
    as_json: AsJson = False,
) -> None:
    """Chase what is unpaid: the steps that are due are done, each once, whoever ran before.

    Cards are charged, mails sent, services suspended; then receipts go out and events are delivered. The exit code is 1
    where a case could not be worked on; the next run does.
    """
    with plain_errors():
        from billing.cli.dunning_run import RunChoice, run_tenants

        choice = RunChoice(tenant=tenant, all_tenants=all_tenants, as_of=as_of, dry_run=dry_run, limit=limit)
        code = run_tenants(choice, directory=directory, as_json=as_json)
    raise typer.Exit(code)
