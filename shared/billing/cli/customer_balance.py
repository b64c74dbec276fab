"""`billing customers balance`: what a customer has and owes, and the money that moved."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table

from billing.cli.credit_note_page import note_row
from billing.cli.directory import open_place
from billing.cli.place import Place
from billing.cli.run_json import invoice_amount
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.credit import CreditNote
from billing.domain.customer import Customer
from billing.domain.errors import NotFound
from billing.domain.figures import amount
from billing.domain.invoice import Invoice
from billing.domain.invoice_payment import is_collectible
from billing.domain.payment import Payment
from billing.store.credit_notes import CreditNotes
from billing.store.customers import Customers
from billing.store.ids import checked_id
from billing.store.invoices import Invoices
from billing.store.payments import Payments


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A customer's open invoices, payments and credit notes, each in the order of time."""

    customer: Customer
    invoices: Sequence[Invoice]
    payments: Sequence[Payment]
    credit_notes: Sequence[CreditNote]

    @property
    def due(self) -> int:
        """What is to be paid on all open invoices, in minor units."""
        return sum(each.amount_due for each in self.invoices)


def show_balance(customer_id: str, *, place: Place) -> None:
    """Print a customer's balance; NotFound where there is no such customer."""
    engine, tenant = open_place(place)
    documents, tenant_id = engine.documents, tenant.id
    [stored] = Customers.of(documents, tenant_id).get([checked_id("customer", customer_id)])
    if stored is None:
        raise NotFound("customer", customer_id)
    payments = [each.value for each in Payments.of(documents, tenant_id).of_customer(customer_id)]
    notes = CreditNotes.of(documents, tenant_id).of_customer(customer_id)
    statement = Statement(
        customer=stored.value,
        invoices=[each for each in Invoices.of(documents, tenant_id).of_customer(customer_id) if is_collectible(each)],
        payments=sorted(payments, key=lambda each: (each.received_at, each.id)),
        credit_notes=sorted(notes, key=lambda each: (each.issued_at, each.number)),
    )
    if place.as_json:
        write_json(_json(statement))
    else:
        _print(statement)


def _json(statement: Statement) -> Json:
    customer = statement.customer
    return {
        "customer_id": customer.id,
        "currency": customer.currency,
        "credit_balance": invoice_amount(customer.credit_balance, customer.currency),
        "amount_due": invoice_amount(statement.due, customer.currency),
        "open_invoices": [_invoice(each) for each in statement.invoices],
        "payments": [_payment(each) for each in statement.payments],
        "credit_notes": [note_row(each) for each in statement.credit_notes],
    }


def _invoice(invoice: Invoice) -> Json:
    return {
        "id": invoice.id,
        "number": invoice.number,
        "status": invoice.status.value,
        "due_on": invoice.due_on.isoformat(),
        "total": invoice_amount(invoice.total, invoice.currency),
        "amount_due": invoice_amount(invoice.amount_due, invoice.currency),
    }


def _payment(payment: Payment) -> Json:
    return {
        "id": payment.id,
        "source": payment.source.value,
        "status": payment.status.value,
        "received_at": payment.received_at.isoformat(),
        "amount": invoice_amount(payment.amount, payment.currency),
        "to_balance": invoice_amount(payment.to_balance, payment.currency),
        "refunded": invoice_amount(payment.refunded, payment.currency),
        "invoice_ids": [each.invoice_id for each in payment.applications],
    }


def _print(statement: Statement) -> None:
    console, customer = answers(), statement.customer
    console.print(f"[bold]{escape(customer.id)}[/]  {escape(customer.party.name)}", soft_wrap=True)
    console.print()
    sums = columns("dim", "", "dim", right=(1,))
    sums.add_row("Credit balance", amount(customer.credit_balance, customer.currency), customer.currency)
    sums.add_row("To pay", amount(statement.due, customer.currency), customer.currency)
    console.print(sums)
    console.print()
    console.print(_movements(statement))


def _movements(statement: Statement) -> Table:
    table = columns("dim", "", "", "", "dim", right=(3,))
    for each in statement.invoices:
        due = amount(each.amount_due, each.currency)
        table.add_row("Open invoice", f"{each.issued_on}", escape(each.number), due, f"due {each.due_on}")
    for payment in statement.payments:
        back = f", {amount(payment.refunded, payment.currency)} given back" if payment.refunded else ""
        total = amount(payment.amount, payment.currency)
        table.add_row(
            "Payment", f"{payment.received_at:%Y-%m-%d}", escape(payment.id), total, f"{payment.status.value}{back}"
        )
    for note in statement.credit_notes:
        total = amount(note.total, note.currency)
        table.add_row("Credit note", f"{note.issued_on}", escape(note.number), total, escape(note.reason))
    return table
