"""`billing invoices approve`, `reject`, `void`, `write-off`, `reissue`, `send`: what a person does with single ones."""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from rich.markup import escape

from billing.adapters.book_files.cell_types import checked_email
from billing.cli.confirmation import confirm
from billing.cli.credit_note_page import note_row
from billing.cli.directory import call_on, open_call, open_place
from billing.cli.errors import DONE, HAD_FAILURES, Refused
from billing.cli.local_gateway import LocalStripe, taking_cards
from billing.cli.place import Place
from billing.cli.run_json import invoice_amount, summary_json
from billing.cli.screen import Json, answers, complaints, write_json
from billing.domain.customer import Customer
from billing.domain.errors import InvalidInput, Unavailable
from billing.domain.invoice import Invoice, SettlementStep
from billing.domain.run_report import InvoiceSummary, Settled, summary_of
from billing.store.codec import encode
from billing.store.collection import Stored
from billing.store.subscriptions import Subscriptions
from billing.usecases.approve_invoices import ApprovalReport, approve_invoices
from billing.usecases.reissue_invoice import CreditedInstead, reissue_invoice
from billing.usecases.reject_invoice import reject_invoice
from billing.usecases.send_invoice import Sending, send_invoice
from billing.usecases.void_invoice import void_invoice
from billing.usecases.write_off_invoice import write_off_invoice


def run_approve(invoice_ids: Sequence[str], *, all_open: bool, yes: bool, place: Place) -> int:
    """Issue held invoices and print their numbers; the exit code."""
    if all_open == bool(invoice_ids):
        message = "name the invoices to approve, or use --all; `billing reviews list` shows what waits"
        raise Refused(message)
    engine, _, call = open_call(place)
    if all_open:
        confirm("Issue everything that waits? It can't be taken back.", yes=yes)
    options = engine.run_options(call.tenant_id)
    report = approve_invoices(engine.documents, None if all_open else invoice_ids, call=call, options=options)
    if place.as_json:
        write_json(_approval_json(report, tenant_id=call.tenant_id))
    else:
        _print_approval(report)
    return HAD_FAILURES if report.failures or report.settled.failures else DONE


def run_reject(invoice_id: str, *, note: str, place: Place) -> None:
    """Take a held invoice back and say so."""
    engine, _, call = open_call(place)
    review = reject_invoice(engine.documents, invoice_id, note=note, call=call)
    if place.as_json:
        write_json({**encode(review), "invoice_id": review.invoice_id})
    else:
        subscription_id = review.invoice_id.rsplit(".", 2)[0]
        is_gone = Subscriptions.of(engine.documents, call.tenant_id).get([subscription_id]) == [None]
        follows = "nothing of it is left" if is_gone else "the next run bills its cycle anew"
        answers().print(f"Rejected {escape(review.invoice_id)}; {follows}.", soft_wrap=True)


def run_void(id_or_number: str, *, reason: str, yes: bool, stripe: LocalStripe, place: Place) -> int:
    """Make an invoice void, close what it could still be paid by, and say so; the exit code."""
    engine, tenant = open_place(place)
    confirm(f"Make {id_or_number} void? It can't be taken back.", yes=yes)

    def settle(invoices: Sequence[Stored[Invoice]], customers: Mapping[str, Customer]) -> Settled:
        try:
            with taking_cards(engine, tenant=tenant, directory=place.directory, stripe=stripe) as charging:
                return charging.run_options(tenant.id).settle(invoices, customers)
        except Unavailable:  # it stays pending, which is told
            return Settled()

    invoice = void_invoice(engine.documents, id_or_number, reason=reason, call=call_on(tenant), settle=settle)
    is_closed = SettlementStep.COLLECT not in invoice.pending
    if place.as_json:
        write_json({**_invoice_json(invoice), "pending": [each.value for each in invoice.pending]})
    else:
        answers().print(f"{invoice.number} is void; `billing invoices reissue {invoice.number}` invoices it again.")
    if not is_closed:
        told = "it may still be paid, on a page or by a charge under way: the next run asks, and what comes is credit"
        complaints().print(f"{invoice.number}: {told}", style="red", markup=False)
    return DONE if is_closed else HAD_FAILURES


def run_write_off(id_or_number: str, *, reason: str, yes: bool, place: Place) -> None:
    """Write an invoice off and say so."""
    engine, _, call = open_call(place)
    confirm(f"Write {id_or_number} off? It can't be taken back.", yes=yes)
    invoice = write_off_invoice(engine.documents, id_or_number, reason=reason, call=call)
    due = invoice_amount(invoice.amount_due, invoice.currency)
    if place.as_json:
        write_json({**_invoice_json(invoice), "amount_due": due})
    else:
        told = f"{invoice.number} is written off: {due} {invoice.currency} is not asked for any more."
        answers().print(f"{told} Money that comes for it is still booked.", soft_wrap=True)


def run_reissue(id_or_number: str, *, place: Place) -> int:
    """Issue the next revision of a void invoice, or the credit note that it comes to, and tell it; the exit code."""
    engine, tenant = open_place(place)
    options = engine.run_options(tenant.id)
    issued = reissue_invoice(engine.documents, id_or_number, call=call_on(tenant), payment_url=options.payment_url)
    if isinstance(issued, CreditedInstead):
        note, settled = issued.credit_note.value, engine.settle_credit_notes(tenant, [issued.credit_note])
        told = f"Issued credit note {_shown(summary_of(note))}, in place of {issued.replaces}: it is on the balance."
        row: Json = {"credit_note": note_row(note), "replaces": issued.replaces}
    else:
        settled = options.settle([issued], {})
        told = f"Issued {_shown(summary_of(issued.value))}, in place of {issued.value.replaces}."
        row = _invoice_json(issued.value)
    if place.as_json:
        write_json({**row, "errors": unsettled_json(settled)})
    else:
        answers().print(told, markup=False)
        complain(settled)
    return HAD_FAILURES if settled.failures else DONE


def run_send(id_or_number: str, *, to: str | None, place: Place) -> None:
    """Mail an invoice once more and say where to."""
    engine, tenant, call = open_call(place)
    sending = Sending(id=uuid4().hex, claim_id=uuid4().hex, to="" if to is None else _address(to))
    mailing = engine.mailing(tenant)
    sent = send_invoice(engine.documents, id_or_number, sending, objects=engine.objects, mailing=mailing, call=call)
    if place.as_json:
        write_json({**_invoice_json(sent.invoice), "to": sent.to, "message_id": sent.message_id})
    else:
        answers().print(f"Sent {sent.invoice.number} to {sent.to}.", markup=False)


def _address(text: str) -> str:
    try:
        return checked_email(text)
    except InvalidInput as error:
        raise InvalidInput("--to", expected=error.expected, given=error.given) from None


def _approval_json(report: ApprovalReport, *, tenant_id: str) -> Json:
    errors: list[Json] = [
        {"invoice_id": each.invoice_id, "code": each.error.code, "message": str(each.error)} for each in report.failures
    ]
    return {
        "tenant_id": tenant_id,
        "approved": [summary_json(each) for each in report.approved],
        "unchanged": report.unchanged,
        "settled": len(report.settled.done),
        "errors": errors + unsettled_json(report.settled),
    }


def unsettled_json(settled: Settled) -> list[Json]:
    """What could not be settled, as JSON."""
    return [{"invoice_id": each.invoice_id, "code": each.code, "message": each.message} for each in settled.failures]


def _invoice_json(invoice: Invoice) -> Json:
    dates = {"issued_on": invoice.issued_on.isoformat(), "due_on": invoice.due_on.isoformat()}
    return {**summary_json(summary_of(invoice)), "status": invoice.status.value, "replaces": invoice.replaces, **dates}


def _print_approval(report: ApprovalReport) -> None:
    console = answers()
    for each in report.approved:
        console.print(f"Issued {_shown(each)}", markup=False)
    for invoice_id in report.unchanged:
        console.print(f"{invoice_id} was issued before", markup=False)
    if not (report.approved or report.unchanged or report.failures):
        console.print("Nothing waits.")
    for failure in report.failures:
        complaints().print(f"{failure.invoice_id}: {failure.error}", style="red", markup=False)
    complain(report.settled)


def complain(settled: Settled) -> None:
    """Say on stderr what could not be settled."""
    for each in settled.failures:
        complaints().print(f"{each.invoice_id}: {each.message} ({each.code})", style="red", markup=False)


def _shown(invoice: InvoiceSummary) -> str:
    total = f"{invoice_amount(invoice.total, invoice.currency)} {invoice.currency}"
    return f"{invoice.number}  {invoice.customer_id}  {total}"
