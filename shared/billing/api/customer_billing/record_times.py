"""Since when a billing record stands, and when what it shows changed last, as far as its documents say so."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from billing.api.customer_billing.invoice_entries import instant, shown_status
from billing.api.job import Members
from billing.domain.invoice import Invoice
from billing.domain.payment import Payment
from billing.domain.period import local_midnight
from billing.usecases.billing_accounts import BillingAccount

_A_DAY = timedelta(days=1)


def record_times(account: BillingAccount, *, today: date) -> Members:
    """`createdAt` and `updatedAt`. A payment counts from when it was received; the audit log is not read for it."""
    since = account.since
    changes = [each for each in _changes(account, today=today) if each is not None]
    return {
        "createdAt": None if since is None else instant(since),
        "updatedAt": instant(max(changes)) if changes else None,
    }


def _changes(account: BillingAccount, *, today: date) -> Iterator[datetime | None]:
    customer = account.customer
    yield account.since
    yield None if customer.preferences is None else customer.preferences.updated_at
    yield customer.suspended_at
    yield from (each.end for each in customer.suspensions)
    yield None if account.service is None else account.service.changed_at
    for invoice in account.invoices:
        yield from _changes_of_invoice(invoice, today=today)
    for payment in account.payments:
        yield from _changes_of_payment(payment)


def _changes_of_invoice(invoice: Invoice, *, today: date) -> Iterator[datetime | None]:
    yield invoice.issued_at
    yield invoice.paid_at
    if shown_status(invoice, today=today) == "overdue":
        yield local_midnight(invoice.due_on + _A_DAY, invoice.zone)
    if invoice.dunning is not None:
        yield from (each.at for each in invoice.dunning.history)


def _changes_of_payment(payment: Payment) -> Iterator[datetime]:
    yield payment.received_at
    yield from (each.refunded_at for each in payment.refunds)
