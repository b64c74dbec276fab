"""The events of a payment, found by comparing it as it was with what it has become."""

from collections.abc import Iterator
from datetime import datetime

from billing.domain.event import Event, EventField, EventType, event_of
from billing.domain.payment import Payment, PaymentStatus, Refund, RefundState
from billing.domain.stamp import stamp

_REACHED = {
    PaymentStatus.DISPUTED: EventType.PAYMENT_DISPUTED,
    PaymentStatus.SUCCEEDED: EventType.PAYMENT_DISPUTE_WON,
    PaymentStatus.REVERSED: EventType.PAYMENT_REVERSED,
}
_REFUNDS = {RefundState.DONE: EventType.PAYMENT_REFUNDED, RefundState.FAILED: EventType.PAYMENT_REFUND_FAILED}


def payment_events(before: Payment | None, after: Payment, *, at: datetime) -> Iterator[Event]:
    """What a change at a UTC instant means to others; `before` is None for money that was just booked.

    A refund is told of when its end is known, and a second time only if its bank sends it back after that.
    """
    if before is None:
        yield _event(EventType.PAYMENT_SUCCEEDED, after, at=at, name="succeeded")
    elif after.status is not before.status and not _lost_a_part(before, after):
        yield _event(_REACHED[after.status], after, at=at, name=f"{after.status.value}/{stamp(at)}")
    known = {} if before is None else {each.id: each.state for each in before.refunds}
    for refund in after.refunds:
        type_ = _REFUNDS.get(refund.state)
        if type_ is not None and known.get(refund.id) is not refund.state:
            name = f"refund-{refund.id}-{refund.state.value}"
            yield _event(type_, after, at=at, name=name, **_of_refund(refund))


def _lost_a_part(before: Payment, after: Payment) -> bool:
    """Whether a dispute about a part was lost: the rest stands, but nothing was won."""
    return any(each.is_lost and each not in before.refunds for each in after.refunds)


def _of_refund(refund: Refund) -> dict[str, EventField]:
    return {"refund_id": refund.id, "refund_amount": refund.amount, "refund_to": refund.target.value}


def _event(type_: EventType, payment: Payment, *, at: datetime, name: str, **fields: EventField) -> Event:
    told: dict[str, EventField] = {
        "customer_id": payment.customer_id,
        "status": payment.status.value,
        "currency": payment.currency,
        "amount": payment.amount,
        "amount_refunded": payment.amount_refunded,
        "to_balance": payment.to_balance,
        "source": payment.source.value,
        "method": payment.method,
        "invoice_ids": tuple(each.invoice_id for each in payment.applications),
        "gateway_id": payment.gateway_id,
    }
    return event_of(type_, subject=f"payments/{payment.id}", occurred_at=at, fields=told | fields, name=name)
