"""`billing e-invoice`: what its commands take."""

from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, TenantId
from billing.domain.tenant import EInvoiceFormat

e_invoice_app = command_group("Turn e-invoices (EN 16931) on, and see what they lack.")


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


@e_invoice_app.command(
    "set",
    epilog="\b\nExamples:\n  billing e-invoice set factur-x ubl --tenant acme-api --dir demo\n"
    "  billing e-invoice set --off --tenant acme-api --dir demo",
)
def set_(
    *,
    formats: Annotated[list[EInvoiceFormat] | None, typer.Argument(metavar="[FORMAT...]", help="factur-x, ubl")] = None,
    off: Annotated[bool, typer.Option("--off", help="Make none.")] = False,
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Set the forms that each invoice is made in from the next bill on; issued ones keep the files that they have."""
    with plain_errors():
        from billing.cli.e_invoices import run_set

        run_set(formats or [], off=off, tenant_id=tenant, directory=directory, as_json=as_json)
