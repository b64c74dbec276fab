"""Refund a payment, to the method it came from or to the credit balance, once under the caller's own id."""

from dataclasses import dataclass, replace

from billing.domain.errors import InvalidInput
from billing.domain.money import Money
from billing.domain.payment import Application, Payment, PaymentStatus, Refund, RefundState, RefundTarget
from billing.ports import Documents, Gateway, GatewayRefund, RefundOrder, RefundStatus
from billing.store.payments import Payments
from billing.usecases.call import Call
from billing.usecases.payment_changes import PaymentChange, change_payment


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """Give back `amount` minor units of a payment, of its part for `invoice_id` or ("") of what the balance got.

    `id` is the caller's: the credit note's, or one of its own.
    """

    id: str
    payment_id: str
    amount: int
    target: RefundTarget
    invoice_id: str = ""
    reason: str = ""


def refund_payment(documents: Documents, request: RefundRequest, *, gateway: Gateway | None, call: Call) -> Payment:
    """Refund and say how the payment stands now; the invoice has that much less paid.

    The refund is written down before the gateway is asked, so that a repeat finds out what became of it instead of
    asking twice. Raises NotFound, InvalidInput for more than is left and where the money did not come by the gateway,
    GatewayUnavailable (repeat the call) and GatewayRefused (then nothing was refunded).
    """
    if request.target is RefundTarget.BALANCE:
        return change_payment(documents, request.payment_id, lambda each: _to_balance(each, request, call), call=call)
    payment = change_payment(documents, request.payment_id, lambda each: _asked(each, request, call), call=call)
    refund = _known(payment, request)
    if refund is None or refund.state is not RefundState.ASKED:
        return payment
    if gateway is None:
        raise InvalidInput("target", expected="balance, as the tenant has no gateway", given=request.target.value)
    done = _at_gateway(gateway, payment, request, call=call)
    return change_payment(documents, request.payment_id, lambda each: _answered(each, request, done), call=call)


def finish_refunds(documents: Documents, gateway: Gateway, *, payment_id: str, call: Call) -> Payment:
    """Find out what became of a payment's refunds that were asked for; a killed call or a webhook leads here."""
    [stored] = Payments.of(documents, call.tenant_id).get([payment_id])
    payment = None if stored is None else stored.value
    for refund in () if payment is None else payment.refunds:
        if refund.state is RefundState.ASKED:
            request = RefundRequest(
                id=refund.id,
                payment_id=payment_id,
                amount=refund.amount,
                target=refund.target,
                invoice_id=refund.invoice_id,
                reason=refund.reason,
            )
            payment = refund_payment(documents, request, gateway=gateway, call=call)
    return payment or change_payment(documents, payment_id, lambda _: None, call=call)


def _to_balance(payment: Payment, request: RefundRequest, call: Call) -> PaymentChange | None:
    if _known(payment, request) is not None:
        return None
    if not request.invoice_id:
        raise InvalidInput("invoice_id", expected="an invoice that the payment paid", given=request.invoice_id)
    _require_left(payment, request)
    return PaymentChange(
        after=_with(payment, request, call, state=RefundState.DONE),
        name=f"refund-{request.id}",
        event="payment.refunded",
        reason=f"{Money(request.amount, payment.currency)} to the balance: {request.reason}",
        taken=(Application(invoice_id=request.invoice_id, amount=request.amount),),
        to_balance=request.amount,
    )


def _asked(payment: Payment, request: RefundRequest, call: Call) -> PaymentChange | None:
    if _known(payment, request) is not None:
        return None
    if not payment.gateway_id:
        raise InvalidInput("target", expected="balance, as the money did not come by card", given=request.target.value)
    _require_left(payment, request)
    return PaymentChange(
        after=_with(payment, request, call, state=RefundState.ASKED),
        name=f"refund-{request.id}-asked",
        event="payment.refund_asked",
        reason=f"{Money(request.amount, payment.currency)}: {request.reason}",
    )


def _at_gateway(gateway: Gateway, payment: Payment, request: RefundRequest, *, call: Call) -> GatewayRefund:
    key = f"{call.tenant_id}/{request.payment_id}/refund/{request.id}"
    for refund in gateway.payment(payment.gateway_id).refunds:
        if refund.key == key:
            return refund
    order = RefundOrder(key=key, payment_id=payment.gateway_id, amount=request.amount, reason=request.reason)
    return gateway.refund(order)


def _answered(payment: Payment, request: RefundRequest, done: GatewayRefund) -> PaymentChange | None:
    known = _known(payment, request)
    if known is None or known.state is not RefundState.ASKED or done.status is RefundStatus.PENDING:
        return None
    failed = done.status is RefundStatus.FAILED
    state = RefundState.FAILED if failed else RefundState.DONE
    after = replace(
        payment,
        refunds=tuple(
            replace(each, state=state, gateway_id=done.id) if each.id == request.id else each
            for each in payment.refunds
        ),
    )
    return PaymentChange(
        after=after,
        name=f"refund-{request.id}-{state.value}",
        event="payment.refund_failed" if failed else "payment.refunded",
        reason=f"{Money(request.amount, payment.currency)} by {done.id}",
        taken=() if failed else (Application(invoice_id=request.invoice_id, amount=request.amount),),
    )


def _known(payment: Payment, request: RefundRequest) -> Refund | None:
    return next((each for each in payment.refunds if each.id == request.id), None)


def _with(payment: Payment, request: RefundRequest, call: Call, *, state: RefundState) -> Payment:
    refund = Refund(
        id=request.id,
        amount=request.amount,
        target=request.target,
        refunded_at=call.recorded_at,
        state=state,
        invoice_id=request.invoice_id,
        reason=request.reason,
    )
    return replace(payment, refunds=(*payment.refunds, refund))


def _require_left(payment: Payment, request: RefundRequest) -> None:
    if payment.status is not PaymentStatus.SUCCEEDED:
        raise InvalidInput("payment_id", expected="a payment that stands", given=f"one that is {payment.status.value}")
    left = next((each.amount for each in payment.parts_left if each.invoice_id == request.invoice_id), 0)
    if not 0 < request.amount <= left:
        expected = f"more than 0 and at most {Money(left, payment.currency)}, what is left of it"
        raise InvalidInput("amount", expected=expected, given=request.amount)
