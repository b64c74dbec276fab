"""Write what the gateway says of one payment into the books: the money, the attempt, what is under way on a page."""

from dataclasses import replace

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.charging import attempt_of, awaiting, with_attempt
from billing.domain.invoice import Invoice, SettlementStep
from billing.domain.invoice_payment import is_collectible
from billing.domain.open_ends import asked_no_more, asked_to_the_end
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
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.change_invoice import change_invoice
from billing.usecases.follow_disputes import follow_back
from billing.usecases.record_payment import NewPayment, record_payment

_STATUS = {
    Succeeded: AttemptStatus.SUCCEEDED,
    Pending: AttemptStatus.PENDING,
    RequiresAction: AttemptStatus.REQUIRES_ACTION,
    Declined: AttemptStatus.DECLINED,
    Unknown: AttemptStatus.UNKNOWN,
}


def note_payment(
    documents: Documents, gateway: Gateway, payment: GatewayPayment, *, invoice: Invoice, call: Call
) -> None:
    """Write a payment that was just fetched down with its `invoice`; doing it again changes nothing.

    Money that came is booked for it, and is credit where it was paid meanwhile. What is under way for an invoice that
    is closed is asked about to its end. Raises what `record_payment` raises.
    """
    number = _attempt_number(payment)
    if isinstance(payment.outcome, Succeeded):
        _book(documents, gateway, payment, payment.outcome, invoice=invoice, call=call)
    if number:
        _note_attempt(documents, payment, invoice.id, number=number, call=call)
    else:
        _note_page_payment(documents, payment, invoice, call=call)


def _attempt_number(payment: GatewayPayment) -> int:
    """Which attempt it was, counted from 1; 0 for a payment made on a hosted page."""
    number = payment.metadata.get("attempt", "")
    return int(number) if number.isdecimal() else 0


def _book(
    documents: Documents,
    gateway: Gateway,
    payment: GatewayPayment,
    outcome: Succeeded,
    *,
    invoice: Invoice,
    call: Call,
) -> None:
    new = NewPayment(
        id=gateway_payment_id(gateway.name, payment.id),
        amount=outcome.amount,
        currency=outcome.currency,
        source=PaymentSource.CARD,
        received_at=payment.created_at or call.recorded_at,
        customer_id=invoice.customer_id,
        invoice_ids=(invoice.id,),
        method=outcome.method.label if outcome.method else "",
        reference=invoice.number,
        gateway_id=payment.id,
        is_receipted=bool(Tenants(documents).get(call.tenant_id).mail_sender),
        attempt=_attempt_number(payment),
    )
    booked = record_payment(documents, new, call=call).payment
    follow_back(documents, booked, payment, call=call)


def _note_attempt(documents: Documents, payment: GatewayPayment, invoice_id: str, *, number: int, call: Call) -> None:
    """Write down on the invoice what became of the attempt that the payment was."""

    def decide(invoice: Invoice) -> Invoice:
        known = attempt_of(invoice, number)
        if known is None:
            return invoice
        answered = with_attempt(invoice, _answered(known, payment.id, payment.outcome), at=call.recorded_at)
        if answered == invoice:
            return invoice
        return (asked_to_the_end if isinstance(payment.outcome, Pending) else asked_no_more)(answered)

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
            return now if now.page_payment_id == payment.id else _under_way(now, payment, call=call)
        if now.page_payment_id != payment.id:
            return now
        ended = asked_no_more(replace(now, page_payment_id=""))
        return _came_back(ended, payment, outcome, call=call) if tells and is_collectible(ended) else ended

    change_invoice(documents, invoice.id, decide, event="invoice.page_payment", call=call)


def _under_way(invoice: Invoice, payment: GatewayPayment, *, call: Call) -> Invoice:
    known = replace(invoice, page_payment_id=payment.id)
    return asked_to_the_end(awaiting(known, at=call.recorded_at))


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
