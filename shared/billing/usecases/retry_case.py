"""Charge the invoice of a case that waits for a person, at that person's word."""

from collections.abc import Callable
from typing import ClassVar

from billing.domain.attempt import AttemptSource, AttemptStatus, PaymentAttempt
from billing.domain.case_decision import Decided, concluded, queued_case
from billing.domain.dunning_case import CaseResolution
from billing.domain.dunning_policy import CaseState
from billing.domain.errors import Conflict, NotFound
from billing.domain.invoice import Invoice
from billing.ports import Documents, Gateway, WriteConflict
from billing.store.audit import AuditLog
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.usecases.call import Call
from billing.usecases.change_case import change_case
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.commit_name import commit_name

_TOOK = frozenset({AttemptStatus.SUCCEEDED, AttemptStatus.PENDING})
_REFUSED = frozenset({AttemptStatus.DECLINED, AttemptStatus.REQUIRES_ACTION})


def retry_case(
    documents: Documents, id_or_number: str, *, by: Decided, call: Call, gateway: Callable[[], Gateway] | None
) -> tuple[Invoice, PaymentAttempt | None]:
    """The invoice as it stands after the charge, and the attempt; None where it was paid meanwhile.

    The case leaves the queue where the money was taken or is on its way. That is noted after the charge: a call that
    dies in between is finished by the next one. Raises as `resolve_case`.
    """
    invoice = Invoices.of(documents, call.tenant_id).named(id_or_number).value
    if not _was_charged(invoice):
        queued_case(invoice)
        charging = _gateway(documents, invoice, gateway, call=call)
        charged = charge_invoice(documents, invoice.id, gateway=charging, call=call, source=AttemptSource.STAFF)
        invoice, attempt = charged.invoice, charged.attempt
        if attempt is None or attempt.status not in _TOOK:
            _note_refusal(documents, invoice, attempt, by=by, call=call)
            return invoice, attempt
    after = change_case(documents, invoice.id, lambda each: concluded(each, CaseResolution.RETRIED, by=by), call=call)
    return after, after.attempts[-1]


def _was_charged(invoice: Invoice) -> bool:
    """Whether somebody charged it from the queue, be it that this was not noted yet."""
    case, last = invoice.dunning, invoice.attempts[-1] if invoice.attempts else None
    if case is None or case.review is None or last is None or last.attempted_at < case.review.opened_at:
        return False
    ended = {AttemptStatus.PENDING: not case.state.is_over, AttemptStatus.SUCCEEDED: case.state is CaseState.PAID}
    return last.source is AttemptSource.STAFF and ended.get(last.status, False)


def _gateway(documents: Documents, invoice: Invoice, gateway: Callable[[], Gateway] | None, *, call: Call) -> Gateway:
    [customer] = Customers.of(documents, call.tenant_id).get([invoice.customer_id])
    if customer is None:
        raise NotFound("customer", invoice.customer_id)
    if gateway is None:
        raise NothingToCharge(invoice, reason="the tenant takes no cards")
    if not (customer.value.gateway_id and customer.value.payment_method_id):
        raise NothingToCharge(invoice, reason=f"customer {invoice.customer_id} has no saved payment method")
    return gateway()


def _note_refusal(
    documents: Documents, invoice: Invoice, attempt: PaymentAttempt | None, *, by: Decided, call: Call
) -> None:
    """What was said with a try that came to nothing; the attempt itself is recorded with its charge."""
    case = invoice.dunning
    if case is None or attempt is None or attempt.status not in _REFUSED:
        return
    reason = f"attempt {attempt.number}: {attempt.code or attempt.status.value}: {by.note}"
    record = call.record(
        f"invoices/{invoice.id}", "dunning.retry_failed", before=case.state.value, after=case.state.value, reason=reason
    )
    batch_id = commit_name("retry", invoice.id, str(attempt.number))
    audit = AuditLog.of(documents, call.tenant_id)
    try:
        documents.commit([audit.batch([record], batch_id=batch_id, recorded_at=call.recorded_at)])
    except WriteConflict:  # two calls finished one attempt at the same instant: it is told
        return


class NothingToCharge(Conflict):
    """A retry needs a payment method and somebody who charges it."""

    code: ClassVar[str] = "nothing_to_charge"
    retryable: ClassVar[bool] = False

    def __init__(self, invoice: Invoice, *, reason: str) -> None:
        super().__init__(
            f"invoice {invoice.number} can't be charged, as {reason}: "
            "send its payment link, extend it until a day, or write it off"
        )
