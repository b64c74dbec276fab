"""`billing invoices create`: what the command takes."""

from typing import Annotated, TypeAlias

import typer

from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, PayBase, TenantId
from billing.cli.place import Place

one_off_app = typer.Typer()
"""What is added to the commands on invoices."""

Lines: TypeAlias = Annotated[
    list[str],
    typer.Option(metavar="'TEXT; QUANTITY; PRICE'", help="What for; a price below 0 is a discount. May be repeated."),
]


@one_off_app.command(
    "create",
    epilog="\b\nExamples:\n  billing invoices create --customer acct-1047 --line 'Set-up; 1; 250.00' --dir demo\n"
    "  billing invoices create --customer acct-1047 --line 'Set-up; 1; 250.00' --line 'Goodwill; 1; -50.00' "
    "--draft --dir demo",
)
def create(  # noqa: PLR0913 - each is an option of the command
    *,
    customer: Annotated[str, typer.Option(metavar="ID", help="Who is invoiced.")],
    line: Lines,
    directory: KeptIn,
    tax_inclusive: Annotated[bool, typer.Option("--tax-inclusive", help="The prices have their tax in them.")] = False,
    due: Annotated[str | None, typer.Option(metavar="DATE", help="Default: by the tenant's terms.")] = None,
    reference: Annotated[str | None, typer.Option(metavar="TEXT", help="The buyer's own, such as PO-7.")] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Stands below the totals.")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Let it wait in the review queue.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it; nothing is written.")] = False,
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Makes it one, however often it is asked for. Default: each is a new one."),
    ] = None,
    tenant: TenantId = None,
    pay_base: PayBase = "http://127.0.0.1:8080",
    as_json: AsJson = False,
) -> None:
    """Invoice a customer once, beside all periods: with the next number, or as a draft that waits for approval."""
    with plain_errors():
        from billing.cli.one_off import Asked, run_create

        asked = Asked(
            customer_id=customer,
            lines=tuple(line),
            tax_inclusive=tax_inclusive,
            due=due,
            reference=reference or "",
            note=note or "",
            draft=draft,
            dry_run=dry_run,
            key=key,
        )
        place = Place(tenant_id=tenant, directory=directory, as_json=as_json, pay_base=pay_base)
        code = run_create(asked, place=place)
    raise typer.Exit(code)
