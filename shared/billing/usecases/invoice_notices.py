"""Which mails an invoice calls for, from what became of its charge (semantics 8, 9)."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.customer import Customer
from billing.domain.decline import Advice, is_refusal
from billing.domain.dunning import suspension_day
from billing.domain.dunning_policy import DunningPolicy
from billing.domain.dunning_retry import next_retry_on, tried_advice
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_payment import is_open
from billing.domain.notice import Notice, NoticeKind
from billing.domain.payment import Payment, PaymentStatus
from billing.domain.tenant import Tenant


def notices_of(
    invoice: Invoice, *, tenant: Tenant, policy: DunningPolicy, payment: Payment | None, pdf: bytes, sent_at: datetime
) -> list[Notice] | None:
    """The notices about an invoice as it stands, or None while it is not known yet what to say.

    `policy` is its customer's, which says what follows from a decline. `payment` is the money that its own charge
    brought, or a hosted page that was paid in place of one; a payment made there that came back is told as a failed
    charge is. Nothing is said about an invoice that is void, credited or written off, or was paid in another way before
    anything was sent.
    """
    came_back = invoice.page_payment_failed
    last = last_attempt(policy, invoice) if came_back is None else _advised(policy, came_back)
    kinds = _kinds(invoice, payment, last)
    if kinds is None:
        return None
    return [
        Notice(
            kind=kind,
            tenant=tenant,
            invoice=invoice,
            sent_at=sent_at,
            attempt=last,
            payment=payment if kind is NoticeKind.RECEIPT else None,
            retry_on=next_retry_on(policy, invoice),
            method_url=method_page(invoice),
            pdf=b"" if kind.is_for_the_tenant else pdf,
            sending="" if came_back is None else came_back.payment_id,
        )
        for kind in kinds
    ]


def case_notice(
    kind: NoticeKind,
    *,
    tenant: Tenant,
    customer: Customer,
    invoice: Invoice,
    sent_at: datetime,
    step_day: int | None = None,
    reason: str = "",
    pdf: bytes = b"",
) -> Notice:
    """A notice of a dunning case; `invoice` is as it will be once the step that sends it is behind."""
    policy, case = tenant.dunning.of(customer), invoice.dunning
    return Notice(
        kind=kind,
        tenant=tenant,
        invoice=invoice,
        sent_at=sent_at,
        attempt=last_attempt(policy, invoice),
        retry_on=next_retry_on(policy, invoice),
        method_url=method_page(invoice),
        step_day=step_day,
        suspend_on=None if case is None or case.state.is_over else suspension_day(policy, case, customer),
        reason=reason,
        pdf=pdf,
    )


def last_attempt(policy: DunningPolicy, invoice: Invoice) -> PaymentAttempt | None:
    """The last charge of an invoice, with what follows from its decline under the customer's policy."""
    return _advised(policy, invoice.attempts[-1]) if invoice.attempts else None


def _advised(policy: DunningPolicy, attempt: PaymentAttempt) -> PaymentAttempt:
    return replace(attempt, advice=tried_advice(policy, attempt))


def method_page(invoice: Invoice) -> str:
    """Where the invoice's customer saves another method; "" where nothing is paid online."""
    return f"{invoice.payment_url}/card" if invoice.payment_url else ""


def _kinds(invoice: Invoice, payment: Payment | None, last: PaymentAttempt | None) -> list[NoticeKind] | None:
    if payment is not None and payment.applications and payment.status is PaymentStatus.SUCCEEDED:
        return [NoticeKind.RECEIPT]
    if invoice.status in (InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE) or invoice.amount_credited:
        return []
    if not is_open(invoice) and invoice.total != invoice.balance_applied:
        return []
    return _of_attempt(last) if last is not None else [NoticeKind.INVOICE_ISSUED]


def _of_attempt(attempt: PaymentAttempt) -> list[NoticeKind] | None:
    match attempt.status:
        case AttemptStatus.SUCCEEDED:  # and it was taken back since: whoever did that tells
            return []
        case AttemptStatus.DECLINED if is_refusal(attempt.code):  # nothing is wrong with the card: it is asked to pay
            return [NoticeKind.INVOICE_ISSUED, NoticeKind.TENANT_PAYMENT_FAILED]
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
