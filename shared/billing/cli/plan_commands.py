"""`billing plans publish`, `correct` and `draft`: what each takes."""

from pathlib import Path
from typing import Annotated

import typer

from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, TenantId, Yes
from billing.cli.place import Place
from billing.cli.plan_draft_commands import plan_drafts_app

plan_changes_app = typer.Typer()
"""What is added to the commands on plans."""
plan_changes_app.add_typer(plan_drafts_app, name="draft")


@plan_changes_app.command("publish", epilog="\b\nExample:\n  billing plans publish plan-2.json --dir demo")
def publish_plans(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One plan or a list of plans, as JSON.")],
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Publish the plan versions of a file. A published version never changes; the same again is fine."""
    with plain_errors():
        from billing.cli.plan_changes import run_publish

        run_publish(file, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@plan_changes_app.command(
    "correct", epilog="\b\nExample:\n  billing plans correct api-platform@2 api-platform@3 --yes --dir demo"
)
def correct_plan(  # noqa: PLR0913 - each is an option of the command
    *,
    wrong: Annotated[str, typer.Argument(metavar="WRONG", help="The plan version that subscriptions are on.")],
    right: Annotated[str, typer.Argument(metavar="RIGHT", help="The published version that they should be on.")],
    directory: KeptIn,
    subscription: Annotated[list[str] | None, typer.Option(metavar="ID", help="Only these.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE|INSTANT", help="From when. Default: what is not billed yet.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what that would do.")] = False,
    tenant: TenantId = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put subscriptions on the right version of a plan that was published wrong, as if they had been on it."""
    with plain_errors():
        from billing.cli.plan_changes import Correction, run_correct

        asked = Correction(
            wrong=wrong, right=right, subscription_ids=subscription, since=since, yes=yes, dry_run=dry_run
        )
        code = run_correct(asked, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
    raise typer.Exit(code)
