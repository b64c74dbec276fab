"""Bring the books up to what the gateway says of one payment now, in whatever order and however often one hears of it.

Nothing is taken from the message that led here: the payment is fetched, and each part of its state (the money, the
attempt, refunds, a dispute) is applied where the books do not say it yet.
"""

from dataclasses import dataclass
from enum import StrEnum

from billing.domain.invoice import Invoice
from billing.ports import Documents, Gateway, GatewayPayment, Succeeded
from billing.store.invoices import Invoices
from billing.usecases.call import Call
from billing.usecases.close_other_ways import close_other_ways
from billing.usecases.note_payment import note_payment


class Followed(StrEnum):
    """What came of looking: `not_ours` is a payment that names no invoice of this tenant."""

    BOOKED = "booked"
    NOTED = "noted"
    NOT_OURS = "not_ours"

    @property
    def is_ours(self) -> bool:
        """Whether it concerns this tenant's books."""
        return self is not Followed.NOT_OURS


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedPayment:
    """What came of it, and the invoice that the payment is for as it stands now (None where it is not ours)."""

    outcome: Followed
    invoice: Invoice | None = None


def follow_payment(documents: Documents, gateway: Gateway, payment_id: str, *, call: Call) -> FollowedPayment:
    """Fetch a payment from the gateway and book what it came to; doing it again changes nothing.

    Money that came is booked for the invoice that we named when we asked for it; where that was paid meanwhile it
    becomes credit. Raises GatewayUnavailable, GatewayRefused, WriteConflict and what `record_payment` raises.
    """
    return follow_fetched(documents, gateway, gateway.payment(payment_id), call=call)


def follow_fetched(documents: Documents, gateway: Gateway, payment: GatewayPayment, *, call: Call) -> FollowedPayment:
    """As `follow_payment`, of a payment that was just fetched."""
    invoices, invoice_id = Invoices.of(documents, call.tenant_id), payment.metadata.get("invoice_id", "")
    if payment.metadata.get("tenant_id") != call.tenant_id or not invoice_id:
        return FollowedPayment(outcome=Followed.NOT_OURS)
    [invoice] = invoices.get([invoice_id])
    if invoice is None:
        return FollowedPayment(outcome=Followed.NOT_OURS)
    note_payment(documents, gateway, payment, invoice=invoice.value, call=call)
    if isinstance(payment.outcome, Succeeded):
        close_other_ways(documents, gateway, invoice_id, paid_by=payment.id, call=call)
    [now] = invoices.get([invoice_id])
    outcome = Followed.BOOKED if isinstance(payment.outcome, Succeeded) else Followed.NOTED
    return FollowedPayment(outcome=outcome, invoice=(now or invoice).value)
