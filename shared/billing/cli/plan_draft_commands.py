"""`billing plans draft`: what each of these commands takes."""

from pathlib import Path
from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, TenantId, Yes
from billing.cli.place import Place

plan_drafts_app = command_group("Keep a draft of a plan's next version.")
PlanId = Annotated[str, typer.Argument(metavar="PLAN", help="The plan's id, without a version.")]


@plan_drafts_app.command("save", epilog="\b\nExample:\n  billing plans draft save plan-next.json --dir demo")
def save_draft(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One plan as JSON, as far as it goes.")],
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Save a draft in place of the plan's last one, whatever it lacks, and say what keeps it from being published."""
    with plain_errors():
        from billing.cli.plan_drafts import run_save

        run_save(file, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@plan_drafts_app.command("list", epilog="\b\nExample:\n  billing plans draft list --dir demo")
def list_drafts(*, directory: KeptIn, tenant: TenantId = None, as_json: AsJson = False) -> None:
    """List the plans that have a draft, with who saved it last."""
    with plain_errors():
        from billing.cli.plan_drafts import show_all

        show_all(Place(tenant_id=tenant, directory=directory, as_json=as_json))


@plan_drafts_app.command(
    "show", epilog="\b\nExample:\n  billing plans draft show api-platform --dir demo > plan-next.json"
)
def show_draft(*, plan_id: PlanId, directory: KeptIn, tenant: TenantId = None, as_json: AsJson = False) -> None:
    """Print a draft as a file that `save` takes, and on stderr what keeps it from being published."""
    with plain_errors():
        from billing.cli.plan_drafts import show_one

        show_one(plan_id, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@plan_drafts_app.command("publish", epilog="\b\nExample:\n  billing plans draft publish api-platform --dir demo")
def publish_draft(*, plan_id: PlanId, directory: KeptIn, tenant: TenantId = None, as_json: AsJson = False) -> None:
    """Publish a draft as the plan's next version, for good. One with flaws is refused and stays."""
    with plain_errors():
        from billing.cli.plan_drafts import run_publish

        run_publish(plan_id, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@plan_drafts_app.command("discard", epilog="\b\nExample:\n  billing plans draft discard api-platform --yes --dir demo")
def discard_draft(
    *, plan_id: PlanId, directory: KeptIn, tenant: TenantId = None, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Drop a draft. What is published stays as it is."""
    with plain_errors():
        from billing.cli.plan_drafts import run_discard

        run_discard(plan_id, yes=yes, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
