"""Once an invoice is paid, close what could still pay it a second time (semantics 8)."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from billing.domain.attempt import AttemptStatus
from billing.domain.errors import BillingError
from billing.domain.invoice import Invoice
from billing.domain.invoice_payment import is_collectible, is_open
from billing.domain.open_ends import asked_no_more
from billing.ports import CheckoutStatus, Documents, Gateway, GatewayRefused, NotAtGateway, RequiresAction
from billing.store.invoices import Invoices
from billing.usecases.call import Call
from billing.usecases.change_invoice import change_invoice
from billing.usecases.note_payment import note_payment

_WAITING = frozenset({AttemptStatus.PENDING, AttemptStatus.REQUIRES_ACTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysToPay:
    """The other ways to pay a tenant's invoices; `gateway` is asked for only where something may be open there."""

    documents: Documents
    gateway: Callable[[], Gateway | None]
    call: Call

    def close(self, invoice_id: str) -> None:
        """Close those of one invoice. Raises BillingError where that failed."""
        [stored] = Invoices.of(self.documents, self.call.tenant_id).get([invoice_id])
        if stored is not None:
            self._close(stored.value, paid_by="")

    def close_all(self, invoices: Sequence[Invoice], *, paid_by: str) -> list[tuple[Invoice, BillingError]]:
        """Close those of each, but for `paid_by` itself; the invoices where that failed, and why.

        A second payment that could not be stopped becomes credit (semantics 8).
        """
        failed: list[tuple[Invoice, BillingError]] = []
        for invoice in invoices:
            try:
                self._close(invoice, paid_by=paid_by)
            except BillingError as error:
                failed.append((invoice, error))
        return failed

    def _close(self, invoice: Invoice, *, paid_by: str) -> None:
        if (invoice.checkout_id or invoice.attempts) and (gateway := self.gateway()) is not None:
            close_other_ways(self.documents, gateway, invoice.id, paid_by=paid_by, call=self.call)


def close_other_ways(documents: Documents, gateway: Gateway, invoice_id: str, *, paid_by: str, call: Call) -> str:
    """Expire the invoice's open hosted page and cancel payments that wait for the customer, but for `paid_by` itself.

    A page that is for another amount than is due now is closed as well. One that its customer was quicker to pay on is
    not forgotten before that is written down, as the event that tells may be lost; the gateway's id of that payment, or
    "". What another account began, which the tenant had before, can't be closed: its page is forgotten where nobody is
    asked for the invoice any more. Raises GatewayUnavailable, GatewayRefused and what `record_payment` raises.
    """
    invoices = Invoices.of(documents, call.tenant_id)
    [stored] = invoices.get([invoice_id])
    if stored is None:
        return ""
    found = ""
    if stored.value.checkout_id:
        found = _close_page(documents, gateway, stored.value, paid_by=paid_by, call=call)
        [stored] = invoices.get([invoice_id])
    if stored is not None and not is_open(stored.value):
        for attempt in stored.value.attempts:
            if attempt.status in _WAITING and attempt.payment_id not in ("", paid_by):
                with suppress(NotAtGateway):
                    gateway.cancel_payment(attempt.payment_id)
    return found


def _close_page(documents: Documents, gateway: Gateway, invoice: Invoice, *, paid_by: str, call: Call) -> str:
    try:
        page = gateway.checkout(invoice.checkout_id)
    except NotAtGateway:
        if not is_collectible(invoice):
            forget_page(documents, invoice.id, invoice.checkout_id, call=call)
        return ""
    if page.status is CheckoutStatus.OPEN:
        if is_open(invoice) and page.amount == invoice.amount_due:
            return ""
        page = gateway.expire_checkout(page.id)
    found = page.payment_id if page.status is CheckoutStatus.COMPLETE and page.payment_id != paid_by else ""
    if not found or _is_noted(documents, gateway, found, invoice=invoice, call=call):
        forget_page(documents, invoice.id, page.id, call=call)
    return found


def _is_noted(documents: Documents, gateway: Gateway, payment_id: str, *, invoice: Invoice, call: Call) -> bool:
    """Write down what was paid on a page; False while that waits for its customer: the page is asked for again.

    A voucher waits so, until it is cancelled: for an invoice that is still owed it is not.
    """
    payment = gateway.payment(payment_id)
    if isinstance(payment.outcome, RequiresAction) and not is_open(invoice):
        with suppress(GatewayRefused):
            gateway.cancel_payment(payment_id)
        payment = gateway.payment(payment_id)
    note_payment(documents, gateway, payment, invoice=invoice, call=call)
    return not isinstance(payment.outcome, RequiresAction)


def forget_page(documents: Documents, invoice_id: str, checkout_id: str, *, call: Call) -> Invoice:
    """Take a hosted page that is closed off its invoice, unless another one stands there by now."""

    def decide(now: Invoice) -> Invoice:
        return asked_no_more(replace(now, checkout_id="")) if now.checkout_id == checkout_id else now

    return change_invoice(documents, invoice_id, decide, event="invoice.page_closed", call=call)
