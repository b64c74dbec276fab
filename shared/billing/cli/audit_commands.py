"""`billing audit`: what each of these commands takes."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, Limit, TenantId
from billing.cli.place import Place

audit_app = command_group("The audit log: find who did what, prove that it is whole, export it.")

Since = Annotated[str | None, typer.Option(metavar="DATE|INSTANT", help="Only what was recorded then or later.")]
Until = Annotated[str | None, typer.Option(metavar="DATE|INSTANT", help="Only what was recorded before.")]


class ExportFormat(StrEnum):
    """How exported records are written."""

    JSONL = "jsonl"
    CSV = "csv"


@audit_app.command(
    "list",
    epilog="\b\nExamples:\n  billing audit list --dir demo\n"
    "  billing audit list --entity INV-2026-02-0047 --dir demo\n"
    "  billing audit list --actor cli --event invoice --since 2026-03-01 --dir demo",
)
def list_records(  # noqa: PLR0913 - each is an option of the command
    *,
    directory: KeptIn,
    tenant: TenantId = None,
    entity: Annotated[
        str | None,
        typer.Option(metavar="ENTITY", help="Only of this: an invoice's number, or customers/ID, payments/ID, ..."),
    ] = None,
    actor: Annotated[str | None, typer.Option(metavar="NAME", help="Only what this one did.")] = None,
    event: Annotated[
        str | None, typer.Option(metavar="EVENT", help="Only these: invoice.issued, or all of invoice.")
    ] = None,
    since: Since = None,
    until: Until = None,
    after: Annotated[
        str | None, typer.Option(metavar="BATCH:RECORD", help="Go on behind this record, as the list before says.")
    ] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List what was recorded, the latest first: when, who, what, of which document, from what to what, and why."""
    with plain_errors():
        from billing.cli.audit import AuditFilter, show_list

        wanted = AuditFilter(
            entity=entity, actor=actor, event=event, since=since, until=until, after=after, limit=limit
        )
        show_list(wanted, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@audit_app.command(
    "verify",
    epilog="\b\nExamples:\n  billing audit verify --dir demo\n  billing audit verify --digest HEX --dir demo",
)
def verify_log(
    *,
    directory: KeptIn,
    tenant: TenantId = None,
    digest: Annotated[
        str | None, typer.Option(metavar="HEX", help="The digest of a seal that you kept: it must be in the chain.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify the log: each record as it was written, no batch removed or added below a seal, no seal changed.

    Nothing is written. The exit code is 1 where something is not as it must be.
    """
    with plain_errors():
        from billing.cli.audit_proof import run_verify

        code = run_verify(digest, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
    raise typer.Exit(code)


@audit_app.command(
    "seal", epilog="\b\nExamples:\n  billing audit seal --dir demo\n  billing audit seal --at-once --dir demo"
)
def seal_log(
    *,
    directory: KeptIn,
    tenant: TenantId = None,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Leave no margin of two hours: only while nothing else runs.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Seal what was recorded until two hours ago, and print the digest: keep it where the books can't be written."""
    with plain_errors():
        from billing.cli.audit_proof import run_seal

        run_seal(at_once=at_once, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@audit_app.command(
    "export",
    epilog="\b\nExamples:\n  billing audit export --dir demo > audit.jsonl\n"
    "  billing audit export --format csv --since 2026-03-01 --until 2026-04-01 --to march.csv --dir demo",
)
def export_log(
    *,
    directory: KeptIn,
    tenant: TenantId = None,
    since: Since = None,
    until: Until = None,
    form: Annotated[ExportFormat, typer.Option("--format", help="One JSON object a line, or CSV.")] = (
        ExportFormat.JSONL
    ),
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="Write here, and not on stdout.")] = None,
    as_json: AsJson = False,
) -> None:
    """Export every record of a time in the order of the log, each with its hash and the seal that covers it.

    With --to, --json says what was written.
    """
    with plain_errors():
        from billing.cli.audit_export import Export, run_export

        export = Export(since=since, until=until, is_csv=form is ExportFormat.CSV, to=to)
        run_export(export, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
