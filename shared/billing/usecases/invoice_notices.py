"""Which mails an invoice calls for, from what became of its charge (semantics 8, 9)."""

from datetime import datetime
from typing import assert_never

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.decline import Advice
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_payment import is_open
from billing.domain.notice import Notice, NoticeKind
from billing.domain.payment import Payment, PaymentStatus
from billing.domain.tenant import Tenant


def notices_of(
    invoice: Invoice, *, tenant: Tenant, payment: Payment | None, pdf: bytes, sent_at: datetime
) -> list[Notice] | None:
    """The notices about an invoice as it stands, or None while it is not known yet what to say.

    `payment` is the money that its own charge brought, or a hosted page that was paid in place of one. Nothing is said
    about an invoice that is void, credited or written off, or was paid in another way before anything was sent.
    """
    kinds = _kinds(invoice, payment)
    if kinds is None:
        return None
    last = invoice.attempts[-1] if invoice.attempts else None
    return [
        Notice(
            kind=kind,
            tenant=tenant,
            invoice=invoice,
            sent_at=sent_at,
            attempt=last,
            payment=payment if kind is NoticeKind.RECEIPT else None,
            method_url=f"{invoice.payment_url}/card" if invoice.payment_url else "",
            pdf=b"" if kind.is_for_the_tenant else pdf,
        )
        for kind in kinds
    ]


def _kinds(invoice: Invoice, payment: Payment | None) -> list[NoticeKind] | None:
    if payment is not None and payment.applications and payment.status is PaymentStatus.SUCCEEDED:
        return [NoticeKind.RECEIPT]
    if invoice.status in (InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE) or invoice.amount_credited:
        return []
    if not is_open(invoice) and invoice.total != invoice.balance_applied:
        return []
    return _of_attempt(invoice.attempts[-1]) if invoice.attempts else [NoticeKind.INVOICE_ISSUED]


def _of_attempt(attempt: PaymentAttempt) -> list[NoticeKind] | None:
    match attempt.status:
        case AttemptStatus.SUCCEEDED:  # and it was taken back since: whoever did that tells
            return []
        case AttemptStatus.DECLINED:
            return [_declined(attempt), NoticeKind.TENANT_PAYMENT_FAILED]
        case AttemptStatus.REQUIRES_ACTION:
            return [NoticeKind.ACTION_REQUIRED]
        case AttemptStatus.STARTED | AttemptStatus.PENDING | AttemptStatus.UNKNOWN:
            return None
        case _:
            assert_never(attempt.status)


def _declined(attempt: PaymentAttempt) -> NoticeKind:
    """What the customer is told; why a bank wants a card looked at is not for a mail."""
    is_method = attempt.advice is Advice.UPDATE_METHOD
    return NoticeKind.UPDATE_PAYMENT_METHOD if is_method else NoticeKind.PAYMENT_FAILED
