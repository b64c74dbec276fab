"""Reverse a payment: the bank took it back, so its invoices are owed again (semantics 8)."""

from dataclasses import replace

from billing.domain.disputed import going_on, resting
from billing.domain.errors import InvalidInput
from billing.domain.payment import Payment, PaymentSource, PaymentStatus
from billing.ports import Documents, GatewayDispute
from billing.usecases.call import Call
from billing.usecases.payment_changes import PaymentChange, change_payment
from billing.usecases.taken_elsewhere import TakenElsewhere, taken_elsewhere


def reverse_payment(documents: Documents, payment_id: str, *, reason: str, call: Call) -> Payment:
    """Undo what a payment did, but for what was refunded to its method already; doing it again changes nothing.

    The invoices are issued again, or overdue. What the balance got, by a refund too, is taken off it: it goes below
    zero where it was used meanwhile, and the next payment fills it up. Raises NotFound, and InvalidInput for credit
    that was used: no bank has it to take back, and the customer would lose it.
    """

    def decide(payment: Payment) -> PaymentChange | None:
        if payment.source is PaymentSource.CREDIT_BALANCE:
            expected = "money that came in; used credit goes back by a refund to the balance"
            raise InvalidInput("payment_id", expected=expected, given=payment.id)
        if payment.status is PaymentStatus.REVERSED:
            return None
        return PaymentChange(
            after=replace(payment, status=PaymentStatus.REVERSED),
            event="payment.reversed",
            reason=reason,
            taken=payment.parts_to_take,
            cases=lambda invoice: going_on(invoice, payment_id, at=call.recorded_at),
        )

    return change_payment(documents, payment_id, decide, call=call)


def dispute_payment(documents: Documents, payment_id: str, *, reason: str, call: Call) -> Payment:
    """Mark a payment as disputed: the bank holds it back; nothing is owed again before the dispute is lost.

    What is still owed of its invoices is not chased until then.
    """

    def decide(payment: Payment) -> PaymentChange | None:
        if payment.status is not PaymentStatus.SUCCEEDED:
            return None
        after = replace(payment, status=PaymentStatus.DISPUTED)
        return PaymentChange(
            after=after,
            event="payment.disputed",
            reason=reason,
            cases=lambda invoice: resting(invoice, payment_id, at=call.recorded_at),
        )

    return change_payment(documents, payment_id, decide, call=call)


def settle_dispute(documents: Documents, payment_id: str, *, won: bool, reason: str, call: Call) -> Payment:
    """End a dispute about all of it: won, the payment stands and its invoices' cases go on; lost, it is reversed."""
    if not won:
        return reverse_payment(documents, payment_id, reason=reason, call=call)

    def decide(payment: Payment) -> PaymentChange | None:
        if payment.status is not PaymentStatus.DISPUTED:
            return None
        after = replace(payment, status=PaymentStatus.SUCCEEDED)
        return PaymentChange(
            after=after,
            event="payment.dispute_won",
            reason=reason,
            cases=lambda invoice: going_on(invoice, payment_id, at=call.recorded_at),
        )

    return change_payment(documents, payment_id, decide, call=call)


def lost_part(dispute: GatewayDispute) -> TakenElsewhere:
    """What a lost dispute about a part of a payment took."""
    return TakenElsewhere(
        gateway_id=dispute.id, id=dispute.id, amount=dispute.amount, reason="the dispute is lost", is_lost=True
    )


def lose_part(documents: Documents, payment_id: str, dispute: GatewayDispute, *, is_last: bool, call: Call) -> Payment:
    """Take off a payment what a lost dispute about a part of it took; the rest stands. Again changes nothing.

    Where no other dispute is open (`is_last`), the payment is disputed no more and its invoices' cases go on.
    """

    def decide(payment: Payment) -> PaymentChange | None:
        if payment.status is PaymentStatus.REVERSED:
            return None
        change = taken_elsewhere(payment, lost_part(dispute), call=call)
        if change is None or not is_last:
            return change
        return replace(
            change,
            after=replace(change.after, status=PaymentStatus.SUCCEEDED),
            cases=lambda invoice: going_on(invoice, payment_id, at=call.recorded_at),
        )

    return change_payment(documents, payment_id, decide, call=call)
