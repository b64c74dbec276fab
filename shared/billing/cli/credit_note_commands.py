"""`billing credit-notes`: what each of these commands takes."""

from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, IdOrNumber, KeptIn, Limit, OfCustomer, TenantId, Yes
from billing.cli.place import Place
from billing.domain.payment import RefundTarget

credit_notes_app = command_group("Credit issued invoices, and look at credit notes.")


@credit_notes_app.command(
    "issue",
    epilog="\b\nExamples:\n  billing credit-notes issue INV-2026-02-0047 --whole --reason outage --yes --dir demo\n"
    "  billing credit-notes issue INV-2026-02-0047 --amount 20.00 --reason goodwill --yes --dir demo\n"
    "  billing credit-notes issue INV-2026-02-0047 --line support:20260201T000000Z:flat=49.50 --reason late --yes "
    "--dir demo",
)
def issue_credit_note(  # noqa: PLR0913 - each is an option of the command
    *,
    invoice: Annotated[str, typer.Argument(metavar="ID_OR_NUMBER", help="The invoice.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; it stands on the credit note.")],
    directory: KeptIn,
    whole: Annotated[bool, typer.Option("--whole", help="All that is left of the invoice.")] = False,
    amount: Annotated[str | None, typer.Option(metavar="AMOUNT", help="So much of it, taxes included.")] = None,
    line: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID[=AMOUNT|=xQUANTITY]",
            help="What is left of a line, an amount of it as the line's own, or some of its units. May be repeated.",
        ),
    ] = None,
    refund_to: Annotated[
        RefundTarget | None,
        typer.Option(help="Where money goes that was paid. Default: its method where it can, else the balance."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="Makes the credit one, however often it is asked for. Default: what is asked."
        ),
    ] = None,
    tenant: TenantId = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Credit an issued invoice, once: it lowers what is due first, and what was paid beyond that goes back."""
    with plain_errors():
        from billing.cli.credit_notes import Asked, run_issue

        asked = Asked(
            whole=whole, amount=amount, lines=tuple(line or ()), reason=reason, refund_to=refund_to, key=key, yes=yes
        )
        code = run_issue(invoice, asked, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
    raise typer.Exit(code)


@credit_notes_app.command("list", epilog="\b\nExample:\n  billing credit-notes list --customer acct-1047 --dir demo")
def list_credit_notes(
    *,
    directory: KeptIn,
    tenant: TenantId = None,
    customer: OfCustomer = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List credit notes in the order of their numbers."""
    with plain_errors():
        from billing.cli.credit_note_page import show_list

        show_list(customer, limit=limit, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@credit_notes_app.command("show", epilog="\b\nExample:\n  billing credit-notes show CN-2026-02-0001 --dir demo")
def show_credit_note(
    *,
    id_or_number: IdOrNumber,
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Show one credit note: what it credits, the taxes, and where the money goes. With --json, as it is stored."""
    with plain_errors():
        from billing.cli.credit_note_page import show_one

        show_one(id_or_number, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


def add_balance_to(customers_app: typer.Typer) -> None:
    """Add `billing customers balance` to the commands on customers."""

    @customers_app.command("balance", epilog="\b\nExample:\n  billing customers balance acct-1047 --dir demo")
    def balance(
        *,
        customer: Annotated[str, typer.Argument(metavar="CUSTOMER")],
        directory: KeptIn,
        tenant: TenantId = None,
        as_json: AsJson = False,
    ) -> None:
        """Show what a customer has and owes: credit balance, open invoices, payments and credit notes."""
        with plain_errors():
            from billing.cli.customer_balance import show_balance

            show_balance(customer, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
