"""`billing e-invoice`: what its commands take."""

from typing import Annotated

import typer

from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, TenantId

e_invoice_app = typer.Typer(help="Look at e-invoices (EN 16931).", no_args_is_help=True, rich_markup_mode=None)


@e_invoice_app.callback()
def _e_invoice() -> None:
    """Keep `check` a command of its own while it is the only one."""


@e_invoice_app.command(
    "check",
    epilog="\b\nExamples:\n  billing e-invoice check INV-2026-02-0047 --tenant acme-api --dir demo\n"
    "  billing e-invoice check --tenant acme-api --dir demo",
)
def check(
    *,
    id_or_number: Annotated[str | None, typer.Argument(metavar="[ID_OR_NUMBER]")] = None,
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Say whether an invoice has all that an e-invoice needs, and where its files are; without a number, all invoices.

    Also before e-invoices are turned on: what would be refused is named. The exit code is 1 where something is missing.
    """
    with plain_errors():
        from billing.cli.e_invoices import run_check

        code = run_check(id_or_number, tenant_id=tenant, directory=directory, as_json=as_json)
    raise typer.Exit(code)
