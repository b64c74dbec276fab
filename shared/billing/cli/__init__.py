"""The command line `billing`: what each command takes. What it does is imported when it is called, so help is quick."""

from pathlib import Path
from typing import Annotated

import typer

from billing.cli.api_key_commands import api_keys_app
from billing.cli.audit_commands import audit_app
from billing.cli.command_group import command_group
from billing.cli.credit_note_commands import add_balance_to, credit_notes_app
from billing.cli.customer_commands import customers_app
from billing.cli.dunning_cases_commands import cases_app
from billing.cli.dunning_commands import dunning_app
from billing.cli.dunning_run_commands import run_app
from billing.cli.e_invoice_commands import e_invoice_app
from billing.cli.errors import plain_errors
from billing.cli.event_commands import events_app
from billing.cli.mail_commands import mails_app
from billing.cli.member_commands import members_app
from billing.cli.one_off_commands import one_off_app
from billing.cli.options import (
    AsJson,
    BillFrom,
    BookFolder,
    Emulator,
    IdOrNumber,
    KeptIn,
    Limit,
    OfCustomer,
    PayBase,
    StoreKind,
    TenantId,
)
from billing.cli.payment_commands import payments_app
from billing.cli.plan_commands import plan_changes_app
from billing.cli.reconcile_commands import reconcile_app
from billing.cli.report_commands import report_app
from billing.cli.review_commands import by_hand_app, reviews_app
from billing.cli.run_record_commands import runs_app
from billing.cli.sandbox import add_to as add_sandbox
from billing.cli.serve import add_to as add_serve
from billing.cli.subscription_commands import subscriptions_app
from billing.cli.tenant_commands import tenants_app
from billing.cli.usage_commands import usage_app
from billing.domain.invoice import InvoiceStatus

app = typer.Typer(
    name="billing",
    help="Recurring billing, exact to the cent: import a book, bill what is due, read the invoices.",
    epilog="\b\nStart with:           billing demo\nExamples of each:     billing run --help",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
invoices_app = command_group("Look at invoices and decide on them.")
plans_app = command_group("Check, publish and correct plans.")
app.add_typer(invoices_app, name="invoices")
app.add_typer(runs_app, name="runs")
app.add_typer(e_invoice_app, name="e-invoice")
app.add_typer(plans_app, name="plans")
app.add_typer(subscriptions_app, name="subscriptions")
app.add_typer(reviews_app, name="reviews")
app.add_typer(reconcile_app, name="reconcile")
invoices_app.add_typer(by_hand_app)
invoices_app.add_typer(one_off_app)
plans_app.add_typer(plan_changes_app)
app.add_typer(usage_app, name="usage")
app.add_typer(mails_app, name="mails")
app.add_typer(tenants_app, name="tenants")
app.add_typer(customers_app, name="customers")
app.add_typer(payments_app, name="payments")
app.add_typer(credit_notes_app, name="credit-notes")
app.add_typer(events_app, name="events")
app.add_typer(dunning_app, name="dunning")
dunning_app.add_typer(cases_app)
dunning_app.add_typer(run_app)
app.add_typer(audit_app, name="audit")
app.add_typer(members_app, name="members")
app.add_typer(api_keys_app, name="api-keys")
app.add_typer(report_app, name="report")
add_balance_to(customers_app)


@app.command(
    short_help="Bill the sample book of February 2026.",
    epilog="\b\nExamples:\n  billing demo\n  billing demo --dir /tmp/feb --json\n"
    "  billing demo --through 2026-03-15 --dir march\n  billing demo --store firestore",
)
def demo(
    *,
    directory: KeptIn = Path("demo"),
    store: Annotated[StoreKind, typer.Option(help="Where the documents live.")] = StoreKind.SQLITE,
    book: Annotated[Path | None, typer.Option(help="Another book than the sample of February 2026.")] = None,
    as_of: Annotated[str, typer.Option(metavar="DATE|INSTANT", help="What is due by then is billed.")] = "2026-03-01",
    through: Annotated[
        str | None, typer.Option(metavar="DATE", help="Play the days up to this one too: billing, dunning, mails.")
    ] = None,
    pay_base: PayBase = "http://127.0.0.1:8080",
    emulator: Emulator = None,
    as_json: AsJson = False,
) -> None:
    """Bill the February book: 200 accounts, their usage, fees and taxes, a PDF for each invoice.

    With --through, the days after that are played as if they passed: both jobs of the scheduler run each night, failed
    cards are chased, four customers save a new card. Running it again bills nothing twice, and plays no day twice.
    """
    with plain_errors():
        from billing.cli.demo import DemoRequest, run_demo

        request = DemoRequest(
            directory=directory, store=store, emulator=emulator, book=book, as_of=as_of, through=through
        )
        code = run_demo(request, pay_base=pay_base, as_json=as_json)
    raise typer.Exit(code)


@app.command(
    "import",
    short_help="Import a book of customers, plans and usage.",
    epilog="\b\nExamples:\n  billing import samples/february-2026 --dir books\n"
    "  billing import my-book --dir books --bill-from 2026-04-01",
)
def import_(
    *,
    book: Annotated[BookFolder, typer.Argument(metavar="BOOK")],
    directory: KeptIn,
    bill_from: BillFrom = None,
    as_json: AsJson = False,
) -> None:
    """Import a book: a folder of customers, plans, subscriptions, usage and tax rates.

    Everything is checked before anything is written; importing the same book again changes nothing. Books of several
    tenants may live in one directory.
    """
    with plain_errors():
        from billing.cli.import_book import run_import

        run_import(book, directory=directory, bill_from=bill_from, as_json=as_json)


@app.command(
    short_help="Bill what is due.",
    epilog="\b\nExamples:\n  billing run --tenant acme-api --as-of 2026-03-01 --dir demo\n"
    "  billing run --tenant acme-api --as-of 2026-03-01T09:00:00+01:00 --dir demo --dry-run --json\n"
    "  billing run --tenant acme-api --as-of 2026-04-01 --dir demo --dry-run --compare\n"
    "  billing run --all --as-of 2026-04-01 --dir demo",
)
def run(  # noqa: PLR0913 - each is an option of the command
    *,
    directory: KeptIn,
    as_of: Annotated[
        str, typer.Option(metavar="DATE|INSTANT", help="A day from its start in the tenant's zone, or an instant.")
    ],
    tenant: TenantId = None,
    all_tenants: Annotated[bool, typer.Option("--all", help="Every tenant in the directory.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would do; write nothing.")] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="With --dry-run: each bill beside the one before, greatest change first.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many invoices.")] = None,
    pay_base: PayBase = "http://127.0.0.1:8080",
    as_json: AsJson = False,
) -> None:
    """Bill what is due: an invoice for each subscription and period, whatever ran before."""
    with plain_errors():
        from billing.cli.run import RunChoice, run_tenants

        choice = RunChoice(
            tenant=tenant, all_tenants=all_tenants, as_of=as_of, dry_run=dry_run, limit=limit, compare=compare
        )
        code = run_tenants(choice, directory=directory, pay_base=pay_base, as_json=as_json)
    raise typer.Exit(code)


@app.command(
    short_help="Compute the invoices again and name what does not agree.",
    epilog="\b\nExamples:\n  billing verify --tenant acme-api --dir demo\n"
    "  billing verify --tenant acme-api --dir demo --period 2026-02 --json",
)
def verify(
    *,
    directory: KeptIn,
    tenant: TenantId = None,
    period: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="Only what was billed for this month.")] = None,
    objects: Annotated[bool, typer.Option("--objects/--no-objects", help="Read the PDFs and other files.")] = True,
    events: Annotated[bool, typer.Option("--events/--no-events", help="Add up the raw usage again.")] = True,
    as_json: AsJson = False,
) -> None:
    """Verify the books: every invoice is computed again from the stored facts and compared, to the cent.

    Numbers, periods without a bill, usage, files and the audit log are checked too. Nothing is written. The exit code
    is 1 where something is not as it must be.
    """
    with plain_errors():
        from billing.cli.verify import run_verify

        code = run_verify(
            tenant_id=tenant, directory=directory, period=period, objects=objects, events=events, as_json=as_json
        )
    raise typer.Exit(code)


@invoices_app.command(
    "list", epilog="\b\nExample:\n  billing invoices list --tenant acme-api --dir demo --customer acct-1047"
)
def list_invoices(
    *,
    directory: KeptIn,
    tenant: TenantId = None,
    status: Annotated[InvoiceStatus | None, typer.Option(help="Only these.")] = None,
    customer: OfCustomer = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List invoices in the order of their numbers."""
    with plain_errors():
        from billing.cli.invoices import InvoiceFilter, show_list

        wanted = InvoiceFilter(status=status, customer_id=customer, limit=limit)
        show_list(wanted, tenant_id=tenant, directory=directory, as_json=as_json)


@invoices_app.command(
    "show", epilog="\b\nExample:\n  billing invoices show INV-2026-02-0047 --tenant acme-api --dir demo"
)
def show_invoice(
    *,
    id_or_number: IdOrNumber,
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Show one invoice: lines, taxes, totals, and where its PDF is. With --json, as it is stored."""
    with plain_errors():
        from billing.cli.invoices import show_one

        show_one(id_or_number, tenant_id=tenant, directory=directory, as_json=as_json)


@invoices_app.command(
    "explain", epilog="\b\nExample:\n  billing invoices explain INV-2026-02-0047 --tenant acme-api --dir demo"
)
def explain_invoice(
    *,
    id_or_number: IdOrNumber,
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Explain an invoice or credit note: each line's price, usage, arithmetic and rounding, the taxes, the sums.

    Everything is replayed; the exit code is 1 where something does not come out.
    """
    with plain_errors():
        from billing.cli.explain import show_explained

        code = show_explained(id_or_number, tenant_id=tenant, directory=directory, as_json=as_json)
    raise typer.Exit(code)


@plans_app.command("check", epilog="\b\nExample:\n  billing plans check samples/february-2026/plan.json")
def check_plans(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One plan or a list of plans, as JSON.")],
    as_json: AsJson = False,
) -> None:
    """Check a file of plans and work out a few examples of each price."""
    with plain_errors():
        from billing.cli.plans import check_file

        check_file(file, as_json=as_json)


@app.command()
def version(*, as_json: AsJson = False) -> None:
    """Tell the version."""
    from importlib.metadata import version as version_of

    number = version_of("recurring-billing")
    typer.echo(f'{{"version": "{number}"}}' if as_json else f"billing {number}")


add_sandbox(app)
add_serve(app)
