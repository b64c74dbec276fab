"""Open a customer's account: once, with its audit record in one commit."""

from dataclasses import dataclass, replace
from typing import ClassVar

from billing.domain.customer import Customer
from billing.domain.customer_taxation import taxed_where_it_is
from billing.domain.errors import Conflict
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.customers import Customers
from billing.store.tenants import Tenants
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name


class OtherCustomer(Conflict):
    """Under this id another customer stands."""

    code: ClassVar[str] = "other_customer"
    retryable: ClassVar[bool] = False

    def __init__(self, stored: Customer) -> None:
        self.stored = stored
        super().__init__(f"customer {stored.id!r} stands already, with other particulars: change it, or use another id")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedCustomer:
    """A customer as it stands; `known` where the same request had made it before."""

    customer: Customer
    known: bool = False


def create_customer(documents: Documents, customer: Customer, *, call: Call) -> CreatedCustomer:
    """Store a new customer, taxed where it is. The same particulars under the same id are the same customer.

    Raises InvalidInput for a dunning policy that the tenant has not and for taxation that contradicts itself,
    OtherCustomer where the id is taken.
    """
    customer = taxed_where_it_is(customer)
    if customer.dunning_policy:
        Tenants(documents).get(call.tenant_id).dunning.named(customer.dunning_policy)
    return again_while_others_write(lambda: _create(documents, customer, call=call))


def _create(documents: Documents, customer: Customer, *, call: Call) -> CreatedCustomer:
    customers = Customers.of(documents, call.tenant_id)
    [stored] = customers.get([customer.id])
    if stored is not None:
        if _particulars(stored.value, customer) != customer:
            raise OtherCustomer(stored.value)
        return CreatedCustomer(customer=stored.value, known=True)
    record = call.record(f"customers/{customer.id}", "customer.created", after=customer.currency)
    batch = commit_name("customer", customer.id, "")
    audit = AuditLog.of(documents, call.tenant_id).batch([record], batch_id=batch, recorded_at=call.recorded_at)
    documents.commit([customers.creation(customer), audit])
    return CreatedCustomer(customer=customer)


def _particulars(stored: Customer, asked: Customer) -> Customer:
    """What was asked for as it is stored: whatever was billed or paid since is no part of it."""
    return replace(
        asked,
        party=stored.party,
        tax=stored.tax,
        currency=stored.currency,
        locale=stored.locale,
        collection_method=stored.collection_method,
        buyer_reference=stored.buyer_reference,
        time_zone=stored.time_zone,
        segment=stored.segment,
        dunning_policy=stored.dunning_policy,
        preferences=asked.preferences if stored.invoice_delivery is asked.invoice_delivery else stored.preferences,
    )
