"""Before a charge in restored books: book what the gateway took for the invoice already, whichever way it was paid.

Documents from a backup know nothing of what was charged, or paid on a hosted page, after it (docs/guides/backup.md).
"""

from dataclasses import replace

from billing.domain.attempt import PaymentAttempt
from billing.domain.charging import attempt_of, with_attempt
from billing.domain.invoice import Invoice
from billing.domain.invoice_payment import is_collectible
from billing.domain.payment import gateway_payment_id
from billing.ports import Documents, GatewayPayment, GatewayUnavailable, Pending, Succeeded
from billing.store.invoices import Invoices
from billing.store.payments import Payments
from billing.usecases.call import Call
from billing.usecases.change_invoice import change_invoice
from billing.usecases.charge_result import ChargeResult, Till
from billing.usecases.follow_payment import follow_fetched
from billing.usecases.saved_methods import found_at_gateway


def book_paid_before(documents: Documents, till: Till, *, call: Call) -> ChargeResult | None:
    """Book every payment of the invoice that these books do not know of, with its refunds; None where there is none.

    Where there is one nothing is to be charged now, even if something is due still: a part, or what was given back
    since. Paid twice, the second payment becomes credit. The gateway is not asked unless it looks first; a customer
    that was made there after the backup is found. Raises GatewayUnavailable while a payment on a hosted page is under
    way, GatewayRefused, WriteConflict and what `record_payment` raises.
    """
    if not till.gateway.looks_first:
        return None
    till = replace(till, customer=found_at_gateway(documents, till.gateway, till.customer, call=call))
    found = [till.gateway.payment(each) for each in _unbooked(documents, till, call=call)]
    new = [each for each in found if not _is_noted(till.invoice, each)]
    for each in new:
        _note_attempt(documents, till, each, call=call)
        follow_fetched(documents, till.gateway, each, call=call)
    is_under_way = any(isinstance(each.outcome, Pending) and _attempt(till, each) is None for each in new)
    if is_under_way and _is_still_due(documents, till, call=call):
        raise GatewayUnavailable(till.gateway.name, reason="a payment on a hosted page is still under way")
    if not new:
        return None
    names = [gateway_payment_id(till.gateway.name, each.id) for each in new]
    booked = [each.value for each in Payments.of(documents, call.tenant_id).get(names) if each is not None]
    attempts = [each for each in (_attempt(till, payment) for payment in new) if each is not None]
    return ChargeResult(attempt=attempts[-1] if attempts else None, booked=tuple(booked))


def _unbooked(documents: Documents, till: Till, *, call: Call) -> list[str]:
    if not till.customer.gateway_id:
        return []
    found = till.gateway.paid_before(till.order)
    names = [gateway_payment_id(till.gateway.name, each) for each in found]
    booked = Payments.of(documents, call.tenant_id).get(names)
    return [each for each, known in zip(found, booked, strict=True) if known is None]


def _is_noted(invoice: Invoice, payment: GatewayPayment) -> bool:
    """Whether it is under way and the invoice says so: what becomes of it is followed as ever."""
    return isinstance(payment.outcome, Pending) and payment.id in {each.payment_id for each in invoice.attempts}


def _attempt(till: Till, payment: GatewayPayment) -> PaymentAttempt | None:
    """The attempt that a payment was; None for a hosted page."""
    number = payment.metadata.get("attempt", "")
    if not number.isdecimal():
        return None
    attempt = replace(till, number=int(number), at=payment.created_at or till.at).result(payment.outcome).attempt
    method = payment.outcome.method if isinstance(payment.outcome, Succeeded) else None
    label, method_id = (method.label, method.id) if method else ("", "")
    return None if attempt is None else replace(attempt, amount=payment.amount, method=label, method_id=method_id)


def _note_attempt(documents: Documents, till: Till, payment: GatewayPayment, *, call: Call) -> None:
    """Write an attempt down that these books never made; what they know of any other is brought up as it is booked."""
    attempt = _attempt(till, payment)
    if attempt is None:
        return

    def decide(invoice: Invoice) -> Invoice:
        if attempt_of(invoice, attempt.number) is not None:
            return invoice
        return with_attempt(invoice, attempt, at=call.recorded_at)

    change_invoice(documents, till.invoice.id, decide, event="invoice.charge_found", call=call)


def _is_still_due(documents: Documents, till: Till, *, call: Call) -> bool:
    [now] = Invoices.of(documents, call.tenant_id).get([till.invoice.id])
    return now is not None and is_collectible(now.value)
