"""Once an invoice is paid, close what could still pay it a second time (semantics 8)."""

from dataclasses import replace

from billing.domain.attempt import AttemptStatus
from billing.domain.invoice import Invoice
from billing.domain.invoice_payment import is_open
from billing.ports import CheckoutStatus, Documents, Gateway
from billing.store.invoices import Invoices
from billing.usecases.call import Call
from billing.usecases.change_invoice import change_invoice

_WAITING = frozenset({AttemptStatus.PENDING, AttemptStatus.REQUIRES_ACTION})


def close_other_ways(documents: Documents, gateway: Gateway, invoice_id: str, *, paid_by: str, call: Call) -> None:
    """Expire the invoice's open hosted page and cancel payments that wait for the customer, but for `paid_by` itself.

    A page that is for another amount than is due now is closed as well. What was quicker than this is booked by its
    own webhook, and becomes credit. Raises GatewayUnavailable, GatewayRefused.
    """
    [stored] = Invoices.of(documents, call.tenant_id).get([invoice_id])
    if stored is None:
        return
    if stored.value.checkout_id:
        _close_page(documents, gateway, stored.value, call=call)
    if not is_open(stored.value):
        for attempt in stored.value.attempts:
            if attempt.status in _WAITING and attempt.payment_id not in ("", paid_by):
                gateway.cancel_payment(attempt.payment_id)


def _close_page(documents: Documents, gateway: Gateway, invoice: Invoice, *, call: Call) -> None:
    page = gateway.checkout(invoice.checkout_id)
    if page.status is CheckoutStatus.OPEN:
        if is_open(invoice) and page.amount == invoice.amount_due:
            return
        gateway.expire_checkout(page.id)
    forget_page(documents, invoice.id, page.id, call=call)


def forget_page(documents: Documents, invoice_id: str, checkout_id: str, *, call: Call) -> Invoice:
    """Take a hosted page that is closed off its invoice, unless another one stands there by now."""

    def decide(now: Invoice) -> Invoice:
        return replace(now, checkout_id="") if now.checkout_id == checkout_id else now

    return change_invoice(documents, invoice_id, decide, event="invoice.page_closed", call=call)
