"""Charge what waited for a payment method once its customer has saved one (semantics 9)."""

from collections.abc import Callable

from billing.domain.charging import is_answered, waits_for_method
from billing.domain.errors import BillingError, NotFound
from billing.domain.invoice import Invoice
from billing.ports import Documents
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.usecases.call import Call

ChargeAgain = Callable[[str], None]
"""Charges an open invoice, by its id, with the method that its customer has just saved, unless that was tried."""


def charge_waiting(documents: Documents, customer_id: str, charge_again: ChargeAgain, *, call: Call) -> None:
    """Charge every invoice of a customer that waits for the method that is saved now, the first due first.

    What was tried with that method is left alone, so whoever hears of it, and however often, each is charged once. One
    that fails stops no other; the first failure is raised in the end, to be tried again. Raises NotFound for an unknown
    customer, and what charging raises.
    """
    failures: list[BillingError] = []
    for invoice in _waiting(documents, customer_id, call=call):
        try:
            charge_again(invoice.id)
            if not is_answered(invoice.attempts[-1]):  # that was looked up, and may have been of the method before
                charge_again(invoice.id)
        except BillingError as error:
            failures.append(error)
    for failure in failures:
        raise failure


def _waiting(documents: Documents, customer_id: str, *, call: Call) -> list[Invoice]:
    [customer] = Customers.of(documents, call.tenant_id).get([customer_id])
    if customer is None:
        raise NotFound("customer", customer_id)
    method_id = customer.value.payment_method_id
    if not method_id:
        return []
    unpaid = Invoices.of(documents, call.tenant_id).unpaid_of_customer(customer_id)
    return [each for each in unpaid if waits_for_method(each, method_id)]
