"""Bring the books up to what the gateway says of one payment now, in whatever order and however often one hears of it.

Nothing is taken from the message that led here: the payment is fetched, and each part of its state (the money, the
attempt, refunds, a dispute) is applied where the books do not say it yet.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.charging import attempt_of, with_attempt
from billing.domain.invoice import Invoice, SettlementStep
from billing.domain.invoice_payment import is_collectible, is_open
from billing.domain.payment import PaymentSource, gateway_payment_id
from billing.ports import (
    ChargeOutcome,
    Declined,
    Documents,
    Gateway,
    GatewayPayment,
    Pending,
    RequiresAction,
    Succeeded,
    Unknown,
)
from billing.store.collection import Stored
from billing.store.invoices import Invoices
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.change_invoice import change_invoice
from billing.usecases.close_other_ways import close_other_ways
from billing.usecases.follow_disputes import follow_back
from billing.usecases.record_payment import NewPayment, record_payment

_STATUS = {
    Succeeded: AttemptStatus.SUCCEEDED,
    Pending: AttemptStatus.PENDING,
    RequiresAction: AttemptStatus.REQUIRES_ACTION,
    Declined: AttemptStatus.DECLINED,
    Unknown: AttemptStatus.UNKNOWN,
}


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
    if isinstance(payment.outcome, Succeeded):
        _book(documents, gateway, payment, payment.outcome, invoice=invoice, call=call)
    if payment.metadata.get("attempt", "").isdecimal():
        _note_attempt(documents, payment, invoice_id, call=call)
    else:
        _note_page_payment(documents, payment, invoice.value, call=call)
    if isinstance(payment.outcome, Succeeded):
        close_other_ways(documents, gateway, invoice_id, paid_by=payment.id, call=call)
    [now] = invoices.get([invoice_id])
    outcome = Followed.BOOKED if isinstance(payment.outcome, Succeeded) else Followed.NOTED
    return FollowedPayment(outcome=outcome, invoice=(now or invoice).value)


def _book(
    documents: Documents,
    gateway: Gateway,
    payment: GatewayPayment,
    outcome: Succeeded,
    *,
    invoice: Stored[Invoice],
    call: Call,
) -> None:
    new = NewPayment(
        id=gateway_payment_id(gateway.name, payment.id),
        amount=outcome.amount,
        currency=outcome.currency,
        source=PaymentSource.CARD,
        received_at=payment.created_at or call.recorded_at,
        customer_id=invoice.value.customer_id,
        invoice_ids=(invoice.value.id,),
        method=outcome.method.label if outcome.method else "",
        reference=invoice.value.number,
        gateway_id=payment.id,
        is_receipted=bool(Tenants(documents).get(call.tenant_id).mail_sender),
    )
    booked = record_payment(documents, new, call=call).payment
    follow_back(documents, booked, payment, call=call)


def _note_attempt(documents: Documents, payment: GatewayPayment, invoice_id: str, *, call: Call) -> None:
    """Write down on the invoice what became of the attempt that the payment was."""
    number = payment.metadata["attempt"]

    def decide(invoice: Invoice) -> Invoice:
        known = attempt_of(invoice, int(number))
        return (
            invoice
            if known is None
            else with_attempt(invoice, _answered(known, payment.id, payment.outcome), at=call.recorded_at)
        )

    change_invoice(documents, invoice_id, decide, event="invoice.charge_answered", call=call)


def _note_page_payment(documents: Documents, payment: GatewayPayment, invoice: Invoice, *, call: Call) -> None:
    """Write down on the invoice that a payment made on a hosted page is under way, until its end is known.

    One that came back after days is left to the next settlement to be told: its customer believes that it has paid.
    """
    is_under_way = isinstance(payment.outcome, Pending)
    if not is_under_way and invoice.page_payment_id != payment.id:
        return
    outcome = payment.outcome
    tells = isinstance(outcome, Declined) and bool(Tenants(documents).get(call.tenant_id).mail_sender)

    def decide(now: Invoice) -> Invoice:
        if is_under_way:
            return replace(now, page_payment_id=payment.id) if is_open(now) else now
        if now.page_payment_id != payment.id:
            return now
        ended = replace(now, page_payment_id="")
        return _came_back(ended, payment, outcome, call=call) if tells and is_collectible(ended) else ended

    change_invoice(documents, invoice.id, decide, event="invoice.page_payment", call=call)


def _came_back(invoice: Invoice, payment: GatewayPayment, outcome: ChargeOutcome, *, call: Call) -> Invoice:
    at, started = payment.created_at or call.recorded_at, AttemptStatus.STARTED
    attempt = PaymentAttempt(number=0, attempted_at=at, amount=payment.amount, status=started)
    pending = tuple(each for each in invoice.pending if each is not SettlementStep.DELIVER)
    return replace(
        invoice,
        page_payment_failed=_answered(attempt, payment.id, outcome),
        pending=(*pending, SettlementStep.DELIVER),
    )


def _answered(known: PaymentAttempt, payment_id: str, outcome: ChargeOutcome) -> PaymentAttempt:
    attempt = replace(known, status=_STATUS[type(outcome)], payment_id=payment_id)
    if isinstance(outcome, Declined):
        return replace(
            attempt,
            code=outcome.code,
            advice=outcome.advice,
            message=outcome.message,
            network_advice=outcome.network_advice,
        )
    return replace(attempt, code="", advice=None, message="", network_advice=None)
