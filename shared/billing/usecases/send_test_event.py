"""Send an event that tells of nothing, so that a developer sees whether a receiver takes what is really sent."""

from billing.domain.errors import InvalidInput
from billing.domain.event import Event, EventType, event_of
from billing.domain.event_delivery import EventDelivery, EventTry
from billing.domain.tenant import Tenant
from billing.ports import Documents, EventNotTaken, EventSink
from billing.store.audit import AuditLog
from billing.store.events import Events
from billing.usecases.call import Call


def send_test_event(documents: Documents, sink: EventSink, *, tenant: Tenant, call: Call) -> str:
    """The id of the event, kept with what its one try came to; it waits for no other, and is not tried again.

    Raises InvalidInput for a tenant without an address, UnusableEventSecret.
    """
    if not tenant.event_url:
        raise InvalidInput("event_url", expected="an address, set before anything can be sent there", given="none")
    happened = event_of(EventType.TEST, subject=f"tests/{tenant.id}", occurred_at=call.recorded_at, fields={})
    event = happened.of_tenant(tenant.id)
    made = _sent(sink, event, tenant=tenant, call=call)
    record = call.record(f"events/{event.id}", "event.test_sent", after="failed" if made.error else "delivered")
    audit = AuditLog.of(documents, tenant.id).batch([record], batch_id=f"test-{event.id}", recorded_at=call.recorded_at)
    delivery = EventDelivery().tested(at=call.recorded_at, made=made)
    documents.commit([Events.of(documents, tenant.id).creation(event, delivery), audit])
    return event.id


def _sent(sink: EventSink, event: Event, *, tenant: Tenant, call: Call) -> EventTry:
    try:
        return sink.deliver(event, tenant_id=tenant.id, url=tenant.event_url)
    except EventNotTaken as error:
        return error.made or EventTry(at=call.recorded_at, error=error.reason)
