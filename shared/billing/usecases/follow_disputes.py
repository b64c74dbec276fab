"""Book what the gateway says went back of a payment: its refunds, its disputes, and what became of them in the end."""

from billing.domain.payment import Payment, PaymentStatus
from billing.ports import Documents, GatewayPayment
from billing.usecases.call import Call
from billing.usecases.follow_refunds import follow_refunds
from billing.usecases.reverse_payment import dispute_payment, lose_part, settle_dispute


def follow_back(documents: Documents, booked: Payment, payment: GatewayPayment, *, call: Call) -> Payment:
    """Bring a booked payment up to its refunds and then its disputes; how it stands then. Again changes nothing."""
    booked = follow_refunds(documents, booked, payment.refunds, call=call)
    return follow_disputes(documents, booked, payment, call=call)


def follow_disputes(documents: Documents, booked: Payment, payment: GatewayPayment, *, call: Call) -> Payment:
    """Bring a booked payment up to its disputes, and say how it stands then; saying it again changes nothing.

    Lost ones that come to all of it reverse it, others take what they are about. While one is open nothing of the rest
    is owed again, and won the payment stands.
    """
    lost = [each for each in payment.disputes if each.is_lost]
    is_open = len(lost) < len(payment.disputes)
    if sum(each.amount for each in lost) >= booked.amount:
        return settle_dispute(documents, booked.id, won=False, reason="the dispute is lost", call=call)
    for each in lost:
        booked = lose_part(documents, booked.id, each, is_last=not is_open, call=call)
    if is_open:
        return dispute_payment(documents, booked.id, reason="the customer's bank holds it back", call=call)
    if booked.status is PaymentStatus.DISPUTED:
        return settle_dispute(documents, booked.id, won=True, reason="the dispute is won", call=call)
    return booked
