"""One invoice on the terminal: parties, lines, taxes, totals, and where its PDF is."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from billing.cli.screen import columns
from billing.domain.figures import amount, plain, unit_price
from billing.domain.invoice import Invoice, InvoiceStatus, LineItem, Party
from billing.domain.period import local_date
from billing.domain.tax import TaxLine


def print_invoice(invoice: Invoice, *, pdf: Path | None, console: Console) -> None:
    """Print it as it was issued."""
    console.print(f"[bold]Invoice {escape(invoice.number or '(draft)')}[/]  {invoice.status.value}")
    console.print()
    console.print(_facts(invoice))
    console.print()
    console.print(_lines(invoice))
    console.print()
    console.print(_totals(invoice))
    for note in invoice.notes:
        console.print(escape(note))
    console.print()
    console.print(f"PDF   {escape(str(pdf)) if pdf else _no_pdf(invoice)}", soft_wrap=True)
    if invoice.payment_url:
        console.print(f"Pay   {escape(invoice.payment_url)}", soft_wrap=True)


def _no_pdf(invoice: Invoice) -> str:
    return "made when it is issued" if invoice.status is InvoiceStatus.DRAFT else "not made yet; the next run makes it"


def _facts(invoice: Invoice) -> Table:
    period = invoice.period
    first, end = local_date(period.start, invoice.zone), local_date(period.end, invoice.zone)
    table = columns("dim", "")
    table.add_row("From", _party(invoice.seller))
    table.add_row("To", f"{_party(invoice.buyer)} ({escape(invoice.customer_id)})")
    table.add_row("Period", f"{first} to {end}, the end not included")
    table.add_row("Issued", f"{invoice.issued_on}, due {invoice.due_on}")
    table.add_row("Subscription", escape(invoice.subscription_id))
    if invoice.buyer_reference:
        table.add_row("Reference", escape(invoice.buyer_reference))
    if invoice.replaces:
        table.add_row("Replaces", escape(invoice.replaces))
    return table


def _party(party: Party) -> str:
    parts = (party.name, party.street, f"{party.postal_code} {party.city}".strip(), party.state, party.country)
    return escape(", ".join(part for part in parts if part))


def _lines(invoice: Invoice) -> Table:
    table = columns("", "", "", "", "dim", right=(1, 2, 3, 4))
    table.add_row("Description", "Quantity", "Unit price", "Amount", "Tax", style="dim")
    for line in invoice.lines:
        figures = (
            plain(line.quantity),
            unit_price(line.unit_price, invoice.currency),
            amount(line.amount, invoice.currency),
        )
        table.add_row(escape(line.description), *figures, _tax_of(line))
    return table


def _tax_of(line: LineItem) -> str:
    return f"{plain(line.tax_percent)}%" + " incl." * line.tax_inclusive


def _totals(invoice: Invoice) -> Table:
    table = columns("", "", "dim", right=(1,))
    table.add_row("Subtotal", amount(invoice.subtotal, invoice.currency))
    for row in invoice.tax_lines:
        table.add_row(escape(_tax_text(row)), amount(row.tax, invoice.currency))
    table.add_row("Total", f"[bold]{amount(invoice.total, invoice.currency)}[/]", invoice.currency)
    if invoice.amount_paid:
        table.add_row("Paid", amount(invoice.amount_paid, invoice.currency))
    if invoice.amount_credited:
        table.add_row("Credited", amount(invoice.amount_credited, invoice.currency))
    if invoice.overpaid:
        table.add_row("Overpaid", amount(invoice.overpaid, invoice.currency))
    table.add_row("To pay", amount(invoice.amount_due, invoice.currency))
    return table


def _tax_text(row: TaxLine) -> str:
    if not row.name:
        return row.note or "No tax"
    place = f"{row.country}-{row.state}" if row.state else row.country
    return f"{row.name} {plain(row.percent)}% ({place})" + f", {row.note}" * bool(row.note)
