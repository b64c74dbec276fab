"""`billing usage`: what each of its commands takes."""

from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, TenantId

usage_app = command_group("Record usage, correct it, and look at what is kept.")

UsageFile = Annotated[
    str, typer.Argument(metavar="FILE", help="JSON lines or CSV; - reads what is piped in.", show_default=False)
]
RecordedAt = Annotated[
    str | None,
    typer.Option(
        "--recorded-at", metavar="DATE|INSTANT", help="When it is recorded, which bounds its age. Default: now."
    ),
]


@usage_app.command(
    "record",
    short_help="Record usage events.",
    epilog="\b\nExamples:\n  billing usage record events.jsonl --dir books\n"
    "  zcat events.csv.gz | billing usage record - --dir books --json",
)
def record_events(
    *,
    file: UsageFile,
    directory: KeptIn,
    tenant: TenantId = None,
    recorded_at: RecordedAt = None,
    as_json: AsJson = False,
) -> None:
    """Record usage events: id, subscription_id, meter, occurred_at, quantity (1), value, correction, replaces.

    Each id counts once, however often it is sent. Exit code 1 where an event was rejected: the others are recorded.
    """
    with plain_errors():
        from billing.cli.usage import UsageSource, run_record

        source = UsageSource(file=file, tenant_id=tenant, directory=directory, recorded_at=recorded_at)
        code = run_record(source, as_json=as_json)
    raise typer.Exit(code)


@usage_app.command(
    "report",
    short_help="Record usage that was added up by day.",
    epilog="\b\nExample:\n  billing usage report march.csv --dir books",
)
def report_days(
    *,
    file: UsageFile,
    directory: KeptIn,
    tenant: TenantId = None,
    recorded_at: RecordedAt = None,
    as_json: AsJson = False,
) -> None:
    """Record reports of whole days: id, subscription_id, meter, quantities by local day, correction.

    CSV has a row for each day (id, subscription_id, meter, date, quantity); the rows of one id are one report, which
    is recorded whole or not at all. Exit code 1 where one was rejected.
    """
    with plain_errors():
        from billing.cli.usage import UsageSource, run_report

        source = UsageSource(file=file, tenant_id=tenant, directory=directory, recorded_at=recorded_at)
        code = run_report(source, as_json=as_json)
    raise typer.Exit(code)


@usage_app.command(
    "show", epilog="\b\nExample:\n  billing usage show --subscription sub-1047 --month 2026-02 --dir demo"
)
def show_usage(
    *,
    subscription: Annotated[str, typer.Option("--subscription", metavar="ID", help="Whose usage.")],
    directory: KeptIn,
    month: Annotated[
        str | None,
        typer.Option("--month", metavar="YYYY-MM", help="One month. Default: the last 14 until the next bill."),
    ] = None,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Show a subscription's usage by day: what is in time, what came late, and up to when it is billed."""
    with plain_errors():
        from billing.cli.usage_shown import show

        show(subscription, month=month, tenant_id=tenant, directory=directory, as_json=as_json)
