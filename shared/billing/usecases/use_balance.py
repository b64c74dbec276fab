"""Issue invoices outside of a run: what the commit does beside, from the customers' credit balances to the events."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from billing.domain.credit_balance import use_balances
from billing.domain.event import Event
from billing.domain.invoice import Invoice
from billing.domain.invoice_events import invoice_events
from billing.domain.payment import Payment
from billing.domain.payment_events import payment_events
from billing.ports import Write
from billing.usecases.run_context import RunContext
from billing.usecases.tell import told


def with_balances(context: RunContext, invoices: Sequence[Invoice]) -> tuple[Sequence[Invoice], list[Write]]:
    """The invoices with what their customers' balances pay of them, and the writes that this takes in their commit.

    Among these are the events that tell of both.
    """
    ids = sorted({each.customer_id for each in invoices})
    customers = {each.value.id: each for each in context.customers.get(ids) if each is not None}
    use = use_balances(invoices, {name: each.value.credit_balance for name, each in customers.items()})
    writes: list[Write] = [context.payments.creation(each) for each in use.payments]
    for name, used in use.used.items():
        taken = {"credit_balance": -used}
        writes.append(context.customers.added(name, taken, expected=customers[name].version))
    happened = events_at_issue(use.invoices, use.payments, at=context.call.recorded_at)
    writes += told(context.documents, happened, call=context.call)
    return use.invoices, writes


def events_at_issue(invoices: Iterable[Invoice], payments: Iterable[Payment], *, at: datetime) -> Iterator[Event]:
    """That invoices were issued at a UTC instant, and what credit balances paid of them in the same commit."""
    for invoice in invoices:
        yield from invoice_events(None, invoice, at=at)
    for payment in payments:
        yield from payment_events(None, payment, at=at)
