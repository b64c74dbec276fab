"""Bring the books up to a hosted page: an invoice that was paid on it, or a payment method that was saved."""

from dataclasses import dataclass

from billing.ports import Checkout, CheckoutStatus, Documents, Gateway
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.usecases.call import Call
from billing.usecases.charge_waiting import ChargeAgain, charge_waiting
from billing.usecases.close_other_ways import forget_page
from billing.usecases.follow_payment import Followed, follow_payment
from billing.usecases.saved_methods import keep_method_of_now, keep_method_of_page


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedPages:
    """What a saved method leads to: the tenant's gateway, and what charges an invoice that waits for a method."""

    gateway: Gateway
    charge_again: ChargeAgain


def follow_checkout(
    documents: Documents, pages: HostedPages, checkout_id: str, *, call: Call, invoice_id: str | None = None
) -> Followed:
    """Fetch a hosted page and book what came of it; doing it again changes nothing.

    With `invoice_id` only a page of that invoice counts: the address that somebody came back to is not believed.
    Raises GatewayUnavailable, GatewayRefused, WriteConflict.
    """
    page = pages.gateway.checkout(checkout_id)
    named = page.metadata.get("invoice_id", "")
    if page.metadata.get("tenant_id") != call.tenant_id or invoice_id not in (None, named):
        return Followed.NOT_OURS
    if page.status is CheckoutStatus.EXPIRED and named and Invoices.of(documents, call.tenant_id).get([named])[0]:
        forget_page(documents, named, page.id, call=call)
    if page.payment_id:
        return follow_payment(documents, pages.gateway, page.payment_id, call=call).outcome
    if page.status is CheckoutStatus.COMPLETE and page.method is not None:
        return _save(documents, pages, page, call=call)
    return Followed.NOTED


def follow_customer(documents: Documents, pages: HostedPages, gateway_customer: str, *, call: Call) -> Followed:
    """Remember the method that a customer of the gateway's has saved now, or that it has none any more.

    What waits for a method is charged with it, also where it was remembered before: whoever did may have been killed.
    """
    customer = Customers.of(documents, call.tenant_id).at(gateway_customer)
    if customer is None:
        return Followed.NOT_OURS
    customer_id = customer.value.id
    news = keep_method_of_now(
        documents,
        customer_id,
        lambda: pages.gateway.saved_method(gateway_customer),
        gateway_id=gateway_customer,
        call=call,
    )
    charge_waiting(documents, customer_id, pages.charge_again, call=call)
    return Followed.BOOKED if news else Followed.NOTED


def _save(documents: Documents, pages: HostedPages, page: Checkout, *, call: Call) -> Followed:
    """Make the saved method the one that is charged, and charge whatever of its customer's was waiting for one."""
    customer_id = page.metadata.get("customer_id", "")
    if Customers.of(documents, call.tenant_id).get([customer_id])[0] is None:
        return Followed.NOT_OURS
    news = keep_method_of_page(documents, pages.gateway, page, customer_id=customer_id, call=call)
    charge_waiting(documents, customer_id, pages.charge_again, call=call)
    return Followed.BOOKED if news else Followed.NOTED
