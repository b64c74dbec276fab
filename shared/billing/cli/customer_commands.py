"""`billing customers`: what each of these commands takes."""

from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, Limit, TenantId
from billing.cli.place import Place
from billing.domain.customer_preferences import InvoiceDelivery

customers_app = command_group("The accounts: what they have and owe.")


@customers_app.command("list", epilog="\b\nExample:\n  billing customers list --dir demo --limit 10")
def list_customers(
    *,
    directory: KeptIn,
    tenant: TenantId = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List customers by their ids."""
    with plain_errors():
        from billing.cli.customers import show_list

        show_list(limit, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@customers_app.command("show", epilog="\b\nExample:\n  billing customers show acct-1047 --dir demo")
def show_customer(
    *,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER")],
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Show one customer: account, balance, saved method, subscriptions with their next bills, open invoices."""
    with plain_errors():
        from billing.cli.customers import show_one

        show_one(customer, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@customers_app.command(
    "set-delivery", epilog="\b\nExample:\n  billing customers set-delivery acct-1047 portal --dir demo"
)
def set_delivery(
    *,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER")],
    delivery: Annotated[InvoiceDelivery, typer.Argument(help="How the customer wants its invoices.")],
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Say how a customer wants its invoices. With `portal` none is mailed; failed payments and dunning still are."""
    with plain_errors():
        from billing.cli.customer_delivery import set_delivery

        set_delivery(customer, delivery, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@customers_app.command(
    "restore",
    epilog="\b\nExample:\n  billing customers restore acct-1047 --note 'pays by transfer from now on' --dir demo",
)
def restore_service(
    *,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER")],
    note: Annotated[str, typer.Option(help="Why, for the audit log.")],
    directory: KeptIn,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Give a suspended customer its service back by hand; what it owes is chased as before."""
    with plain_errors():
        from billing.cli.customer_service import restore_customer

        restore_customer(customer, note=note, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
