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

_COMMIT: Final = timedelta(microseconds=len(EventType))
"""So much later each further commit of one call is told to have been: its events come after all of the one before."""


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
    return [outbox.creation(each.of_tenant(call.tenant_id)) for each in _in_order(events, call)]


def _in_order(events: list[Event], call: Call) -> list[Event]:
    """Events of one commit, behind those that the same call told of the same subjects before."""
    before = {each.subject: call.told.get(each.subject, 0) for each in events}
    call.told.update({subject: number + 1 for subject, number in before.items()})
    return [
        replace(each, occurred_at=each.occurred_at + before[each.subject] * _COMMIT + _AFTER[each.type])
        for each in events
    ]


def _has_listener(documents: Documents, call: Call) -> bool:
    if call.has_listener is not None:
        return call.has_listener
    tenant = Tenants(documents).find(call.tenant_id)
    return tenant is not None and bool(tenant.event_url)
