"""Give back what a credit note left paid beyond what is owed: each payment once, under the note's own id."""

from collections.abc import Callable

from billing.domain.credit import CreditNote, CreditRefund
from billing.domain.payment import Payment, PaymentStatus, RefundState, RefundTarget
from billing.ports import Documents, Gateway
from billing.store.invoices import Invoices
from billing.store.payments import Payments
from billing.usecases.call import Call
from billing.usecases.close_other_ways import close_other_ways
from billing.usecases.refund_payment import RefundRequest, refund_payment


def refund_credit(documents: Documents, note: CreditNote, *, gateway: Callable[[], Gateway] | None, call: Call) -> bool:
    """Refund what a credit note says, and close what is open to pay its invoice by; whether all of it is done.

    Doing it again is harmless. What the payment's method does not take back goes to the customer's balance as far as
    the invoice is overpaid still, but for a payment that the bank took back: all of it went with that, and its invoice
    is owed less by the note. A hosted page that is for no more than is due now stays open. Without a `gateway`
    whatever needs one waits. Raises GatewayUnavailable (do it again later) and GatewayRefused.
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
    if _went_back(documents, note, refund, call=call):
        return True
    if refund.target is RefundTarget.BALANCE:
        _refund(documents, note, refund, id=note.id, gateway=None, call=call)
        return True
    if gateway is None:
        return False
    payment = _refund(documents, note, refund, id=note.id, gateway=gateway(), call=call)
    state = next(each.state for each in payment.refunds if each.id == note.id)
    if state is RefundState.FAILED and payment.status is not PaymentStatus.REVERSED:
        _to_balance(documents, note, refund, payment, call=call)
    return state is not RefundState.ASKED


def _to_balance(documents: Documents, note: CreditNote, refund: CreditRefund, payment: Payment, *, call: Call) -> None:
    """Put on the balance what is paid too much still: somebody may have refunded it on the gateway's own pages."""
    name = f"{note.id}.balance"
    [invoice] = Invoices.of(documents, call.tenant_id).get([note.invoice_id])
    left = next((each.amount for each in payment.parts_left if each.invoice_id == note.invoice_id), 0)
    amount = min(refund.amount, left, 0 if invoice is None else invoice.value.overpaid)
    if amount and all(each.id != name for each in payment.refunds):
        instead = CreditRefund(payment_id=refund.payment_id, amount=amount, target=RefundTarget.BALANCE)
        _refund(documents, note, instead, id=name, gateway=None, call=call)


def _went_back(documents: Documents, note: CreditNote, refund: CreditRefund, *, call: Call) -> bool:
    """Whether the bank took the payment back, and no refund of the note's is still to be found out about."""
    [stored] = Payments.of(documents, call.tenant_id).get([refund.payment_id])
    if stored is None or stored.value.status is not PaymentStatus.REVERSED:
        return False
    return all(each.id != note.id or each.state is not RefundState.ASKED for each in stored.value.refunds)


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
