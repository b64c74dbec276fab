"""`billing credit-notes issue`: credit an invoice and say what became of the money."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal

from billing.cli.confirmation import confirm
from billing.cli.credit_note_page import note_row
from billing.cli.directory import call_on, open_place
from billing.cli.errors import DONE, HAD_FAILURES, Refused
from billing.cli.place import Place
from billing.cli.screen import answers, complaints, write_json
from billing.domain.credit import CreditNote
from billing.domain.credit_request import AmountCredit, CreditRequest, LineCredit, LinesCredit, WholeCredit
from billing.domain.currency import exponent
from billing.domain.figures import amount
from billing.domain.invoice import Invoice
from billing.domain.money import parse_decimal, to_minor
from billing.domain.payment import RefundTarget
from billing.store.credit_notes import CreditNotes
from billing.store.invoices import Invoices
from billing.usecases.issue_credit_note import issue_credit_note


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked on the command line: one of `whole`, `amount` and `lines`, as text."""

    whole: bool
    amount: str | None
    lines: tuple[str, ...]
    reason: str
    refund_to: RefundTarget | None
    key: str | None
    yes: bool

    @property
    def default_key(self) -> str:
        """The same for the same request, so that it is done once."""
        said = "\n".join((str(self.whole), self.amount or "", *self.lines, self.reason))
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def run_issue(id_or_number: str, asked: Asked, *, place: Place) -> int:
    """Issue a credit note, settle it and print its number; the exit code."""
    if [asked.whole, asked.amount is not None, bool(asked.lines)].count(True) != 1:
        message = "how much? Use one of --whole, --amount and --line"
        raise Refused(message)
    engine, tenant = open_place(place)
    invoice = Invoices.of(engine.documents, tenant.id).named(id_or_number).value
    request = CreditRequest(
        key=asked.key or asked.default_key,
        what=_what(asked, currency=invoice.currency),
        reason=asked.reason,
        refund_to=asked.refund_to,
    )
    confirm(f"Credit {id_or_number}? A credit note can't be taken back.", yes=asked.yes)
    call = call_on(tenant)
    issued = issue_credit_note(engine.documents, invoice.id, request, call=call)
    settled = engine.settle_credit_notes(tenant, [issued.credit_note])
    invoice = Invoices.of(engine.documents, tenant.id).named(invoice.id).value
    note = CreditNotes.of(engine.documents, tenant.id).named(issued.credit_note.value.id).value
    if place.as_json:
        errors = [{"code": each.code, "message": each.message} for each in settled.failures]
        due = {"invoice_number": invoice.number, "amount_due": amount(invoice.amount_due, invoice.currency)}
        write_json({**note_row(note), **due, "known": issued.known, "errors": errors})
    else:
        _print(note, invoice, known=issued.known)
        for each in settled.failures:
            complaints().print(f"{each.invoice_id}: {each.message} ({each.code})", style="red", markup=False)
    return HAD_FAILURES if settled.failures else DONE


def _what(asked: Asked, *, currency: str) -> WholeCredit | LinesCredit | AmountCredit:
    if asked.amount is not None:
        return AmountCredit(amount=_minor(asked.amount, currency, option="--amount"))
    if asked.lines:
        return LinesCredit(lines=tuple(_line(each, currency=currency) for each in asked.lines))
    return WholeCredit()


def _line(text: str, *, currency: str) -> LineCredit:
    line_id, is_part, part = text.partition("=")
    if not is_part:
        return LineCredit(line_id=line_id)
    if part.startswith("x"):
        return LineCredit(line_id=line_id, quantity=parse_decimal(part[1:], field="--line", min=Decimal(0)))
    return LineCredit(line_id=line_id, amount=_minor(part, currency, option="--line"))


def _minor(text: str, currency: str, *, option: str) -> int:
    return to_minor(parse_decimal(text, field=option, max_places=exponent(currency)), currency)


def _print(note: CreditNote, invoice: Invoice, *, known: bool) -> None:
    console = answers()
    total = f"{amount(note.total, note.currency)} {note.currency}"
    verb = "Issued before:" if known else "Issued"
    due = f"{amount(invoice.amount_due, invoice.currency)} {invoice.currency}"
    console.print(f"{verb} {note.number} over {total} against {invoice.number}, of which {due} is due.", markup=False)
    for each in note.refunds:
        where = "the payment method" if each.target is RefundTarget.METHOD else "the credit balance"
        console.print(f"{amount(each.amount, note.currency)} {note.currency} of payment {each.payment_id} to {where}")
