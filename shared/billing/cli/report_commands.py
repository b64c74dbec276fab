"""`billing report`: what each of these commands takes."""

from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, TenantId
from billing.cli.place import Place

report_app = command_group(
    "What the books come to: recurring revenue, what is outstanding, the greatest customers, who may leave."
)

AsOf = Annotated[str | None, typer.Option(metavar="DATE|INSTANT", help="As of then. Default: now.")]
ToCsv = Annotated[
    str | None, typer.Option("--csv", metavar="FILE|-", help="CSV for a spreadsheet into this file, or on stdout.")
]


@report_app.command(
    "mrr",
    short_help="Recurring revenue, what moved it, and usage beside it.",
    epilog="\b\nExamples:\n  billing report mrr --dir demo\n  billing report mrr --as-of 2026-03-01 --csv mrr.csv",
)
def mrr(
    *, directory: KeptIn, as_of: AsOf = None, csv: ToCsv = None, tenant: TenantId = None, as_json: AsJson = False
) -> None:
    """Monthly recurring revenue: its movements, its trend week by week, and usage and the invoiced total beside it."""
    with plain_errors():
        from billing.cli.reports import show_mrr

        show_mrr(as_of, csv=csv, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@report_app.command(
    "outstanding",
    short_help="What is due, by days past due.",
    epilog="\b\nExamples:\n  billing report outstanding --dir demo\n"
    "  billing report outstanding --as-of 2026-04-15 --json",
)
def outstanding(
    *, directory: KeptIn, as_of: AsOf = None, csv: ToCsv = None, tenant: TenantId = None, as_json: AsJson = False
) -> None:
    """What is still to be paid, by how many days it is past due: current, 1 to 30, 31 to 60, over 60.

    Amounts are as they stand now; --as-of moves the day that is counted to.
    """
    with plain_errors():
        from billing.cli.reports import show_outstanding

        show_outstanding(as_of, csv=csv, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@report_app.command(
    "revenue-by-customer",
    short_help="The greatest customers of the last month.",
    epilog="\b\nExamples:\n  billing report revenue-by-customer --dir demo\n"
    "  billing report revenue-by-customer --as-of 2026-03-01 --top 5 --csv -",
)
def revenue_by_customer(
    *,
    directory: KeptIn,
    as_of: AsOf = None,
    top: Annotated[int, typer.Option(min=1, max=200, metavar="N", help="So many customers.")] = 20,
    csv: ToCsv = None,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """The customers with the most revenue of the last closed month, without tax, and their change from the one before.

    Credit notes for that month's service are taken off, whenever they were issued.
    """
    with plain_errors():
        from billing.cli.reports import show_revenue

        show_revenue(as_of, top=top, csv=csv, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@report_app.command(
    "churn-risk",
    short_help="Falling usage and failed payments.",
    epilog="\b\nExamples:\n  billing report churn-risk --dir demo\n"
    "  billing report churn-risk --as-of 2026-03-01 --csv risk.csv",
)
def churn_risk(
    *, directory: KeptIn, as_of: AsOf = None, csv: ToCsv = None, tenant: TenantId = None, as_json: AsJson = False
) -> None:
    """Who may leave: usage that fell in two closed months in a row, or a payment that failed and is still due."""
    with plain_errors():
        from billing.cli.reports import show_churn

        show_churn(as_of, csv=csv, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
