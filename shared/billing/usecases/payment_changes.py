"""One change of a booked payment and what moves with it, in one commit that loses to any other change in between."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from billing.domain.errors import NotFound
from billing.domain.invoice import Invoice
from billing.domain.invoice_payment import put_back, taken_back
from billing.domain.money import Money
from billing.domain.payment import Application, Payment
from billing.ports import Documents, Write, WriteConflict
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.store.payments import Payments
from billing.usecases.call import Call

_ATTEMPTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentChange:
    """What becomes of a payment. `taken` are minor units that its invoices lose; "" names the credit balance.

    `given` are those that come back to them, as a refund failed.
    `to_balance` is what the balance gets; `event`, `reason` and the change's own `name` go into the audit log.
    """

    after: Payment
    name: str
    event: str
    reason: str
    taken: Sequence[Application] = ()
    given: Sequence[Application] = ()
    to_balance: int = 0


def change_payment(
    documents: Documents,
    payment_id: str,
    decide: Callable[[Payment], PaymentChange | None],
    *,
    call: Call,
) -> Payment:
    """Read the payment, decide on it and write; again where somebody was quicker. None leaves it as it is.

    Raises NotFound, whatever `decide` raises, and WriteConflict where somebody is quicker time and again.
    """
    payments = Payments.of(documents, call.tenant_id)
    for attempt in range(1, _ATTEMPTS + 1):
        [stored] = payments.get([payment_id])
        if stored is None:
            raise NotFound("payment", payment_id)
        change = decide(stored.value)
        if change is None:
            return stored.value
        try:
            documents.commit(_writes(documents, stored, change, call=call))
        except WriteConflict:
            if attempt == _ATTEMPTS:
                raise
            continue
        return change.after
    raise AssertionError  # the last attempt returned or raised


def _writes(documents: Documents, before: Stored[Payment], change: PaymentChange, *, call: Call) -> list[Write]:
    payment, writes = change.after, list[Write]()
    writes.append(Payments.of(documents, call.tenant_id).changed(before, payment))
    entity, status = f"payments/{payment.id}", payment.status.value
    records = [call.record(entity, change.event, before=before.value.status.value, after=status, reason=change.reason)]
    for invoice, part, after in _invoices(documents, change, call=call):
        writes.append(Invoices.of(documents, call.tenant_id).money_moved(invoice, after))
        reason = f"{Money(abs(part), payment.currency)} of payment {payment.id}"
        records.append(
            call.record(
                f"invoices/{after.id}",
                "invoice.payment_taken_back" if part < 0 else "invoice.payment_put_back",
                before=invoice.value.status.value,
                after=after.status.value,
                reason=reason,
            )
        )
    back = sum(each.amount for each in change.given if not each.invoice_id)
    balance = change.to_balance + back - sum(each.amount for each in change.taken if not each.invoice_id)
    if balance:
        writes.append(Customers.of(documents, call.tenant_id).added(payment.customer_id, {"credit_balance": balance}))
    batch_id = f"payment-{payment.id}-{change.name}"
    return [
        *writes,
        AuditLog.of(documents, call.tenant_id).batch(records, batch_id=batch_id, recorded_at=call.recorded_at),
    ]


def _invoices(documents: Documents, change: PaymentChange, *, call: Call) -> list[tuple[Stored[Invoice], int, Invoice]]:
    """Each invoice as it was read, by how many minor units its paid amount changes, and the invoice after it."""
    parts = [(each.invoice_id, -each.amount) for each in change.taken if each.invoice_id]
    parts += [(each.invoice_id, each.amount) for each in change.given if each.invoice_id]
    found = Invoices.of(documents, call.tenant_id).get([invoice_id for invoice_id, _ in parts])
    changes: list[tuple[Stored[Invoice], int, Invoice]] = []
    for (invoice_id, part), invoice in zip(parts, found, strict=True):
        if invoice is None:
            raise NotFound("invoice", invoice_id)
        before = invoice.value
        after = (taken_back if part < 0 else put_back)(before, abs(part), at=call.recorded_at)
        changes.append((invoice, part, after))
    return changes
