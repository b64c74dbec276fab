"""Book a payment: apply it to invoices, put what is over on the balance, once however often it is reported."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from billing.domain.audit import AuditRecord
from billing.domain.errors import Conflict, InvalidInput, NotFound
from billing.domain.invoice import Invoice, InvoiceStatus, SettlementStep
from billing.domain.invoice_payment import is_open, paid
from billing.domain.money import Money
from billing.domain.open_ends import asked_to_the_end
from billing.domain.payment import Owed, Payment, PaymentSource, apply_in_order
from billing.domain.payment_events import payment_events
from billing.ports import Documents, Write
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.store.payments import Payments
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.invoice_trace import invoice_trace
from billing.usecases.restore_at_once import restore_at_once


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """Money that came in: `amount` minor units, for these invoices in this order (their ids), the rest to the balance.

    `id` is derived from the source, so that the same money has the same id. `customer_id` may be "" where an invoice
    says whose money it is; without invoices all of it goes to the customer's balance. `is_for_any` says that nobody
    named the invoices, they are those that were open: a repeat finds others. `is_receipted` leaves the invoices that it
    is applied to a receipt to be mailed by the next settlement. `attempt` is the number of the charge that it is of,
    0 where it was paid on a hosted page or is other money.
    """

    id: str
    amount: int
    currency: str
    source: PaymentSource
    received_at: datetime
    customer_id: str = ""
    invoice_ids: tuple[str, ...] = ()
    method: str = ""
    reference: str = ""
    gateway_id: str = ""
    note: str = ""
    is_for_any: bool = False
    is_receipted: bool = False
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A booked payment, and its invoices as they stand now; `known` where it was booked before."""

    payment: Payment
    invoices: tuple[Invoice, ...]
    known: bool = False


class OtherPayment(Conflict):
    """Under this id another payment is booked: the same source can't be two sums, nor another customer's money."""

    code: ClassVar[str] = "other_payment"
    retryable: ClassVar[bool] = False

    def __init__(self, booked: Payment, given: NewPayment) -> None:
        self.booked = booked
        self.given = given
        stands, named = Money(booked.amount, booked.currency), Money(given.amount, given.currency)
        message = f"payment {booked.id!r} is booked with {stands}, not {named}"
        if stands == named:
            paid = ", ".join(each.invoice_id for each in booked.applications) or "no invoice"
            whose = f"{booked.customer_id}'s for {paid}"
            message = f"payment {booked.id!r} is booked as {whose}: book other money by another id"
        super().__init__(message)


def record_payment(documents: Documents, new: NewPayment, *, call: Call) -> Recorded:
    """Book a payment and apply it (semantics 8).

    Whatever is over, or comes for an invoice already paid or void, goes to the customer's credit balance: money is
    never lost. What is paid is out of dunning in the same commit, and a service suspended for it is back at once.

    Raises InvalidInput for a draft, another currency or another customer's invoice, NotFound for unknown ids,
    OtherPayment where the id is taken by another sum, by another customer's money, or by money for other invoices than
    those that are named. Called twice it books once.
    """

    def recorded() -> Recorded:
        [known] = Payments.of(documents, call.tenant_id).get([new.id])
        return _book(documents, new, call=call) if known is None else _known(documents, known.value, new, call=call)

    return again_while_others_write(recorded)


def payment_of(new: NewPayment, owed: Sequence[Owed]) -> Payment:
    """The payment, applied to what is owed in that order; what is over goes to the balance."""
    applications, rest = apply_in_order(new.amount, owed)
    return Payment(
        id=new.id,
        customer_id=new.customer_id,
        currency=new.currency,
        amount=new.amount,
        source=new.source,
        received_at=new.received_at,
        applications=applications,
        to_balance=rest,
        method=new.method,
        reference=new.reference,
        gateway_id=new.gateway_id,
        note=new.note,
    )


def booking_records(
    payment: Payment, changes: Sequence[tuple[Invoice, Invoice]], *, call: Call
) -> tuple[AuditRecord, ...]:
    """What the audit log says of a payment that is booked, and of what it changes: invoices before and after."""
    moved = [_moved(payment, before, after, call=call) for before, after in changes]
    return (_booked(payment, call=call), *moved)


def _known(documents: Documents, booked: Payment, new: NewPayment, *, call: Call) -> Recorded:
    is_theirs = new.customer_id in ("", booked.customer_id)
    names_none = new.is_for_any or not new.invoice_ids
    is_for_these = names_none or {each.invoice_id for each in booked.applications} <= {*new.invoice_ids}
    if (booked.amount, booked.currency) != (new.amount, new.currency) or not (is_theirs and is_for_these):
        raise OtherPayment(booked, new)
    found = Invoices.of(documents, call.tenant_id).get([each.invoice_id for each in booked.applications])
    return Recorded(payment=booked, invoices=tuple(each.value for each in found if each), known=True)


def _book(documents: Documents, new: NewPayment, *, call: Call) -> Recorded:
    invoices = _invoices(documents, new, call=call)
    customer_id = _customer_id(documents, new, invoices, call=call)
    owed = [
        Owed(invoice_id=each.value.id, amount_due=each.value.amount_due) for each in invoices if is_open(each.value)
    ]
    payment = payment_of(replace(new, customer_id=customer_id), owed)
    parts = {each.invoice_id: each.amount for each in payment.applications}
    after = [
        _paid(each.value, parts[each.value.id], new=new) if each.value.id in parts else each.value for each in invoices
    ]
    documents.commit(_writes(documents, payment, list(zip(invoices, after, strict=True)), call=call))
    restore_at_once(documents, after, call=call)
    return Recorded(payment=payment, invoices=tuple(after))


def _paid(invoice: Invoice, amount: int, *, new: NewPayment) -> Invoice:
    invoice = paid(invoice, amount, at=new.received_at)
    if new.is_receipted and SettlementStep.DELIVER not in invoice.pending:
        invoice = replace(invoice, pending=(*invoice.pending, SettlementStep.DELIVER))
    return asked_to_the_end(invoice, payment_id=new.gateway_id, attempt=new.attempt)


def _invoices(documents: Documents, new: NewPayment, *, call: Call) -> list[Stored[Invoice]]:
    found = Invoices.of(documents, call.tenant_id).get(list(dict.fromkeys(new.invoice_ids)))
    invoices: list[Stored[Invoice]] = []
    for invoice_id, invoice in zip(dict.fromkeys(new.invoice_ids), found, strict=True):
        if invoice is None:
            raise NotFound("invoice", invoice_id)
        if invoice.value.status is InvoiceStatus.DRAFT:
            raise InvalidInput("invoice_ids", expected="invoices that are issued; approve it first", given=invoice_id)
        if invoice.value.currency != new.currency:
            expected = f"{invoice.value.currency}, as {invoice.value.number} is in"
            raise InvalidInput("currency", expected=expected, given=new.currency)
        invoices.append(invoice)
    return invoices


def _customer_id(documents: Documents, new: NewPayment, invoices: Sequence[Stored[Invoice]], *, call: Call) -> str:
    customers = {each.value.customer_id for each in invoices} | ({new.customer_id} - {""})
    if len(customers) != 1:
        raise InvalidInput("customer_id", expected="one customer, the invoices' own", given=sorted(customers))
    [customer_id] = customers
    [customer] = Customers.of(documents, call.tenant_id).get([customer_id])
    if customer is None:
        raise NotFound("customer", customer_id)
    if customer.value.currency != new.currency:
        raise InvalidInput("currency", expected=f"{customer.value.currency}, the customer's", given=new.currency)
    return customer_id


def _writes(
    documents: Documents,
    payment: Payment,
    invoices: Sequence[tuple[Stored[Invoice], Invoice]],
    *,
    call: Call,
) -> list[Write]:
    repository = Invoices.of(documents, call.tenant_id)
    changed = [(before, after) for before, after in invoices if after is not before.value]
    writes: list[Write] = [Payments.of(documents, call.tenant_id).creation(payment)]
    writes += [repository.collected(before, after) for before, after in changed]
    if payment.to_balance:
        added = {"credit_balance": payment.to_balance}
        writes.append(Customers.of(documents, call.tenant_id).added(payment.customer_id, added))
    changes = [(before.value, after) for before, after in changed]
    happened = payment_events(None, payment, at=call.recorded_at)
    trace = invoice_trace(documents, changes, call=call, beside=happened)
    records = (*booking_records(payment, changes, call=call), *trace.records)
    writes += trace.writes
    audit = AuditLog.of(documents, call.tenant_id)
    return [
        *writes,
        audit.batch(records, batch_id=commit_name("payment", payment.id, "new"), recorded_at=call.recorded_at),
    ]


def _booked(payment: Payment, *, call: Call) -> AuditRecord:
    amount = Money(payment.amount, payment.currency)
    over = f", {Money(payment.to_balance, payment.currency)} to the balance" if payment.to_balance else ""
    reason = f"{amount} by {payment.source.value}{over}"
    return call.record(f"payments/{payment.id}", "payment.recorded", after=payment.status.value, reason=reason)


def _moved(payment: Payment, before: Invoice, after: Invoice, *, call: Call) -> AuditRecord:
    part = Money(after.amount_paid - before.amount_paid, after.currency)
    event = "invoice.paid" if after.status is InvoiceStatus.PAID else "invoice.partly_paid"
    return call.record(
        f"invoices/{after.id}",
        event,
        before=before.status.value,
        after=after.status.value,
        reason=f"{part} of payment {payment.id}",
    )
