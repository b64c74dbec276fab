"""The events of an invoice, found by comparing it as it was with what it has become, whatever changed it.

A card charge, a webhook, a transfer and a credit balance so lead to the same event, once.
"""

from collections.abc import Iterator
from datetime import datetime

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.charging import attempt_of
from billing.domain.event import Event, EventField, EventType, event_of
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.stamp import stamp


def invoice_events(before: Invoice | None, after: Invoice, *, at: datetime) -> Iterator[Event]:
    """What a change at a UTC instant means to others, in the order in which it came; `before` is None for a new one.

    A draft is nobody's business yet. Ids follow from the invoice and from how often it was paid and taken back.
    """
    if after.status is InvoiceStatus.DRAFT:
        return
    old = InvoiceStatus.DRAFT if before is None else before.status
    if old is InvoiceStatus.DRAFT:
        yield _event(EventType.INVOICE_ISSUED, after, at=at, name="issued")
    yield from _tried(before, after, at=at)
    if before is not None and after.amount_credited > before.amount_credited:
        name, amount = f"credited-{after.amount_credited}", after.amount_credited - before.amount_credited
        yield _event(EventType.INVOICE_CREDITED, after, at=at, name=name, amount=amount)
    if after.status is not old and (type_ := _reached(old, after.status)) is not None:
        yield _event(type_, after, at=at, name=f"{after.status.value}{_again(after)}")


def _reached(old: InvoiceStatus, new: InvoiceStatus) -> EventType | None:
    match new:
        case InvoiceStatus.PAID:
            return EventType.INVOICE_PAID
        case InvoiceStatus.VOID:
            return EventType.INVOICE_VOIDED
        case InvoiceStatus.UNCOLLECTIBLE:
            return EventType.INVOICE_WRITTEN_OFF
        case _ if old is InvoiceStatus.PAID:
            return EventType.INVOICE_REOPENED
        case InvoiceStatus.OVERDUE:
            return EventType.INVOICE_OVERDUE
        case _:
            return None


def _again(invoice: Invoice) -> str:
    """Which time it is: money that is taken back of a paid invoice begins a case of its own."""
    case = invoice.dunning
    return "" if case is None else f"/{stamp(case.started_at)}/{case.cause.value}"


def _tried(before: Invoice | None, after: Invoice, *, at: datetime) -> Iterator[Event]:
    for attempt in after.attempts:
        known = None if before is None else attempt_of(before, attempt.number)
        if known is not None and known.status is attempt.status:
            continue
        if attempt.status is AttemptStatus.DECLINED:
            name = f"attempt-{attempt.number}"
            if attempt.payment_id:
                yield _event(EventType.PAYMENT_FAILED, after, at=at, name=name, **_of_attempt(attempt))
            yield _event(EventType.INVOICE_PAYMENT_FAILED, after, at=at, name=name, **_of_attempt(attempt))
        elif attempt.status is AttemptStatus.REQUIRES_ACTION:
            name = f"attempt-{attempt.number}/{stamp(at)}"
            yield _event(EventType.INVOICE_ACTION_REQUIRED, after, at=at, name=name, **_of_attempt(attempt))


def _of_attempt(attempt: PaymentAttempt) -> dict[str, EventField]:
    return {
        "attempt": attempt.number,
        "amount": attempt.amount,
        "code": attempt.code,
        "method": attempt.method,
        "gateway_id": attempt.payment_id,
    }


def _event(type_: EventType, invoice: Invoice, *, at: datetime, name: str, **fields: EventField) -> Event:
    told: dict[str, EventField] = {
        "invoice_number": invoice.number,
        "customer_id": invoice.customer_id,
        "subscription_id": invoice.subscription_id,
        "status": invoice.status.value,
        "currency": invoice.currency,
        "total": invoice.total,
        "amount_paid": invoice.amount_paid,
        "amount_due": invoice.amount_due,
        "due_on": invoice.due_on.isoformat(),
    }
    return event_of(type_, subject=f"invoices/{invoice.id}", occurred_at=at, fields=told | fields, name=name)
