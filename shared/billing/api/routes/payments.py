"""`/api/billing/payments`: money that came in, and money that goes back."""

from datetime import datetime
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from billing.api.routes.books import Books, changing, reading
from billing.api.routes.field_names import by_name, said_of
from billing.api.routes.models import (
    LONGEST_ID,
    AnswerModel,
    Currency,
    DayOrInstant,
    GivenModel,
    Id,
    Minor,
    NamedId,
    Reason,
    RefundTo,
    Text,
)
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging, Several, any_of
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.payment import Payment, PaymentSource, PaymentStatus, RefundState, RefundTarget, require_received
from billing.domain.payment_ids import require_own_payment_id, require_own_refund_id
from billing.store.codec import decode
from billing.store.invoices import Invoices
from billing.store.pages import page_by_id
from billing.store.payments import Payments
from billing.usecases.record_payment import NewPayment, record_payment
from billing.usecases.refund_payment import RefundRequest, refund_payment
from billing.usecases.reverse_payment import reverse_payment

router = noun("payments")
Reading = Annotated[Books, reading("payments")]
Changing = Annotated[Books, changing("payments")]
Refunding = Annotated[Books, changing("refunds")]
_REFUNDED = by_name({"target": "refund_to"})


class ApplicationAnswer(AnswerModel):
    """What of a payment pays an invoice."""

    invoice_id: str
    amount: int


class RefundAnswer(AnswerModel):
    """What was given back of the part for `invoice_id`, or of what went to the balance where that is empty."""

    id: str
    amount: int
    refund_to: RefundTo
    refunded_at: datetime
    state: RefundState
    invoice_id: str
    reason: str


class PaymentAnswer(AnswerModel):
    """Money of one customer; `amount` is what is applied and what went `to_balance`, in minor units of `currency`.

    `amount_refunded` went back; of what is on its way `refunds` tell the state.
    """

    id: str
    customer_id: str
    currency: str
    amount: int
    source: PaymentSource
    received_at: datetime
    applications: list[ApplicationAnswer]
    to_balance: int
    status: PaymentStatus
    method: str
    reference: str
    amount_refunded: int
    refunds: list[RefundAnswer]
    note: str


class GivenPayment(GivenModel):
    """Money that came in past the gateway and past the bank statements. Name its invoices, or whose it is."""

    id: Id | None = None
    amount: Minor
    currency: Currency
    received_at: DayOrInstant
    invoices: Annotated[tuple[Id, ...], Field(max_length=50)] = ()
    customer_id: Id | None = None
    source: PaymentSource = PaymentSource.MANUAL
    reference: Text = ""
    note: Text = ""


class RecordedAnswer(AnswerModel):
    """The payment; `known` says that the same money was booked before. Another way to pay may still be open."""

    payment: PaymentAnswer
    known: bool
    still_open: list[str]


class GivenRefund(GivenModel):
    """What to give back, of which part: an invoice's, or what went to the balance where none is named."""

    id: Id | None = None
    amount: Minor
    refund_to: RefundTarget = RefundTarget.METHOD
    invoice: Id | None = None
    reason: Reason


class GivenReversal(GivenModel):
    """Why a payment is undone."""

    reason: Reason


@router.get("")
def list_payments(
    books: Reading,
    paging: Paging,
    *,
    customer_id: Annotated[str | None, Query(min_length=1, max_length=LONGEST_ID)] = None,
    status: Several[PaymentStatus],
) -> Paged[PaymentAnswer]:
    """List payments in the order of their ids."""
    found = page_by_id(
        Payments.of(books.documents, books.tenant_id).collection,
        paging.wanted,
        read=lambda each: decode(each.fields, Payment),
        equals={"customer_id": customer_id, "status": any_of(status)},
    )
    return paging.answer(found, PaymentAnswer, id_of=lambda each: each.id)


@router.get("/{payment_id}")
def get_payment(payment_id: NamedId, books: Reading) -> PaymentAnswer:
    """One payment."""
    return PaymentAnswer.model_validate(_payment(payment_id, books))


@router.post("", status_code=201)
def record(given: GivenPayment, books: Changing, response: Response) -> RecordedAnswer:
    """Book a payment on its invoices, the first due first; what is over goes to the credit balance.

    The same id again is the same payment, as is the same Idempotency-Key without an id.
    """
    if given.source not in (PaymentSource.BANK_TRANSFER, PaymentSource.MANUAL):
        raise InvalidInput("source", expected="bank_transfer or manual", given=given.source.value)
    if not given.invoices and given.customer_id is None:
        raise InvalidInput("customer_id", expected="whose money it is, where no invoice is named", given=None)
    if given.id is not None:
        require_own_payment_id(given.id, field="id")
    names = {"invoice_ids": "invoices"} | ({} if given.customer_id else {"customer_id": "invoices"})
    with said_of(by_name(names)):
        recorded = record_payment(books.documents, _new(given, books), call=books.call)
    response.headers["Location"] = f"/api/billing/payments/{recorded.payment.id}"
    unclosed = books.other_ways.close_all(recorded.invoices, paid_by=recorded.payment.id)
    payment = PaymentAnswer.model_validate(recorded.payment)
    return RecordedAnswer(payment=payment, known=recorded.known, still_open=[each.number for each, _ in unclosed])


@router.post("/{payment_id}/refunds", status_code=201)
def refund(payment_id: NamedId, given: GivenRefund, books: Refunding) -> PaymentAnswer:
    """Give a part of a payment back, the way it came or onto the balance; the same id again is the same refund."""
    if given.id is not None:
        require_own_refund_id(given.id, _payment(payment_id, books), field="id")
    invoice_id = "" if given.invoice is None else _invoice_id(books, given.invoice)
    request = RefundRequest(
        id=given.id or books.access.new_id("refund"),
        payment_id=payment_id,
        amount=given.amount,
        target=given.refund_to,
        invoice_id=invoice_id,
        reason=given.reason,
    )
    gateway = books.gateway() if given.refund_to is RefundTarget.METHOD else None
    with said_of(_REFUNDED):
        payment = refund_payment(books.documents, request, gateway=gateway, call=books.call)
    return PaymentAnswer.model_validate(payment)


@router.post("/{payment_id}/reverse")
def reverse(payment_id: NamedId, given: GivenReversal, books: Changing) -> PaymentAnswer:
    """Undo a payment that never was or was taken back: what it paid is owed again. Again changes nothing."""
    payment = reverse_payment(books.documents, payment_id, reason=given.reason, call=books.call)
    return PaymentAnswer.model_validate(payment)


def _payment(payment_id: str, books: Books) -> Payment:
    [stored] = Payments.of(books.documents, books.tenant_id).get([payment_id])
    if stored is None:
        raise NotFound("payment", payment_id)
    return stored.value


def _new(given: GivenPayment, books: Books) -> NewPayment:
    return NewPayment(
        id=given.id or books.access.new_id("payment"),
        amount=given.amount,
        currency=given.currency,
        source=given.source,
        received_at=_received_at(given, books),
        customer_id=given.customer_id or "",
        invoice_ids=tuple(dict.fromkeys(_invoice_id(books, each) for each in given.invoices)),
        reference=given.reference,
        note=given.note,
    )


def _received_at(given: GivenPayment, books: Books) -> datetime:
    received_at = books.instant("received_at", given.received_at)
    require_received(received_at, now=books.call.recorded_at)
    return received_at


def _invoice_id(books: Books, id_or_number: str) -> str:
    return Invoices.of(books.documents, books.tenant_id).named(id_or_number).value.id
