"""Refund a payment, to the method it came from or to the credit balance, once under the caller's own id."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from billing.domain.customer import Customer
from billing.domain.errors import Conflict, InvalidInput, NotFound
from billing.domain.money import Money
from billing.domain.payment import Application, Payment, PaymentStatus, Refund, RefundState, RefundTarget
from billing.ports import Documents, Gateway, RefundOrder, RefundRefused, RefundStatus
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.usecases.call import Call
from billing.usecases.follow_disputes import follow_disputes
from billing.usecases.follow_refunds import made_after_all, refund_key, refunded_elsewhere
from billing.usecases.payment_changes import PaymentChange, change_payment, refunds_ended
from billing.usecases.reverse_payment import lost_part
from billing.usecases.taken_elsewhere import TakenElsewhere, and_elsewhere, gone_since


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """Give back `amount` minor units of a payment, of its part for `invoice_id` or ("") of what the balance got.

    `id` is the caller's: the credit note's, or one of its own. `at_most` is what may still go back, where the gateway
    never heard of a refund that was asked for before: one of more is given up (None: whatever was asked for).
    """

    id: str
    payment_id: str
    amount: int
    target: RefundTarget
    invoice_id: str = ""
    reason: str = ""
    at_most: int | None = None


class OtherRefund(Conflict):
    """Under this id another refund of the payment was asked for: the same id can't be two sums."""

    code: ClassVar[str] = "other_refund"
    retryable: ClassVar[bool] = False

    def __init__(self, payment: Payment, known: Refund) -> None:
        money = Money(known.amount, payment.currency)
        of = f" of what it paid of {known.invoice_id}" if known.invoice_id else " of what went to the balance"
        message = f"refund {known.id!r} of payment {payment.id} is {money}{of}, to the {known.target.value}"
        super().__init__(f"{message}: another refund needs another id")


def refund_payment(documents: Documents, request: RefundRequest, *, gateway: Gateway | None, call: Call) -> Payment:
    """Refund and say how the payment stands now; the invoice has that much less paid.

    The refund is written down before the gateway is asked, so that a repeat finds out what became of it instead of
    asking twice; credit that it gives back leaves the balance by that, and comes back if the refund fails. One that the
    gateway will never make is `failed`, and what it was for is free again, first of all for a refund that somebody made
    there instead; so is one that it never heard of, where as much was given back there since. Raises NotFound,
    InvalidInput for more than is left, where the money did not come by the gateway and where there is none now,
    GatewayUnavailable and GatewayRefused (our account there is at fault): then the call may be repeated. OtherRefund
    where the id is that of another amount, target or part.
    """
    if request.target is RefundTarget.BALANCE:
        return change_payment(documents, request.payment_id, lambda each: _to_balance(each, request, call), call=call)
    payment = change_payment(
        documents, request.payment_id, lambda each: _asked(documents, each, request, gateway, call), call=call
    )
    refund = _known(payment, request)
    if refund is None or refund.state is not RefundState.ASKED:
        return payment
    gateway = _there(gateway, request)
    end = _end_at_gateway(gateway, payment, refund, at_most=request.at_most, call=call)
    elsewhere = _elsewhere(documents, gateway, payment, call=call) if end.state is RefundState.FAILED else ()
    return change_payment(
        documents, request.payment_id, lambda each: _ended(each, request, end, elsewhere, call=call), call=call
    )


def _elsewhere(documents: Documents, gateway: Gateway, payment: Payment, *, call: Call) -> tuple[TakenElsewhere, ...]:
    """What went back in place of a refund that failed: by somebody on the gateway's pages, or to the bank."""
    fetched = gateway.payment(payment.gateway_id)
    if follow_disputes(documents, payment, fetched, call=call).status is PaymentStatus.REVERSED:
        return ()
    refunds = [each for each in fetched.refunds if each.status is RefundStatus.SUCCEEDED]
    return (
        *(refunded_elsewhere(each, payment.id, call=call) for each in refunds),
        *(lost_part(each) for each in fetched.disputes if each.is_lost),
    )


def _to_balance(payment: Payment, request: RefundRequest, call: Call) -> PaymentChange | None:
    if _known(payment, request) is not None:
        return None
    if not request.invoice_id:
        expected = f"an invoice that the payment paid ({_named(payment)}); what it paid of none is on the balance"
        raise InvalidInput("invoice", expected=expected, given=None)
    _require_left(payment, request)
    return PaymentChange(
        after=_with(payment, request, call, state=RefundState.DONE),
        event="payment.refunded",
        reason=f"{Money(request.amount, payment.currency)} to the balance: {request.reason}",
        taken=(Application(invoice_id=request.invoice_id, amount=request.amount),),
        to_balance=request.amount,
    )


def _there(gateway: Gateway | None, request: RefundRequest) -> Gateway:
    if gateway is None:
        raise InvalidInput("target", expected="balance, as the tenant has no gateway", given=request.target.value)
    return gateway


def _asked(
    documents: Documents, payment: Payment, request: RefundRequest, gateway: Gateway | None, call: Call
) -> PaymentChange | None:
    if _known(payment, request) is not None:
        return None
    if not payment.gateway_id:
        raise InvalidInput("target", expected="balance, as the money did not come by card", given=request.target.value)
    _there(gateway, request)
    _require_left(payment, request)
    change = PaymentChange(
        after=_with(payment, request, call, state=RefundState.ASKED),
        event="payment.refund_asked",
        reason=f"{Money(request.amount, payment.currency)}: {request.reason}",
    )
    return change if request.invoice_id else _holding(change, _unused(documents, payment, request, call=call))


def _holding(change: PaymentChange, customer: Stored[Customer]) -> PaymentChange:
    """The change with the refund's amount off the balance as it was read: no invoice and no other refund uses it."""
    *others, asked = change.after.refunds
    held = replace(change.after, refunds=(*others, replace(asked, is_held=True)))
    return replace(change, after=held, taken=(Application(invoice_id="", amount=asked.amount),), customer=customer)


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """What became of a refund at the gateway: its id there, if it has one, and why in words."""

    state: RefundState
    gateway_id: str
    reason: str


_STATES = {
    RefundStatus.SUCCEEDED: RefundState.DONE,
    RefundStatus.PENDING: RefundState.ASKED,
    RefundStatus.FAILED: RefundState.FAILED,
}


def _end_at_gateway(gateway: Gateway, payment: Payment, refund: Refund, *, at_most: int | None, call: Call) -> _End:
    """Look for the refund first. One that waits since an earlier call is made no more where as much went back since."""
    key, fetched = refund_key(payment.id, refund.id, call=call), gateway.payment(payment.gateway_id)
    made = next((each for each in fetched.refunds if each.key == key), None)
    if made is not None and (booked := [each.id for each in payment.refunds if each.gateway_id == made.id]):
        return _End(state=RefundState.FAILED, gateway_id="", reason=f"is booked as {booked[0]} already")
    if made is None and refund.refunded_at < call.recorded_at:
        ours = refund_key(payment.id, "", call=call)
        is_too_much = at_most is not None and refund.amount > at_most
        if is_too_much or gone_since(payment, fetched, refund, ours=ours) >= refund.amount:
            return _End(state=RefundState.FAILED, gateway_id="", reason="given up: as much went back without it")
    order = RefundOrder(
        key=key,
        payment_id=payment.gateway_id,
        amount=refund.amount,
        reason=refund.reason,
        invoice_id=refund.invoice_id,
    )
    try:
        made = made or gateway.refund(order)
    except RefundRefused as error:
        return _End(state=RefundState.FAILED, gateway_id="", reason=error.reason)
    return _End(state=_STATES[made.status], gateway_id=made.id, reason=f"by {made.id}")


def _ended(
    payment: Payment, request: RefundRequest, end: _End, elsewhere: Sequence[TakenElsewhere], *, call: Call
) -> PaymentChange | None:
    known = _known(payment, request)
    if known is not None and known.state is RefundState.FAILED and end.state is RefundState.DONE:
        return made_after_all(payment, known, gateway_id=end.gateway_id, call=call)
    if known is None or known.state is not RefundState.ASKED or end.state is RefundState.ASKED:
        return None
    reason = f"{Money(request.amount, payment.currency)} {end.reason}"
    change = refunds_ended(payment, [known], state=end.state, gateway_id=end.gateway_id, reason=reason)
    return and_elsewhere(change, elsewhere, call=call)


def _known(payment: Payment, request: RefundRequest) -> Refund | None:
    known = next((each for each in payment.refunds if each.id == request.id), None)
    asked = (request.amount, request.target, request.invoice_id)
    if known is not None and (known.amount, known.target, known.invoice_id) != asked:
        raise OtherRefund(payment, known)
    return known


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
    if not left and payment.parts_left:
        expected = f"a part of which something is left to give back: {_named(payment)}"
        raise InvalidInput("invoice", expected=expected, given=request.invoice_id or None)
    if not 0 < request.amount <= left:
        expected = f"more than 0 and at most {Money(left, payment.currency)}, what is left of it"
        raise InvalidInput("amount", expected=expected, given=str(Money(request.amount, payment.currency)))


def _unused(documents: Documents, payment: Payment, request: RefundRequest, *, call: Call) -> Stored[Customer]:
    """The customer whose credit is enough; refuses credit that was used: invoices would stand as paid by nobody."""
    [customer] = Customers.of(documents, call.tenant_id).get([payment.customer_id])
    if customer is None:
        raise NotFound("customer", payment.customer_id)
    left = max(0, customer.value.credit_balance)
    if request.amount > left:
        expected = f"at most {Money(left, payment.currency)}, what is left on the credit balance"
        raise InvalidInput("amount", expected=expected, given=str(Money(request.amount, payment.currency)))
    return customer


def _named(payment: Payment) -> str:
    """What is left of the payment, part by part, in words."""
    parts = [
        f"{each.invoice_id or 'none, for the balance'} with {Money(each.amount, payment.currency)}"
        for each in payment.parts_left
    ]
    return ", ".join(parts) or "nothing is left of it"
