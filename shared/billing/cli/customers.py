"""`billing customers`: the accounts of a tenant, as a list and one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from rich.console import Console
from rich.markup import escape

from billing.cli.directory import open_place
from billing.cli.place import Place
from billing.cli.run_json import invoice_amount
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.customer import Customer
from billing.domain.errors import NotFound
from billing.domain.figures import amount
from billing.domain.invoice import Invoice, Party
from billing.domain.invoice_payment import is_collectible
from billing.domain.period import local_date
from billing.domain.subscription import Subscription
from billing.store.customers import Customers
from billing.store.ids import checked_id
from billing.store.invoices import Invoices
from billing.store.subscriptions import Subscriptions

_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer with what it has and owes."""

    customer: Customer
    subscriptions: Sequence[Subscription]
    open_invoices: Sequence[Invoice]


def show_list(limit: int, *, place: Place) -> None:
    """Print the first customers by id, and whether there are more."""
    engine, tenant = open_place(place)
    found = list(islice(Customers.of(engine.documents, tenant.id).all(), limit + 1))
    shown, more = found[:limit], len(found) > limit
    if place.as_json:
        write_json({"tenant_id": tenant.id, "customers": [_row(each) for each in shown], "more": more})
    else:
        _print_list(shown, more=more)


def show_one(customer_id: str, *, place: Place) -> None:
    """Print one customer; NotFound where there is none."""
    engine, tenant = open_place(place)
    documents, tenant_id = engine.documents, tenant.id
    [stored] = Customers.of(documents, tenant_id).get([checked_id("customer", customer_id)])
    if stored is None:
        raise NotFound("customer", customer_id)
    invoices = Invoices.of(documents, tenant_id).of_customer(customer_id)
    account = Account(
        customer=stored.value,
        subscriptions=[each.value for each in Subscriptions.of(documents, tenant_id).of_customer(customer_id)],
        open_invoices=[each for each in invoices if is_collectible(each)],
    )
    if place.as_json:
        write_json(_account_json(account))
    else:
        _print(account, console=answers())


def _print_list(customers: Sequence[Customer], *, more: bool) -> None:
    console = answers()
    table = columns("bold", "", "", "", "", "", right=(3, 4))
    table.add_row("Customer", "Name", "Pays by", "Subscriptions", "Balance", "Saved method", style="dim")
    for each in customers:
        balance = f"{amount(each.credit_balance, each.currency)} {each.currency}"
        name, method = escape(each.party.name), escape(each.payment_method)
        table.add_row(each.id, name, _pays_by(each), str(each.active_subscriptions), balance, method)
    console.print(table)
    if more:
        console.print("There are more; see --limit.", style="dim")


def _print(account: Account, *, console: Console) -> None:
    customer = account.customer
    console.print(f"[bold]{customer.id}[/]  {escape(customer.party.name)}", soft_wrap=True)
    console.print()
    table = columns("dim", "")
    table.add_row("Address", escape(_address(customer.party)))
    for name, text in (("E-mail", customer.party.email), ("Tax id", customer.party.tax_id)):
        if text:
            table.add_row(name, escape(text))
    table.add_row("Pays by", _pays_by(customer))
    table.add_row("Invoices by", customer.invoice_delivery.value)
    table.add_row("Saved method", escape(customer.payment_method) or "none")
    table.add_row("Balance", f"{amount(customer.credit_balance, customer.currency)} {customer.currency}")
    for subscription in account.subscriptions:
        table.add_row("Subscription", f"{subscription.id}  {_plan(subscription)}, {_next_bill(subscription)}")
    for each in account.open_invoices:
        due = f"{amount(each.amount_due, each.currency)} {each.currency}"
        table.add_row("Open invoice", f"{each.number}  {due}, due {each.due_on}  {each.status.value}")
    if not account.open_invoices:
        table.add_row("Open invoices", "none")
    console.print(table)


def _address(party: Party) -> str:
    town = " ".join(part for part in (party.postal_code, party.city) if part)
    return ", ".join(part for part in (party.street, town, party.state, party.country) if part)


def _pays_by(customer: Customer) -> str:
    return customer.collection_method.value


def _plan(subscription: Subscription) -> str:
    return escape(subscription.phases[-1].plan)


def _next_bill(subscription: Subscription) -> str:
    due = subscription.next_billing_at
    return subscription.status.value if due is None else f"next bill {local_date(due, zone=subscription.zone)}"


def _account_json(account: Account) -> Json:
    return {
        **_row(account.customer),
        "email": account.customer.party.email,
        "address": _address(account.customer.party),
        "tax_id": account.customer.party.tax_id,
        "subscriptions": [
            {
                "id": each.id,
                "plan": each.phases[-1].plan,
                "status": each.status.value,
                "next_bill": _instant(each.next_billing_at),
            }
            for each in account.subscriptions
        ],
        "open_invoices": [
            {
                "id": each.id,
                "number": each.number,
                "status": each.status.value,
                "due_on": each.due_on.isoformat(),
                "currency": each.currency,
                "total": invoice_amount(each.total, each.currency),
                "amount_due": invoice_amount(each.amount_due, each.currency),
            }
            for each in account.open_invoices
        ],
    }


def _row(customer: Customer) -> Json:
    return {
        "customer_id": customer.id,
        "name": customer.party.name,
        "currency": customer.currency,
        "collection_method": customer.collection_method.value,
        "invoice_delivery": customer.invoice_delivery.value,
        "active_subscriptions": customer.active_subscriptions,
        "credit_balance": invoice_amount(customer.credit_balance, customer.currency),
        "payment_method": customer.payment_method,
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
