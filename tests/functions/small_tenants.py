"""Tenants of a few accounts, for what does not need a whole book: each owes 49.00 + 19 % VAT = 58.31 for February."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from billing.domain.sharding import shard_of
from billing.ports import Document, Documents, Query, Write
from billing.store.customers import Customers
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions
from billing.store.tenants import Tenants
from tests.builders import GERMAN_VAT, a_customer, a_fee, a_plan, a_subscription, a_tenant

AMOUNT = Decimal("58.31")
AS_OF = "2026-03-01"

_PLAN = a_plan(fees=[a_fee("49.00")])
_COLLECTIONS = ("audit", "counters", "customers", "invoices", "runs", "subscriptions")


def add_tenant(documents: Documents, tenant_id: str, *, accounts: int = 1, zone: str = "UTC", shards: int = 1) -> None:
    """A tenant whose every account was there in February 2026 and in no other month."""
    plans, tenants = PlanVersions.of(documents, tenant_id), Tenants(documents)
    customers, subscriptions = Customers.of(documents, tenant_id), Subscriptions.of(documents, tenant_id)
    writes: list[Write] = [
        tenants.saving(a_tenant(id=tenant_id, zone=zone, shards=shards)),
        tenants.saving_taxes(tenant_id, GERMAN_VAT),
        plans.publication(_PLAN),
    ]
    for number in range(1, accounts + 1):
        customer = a_customer(id=f"acct-{number}", active_subscriptions=1)
        subscription = a_subscription(_PLAN, start="2026-02-01", end="2026-03-01")
        writes.append(customers.creation(customer))
        own = {"id": f"sub-{number}", "customer_id": customer.id, "shard": shard_of(customer.id, shards=shards)}
        writes.append(subscriptions.creation(replace(subscription, **own)))  # type: ignore[arg-type]
    for start in range(0, len(writes), 400):
        documents.commit(writes[start : start + 400])


def everything(documents: Documents, tenant_ids: Sequence[str]) -> list[Document]:
    """Every document that a run could write."""
    return [
        document
        for tenant_id in tenant_ids
        for name in _COLLECTIONS
        for document in documents.query(Query(f"tenants/{tenant_id}/{name}"))
    ]
