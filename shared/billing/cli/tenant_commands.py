"""`billing tenants`: what each of these commands takes."""

from pathlib import Path
from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, TenantId

tenants_app = command_group("The sellers and their settings.")


@tenants_app.command("list", epilog="\b\nExample:\n  billing tenants list --dir demo")
def list_tenants(*, directory: KeptIn, as_json: AsJson = False) -> None:
    """List the tenants of a directory."""
    with plain_errors():
        from billing.cli.tenants import show_list

        show_list(directory=directory, as_json=as_json)


@tenants_app.command("show", epilog="\b\nExample:\n  billing tenants show --tenant acme-api --dir demo")
def show_tenant(*, directory: KeptIn, tenant: TenantId = None, as_json: AsJson = False) -> None:
    """Show every setting of a tenant, its value, and where it shows. With --json, as a tenant.json says it."""
    with plain_errors():
        from billing.cli.tenants import show_one

        show_one(tenant_id=tenant, directory=directory, as_json=as_json)


@tenants_app.command(
    "set",
    epilog="\b\nExamples:\n  billing tenants set approval=on --tenant acme-api --dir demo\n"
    "  billing tenants set guard.factor=3 guard.floor=50.00 --dir demo --dry-run\n"
    "  billing tenants set guard=off payment_terms_days= --dir demo\n"
    '  billing tenants set notes="Thank you." notes="Late payments bear interest." --dir demo\n'
    "  billing tenants set accent_colour=#1c5d4a --logo logo.png --dir demo",
)
def set_settings(
    *,
    directory: KeptIn,
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE...", help="NAME= puts one back to its default.")
    ] = None,
    logo: Annotated[Path | None, typer.Option(metavar="FILE", help="A PNG of at most 2 MB.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; write nothing.")] = False,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Change settings from the next run on; what is issued keeps what it said.

    The names and values are those of tenant.json and `billing tenants show`. A setting that takes several values is
    named once for each.
    """
    with plain_errors():
        from billing.cli.tenants import GivenSettings, run_set

        given = GivenSettings(settings=tuple(settings or ()), logo=logo, dry_run=dry_run)
        run_set(given, tenant_id=tenant, directory=directory, as_json=as_json)
