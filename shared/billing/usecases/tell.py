"""Whether a happening is told at all, and the writes that tell of it: the one place that decides (docs/adr/0020)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from billing.domain.event import Event, EventType
from billing.ports import Documents, Write
from billing.store.events import Events
from billing.store.tenants import Tenants
from billing.usecases.call import Call

_AFTER: Final = {type_: timedelta(microseconds=rank) for rank, type_ in enumerate(EventType)}
"""How long after its instant a happening is told to have been: what happens at one instant has an order then too."""


def told(documents: Documents, happened: Iterable[Event], *, call: Call) -> list[Write]:
    """The writes of events, which belong into the commit of what they tell of; none where the tenant has no address.

    The events of a call that knows of no address are not even made, so `happened` had best be a generator; a call that
    does not know reads the tenant, once something happened.
    """
    if call.has_listener is False:
        return []
    events = list(happened)
    if not events or not _has_listener(documents, call):
        return []
    outbox = Events.of(documents, call.tenant_id)
    return [outbox.creation(replace(each, occurred_at=each.occurred_at + _AFTER[each.type])) for each in events]


def _has_listener(documents: Documents, call: Call) -> bool:
    if call.has_listener is not None:
        return call.has_listener
    tenant = Tenants(documents).find(call.tenant_id)
    return tenant is not None and bool(tenant.event_url)
