"""Book what the gateway says of a payment's disputes: that one is open, and what became of it in the end."""

from billing.domain.payment import Payment, PaymentStatus
from billing.ports import Documents, GatewayPayment
from billing.usecases.call import Call
from billing.usecases.reverse_payment import dispute_payment, lose_part, settle_dispute


def follow_disputes(
    documents: Documents, booked: Payment, payment: GatewayPayment, *, given_up: str = "", call: Call
) -> Payment:
    """Bring a booked payment up to its disputes, and say how it stands then; saying it again changes nothing.

    Lost ones that come to all of it reverse it, others take what they are about, also from what a refund holds that was
    `given_up`. While one is open nothing of the rest is owed again, and won the payment stands.
    """
    lost = [each for each in payment.disputes if each.is_lost]
    is_open = len(lost) < len(payment.disputes)
    if sum(each.amount for each in lost) >= booked.amount:
        return settle_dispute(documents, booked.id, won=False, reason="the dispute is lost", call=call)
    for each in lost:
        booked = lose_part(documents, booked.id, each, is_last=not is_open, given_up=given_up, call=call)
    if is_open:
        return dispute_payment(documents, booked.id, reason="the customer's bank holds it back", call=call)
    if booked.status is PaymentStatus.DISPUTED:
        return settle_dispute(documents, booked.id, won=True, reason="the dispute is won", call=call)
    return booked
