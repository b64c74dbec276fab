"""Charge one issued invoice once more: after a decline, or with a method that was just saved (semantics 8, 9).

The attempt is claimed on the invoice, by compare-and-set, before the gateway hears of it. So two calls at once charge
once, and a call that dies anywhere leaves an attempt that the next one looks up and finishes before it makes another.
"""

from dataclasses import dataclass

from billing.domain.attempt import AttemptSource, AttemptStatus, PaymentAttempt
from billing.domain.charging import attempt_of, waits_for_method, with_attempt
from billing.domain.errors import Conflict, NotFound
from billing.domain.invoice import Invoice, SettlementStep
from billing.domain.invoice_payment import is_collectible
from billing.domain.payment import Payment
from billing.ports import Documents, Gateway, WriteConflict
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.invoices import Invoices
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.charge_result import ChargeResult, Till, customer_of, next_till
from billing.usecases.close_other_ways import close_other_ways
from billing.usecases.collect import finished, paid_on_hosted_page
from billing.usecases.commit_name import commit_name
from billing.usecases.commit_outcomes import commit_outcomes
from billing.usecases.follow_payment import follow_payment
from billing.usecases.invoice_outcome import Outcome
from billing.usecases.paid_before import book_paid_before

_TRIES = 8
_WAITING = frozenset({AttemptStatus.PENDING, AttemptStatus.REQUIRES_ACTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """The invoice as it stands now, and the attempt that this call made or finished.

    The attempt is None where nothing was to charge, because the invoice was paid, void or written off meanwhile, or the
    method that was just saved was tried.
    """

    invoice: Invoice
    attempt: PaymentAttempt | None = None
    payment: Payment | None = None


def charge_invoice(
    documents: Documents,
    invoice_id: str,
    *,
    gateway: Gateway,
    call: Call,
    source: AttemptSource = AttemptSource.STAFF,
) -> Charged:
    """Charge what is due on an invoice with its customer's saved method; the receipt is left to the next settlement.

    An attempt without an answer is looked up first and is what this call comes to. A payment that the gateway still
    works on is left alone; one that waits for the customer is cancelled. A saved method is charged where the invoice
    waits for it: not where it was tried, by whoever was quicker. Raises NotFound, GatewayUnavailable and
    GatewayRefused (what was begun is finished by the next call), WriteConflict where others write time and again.
    """
    for _ in range(_TRIES):
        stored = _read(documents, invoice_id, call=call)
        if not _is_to_charge(documents, stored.value, source=source, call=call):
            return Charged(invoice=stored.value)
        waiting = _waiting(stored.value)
        if waiting is not None:
            if not _gave_way(documents, gateway, waiting, call=call):
                now = _read(documents, invoice_id, call=call).value
                return Charged(invoice=now, attempt=attempt_of(now, waiting.number))
            stored = _read(documents, invoice_id, call=call)
        till = next_till(documents, stored.value, gateway=gateway, source=source, call=call)
        if (booked := book_paid_before(documents, till, call=call)) is not None:
            return _known(documents, till, booked, call=call)
        known = attempt_of(stored.value, till.number)
        result = finished(till) if known is not None else None
        if result := result or paid_on_hosted_page(till):
            return _written(documents, stored, till, result, call=call)
        claimed = stored if known is not None else _claimed(documents, stored, till, call=call)
        if claimed is not None:
            return _written(documents, claimed, till, till.charge(), call=call)
    raise WriteConflict(None, reason=f"invoice {invoice_id} never held still")


def _is_to_charge(documents: Documents, invoice: Invoice, *, source: AttemptSource, call: Call) -> bool:
    if source is not AttemptSource.SAVED_METHOD or not is_collectible(invoice):
        return is_collectible(invoice)
    return waits_for_method(invoice, customer_of(documents, invoice, tenant_id=call.tenant_id).payment_method_id)


def _waiting(invoice: Invoice) -> PaymentAttempt | None:
    last = invoice.attempts[-1] if invoice.attempts else None
    return last if last is not None and last.status in _WAITING else None


def _gave_way(documents: Documents, gateway: Gateway, waiting: PaymentAttempt, *, call: Call) -> bool:
    """Whether a payment that waits does so no more: cancelled, declined; not where it was paid or is under way."""
    if waiting.status is AttemptStatus.REQUIRES_ACTION and (
        not waiting.payment_id or gateway.cancel_payment(waiting.payment_id)
    ):
        return True
    invoice = follow_payment(documents, gateway, waiting.payment_id, call=call).invoice
    return invoice is not None and is_collectible(invoice) and _waiting(invoice) is None


def _claimed(documents: Documents, stored: Stored[Invoice], till: Till, *, call: Call) -> Stored[Invoice] | None:
    """The invoice with the attempt written down, or None where somebody else wrote first."""
    after = with_attempt(stored.value, till.attempt(AttemptStatus.STARTED), at=call.recorded_at)
    entity, reason = f"invoices/{after.id}", f"attempt {till.number}"
    record = call.record(entity, "invoice.payment_attempted", after=AttemptStatus.STARTED.value, reason=reason)
    batch = AuditLog.of(documents, call.tenant_id).batch(
        [record], batch_id=commit_name("attempt", after.id, stored.version), recorded_at=call.recorded_at
    )
    try:
        version, _ = documents.commit([Invoices.of(documents, call.tenant_id).money_moved(stored, after), batch])
    except WriteConflict:
        return None
    return Stored(after, version)


def _written(
    documents: Documents, claimed: Stored[Invoice], till: Till, result: ChargeResult, *, call: Call
) -> Charged:
    steps = _steps(documents, result, call=call)
    committed = commit_outcomes(documents, [Outcome(invoice=claimed, charge=result, adds=steps)], call=call)
    for failure in committed.failures:
        raise OutcomeNotWritten(failure.message)
    payment = next((each.payment for each in committed.written), None)
    if payment is not None:
        close_other_ways(documents, till.gateway, claimed.value.id, paid_by=payment.gateway_id, call=call)
    now = _read(documents, claimed.value.id, call=call).value
    return Charged(invoice=now, attempt=attempt_of(now, till.number), payment=payment)


def _known(documents: Documents, till: Till, booked: ChargeResult, *, call: Call) -> Charged:
    """What was taken before these books knew."""
    now = _read(documents, till.invoice.id, call=call).value
    return Charged(invoice=now, attempt=booked.attempt, payment=booked.booked[-1] if booked.booked else None)


def _steps(documents: Documents, result: ChargeResult, *, call: Call) -> tuple[SettlementStep, ...]:
    """A receipt is to be mailed for what was paid; what follows from a decline is dunning's to say."""
    is_mailed = result.payment is not None and Tenants(documents).get(call.tenant_id).mail_sender
    return (SettlementStep.DELIVER,) if is_mailed else ()


def _read(documents: Documents, invoice_id: str, *, call: Call) -> Stored[Invoice]:
    [stored] = Invoices.of(documents, call.tenant_id).get([invoice_id])
    if stored is None:
        raise NotFound("invoice", invoice_id)
    return stored


class OutcomeNotWritten(Conflict):
    """A charge was made and could not be written down: the next call looks it up."""
