"""Read what billing records show: customers with their service, invoices and payments, in a handful of queries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.domain.catalog import Plan
from billing.domain.customer import Customer
from billing.domain.errors import BillingError, NotFound
from billing.domain.invoice import Invoice
from billing.domain.payment import Payment
from billing.domain.subscription import Subscription
from billing.ports import Documents
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.store.invoices import Invoices, decode_invoice
from billing.store.payments import Payments, decode_payment
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions, decode_subscription
from billing.usecases.set_service import service_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingAccount:
    """A customer with all that its record shows: invoices by the day they are due, payments as they came.

    `plan` is the version that the service is on at last; both are None where there is no service.
    """

    customer: Customer
    service: Subscription | None
    plan: Plan | None
    invoices: tuple[Invoice, ...]
    payments: tuple[Payment, ...]

    @property
    def has_record(self) -> bool:
        """Whether anything was ever said or billed of the customer."""
        return bool(self.customer.preferences or self.service or self.invoices or self.payments)

    @property
    def since(self) -> datetime | None:
        """Since when the record stands, a UTC instant: as its customer says, else since the first thing that it shows.

        None where there is none.
        """
        first = [each.issued_at for each in self.invoices] + [each.received_at for each in self.payments]
        first += [] if self.service is None else [self.service.start]
        return (self.customer.recorded_since or min(first, default=None)) if self.has_record else None


def billing_account(documents: Documents, customer_id: str, *, tenant_id: str) -> BillingAccount:
    """One customer's account in five reads; NotFound for an unknown customer, BrokenDocument."""
    [customer] = Customers.of(documents, tenant_id).get([customer_id])
    if customer is None:
        raise NotFound("customer", customer_id)
    [account] = _accounts(documents, [customer.value], tenant_id=tenant_id)
    return account


def billing_accounts(
    documents: Documents, *, tenant_id: str, limit: int, after_id: str | None = None
) -> Sequence[BillingAccount]:
    """A page of the tenant's customers by id, in five reads for the whole page."""
    customers = Customers.of(documents, tenant_id).page(limit=limit, after_id=after_id)
    return _accounts(documents, customers, tenant_id=tenant_id) if customers else []


def _accounts(documents: Documents, customers: Sequence[Customer], *, tenant_id: str) -> list[BillingAccount]:
    """The accounts of customers that follow each other by id: what is theirs lies between the first and the last."""
    first, last = customers[0].id, customers[-1].id
    subscriptions = defaultdict[str, list[Stored[Subscription]]](list)
    for each in Subscriptions.of(documents, tenant_id).collection.of_customers(first, last):
        read = decode_subscription(each)
        subscriptions[read.value.customer_id].append(read)
    services = {each.id: service_of(each.id, subscriptions[each.id]) for each in customers}
    plans = _plans(documents, [each.value for each in services.values() if each is not None], tenant_id=tenant_id)
    invoices, payments = defaultdict[str, list[Invoice]](list), defaultdict[str, list[Payment]](list)
    for each in Invoices.of(documents, tenant_id).collection.of_customers(first, last):
        invoice = decode_invoice(each).value
        invoices[invoice.customer_id].append(invoice)
    for each in Payments.of(documents, tenant_id).collection.of_customers(first, last):
        payment = decode_payment(each).value
        payments[payment.customer_id].append(payment)
    return [
        _account(each, services[each.id], plans, invoices=invoices[each.id], payments=payments[each.id])
        for each in customers
    ]


def _account(
    customer: Customer,
    service: Stored[Subscription] | None,
    plans: Mapping[str, Plan],
    *,
    invoices: Sequence[Invoice],
    payments: Sequence[Payment],
) -> BillingAccount:
    return BillingAccount(
        customer=customer,
        service=None if service is None else service.value,
        plan=None if service is None else plans[service.value.phases[-1].plan],
        invoices=tuple(sorted(invoices, key=lambda each: (each.due_on, each.id))),
        payments=tuple(sorted(payments, key=lambda each: (each.received_at, each.id))),
    )


def _plans(documents: Documents, services: Sequence[Subscription], *, tenant_id: str) -> dict[str, Plan]:
    refs = sorted({each.phases[-1].plan for each in services})
    found = dict(zip(refs, PlanVersions.of(documents, tenant_id).get(refs), strict=True))
    for plan in found.values():
        if isinstance(plan, BillingError):
            raise plan
    return {ref: plan for ref, plan in found.items() if isinstance(plan, Plan)}
