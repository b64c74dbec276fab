"""Open a hosted page on which a customer pays an invoice, or saves another payment method (semantics 8)."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import ClassVar

from billing.domain.charging import awaiting
from billing.domain.errors import Conflict, NotFound
from billing.domain.invoice import Invoice
from billing.domain.pay_state import PayState, pay_state
from billing.ports import (
    Checkout,
    CheckoutOrder,
    CheckoutPurpose,
    CheckoutStatus,
    Documents,
    Gateway,
    GatewayRefused,
    Pending,
    RequiresAction,
    Succeeded,
)
from billing.store.invoices import Invoices
from billing.usecases.call import Call
from billing.usecases.change_invoice import change_invoice
from billing.usecases.charge_result import next_till
from billing.usecases.follow_payment import follow_fetched, follow_payment
from billing.usecases.paid_before import book_paid_before
from billing.usecases.saved_methods import customer_at_gateway

_TRIES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """Where the hosted page sends the customer afterwards; the gateway fills in `{CHECKOUT_SESSION_ID}`."""

    success_url: str
    cancel_url: str


class NotPayable(Conflict):
    """The invoice can't be paid now: nothing is due on it, or it is being charged already."""

    code: ClassVar[str] = "not_payable"
    retryable: ClassVar[bool] = False

    def __init__(self, invoice: Invoice, *, state: PayState) -> None:
        self.invoice = invoice
        self.state = state
        super().__init__(f"invoice {invoice.number} can't be paid now: it is {state.value.replace('_', ' ')}")


def open_payment(documents: Documents, gateway: Gateway, invoice_id: str, *, back: WayBack, call: Call) -> Checkout:
    """The hosted page on which the invoice's amount due is paid; the one that is open already where there is one.

    It stands on the invoice before anybody is sent there, so that whatever else pays the invoice can close it. A page
    that turns out to be paid is booked; one that was paid in vain, as by a debit that came back, another one follows.
    Raises NotFound, NotPayable, GatewayUnavailable and GatewayRefused.
    """
    closed = ""
    for _ in range(_TRIES):
        invoice = _payable(documents, gateway, invoice_id, call=call)
        if _was_paid_before(documents, gateway, invoice, call=call):
            continue
        order = replace(_order(documents, gateway, invoice, back=back, call=call), amount=invoice.amount_due)
        known = _page_of(gateway, invoice, order)
        if known is not None and known.status is CheckoutStatus.OPEN:
            return known
        if known is not None and _may_still_pay(documents, gateway, known, call=call):
            continue
        order = replace(order, key=_key(order, after=closed or invoice.checkout_id))
        page = gateway.checkout(gateway.open_checkout(order).id)  # a repeated key answers what was so the first time
        if page.status is not CheckoutStatus.OPEN:
            closed = page.id
        elif _recorded(documents, page, read=invoice, call=call):
            return page
    return _give_up(documents, gateway, invoice_id, call=call)


def open_method_page(
    documents: Documents, gateway: Gateway, invoice_id: str, *, back: WayBack, visit: str, call: Call
) -> Checkout:
    """The hosted page on which the invoice's customer saves a payment method; `visit` makes its key.

    Raises NotFound, GatewayUnavailable and GatewayRefused.
    """
    invoice = _invoice(documents, invoice_id, call=call)
    order = replace(
        _order(documents, gateway, invoice, back=back, call=call),
        key=f"{call.tenant_id}/{invoice.customer_id}/method/{visit}",
        purpose=CheckoutPurpose.SAVE_METHOD,
    )
    return gateway.open_checkout(order)


def _invoice(documents: Documents, invoice_id: str, *, call: Call) -> Invoice:
    [stored] = Invoices.of(documents, call.tenant_id).get([invoice_id])
    if stored is None:
        raise NotFound("invoice", invoice_id)
    return stored.value


def _payable(documents: Documents, gateway: Gateway, invoice_id: str, *, call: Call) -> Invoice:
    """The invoice once it is known what became of a payment under way: the event that tells may be lost."""
    invoice = _invoice(documents, invoice_id, call=call)
    if invoice.page_payment_id:
        invoice = follow_payment(documents, gateway, invoice.page_payment_id, call=call).invoice or invoice
    state = pay_state(invoice)
    if not invoice.number or not state.is_payable:
        raise NotPayable(invoice, state=state)
    return invoice


def _page_of(gateway: Gateway, invoice: Invoice, order: CheckoutOrder) -> Checkout | None:
    """The page that stands on the invoice; None without one.

    It is closed now if it was open for another amount, or for a customer that was deleted at the gateway since.
    """
    page = gateway.checkout(invoice.checkout_id) if invoice.checkout_id else None
    if page is None or page.status is not CheckoutStatus.OPEN:
        return page
    is_as_asked = (page.amount, page.customer) == (order.amount, order.customer)
    return page if is_as_asked else gateway.expire_checkout(page.id)


def _may_still_pay(documents: Documents, gateway: Gateway, page: Checkout, *, call: Call) -> bool:
    """Whether what was paid on a closed page came or is under way, which is written down.

    What waits for its customer, as a voucher does, is cancelled where the gateway lets us.
    """
    if page.status is not CheckoutStatus.COMPLETE or not page.payment_id:
        return False
    payment = gateway.payment(page.payment_id)
    follow_fetched(documents, gateway, payment, call=call)
    if isinstance(payment.outcome, RequiresAction):
        with suppress(GatewayRefused):
            return not gateway.cancel_payment(payment.id)
    return isinstance(payment.outcome, Succeeded | Pending)


def _was_paid_before(documents: Documents, gateway: Gateway, invoice: Invoice, *, call: Call) -> bool:
    """Whether restored books did not know of a payment; it is booked. Otherwise nothing is read for that."""
    if not gateway.looks_first:
        return False
    till = next_till(documents, invoice, gateway=gateway, call=call)
    return book_paid_before(documents, till, call=call) is not None


def _order(documents: Documents, gateway: Gateway, invoice: Invoice, *, back: WayBack, call: Call) -> CheckoutOrder:
    """The order of a page on which the invoice is paid, without its key and amount."""
    customer = customer_at_gateway(documents, gateway, invoice.customer_id, call=call)
    return CheckoutOrder(
        key="",
        purpose=CheckoutPurpose.PAY_INVOICE,
        tenant_id=call.tenant_id,
        customer_id=invoice.customer_id,
        customer=customer,
        email=invoice.buyer.email,
        success_url=back.success_url,
        cancel_url=back.cancel_url,
        currency=invoice.currency,
        invoice_id=invoice.id,
        invoice_number=invoice.number,
        locale=invoice.locale,
    )


def _key(order: CheckoutOrder, *, after: str) -> str:
    """The same for the same invoice, amount and page before it: two clicks at once open one page.

    The rest of the order is in it too, since Stripe refuses a key that comes back with another request.
    """
    said = repr((order, after)).encode()
    return f"{order.tenant_id}/checkout/{hashlib.sha256(said).hexdigest()[:32]}"


def _recorded(documents: Documents, page: Checkout, *, read: Invoice, call: Call) -> bool:
    """Put the page on the invoice, unless its money or its page changed since it was read."""

    def decide(now: Invoice) -> Invoice:
        same = (now.amount_due, now.checkout_id) == (read.amount_due, read.checkout_id) and pay_state(now).is_payable
        return awaiting(replace(now, checkout_id=page.id), at=call.recorded_at) if same else now

    after = change_invoice(documents, read.id, decide, event="invoice.page_opened", call=call)
    return after.checkout_id == page.id


def _give_up(documents: Documents, gateway: Gateway, invoice_id: str, *, call: Call) -> Checkout:
    invoice = _payable(documents, gateway, invoice_id, call=call)
    raise NotPayable(invoice, state=PayState.BEING_CHARGED)
