"""Put events back into the outbox by hand, also those that were given up or that their receiver lost."""

from collections.abc import Iterable
from datetime import datetime

from billing.domain.errors import InvalidInput
from billing.domain.event import Event
from billing.domain.event_delivery import EventStatus, OutgoingEvent
from billing.ports import Documents, Write
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.events import Events
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name

_PAGE = 100


def retry_event(documents: Documents, event_id: str, *, call: Call) -> Event:
    """The event, due at once and with all its tries before it.

    Raises NotFound, and WriteConflict where a run delivers it at this very moment.
    """
    read = Events.of(documents, call.tenant_id).get(event_id)
    documents.commit(_writes(documents, [read], call=call))
    return read.value.event


def retry_events(
    documents: Documents, *, since: datetime, until: datetime, statuses: Iterable[EventStatus], call: Call
) -> int:
    """Put back what happened from `since` to before `until` (UTC) and is in one of these statuses; how many those were.

    Raises InvalidInput for an empty stretch of time.
    """
    if since >= until:
        raise InvalidInput("until", expected=f"an instant after {since.isoformat()}", given=until.isoformat())
    number = 0
    for status in statuses:
        if status is not EventStatus.UNDELIVERED:  # those wait anyway, and keep their tries
            while page := again_while_others_write(lambda: _put_back(documents, status, since, until, call)):  # noqa: B023
                number += page
    return number


def _put_back(documents: Documents, status: EventStatus, since: datetime, until: datetime, call: Call) -> int:
    page = Events.of(documents, call.tenant_id).between(since, until, status=status, limit=_PAGE)
    if page:
        documents.commit(_writes(documents, page, call=call))
    return len(page)


def _writes(documents: Documents, page: list[Stored[OutgoingEvent]], *, call: Call) -> list[Write]:
    events = Events.of(documents, call.tenant_id)
    records = [
        call.record(
            f"events/{each.value.event.id}",
            "event.put_back",
            before=each.value.delivery.status.value,
            after=EventStatus.UNDELIVERED.value,
            reason=f"{each.value.event.type.value} of {each.value.event.subject}",
        )
        for each in page
    ]
    name = commit_name("put-back", page[0].value.event.id, page[0].version)
    audit = AuditLog.of(documents, call.tenant_id).batch(records, batch_id=name, recorded_at=call.recorded_at)
    return [*(events.changed(each, each.value.delivery.put_back()) for each in page), audit]
