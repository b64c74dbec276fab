"""What may still bring money for an invoice that nobody asks for any more: asked about until its end is known.

An invoice is closed once it is paid, credited, void or written off. The step that asks is COLLECT: it charges nothing
then. Until then its charge, or its dunning case, asks.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.charging import is_answered
from billing.domain.invoice import CollectionMethod, Invoice, SettlementStep
from billing.domain.invoice_payment import is_collectible
from billing.domain.settlement import without_collecting

_FINAL = frozenset({AttemptStatus.SUCCEEDED, AttemptStatus.DECLINED})
_CALL_TAKES = timedelta(hours=1)
"""A call that began a charge is over by then: no function may run longer
(https://cloud.google.com/functions/quotas#time_limits)."""


def has_open_end(invoice: Invoice) -> bool:
    """Whether a page may be open for it, or the end of a charge or of a payment made on a page is not known.

    What waits for its customer may be paid as well, until it is cancelled.
    """
    on_page = bool(invoice.checkout_id or invoice.page_payment_id)
    return on_page or any(each.status not in _FINAL for each in invoice.attempts)


def asked_to_the_end(invoice: Invoice, *, payment_id: str = "", attempt: int = 0) -> Invoice:
    """The invoice with the step that asks, where it is closed and something may still pay it.

    `payment_id` is the gateway's of the payment that has just closed it ("" for other money), which was that attempt,
    or with 0 was made on the hosted page: these have ended with it.
    """
    if is_collectible(invoice) or SettlementStep.COLLECT in invoice.pending:
        return invoice
    if not has_open_end(_but_for(invoice, payment_id, attempt) if payment_id else invoice):
        return invoice
    return replace(invoice, pending=(*invoice.pending, SettlementStep.COLLECT))


def asked_no_more(invoice: Invoice) -> Invoice:
    """The invoice without the step that asks, where all that began has ended; the first charge may have, unheard of."""
    is_first_unheard = invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY and not invoice.attempts
    if is_first_unheard or has_open_end(invoice):
        return invoice
    return replace(invoice, pending=without_collecting(invoice.pending))


def is_asked_again(invoice: Invoice, *, gone: Collection[str] = ()) -> bool:
    """Whether a closed invoice that was asked about is so once more: a page is open, or a payment is under way.

    `gone` are payments, by the gateway's id, that are another account's than the tenant has: their end is never heard
    of.
    """
    if is_collectible(invoice):
        return False
    pending = [each.payment_id for each in invoice.attempts if each.status is AttemptStatus.PENDING]
    return bool(invoice.checkout_id or {invoice.page_payment_id, *pending} - {"", *gone})


def is_unheard(invoice: Invoice) -> bool:
    """Whether a charge of a closed invoice may have begun, be it once more, that the gateway has not answered."""
    if is_collectible(invoice):
        return False
    if not invoice.attempts:
        return invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
    return not is_answered(invoice.attempts[-1])


def may_reach_gateway(attempt: PaymentAttempt, *, at: datetime) -> bool:
    """Whether a charge that the gateway did not answer may get there still, at a UTC instant: its call may run."""
    return not is_answered(attempt) and call_may_run(attempt.attempted_at, at=at)


def call_may_run(since: datetime, *, at: datetime) -> bool:
    """Whether a call that had begun at one UTC instant may be running at another one."""
    return at < since + _CALL_TAKES


def _but_for(invoice: Invoice, payment_id: str, attempt: int) -> Invoice:
    others = [each for each in invoice.attempts if attempt != each.number and each.payment_id != payment_id]
    page_payment = "" if invoice.page_payment_id == payment_id else invoice.page_payment_id
    page = invoice.checkout_id if attempt else ""
    return replace(invoice, attempts=tuple(others), page_payment_id=page_payment, checkout_id=page)
