"""Save a billing record: the customer's preferences and its service, in one commit; what stands so already is left."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from billing.domain.audit import AuditRecord
from billing.domain.customer import Customer
from billing.domain.customer_preferences import CustomerPreferences
from billing.domain.errors import NotFound
from billing.domain.event import Event, EventType
from billing.domain.subscription_events import subscription_event
from billing.domain.typed_id import typed_id
from billing.ports import Documents, Write
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions
from billing.store.tenants import Tenants
from billing.usecases.again import again_while_others_write
from billing.usecases.billing_accounts import billing_account
from billing.usecases.call import Call
from billing.usecases.record_change import RecordChange, with_preferences
from billing.usecases.set_service import ServiceFacts, ServiceSet, set_service, today_of
from billing.usecases.tell import told


def save_billing_record(documents: Documents, customer_id: str, change: RecordChange, *, call: Call) -> bool:
    """Merge what was given into the customer's billing record; whether there was none before.

    Raises NotFound for an unknown customer, what `set_service` raises, and WriteConflict where somebody is quicker time
    and again. The same change twice changes nothing.
    """
    return again_while_others_write(lambda: _save(documents, customer_id, change, call))


def _save(documents: Documents, customer_id: str, change: RecordChange, call: Call) -> bool:
    customers, subscriptions = Customers.of(documents, call.tenant_id), Subscriptions.of(documents, call.tenant_id)
    [customer] = customers.get([customer_id])
    if customer is None:
        raise NotFound("customer", customer_id)
    theirs = subscriptions.of_customer(customer_id)
    stands_since = _since(documents, customer.value, call=call)
    tenant = Tenants(documents).get(call.tenant_id)
    facts = ServiceFacts(
        tenant=tenant,
        customer=customer.value,
        subscriptions=theirs,
        versions=PlanVersions.of(documents, call.tenant_id),
        today=today_of(tenant, at=call.recorded_at),
        setup_fee=Decimal(0) if customer.value.preferences is None else customer.value.preferences.setup_fee,
    )
    service = set_service(facts, change) if change.names_service else None
    at, since = call.recorded_at, stands_since or call.recorded_at
    after = with_preferences(customer.value, change, at=at, since=since)
    if stands_since is not None and service is None and after == customer.value:
        return False
    preferences = after.preferences or CustomerPreferences(created_at=since, updated_at=at)
    after = replace(after, preferences=replace(preferences, updated_at=at))
    if service is not None and service.before is None:
        after = replace(after, active_subscriptions=after.active_subscriptions + 1)
    known = replace(call, has_listener=bool(tenant.event_url))
    documents.commit(_writes(documents, customer, after, service, call=known))
    return stands_since is None


def _since(documents: Documents, customer: Customer, *, call: Call) -> datetime | None:
    """Since when the customer has a record, None where it has none; what it says itself takes no read."""
    if customer.preferences is not None:
        return customer.recorded_since
    return billing_account(documents, customer.id, tenant_id=call.tenant_id).since


def _writes(
    documents: Documents, before: Stored[Customer], after: Customer, service: ServiceSet | None, *, call: Call
) -> list[Write]:
    records = [call.record(f"customers/{after.id}", "customer.preferences", after=after.collection_method.value)]
    writes: list[Write] = [Customers.of(documents, call.tenant_id).prefers(before, after)]
    if service is not None:
        writes += _service_writes(documents, service, call=call)
        writes += told(documents, [_event(service, call=call)], call=call)
        records += _service_records(service, call=call)
    audit = AuditLog.of(documents, call.tenant_id)
    batch_id = f"record-{typed_id(after.id, before.version).removeprefix('manual.')}"
    return [*writes, audit.batch(records, batch_id=batch_id, recorded_at=call.recorded_at)]


def _service_writes(documents: Documents, service: ServiceSet, *, call: Call) -> list[Write]:
    subscriptions = Subscriptions.of(documents, call.tenant_id)
    writes: list[Write] = []
    if service.new_plan is not None:
        writes.append(PlanVersions.of(documents, call.tenant_id).publication(service.new_plan))
    if service.before is None:
        return [*writes, subscriptions.creation(service.after)]
    return [*writes, subscriptions.replaced(service.before, service.after)]


def _event(service: ServiceSet, *, call: Call) -> Event:
    at, before = call.recorded_at, service.before
    if before is None:
        return subscription_event(EventType.SUBSCRIPTION_CREATED, service.after, at=at)
    return subscription_event(EventType.SUBSCRIPTION_CHANGED, service.after, at=at, version=before.version)


def _service_records(service: ServiceSet, *, call: Call) -> list[AuditRecord]:
    plan = service.after.phases[-1].plan
    before = "" if service.before is None else service.before.value.phases[-1].plan
    event = "subscription.created" if service.before is None else "subscription.plan_changed"
    records = [call.record(f"subscriptions/{service.after.id}", event, before=before, after=plan)]
    if service.new_plan is not None:
        records.append(call.record(f"plans/{service.new_plan.ref}", "plan.published", after="published"))
    return records
