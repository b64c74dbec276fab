"""`billing credit-notes list` and `show`: the credit notes of a tenant, as a list and one by one."""

from itertools import islice

from rich.markup import escape

from billing.cli.directory import object_path, open_place
from billing.cli.place import Place
from billing.cli.run_json import PDF, invoice_amount
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.credit import CreditNote
from billing.domain.figures import amount, plain, unit_price
from billing.store.codec import encode
from billing.store.credit_notes import CreditNotes

_PAGE = 200


def show_list(customer_id: str | None, *, limit: int, place: Place) -> None:
    """Print the first credit notes by number, of one customer or all, and whether there are more."""
    engine, tenant = open_place(place)
    matching = (each for each in CreditNotes.of(engine.documents, tenant.id).all() if _is_of(each, customer_id))
    found = list(islice(matching, limit + 1))
    shown, more = found[:limit], len(found) > limit
    if place.as_json:
        write_json({"tenant_id": tenant.id, "credit_notes": [note_row(each) for each in shown], "more": more})
    else:
        _print_list(shown, more=more)


def show_one(id_or_number: str, *, place: Place) -> None:
    """Print one credit note; NotFound where there is none."""
    engine, tenant = open_place(place)
    note = CreditNotes.of(engine.documents, tenant.id).named(id_or_number).value
    if place.as_json:
        write_json(encode(note))
    else:
        _print(note, place=place)


def note_row(note: CreditNote) -> Json:
    """A credit note in a list, amounts as decimal text."""
    return {
        "id": note.id,
        "number": note.number,
        "customer_id": note.customer_id,
        "invoice_id": note.invoice_id,
        "issued_on": note.issued_on.isoformat(),
        "currency": note.currency,
        "subtotal": invoice_amount(note.subtotal, note.currency),
        "tax": invoice_amount(note.tax, note.currency),
        "total": invoice_amount(note.total, note.currency),
        "reason": note.reason,
        "balance_added": invoice_amount(note.balance_added, note.currency),
        "refunds": [
            {
                "payment_id": each.payment_id,
                "amount": invoice_amount(each.amount, note.currency),
                "refund_to": each.target.value,
            }
            for each in note.refunds
        ],
        "pending": [step.value for step in note.pending],
    }


def _is_of(note: CreditNote, customer_id: str | None) -> bool:
    return customer_id in (None, note.customer_id)


def _print_list(notes: list[CreditNote], *, more: bool) -> None:
    console = answers()
    if not notes:
        console.print("No credit notes.")
        return
    table = columns("bold", "", "", "", "dim", right=(3,))
    table.add_row("Number", "Issued", "Customer", "Total", "Why", style="dim")
    for each in notes:
        total = f"{amount(each.total, each.currency)} {each.currency}"
        why = each.reason or "a bill that came out below zero"
        table.add_row(each.number, f"{each.issued_on}", escape(each.customer_id), total, escape(why))
    console.print(table)
    if more:
        console.print("There are more; see --limit.", style="dim")


def _print(note: CreditNote, *, place: Place) -> None:
    console = answers()
    console.print(f"[bold]Credit note {escape(note.number)}[/]  of {note.issued_on}")
    console.print(f"against {escape(note.invoice_id)} ({escape(note.customer_id)})", soft_wrap=True)
    console.print()
    table = columns("", "", "", "", right=(1, 2, 3))
    table.add_row("Description", "Quantity", "Unit price", "Amount", style="dim")
    for line in note.lines:
        price = unit_price(line.unit_price, note.currency)
        table.add_row(escape(line.description), plain(line.quantity), price, amount(line.amount, note.currency))
    console.print(table)
    console.print()
    totals = columns("", "", "dim", right=(1,))
    totals.add_row("Subtotal", amount(note.subtotal, note.currency))
    for row in note.tax_lines:
        totals.add_row(
            escape(f"{row.name} {plain(row.percent)}%" if row.name else row.note or "No tax"),
            amount(row.tax, note.currency),
        )
    totals.add_row("Total credit", f"[bold]{amount(note.total, note.currency)}[/]", note.currency)
    for each in note.refunds:
        totals.add_row(
            escape(f"to {each.target.value}, of payment {each.payment_id}"), amount(each.amount, note.currency)
        )
    console.print(totals)
    if note.reason:
        console.print(escape(note.reason))
    pdf = next((each.key for each in note.attachments if each.content_type == PDF), None)
    if pdf is not None:
        console.print(f"PDF   {escape(str(object_path(place.directory, pdf)))}", soft_wrap=True)
