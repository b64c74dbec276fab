"""Book what the gateway says of a payment's refunds: ours that were slow, and those made on the gateway's own pages."""

from collections.abc import Sequence
from dataclasses import replace

from billing.domain.money import Money
from billing.domain.payment import Application, Payment, PaymentStatus, Refund, RefundState, RefundTarget
from billing.ports import Documents, GatewayRefund, RefundStatus
from billing.usecases.call import Call
from billing.usecases.payment_changes import PaymentChange, change_payment, refund_end


def follow_refund(documents: Documents, payment_id: str, refund: GatewayRefund, *, call: Call) -> Payment:
    """Bring a booked payment up to what the gateway says of one refund; saying it again changes nothing.

    A refund of ours that arrived is done, one that the bank sent back puts the money onto its invoice again, and one
    that was made on the gateway's pages is taken from what the payment's invoices still have of it, in their order.
    Raises NotFound for a payment that is not booked.
    """

    def decide(payment: Payment) -> PaymentChange | None:
        known = [each for each in payment.refunds if _is(each, refund, payment_id=payment_id, call=call)]
        if known:
            return _moved_on(payment, known, refund)
        return _made_elsewhere(payment, refund, call=call) if refund.status is RefundStatus.SUCCEEDED else None

    return change_payment(documents, payment_id, decide, call=call)


def _is(known: Refund, refund: GatewayRefund, *, payment_id: str, call: Call) -> bool:
    ours = f"{call.tenant_id}/{payment_id}/refund/{known.id}"  # the key that we asked for it with
    return refund.id == known.gateway_id or refund.key == ours


def _moved_on(payment: Payment, known: list[Refund], refund: GatewayRefund) -> PaymentChange | None:
    match known[0].state, refund.status:
        case RefundState.ASKED, RefundStatus.SUCCEEDED | RefundStatus.FAILED:
            state = RefundState.DONE if refund.status is RefundStatus.SUCCEEDED else RefundState.FAILED
            end = refund_end(payment, known, state=state)
            return _change(payment, known, refund, state=state, taken=end.taken, given=end.given)
        case RefundState.DONE, RefundStatus.FAILED:
            given = () if payment.status is PaymentStatus.REVERSED else known  # that part went with the rest
            return _change(payment, known, refund, state=RefundState.FAILED, given=given)
        case _:
            return None


def _change(
    payment: Payment,
    known: list[Refund],
    refund: GatewayRefund,
    *,
    state: RefundState,
    taken: Sequence[Application] = (),
    given: Sequence[Refund] = (),
) -> PaymentChange:
    ids = {each.id for each in known}
    refunds = tuple(
        replace(each, state=state, gateway_id=refund.id) if each.id in ids else each for each in payment.refunds
    )
    return PaymentChange(
        after=replace(payment, refunds=refunds),
        event="payment.refund_failed" if state is RefundState.FAILED else "payment.refunded",
        reason=f"{Money(refund.amount, payment.currency)} by {refund.id}",
        taken=taken,
        given=given,
    )


def _made_elsewhere(payment: Payment, refund: GatewayRefund, *, call: Call) -> PaymentChange | None:
    parts, left = list[Application](), refund.amount
    for each in payment.parts_left:
        amount = min(left, each.amount)
        parts += [replace(each, amount=amount)] if amount else []
        left -= amount
    if not parts:
        return None
    refunds = tuple(
        Refund(
            id=refund.id if place == 1 else f"{refund.id}.{place}",
            amount=part.amount,
            target=RefundTarget.METHOD,
            refunded_at=call.recorded_at,
            state=RefundState.DONE,
            invoice_id=part.invoice_id,
            reason="refunded at the gateway",
            gateway_id=refund.id,
        )
        for place, part in enumerate(parts, start=1)
    )
    return PaymentChange(
        after=replace(payment, refunds=(*payment.refunds, *refunds)),
        event="payment.refunded",
        reason=f"{Money(refund.amount, payment.currency)} by {refund.id}, made at the gateway",
        taken=parts,
    )
