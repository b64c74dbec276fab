"""Which dunning policy an invoice's customer follows now."""

from billing.domain.dunning_policy import DunningPolicy
from billing.domain.errors import NotFound
from billing.domain.invoice import Invoice
from billing.ports import Documents
from billing.store.customers import Customers
from billing.store.tenants import Tenants
from billing.usecases.call import Call


def policy_of(documents: Documents, invoice: Invoice, *, call: Call) -> DunningPolicy:
    """The policy, as tenant and customer stand; NotFound where the customer is gone."""
    [customer] = Customers.of(documents, call.tenant_id).get([invoice.customer_id])
    if customer is None:
        raise NotFound("customer", invoice.customer_id)
    return Tenants(documents).get(call.tenant_id).dunning.of(customer.value)
