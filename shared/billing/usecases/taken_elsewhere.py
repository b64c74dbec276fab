"""Book money of a payment that went back without us: refunded on the gateway's own pages, or lost in a dispute."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from billing.domain.money import Money
from billing.domain.payment import Payment, PaymentStatus, Refund, RefundState, RefundTarget
from billing.ports import GatewayPayment, GatewayRefund, RefundStatus
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


def taken_elsewhere(payment: Payment, taken: TakenElsewhere, *, call: Call) -> PaymentChange | None:
    """What becomes of the payment; None where all of it is booked, or where nothing is left that it could be of.

    It is of the part that it names, of what the payment's invoices still have in their order, and then of what the
    balance got. Refunds that wait for their end keep what they hold: where one fails, the rest is booked with that.
    Of a payment that was reversed nothing is taken once more: it is written down.
    """
    known = [each for each in payment.refunds if each.id == taken.id or each.gateway_id == taken.gateway_id]
    parts = payment.take(taken.amount - sum(each.amount for each in known), first=taken.invoice_id)
    if not parts or any(each.state is not RefundState.DONE for each in known):
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


def gone_since(payment: Payment, fetched: GatewayPayment, asked: Refund, *, ours: str) -> int:
    """What went back without us, in minor units, since a refund of ours was asked for; our keys begin with `ours`.

    What was booked before it does not count, nor a refund that failed or a dispute that is not lost.
    """
    before = {each.gateway_id for each in payment.refunds[: payment.refunds.index(asked)]}
    gone = [(each.id, each.amount) for each in fetched.refunds if _stands(each) and not each.key.startswith(ours)]
    lost = [(each.id, each.amount) for each in fetched.disputes if each.is_lost]
    return sum(amount for name, amount in (*gone, *lost) if name not in before)


def _stands(refund: GatewayRefund) -> bool:
    return refund.status is not RefundStatus.FAILED


def and_elsewhere(change: PaymentChange, all_taken: Iterable[TakenElsewhere], *, call: Call) -> PaymentChange:
    """The change of a refund that failed, and with it what went back in its place, in the same commit."""
    for taken in all_taken:
        more = taken_elsewhere(change.after, taken, call=call)
        if more is not None:
            both, reason = (*change.taken, *more.taken), f"{change.reason}; {more.reason}"
            change = replace(change, after=more.after, taken=both, reason=reason)
    return change
