"""Give back what a credit note left paid beyond what is owed: each payment once, under the note's own id."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from billing.domain.credit import CreditNote, CreditRefund
from billing.domain.errors import NotFound
from billing.domain.payment import Payment, PaymentStatus, RefundState, RefundTarget
from billing.ports import Documents, Gateway, GatewayPayment, RefundStatus
from billing.store.invoices import Invoices
from billing.store.payments import Payments
from billing.usecases.call import Call
from billing.usecases.close_other_ways import close_other_ways
from billing.usecases.follow_disputes import follow_back
from billing.usecases.follow_refunds import refund_key
from billing.usecases.refund_payment import RefundRequest, refund_payment


def refund_credit(documents: Documents, note: CreditNote, *, gateway: Callable[[], Gateway] | None, call: Call) -> bool:
    """Refund what a credit note says, and close what is open to pay its invoice by; whether all of it is done.

    Doing it again is harmless. No more is given back than the invoice is overpaid still: somebody may have refunded the
    same money meanwhile, or the bank took the payment back. What the payment's method does not take goes to the
    customer's balance. A hosted page that is for no more than is due now stays open. Without a `gateway` whatever needs
    one waits. Raises GatewayUnavailable (do it again later) and GatewayRefused.
    """
    done = [_refunded(documents, note, each, gateway=gateway, call=call) for each in note.refunds]
    if gateway is not None:
        close_other_ways(documents, gateway(), note.invoice_id, paid_by="", call=call)
    return all(done) and (gateway is not None or bool(done))


def _refunded(
    documents: Documents,
    note: CreditNote,
    refund: CreditRefund,
    *,
    gateway: Callable[[], Gateway] | None,
    call: Call,
) -> bool:
    known = next((each for each in _payment(documents, refund, call=call).refunds if each.id == note.id), None)
    if known is not None and known.state is RefundState.DONE:
        return gateway is not None or refund.target is RefundTarget.BALANCE
    amount = (
        _amount_to_ask(documents, note, refund, gateway=gateway, call=call)
        if known is None
        else known.amount  # less than the note says where no more was left to give
    )
    if not amount:
        return amount == 0
    asked = replace(refund, amount=amount)
    if refund.target is RefundTarget.BALANCE:
        _refund(documents, note, asked, id=note.id, gateway=None, call=call)
        return True
    if gateway is None:
        return False
    payment = _refund(documents, note, asked, id=note.id, gateway=gateway(), call=call)
    [made] = [each for each in payment.refunds if each.id == note.id]
    if made.state is RefundState.FAILED:
        return _to_balance(documents, note, asked, payment, gateway=gateway(), call=call)
    return made.state is RefundState.DONE


def _amount_to_ask(
    documents: Documents,
    note: CreditNote,
    refund: CreditRefund,
    *,
    gateway: Callable[[], Gateway] | None,
    call: Call,
) -> int | None:
    """As `_left_to_give`, once what went back elsewhere is booked; None also without a gateway that is needed."""
    elsewhere: Mapping[str, int] = {}
    status = _payment(documents, refund, call=call).status
    if status is not PaymentStatus.REVERSED and refund.target is RefundTarget.METHOD:
        if gateway is None:
            return None
        elsewhere = _under_way_elsewhere(documents, note, gateway(), call=call)
    return _left_to_give(documents, note, refund, elsewhere=elsewhere, call=call)


def _to_balance(
    documents: Documents, note: CreditNote, refund: CreditRefund, payment: Payment, *, gateway: Gateway, call: Call
) -> bool:
    """Put on the balance what is to be given still; whether that is the end of it."""
    name = f"{note.id}.balance"
    if any(each.id == name for each in payment.refunds):
        return True
    elsewhere = _under_way_elsewhere(documents, note, gateway, call=call)
    amount = _left_to_give(documents, note, refund, elsewhere=elsewhere, call=call)
    if amount:
        instead = CreditRefund(payment_id=refund.payment_id, amount=amount, target=RefundTarget.BALANCE)
        _refund(documents, note, instead, id=name, gateway=None, call=call)
    return amount is not None


def _left_to_give(
    documents: Documents, note: CreditNote, refund: CreditRefund, *, elsewhere: Mapping[str, int], call: Call
) -> int | None:
    """What of a refund is to be given still: no more than its invoice is overpaid, whoever gave money back meanwhile.

    Nothing of what the bank took back. None while that can't be told: the payment is disputed, or another refund is
    under way that would leave less if it arrived; of what no books know of yet that is `elsewhere`, by payment.
    """
    payment = _payment(documents, refund, call=call)
    if payment.status is not PaymentStatus.SUCCEEDED:
        return 0 if payment.status is PaymentStatus.REVERSED else None
    [invoice] = Invoices.of(documents, call.tenant_id).get([note.invoice_id])
    over = 0 if invoice is None else invoice.value.overpaid
    payments = Payments.of(documents, call.tenant_id).of_invoice(note.invoice_id)
    under_way = {each.value.id: _asked(each.value, note.invoice_id) for each in payments}
    left = next((each.amount for each in payment.parts_left if each.invoice_id == note.invoice_id), 0)
    most = min(refund.amount, left + under_way.get(payment.id, 0), over)
    left, over = left - elsewhere.get(payment.id, 0), over - sum(under_way.values()) - sum(elsewhere.values())
    return most if most <= min(left, over) else None


def _under_way_elsewhere(documents: Documents, note: CreditNote, gateway: Gateway, *, call: Call) -> Mapping[str, int]:
    """What the gateway is giving back of each payment of the note's invoice, and the books hold nothing for.

    What went back by now is booked first.
    """
    amounts: dict[str, int] = {}
    for each in Payments.of(documents, call.tenant_id).of_invoice(note.invoice_id):
        if each.value.gateway_id and each.value.status is not PaymentStatus.REVERSED:
            fetched = gateway.payment(each.value.gateway_id)
            payment = follow_back(documents, each.value, fetched, call=call)
            amounts[payment.id] = _under_way_beside(note, payment, fetched, call=call)
    return amounts


def _under_way_beside(note: CreditNote, payment: Payment, fetched: GatewayPayment, *, call: Call) -> int:
    """What the gateway is giving back of a payment, beside refunds that the books know of and the note's own."""
    failed = {each.id for each in payment.refunds if each.state is RefundState.FAILED}
    ours = {note.id, *(each.id for each in payment.refunds)} - failed
    keys = {refund_key(payment.id, each, call=call) for each in ours}
    pending = [each for each in fetched.refunds if each.status is RefundStatus.PENDING]
    return sum(each.amount for each in pending if each.key not in keys)


def _asked(payment: Payment, invoice_id: str) -> int:
    """What refunds of an invoice's part come to that wait for their end."""
    waiting = [each for each in payment.refunds if each.waits]
    return sum(each.amount for each in waiting if each.invoice_id == invoice_id)


def _payment(documents: Documents, refund: CreditRefund, *, call: Call) -> Payment:
    [stored] = Payments.of(documents, call.tenant_id).get([refund.payment_id])
    if stored is None:
        raise NotFound("payment", refund.payment_id)
    return stored.value


def _refund(
    documents: Documents,
    note: CreditNote,
    refund: CreditRefund,
    *,
    id: str,  # noqa: A002 - the refund's
    gateway: Gateway | None,
    call: Call,
) -> Payment:
    request = RefundRequest(
        id=id,
        payment_id=refund.payment_id,
        amount=refund.amount,
        target=refund.target,
        invoice_id=note.invoice_id,
        reason=f"{note.number}: {note.reason}",
    )
    return refund_payment(documents, request, gateway=gateway, call=call)
