"""Put an event back into the outbox by hand, also one that was given up or that its receiver lost."""

from billing.domain.event import Event
from billing.domain.event_delivery import EventDelivery
from billing.ports import Documents
from billing.store.events import Events
from billing.usecases.call import Call


def retry_event(documents: Documents, event_id: str, *, call: Call) -> Event:
    """The event, due at once and with all its tries before it.

    Raises NotFound, and WriteConflict where a run delivers it at this very moment.
    """
    events = Events.of(documents, call.tenant_id)
    read = events.get(event_id)
    documents.commit([events.changed(read, EventDelivery())])
    return read.value.event
