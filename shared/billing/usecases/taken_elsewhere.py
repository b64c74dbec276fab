"""Book money of a payment that went back without us: refunded on the gateway's own pages, or lost in a dispute."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from billing.domain.money import Money
from billing.domain.payment import Payment, PaymentStatus, Refund, RefundState, RefundTarget
from billing.usecases.call import Call
from billing.usecases.payment_changes import PaymentChange


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenElsewhere:
    """`amount` minor units that went back: what the gateway calls it, and the id that it is booked under (often that).

    `invoice_id` is whose part it is, where somebody said ("" = of what the balance got); `is_lost`: in a dispute.
    """

    gateway_id: str
    id: str
    amount: int
    reason: str
    invoice_id: str | None = None
    is_lost: bool = False


def taken_elsewhere(
    payment: Payment, taken: TakenElsewhere, *, known: Sequence[Refund], given_up: str = "", call: Call
) -> PaymentChange | None:
    """What becomes of the payment; None where `known` is all of it, or where nothing is left that it could be of.

    It is of the part that it names, of what the payment's invoices still have in their order, and then of what the
    balance got. Refunds that wait for their end keep what they hold, but for the one `given_up`, which will never be
    made; the rest is booked when it is told once more. Of a reversed payment nothing is taken: it is written down.
    """
    missing = taken.amount - sum(each.amount for each in known)
    open_ = replace(payment, refunds=tuple(each for each in payment.refunds if each.id != given_up))
    parts = open_.take(missing, first=taken.invoice_id)
    if not parts:
        return None
    booked = tuple(
        Refund(
            id=taken.id if place == 1 else f"{taken.id}.{place}",
            amount=part.amount,
            target=RefundTarget.METHOD,
            refunded_at=call.recorded_at,
            state=RefundState.DONE,
            invoice_id=part.invoice_id,
            reason=taken.reason,
            gateway_id=taken.gateway_id,
            is_lost=taken.is_lost,
        )
        for place, part in enumerate(parts, start=len(known) + 1)
    )
    money = Money(sum(each.amount for each in parts), payment.currency)
    return PaymentChange(
        after=replace(payment, refunds=(*payment.refunds, *booked)),
        event="payment.part_lost" if taken.is_lost else "payment.refunded",
        reason=f"{money} by {taken.gateway_id}, {taken.reason}",
        taken=() if payment.status is PaymentStatus.REVERSED else parts,
    )
