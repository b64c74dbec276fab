"""`billing invoices`: the stored invoices of a tenant, as a list and one by one."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from billing.cli.directory import open_directory, the_tenant
from billing.cli.invoice_page import print_invoice
from billing.cli.run_json import invoice_amount, pdf_path
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.figures import amount
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.store.codec import encode
from billing.store.invoices import Invoices

_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFilter:
    """Which invoices to list; None leaves a condition out."""

    status: InvoiceStatus | None
    customer_id: str | None
    limit: int

    def takes(self, invoice: Invoice) -> bool:
        """Whether the invoice is wanted."""
        return self.status in (None, invoice.status) and self.customer_id in (None, invoice.customer_id)


def show_list(wanted: InvoiceFilter, *, tenant_id: str | None, directory: Path, as_json: bool) -> None:
    """Print the first invoices that are wanted, by number, and whether there are more."""
    engine = open_directory(directory)
    tenant = the_tenant(engine, tenant_id)
    matching = (each for each in Invoices.of(engine.documents, tenant.id).all() if wanted.takes(each))
    found = list(islice(matching, wanted.limit + 1))
    shown, more = found[: wanted.limit], len(found) > wanted.limit
    if as_json:
        rows = [_row(each, directory=directory) for each in shown]
        write_json({"tenant_id": tenant.id, "invoices": rows, "more": more})
    else:
        _print_list(shown, more=more)


def show_one(id_or_number: str, *, tenant_id: str | None, directory: Path, as_json: bool) -> None:
    """Print one invoice; NotFound where there is none."""
    engine = open_directory(directory)
    tenant = the_tenant(engine, tenant_id)
    invoice = Invoices.of(engine.documents, tenant.id).named(id_or_number).value
    if as_json:
        write_json(encode(invoice))
    else:
        print_invoice(invoice, pdf=pdf_path(invoice, directory=directory), console=answers())


def _print_list(invoices: list[Invoice], *, more: bool) -> None:
    console = answers()
    if not invoices:
        console.print("No invoices.")
        return
    table = columns("bold", "", "", "", "", "", "dim", right=(4, 5))
    table.add_row("Number", "Issued", "Due", "Customer", "Total", "To pay", "Status", style="dim")
    for each in invoices:
        total, due = amount(each.total, each.currency), amount(each.amount_due, each.currency)
        dates = f"{each.issued_on}", f"{each.due_on}"
        name = each.number or each.id
        table.add_row(name, *dates, each.customer_id, f"{total} {each.currency}", due, each.status.value)
    console.print(table)
    if more:
        console.print("There are more; see --limit.", style="dim")


def _row(invoice: Invoice, *, directory: Path) -> Json:
    pdf = pdf_path(invoice, directory=directory.resolve())
    return {
        "id": invoice.id,
        "number": invoice.number,
        "status": invoice.status.value,
        "customer_id": invoice.customer_id,
        "subscription_id": invoice.subscription_id,
        "issued_on": invoice.issued_on.isoformat(),
        "due_on": invoice.due_on.isoformat(),
        "currency": invoice.currency,
        "total": invoice_amount(invoice.total, invoice.currency),
        "amount_due": invoice_amount(invoice.amount_due, invoice.currency),
        "overpaid": invoice_amount(invoice.overpaid, invoice.currency),
        "pdf": None if pdf is None else str(pdf),
    }
