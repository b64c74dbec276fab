"""What an invoice made by hand stands as right after its issue: open, paid by money that came before, or void."""

from collections.abc import Iterator
from dataclasses import replace

from billing.domain.event import Event
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_events import invoice_events
from billing.domain.invoice_life import voided
from billing.domain.invoice_payment import paid
from billing.domain.payment import Owed, PaymentSource
from billing.domain.settlement import without_collecting
from billing.usecases.call import Call
from billing.usecases.record_payment import NewPayment, booking_records, payment_of
from billing.usecases.run_context import RunContext
from billing.usecases.tell import told
from billing.usecases.use_balance import AtIssue, events_at_issue, with_balances


def stand_at_issue(context: RunContext, invoice: Invoice, status: InvoiceStatus, *, call: Call) -> AtIssue:
    """A numbered invoice as it is to stand, in the one commit that issues it.

    ISSUED uses the customer's credit balance first. PAID has the money that came for it as a payment of its own, and
    VOID is owed by nobody: neither touches the balance.
    """
    match status:
        case InvoiceStatus.PAID if invoice.amount_due:
            return _paid(context, invoice, call=call)
        case InvoiceStatus.VOID:
            return _void(context, invoice, call=call)
        case _:
            return with_balances(context, [invoice])


def payment_in_full(invoice: Invoice, *, call: Call) -> NewPayment:
    """The money that somebody says came for an invoice: all that is due, under an id of the invoice's own."""
    return NewPayment(
        id=f"{invoice.id}.paid",
        amount=invoice.amount_due,
        currency=invoice.currency,
        source=PaymentSource.MANUAL,
        received_at=call.recorded_at,
        customer_id=invoice.customer_id,
        invoice_ids=(invoice.id,),
    )


def _paid(context: RunContext, invoice: Invoice, *, call: Call) -> AtIssue:
    owed = Owed(invoice_id=invoice.id, amount_due=invoice.amount_due)
    payment = payment_of(payment_in_full(invoice, call=call), [owed])
    after = paid(invoice, payment.amount, at=payment.received_at)
    after = replace(after, pending=without_collecting(after.pending))
    happened = events_at_issue([after], [payment], at=call.recorded_at)
    writes = [context.payments.creation(payment), *told(context.documents, happened, call=context.call)]
    return AtIssue(invoices=[after], writes=writes, records=booking_records(payment, (), call=call))


def _void(context: RunContext, invoice: Invoice, *, call: Call) -> AtIssue:
    after = voided(invoice, at=call.recorded_at)
    after = replace(after, pending=without_collecting(after.pending))
    void, status = (f"invoices/{after.id}", "invoice.voided"), invoice.status.value
    record = call.record(*void, before=status, after=after.status.value, reason=f"{after.number}: made as cancelled")
    writes = told(context.documents, _issued_and_void(invoice, after, call=call), call=context.call)
    return AtIssue(invoices=[after], writes=writes, records=[record])


def _issued_and_void(issued: Invoice, void: Invoice, *, call: Call) -> Iterator[Event]:
    yield from invoice_events(None, issued, at=call.recorded_at)
    yield from invoice_events(issued, void, at=call.recorded_at)
