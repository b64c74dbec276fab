"""`billing reconcile`: what it and the commands on its queue take."""

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, Limit, TenantId
from billing.cli.place import Place
from billing.domain.bank import StatementFormat

_IMPORT = "file"


class _FileFirst(TyperGroup):
    """`billing reconcile march.xml` imports a file; a word that is one of the commands is that command."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # a private base
        """Take what is no command for a call of the import."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = [_IMPORT, *args]
        return super().parse_args(ctx, args)


reconcile_app = typer.Typer(
    cls=_FileFirst,
    help="Import a bank statement (billing reconcile FILE), and decide on what could not be matched.",
    epilog="\b\nExamples:\n  billing reconcile march.xml --dir books --dry-run\n"
    "  billing reconcile march.csv --mapping bank.json --dir books\n  billing reconcile unmatched --dir books",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Transaction = Annotated[str, typer.Argument(metavar="TRANSACTION", help="The id of a bank transaction.")]
Note = Annotated[str, typer.Option(metavar="TEXT", help="Why; it goes into the audit log.")]


@reconcile_app.command(
    _IMPORT,
    epilog="\b\nExamples:\n  billing reconcile samples/bank-statements/march-2026.xml --dir demo --dry-run\n"
    "  billing reconcile statement.csv --mapping bank.json --dir books --json",
)
def import_file(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="camt.053, MT940 or CSV.")],
    directory: KeptIn,
    file_format: Annotated[
        StatementFormat | None, typer.Option("--format", help="Told from the content where it is left out.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Which column of a CSV file is what, as JSON.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would do; write nothing.")] = False,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Book the transfers of a bank statement on the invoices that they name. Importing it again changes nothing."""
    with plain_errors():
        from billing.cli.reconcile import StatementFile, run_reconcile

        given = StatementFile(path=file, file_format=file_format, mapping=mapping, dry_run=dry_run)
        code = run_reconcile(given, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
    raise typer.Exit(code)


@reconcile_app.command("unmatched", epilog="\b\nExample:\n  billing reconcile unmatched --dir books")
def unmatched(
    *,
    directory: KeptIn,
    limit: Limit = 50,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """List what waits for a decision: why it was not booked, and the invoices that it may be for, each with why."""
    with plain_errors():
        from billing.cli.reconcile import show_unmatched

        show_unmatched(limit=limit, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@reconcile_app.command(
    "match", epilog="\b\nExample:\n  billing reconcile match 1f0c9a6e2b7d4c58a3e1 INV-2026-02-0047 --dir books"
)
def match(
    *,
    transaction: Transaction,
    invoices: Annotated[list[str], typer.Argument(metavar="INVOICE...", help="Ids or numbers.")],
    directory: KeptIn,
    note: Note = "",
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Book a transfer on invoices, the first due first; what is over goes to the customer's credit balance."""
    with plain_errors():
        from billing.cli.reconcile import run_match

        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        run_match(transaction, invoices, note=note, place=place)


@reconcile_app.command(
    "unmatch", epilog="\b\nExample:\n  billing reconcile unmatch 1f0c9a6e2b7d4c58a3e1 --note 'not theirs' --dir books"
)
def unmatch(
    *, transaction: Transaction, note: Note, directory: KeptIn, tenant: TenantId = None, as_json: AsJson = False
) -> None:
    """Take the booking of a transfer back: what it paid is owed again, and it waits for another decision."""
    with plain_errors():
        from billing.cli.reconcile import run_unmatch

        run_unmatch(transaction, note=note, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@reconcile_app.command(
    "ignore", epilog="\b\nExample:\n  billing reconcile ignore 1f0c9a6e2b7d4c58a3e1 --note 'interest' --dir books"
)
def ignore(
    *, transaction: Transaction, note: Note, directory: KeptIn, tenant: TenantId = None, as_json: AsJson = False
) -> None:
    """Take a transaction out of the queue without booking it."""
    with plain_errors():
        from billing.cli.reconcile import run_ignore

        run_ignore(transaction, note=note, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
