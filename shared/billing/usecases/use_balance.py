"""Issue invoices outside of a run: what the commit does beside, from the customers' credit balances to the events."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.domain.audit import AuditRecord
from billing.domain.credit_balance import use_balances
from billing.domain.event import Event
from billing.domain.invoice import Invoice
from billing.domain.invoice_events import invoice_events
from billing.domain.money import Money
from billing.domain.payment import Payment
from billing.domain.payment_events import payment_events
from billing.ports import Write
from billing.usecases.call import Call
from billing.usecases.run_context import RunContext
from billing.usecases.tell import told


@dataclass(frozen=True, slots=True, kw_only=True)
class AtIssue:
    """Invoices as they stand right after their issue, and what that writes and records beside them in their commit."""

    invoices: Sequence[Invoice]
    writes: Sequence[Write]
    records: Sequence[AuditRecord]


def with_balances(context: RunContext, invoices: Sequence[Invoice]) -> AtIssue:
    """The invoices with what their customers' balances pay of them; the events of both are among the writes."""
    ids = sorted({each.customer_id for each in invoices})
    customers = {each.value.id: each for each in context.customers.get(ids) if each is not None}
    use = use_balances(invoices, {name: each.value.credit_balance for name, each in customers.items()})
    writes: list[Write] = [context.payments.creation(each) for each in use.payments]
    for name, used in use.used.items():
        taken = {"credit_balance": -used}
        writes.append(context.customers.added(name, taken, expected=customers[name].version))
    happened = events_at_issue(use.invoices, use.payments, at=context.call.recorded_at)
    writes += told(context.documents, happened, call=context.call)
    records = [balance_used(each, call=context.call) for each in use.payments]
    return AtIssue(invoices=use.invoices, writes=writes, records=records)


def balance_used(payment: Payment, *, call: Call) -> AuditRecord:
    """What the audit log says of a payment out of a customer's credit balance."""
    reason = f"{Money(payment.amount, payment.currency)} of the credit balance for {payment.reference}"
    return call.record(f"payments/{payment.id}", "payment.recorded", after=payment.status.value, reason=reason)


def events_at_issue(invoices: Iterable[Invoice], payments: Iterable[Payment], *, at: datetime) -> Iterator[Event]:
    """That invoices were issued at a UTC instant, and what credit balances paid of them in the same commit."""
    for invoice in invoices:
        yield from invoice_events(None, invoice, at=at)
    for payment in payments:
        yield from payment_events(None, payment, at=at)
