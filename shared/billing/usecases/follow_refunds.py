"""Book what the gateway says of a payment's refunds: ours that were slow, and those made on the gateway's own pages."""

from collections.abc import Iterable
from dataclasses import replace

from billing.domain.money import Money
from billing.domain.payment import Payment, Refund, RefundState
from billing.ports import Documents, GatewayRefund, RefundStatus
from billing.usecases.call import Call
from billing.usecases.payment_changes import PaymentChange, change_payment, refunds_ended
from billing.usecases.taken_elsewhere import TakenElsewhere, taken_elsewhere


def refund_key(payment_id: str, refund_id: str, *, call: Call) -> str:
    """The key that a refund of ours is asked for with, which the gateway keeps."""
    return f"{call.tenant_id}/{payment_id}/refund/{refund_id}"


def follow_refunds(documents: Documents, payment: Payment, refunds: Iterable[GatewayRefund], *, call: Call) -> Payment:
    """As `follow_refund`, of all that the gateway has of a payment; how the payment stands then.

    What failed leaves room for what was made in its place, and what we asked for ourselves knows its part: first these.
    """
    ours = refund_key(payment.id, "", call=call)
    for refund in sorted(
        refunds, key=lambda each: (each.status is not RefundStatus.FAILED, not each.key.startswith(ours))
    ):
        payment = follow_refund(documents, payment.id, refund, call=call)
    return payment


def follow_refund(documents: Documents, payment_id: str, refund: GatewayRefund, *, call: Call) -> Payment:
    """Bring a booked payment up to what the gateway says of one refund; saying it again changes nothing.

    A refund of ours that arrived is done, also where restored books do not know it any more, and one that the bank sent
    back puts the money onto its invoice again. One that was made on the gateway's pages is `taken_elsewhere`, and ours
    that was given up and stands there is `made_after_all`. Raises NotFound for a payment that is not booked.
    """

    def decide(payment: Payment) -> PaymentChange | None:
        known = [each for each in payment.refunds if each.gateway_id == refund.id]
        known = known or [each for each in payment.refunds if refund.key == refund_key(payment_id, each.id, call=call)]
        if known and known[0].state is RefundState.FAILED and refund.status is RefundStatus.SUCCEEDED:
            return made_after_all(payment, known[0], gateway_id=refund.id, call=call)
        if any(each.state is not RefundState.DONE for each in known) or refund.status is not RefundStatus.SUCCEEDED:
            return _moved_on(payment, known, refund) if known else None
        return taken_elsewhere(payment, refunded_elsewhere(refund, payment_id, call=call), call=call)

    return change_payment(documents, payment_id, decide, call=call)


def refunded_elsewhere(refund: GatewayRefund, payment_id: str, *, call: Call) -> TakenElsewhere:
    """A refund that the books may not know the whole of: ours, by its key, has the id that we asked for it by."""
    ours = refund_key(payment_id, "", call=call)
    is_ours = refund.key.startswith(ours)
    return TakenElsewhere(
        gateway_id=refund.id,
        id=refund.key.removeprefix(ours) if is_ours else refund.id,
        amount=refund.amount,
        reason="found at the gateway" if is_ours else "made at the gateway",
        invoice_id=refund.invoice_id if is_ours else None,
    )


def made_after_all(payment: Payment, failed: Refund, *, gateway_id: str, call: Call) -> PaymentChange | None:
    """What becomes of a payment whose refund was given up, while a call that was at the gateway still made it there.

    It is done, and what it was for is taken now, from where it is by then. None where the gateway itself said that this
    one failed, which is its last word.
    """
    if failed.gateway_id == gateway_id:
        return None
    others = replace(payment, refunds=tuple(each for each in payment.refunds if each is not failed))
    made = TakenElsewhere(
        gateway_id=gateway_id,
        id=failed.id,
        amount=failed.amount,
        reason=failed.reason,
        invoice_id=failed.invoice_id,
    )
    return taken_elsewhere(others, made, call=call)


def _moved_on(payment: Payment, known: list[Refund], refund: GatewayRefund) -> PaymentChange | None:
    match known[0].state, refund.status:
        case RefundState.ASKED, RefundStatus.SUCCEEDED:
            state = RefundState.DONE
        case RefundState.ASKED | RefundState.DONE, RefundStatus.FAILED:
            state = RefundState.FAILED
        case _:
            return None
    reason = f"{Money(refund.amount, payment.currency)} by {refund.id}"
    return refunds_ended(payment, known, state=state, gateway_id=refund.id, reason=reason)
