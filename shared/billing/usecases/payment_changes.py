"""One change of a booked payment and what moves with it, in one commit that loses to any other change in between."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from billing.domain.audit import AuditRecord
from billing.domain.customer import Customer
from billing.domain.errors import NotFound
from billing.domain.invoice import Invoice
from billing.domain.invoice_payment import is_open, paid, taken_back
from billing.domain.money import Money
from billing.domain.open_ends import asked_to_the_end
from billing.domain.payment import Application, Payment, PaymentStatus, Refund, RefundState, RefundTarget
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
class PaymentChange:
    """What becomes of a payment. `taken` are minor units that its invoices lose; "" names the credit balance.

    `given` are refunds whose money comes back to where it was, as they failed. What is not owed there any more goes to
    the credit balance, written down as a refund of that part.
    `cases` is what becomes of the dunning cases of the invoices that it was applied to (None: nothing).
    `to_balance` is what the balance gets, `customer` whose version must be unchanged (None: whatever it is by then), as
    something was decided by its balance; `event` and `reason` go into the audit log.
    """

    after: Payment
    event: str
    reason: str
    taken: Sequence[Application] = ()
    given: Sequence[Refund] = ()
    to_balance: int = 0
    customer: Stored[Customer] | None = None
    cases: Callable[[Invoice], Invoice] | None = None


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

    def changed() -> tuple[Payment, list[_Moved]]:
        [stored] = payments.get([payment_id])
        if stored is None:
            raise NotFound("payment", payment_id)
        change = decide(stored.value)
        if change is None:
            return stored.value, []
        change, moved = _invoices(documents, change, call=call)
        documents.commit(_writes(documents, stored, change, moved, call=call))
        return change.after, moved

    after, moved = again_while_others_write(changed)
    restore_at_once(documents, [invoice for _, _, invoice in moved], call=call)
    return after


def refunds_ended(
    payment: Payment, refunds: Sequence[Refund], *, state: RefundState, gateway_id: str, reason: str
) -> PaymentChange:
    """What becomes of a payment as refunds of it, one at the gateway, are done or failed.

    What one holds, or had done, left long ago. What failed after the bank took the payment back is gone all the same:
    that part went with the rest.
    """
    is_gone = state is RefundState.DONE or payment.status is PaymentStatus.REVERSED
    left = [each for each in refunds if each.is_held or each.state is RefundState.DONE]
    stay = [Application(invoice_id=each.invoice_id, amount=each.amount) for each in refunds if each not in left]
    after = [replace(each, state=state, gateway_id=gateway_id) if each in refunds else each for each in payment.refunds]
    return PaymentChange(
        after=replace(payment, refunds=tuple(after)),
        event="payment.refund_failed" if state is RefundState.FAILED else "payment.refunded",
        reason=reason,
        taken=stay if is_gone else (),
        given=() if is_gone else left,
    )


_Moved = tuple[Stored[Invoice], int, Invoice]
"""An invoice as it was read, by how many minor units its paid amount changes, and the invoice after it."""


def _writes(
    documents: Documents, before: Stored[Payment], change: PaymentChange, moved: Sequence[_Moved], *, call: Call
) -> list[Write]:
    payment, invoices = change.after, Invoices.of(documents, call.tenant_id)
    happened = payment_events(before.value, payment, at=call.recorded_at)
    changes = [(each.value, after) for each, _, after in moved]
    trace = invoice_trace(documents, changes, call=call, beside=happened)
    writes: list[Write] = [Payments.of(documents, call.tenant_id).changed(before, payment), *trace.writes]
    writes += [invoices.collected(each, after) for each, _, after in moved]
    entity, status = f"payments/{payment.id}", payment.status.value
    records = [call.record(entity, change.event, before=before.value.status.value, after=status, reason=change.reason)]
    records += [_record(payment, each, call=call) for each in moved if each[1]]
    back = sum(each.amount for each in change.given if not each.invoice_id)
    balance = change.to_balance + back - sum(each.amount for each in change.taken if not each.invoice_id)
    if balance:
        expected = None if change.customer is None else change.customer.version
        customers, added = Customers.of(documents, call.tenant_id), {"credit_balance": balance}
        writes.append(customers.added(payment.customer_id, added, expected=expected))
    batch_id = commit_name("payment", payment.id, before.version)
    return [
        *writes,
        AuditLog.of(documents, call.tenant_id).batch(
            [*records, *trace.records], batch_id=batch_id, recorded_at=call.recorded_at
        ),
    ]


def _record(payment: Payment, moved: _Moved, *, call: Call) -> AuditRecord:
    before, part, after = moved
    return call.record(
        f"invoices/{after.id}",
        "invoice.payment_taken_back" if part < 0 else "invoice.payment_put_back",
        before=before.value.status.value,
        after=after.status.value,
        reason=f"{Money(abs(part), payment.currency)} of payment {payment.id}",
    )


def _invoices(documents: Documents, change: PaymentChange, *, call: Call) -> tuple[PaymentChange, list[_Moved]]:
    """What becomes of the payment's invoices, where anything does; the change with what none of them is owed of."""
    others = () if change.cases is None else change.after.applications
    touched = [*(each.invoice_id for each in others), *(each.invoice_id for each in change.given)]
    parts = Counter(dict.fromkeys(touched, 0))
    for each in change.taken:
        parts[each.invoice_id] -= each.amount
    del parts[""]
    moved: list[_Moved] = []
    for invoice_id, invoice in zip(parts, Invoices.of(documents, call.tenant_id).get([*parts]), strict=True):
        if invoice is None:
            raise NotFound("invoice", invoice_id)
        change, part = _given(change, invoice.value, part=parts[invoice_id], call=call)
        after = _with_part(invoice.value, part, call=call)
        after = after if change.cases is None else change.cases(after)
        if after is not invoice.value:
            moved.append((invoice, part, after))
    return change, moved


def _given(change: PaymentChange, invoice: Invoice, *, part: int, call: Call) -> tuple[PaymentChange, int]:
    """What comes back to one invoice, and the change with a refund to the balance of what it is not owed."""
    due = invoice.amount_due if is_open(invoice) else 0
    for failed in change.given:
        if failed.invoice_id != invoice.id:
            continue
        back = min(failed.amount, due)
        due, part, over = due - back, part + back, failed.amount - back
        if over:
            change = replace(change, after=_with_credit(change.after, failed, over, call=call))
            change = replace(change, to_balance=change.to_balance + over)
    return change, part


def _with_credit(payment: Payment, failed: Refund, amount: int, *, call: Call) -> Payment:
    credit = Refund(
        id=f"{failed.id}.balance",
        amount=amount,
        target=RefundTarget.BALANCE,
        refunded_at=call.recorded_at,
        state=RefundState.DONE,
        invoice_id=failed.invoice_id,
        reason=f"{failed.id} failed, and its invoice is not owed that any more",
    )
    return replace(payment, refunds=(*payment.refunds, credit))


def _with_part(invoice: Invoice, part: int, *, call: Call) -> Invoice:
    if not part:
        return invoice
    if part < 0:
        return taken_back(invoice, -part, at=call.recorded_at)
    return asked_to_the_end(paid(invoice, part, at=call.recorded_at))
