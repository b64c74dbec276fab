"""Bills to come on the terminal and as JSON, and a credit note in one line."""

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from billing.cli.credit_note_page import note_row
from billing.cli.preview import preview_json
from billing.cli.screen import Json, answers, columns
from billing.domain.credit import CreditNote
from billing.domain.figures import amount, plain, unit_price
from billing.domain.invoice import Invoice
from billing.domain.payment import RefundTarget
from billing.domain.period import local_date
from billing.usecases.preview_invoice import Preview


def print_bills(title: str, bills: Sequence[Preview], *, zone: str) -> None:
    """Print bills to come under a title, each with its day, its lines and its total."""
    console = answers()
    console.print()
    console.print(f"[bold]{escape(title)}[/]")
    if not bills:
        console.print("  none")
    for bill in bills:
        day = local_date(bill.bill_for_date, zone=zone)
        if isinstance(bill.outcome, str):
            console.print(f"  {day}  no invoice: {bill.outcome.replace('_', ' ')}", markup=False)
            continue
        kind = "invoice" if isinstance(bill.outcome, Invoice) else "credit note, onto the balance"
        console.print(f"  {day}  {kind}", markup=False)
        console.print(Padding(_lines(bill.outcome), (0, 0, 0, 4), expand=False))


def bills_json(bills: Sequence[Preview], *, directory: Path) -> list[Json]:
    """The same as JSON, each as `billing invoices preview` shows it."""
    return [preview_json(each, directory=directory) for each in bills]


def note_json(note: CreditNote) -> Json:
    """A credit note as `billing credit-notes list` shows it; its number is "" while it is not issued."""
    return dict(note_row(note))


def note_words(note: CreditNote) -> str:
    """What it gives back and where to, in a line."""
    said = f"credit note {note.number} over {amount(note.total, note.currency)} {note.currency}"
    parts = [
        f"{amount(each.amount, note.currency)} to "
        f"{'the payment method' if each.target is RefundTarget.METHOD else 'the credit balance'}"
        for each in note.refunds
    ]
    off = note.total - sum(each.amount for each in note.refunds)
    if off:
        parts.insert(0, f"{amount(off, note.currency)} off what is due")
    return f"{said}: {', '.join(parts)}"


def _lines(document: Invoice | CreditNote) -> Table:
    table = columns("", "", "", "", right=(1, 2, 3))
    currency = document.currency
    for line in document.lines:
        price = unit_price(line.unit_price, currency)
        table.add_row(escape(line.description), plain(line.quantity), price, amount(line.amount, currency))
    if document.tax:
        table.add_row("Tax", "", "", amount(document.tax, currency))
    table.add_row("Total", "", currency, amount(document.total, currency), style="bold")
    return table
