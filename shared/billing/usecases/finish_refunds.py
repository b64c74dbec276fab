"""Finish refunds that were asked for and have no end yet: their call died, or the gateway's event was lost."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial

from billing.domain.errors import BillingError
from billing.domain.payment import Payment, Refund
from billing.domain.run_report import Settled, SettlementFailure
from billing.ports import Documents, Gateway
from billing.store.collection import Stored
from billing.store.payments import Payments, decode_payment
from billing.usecases.call import Call
from billing.usecases.refund_payment import RefundRequest, refund_payment
from billing.usecases.settle_documents import failure_of, sweep_pages

_ANSWER_TAKES = timedelta(minutes=15)
"""A call that asked for a refund has its answer by then, or is dead."""
_AT_ONCE = 20
"""Payments between two looks at the clock: each refund is a few requests, one after the other."""


def sweep_refunds(
    documents: Documents,
    gateway: Callable[[], Gateway],
    *,
    call: Callable[[], Call],
    out_of_time: Callable[[], bool],
    after: str = "",
) -> Settled:
    """Ask for every refund of a tenant again that waits, a page of payments at a time, from after a payment's id.

    `call` says who does so, now; the gateway is made when it is first needed. A refund that can't be asked for is a
    failure by its payment's id, stops no other, and is tried again by the next sweep.
    """
    payments = Payments.of(documents, call().tenant_id).collection
    finish = partial(_finish, documents, gateway, call)
    return sweep_pages(payments, decode_payment, finish, out_of_time=out_of_time, after=after, page=_AT_ONCE)


def _finish(
    documents: Documents, gateway: Callable[[], Gateway], call: Callable[[], Call], payments: Sequence[Stored[Payment]]
) -> Settled:
    failures: list[SettlementFailure] = []
    for payment, refund in _waiting(payments, call=call()):
        try:
            refund_payment(documents, _asked_again(payment, refund), gateway=gateway(), call=call())
        except BillingError as error:
            failures.append(failure_of(payment.id, error))
    return Settled(failures=failures)


def _waiting(payments: Sequence[Stored[Payment]], *, call: Call) -> Iterator[tuple[Payment, Refund]]:
    for stored in payments:
        for refund in stored.value.refunds:
            if refund.waits and refund.refunded_at <= call.recorded_at - _ANSWER_TAKES:
                yield stored.value, refund


def _asked_again(payment: Payment, refund: Refund) -> RefundRequest:
    """The very same refund: what is under its key at the gateway is found, and nothing is asked for twice."""
    return RefundRequest(
        id=refund.id,
        payment_id=payment.id,
        amount=refund.amount,
        target=refund.target,
        invoice_id=refund.invoice_id,
        reason=refund.reason,
    )
