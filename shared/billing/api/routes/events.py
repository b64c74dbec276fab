"""`/api/billing/events`: what the tenant's own system was told, and is still to be told."""

from datetime import datetime
from typing import Annotated

from fastapi import Query

from billing.api.routes.books import Books, changing, reading
from billing.api.routes.models import AnswerModel, Limit, NamedId
from billing.api.routes.noun import noun
from billing.domain.event import EventType
from billing.domain.event_delivery import EventStatus, OutgoingEvent
from billing.store.events import Events
from billing.store.ids import checked_id
from billing.usecases.retry_event import retry_event

router = noun("events")
Reading = Annotated[Books, reading("events")]
Changing = Annotated[Books, changing("events")]


class EventAnswer(AnswerModel):
    """An event and its delivery; `error` is what the last try came to."""

    id: str
    type: EventType
    subject: str
    occurred_at: datetime
    fields: dict[str, str | int | bool | None]
    status: EventStatus
    tries: int
    tried_at: datetime | None
    next_try_at: datetime | None
    error: str


class EventListAnswer(AnswerModel):
    """The latest events, the latest first."""

    data: list[EventAnswer]


@router.get("")
def list_events(
    books: Reading, *, limit: Limit = 50, status: Annotated[EventStatus | None, Query()] = None
) -> EventListAnswer:
    """The latest events, the latest first."""
    statuses = [*EventStatus] if status is None else [status]
    found = Events.of(books.documents, books.tenant_id).list(limit=limit, statuses=statuses)
    return EventListAnswer(data=[_answer(each.value) for each in found])


@router.get("/{event_id}")
def get_event(event_id: NamedId, books: Reading) -> EventAnswer:
    """One event."""
    return _answer(Events.of(books.documents, books.tenant_id).get(event_id).value)


@router.post("/{event_id}/retry")
def retry(event_id: NamedId, books: Changing) -> EventAnswer:
    """Deliver an event once more, now if its turn comes; its receiver can tell by the message's id that it is one."""
    retry_event(books.documents, checked_id("event_id", event_id), call=books.call)
    if books.tenant.event_url:
        books.engine.deliver_events(books.call)
    return _answer(Events.of(books.documents, books.tenant_id).get(event_id).value)


def _answer(outgoing: OutgoingEvent) -> EventAnswer:
    event, delivery = outgoing.event, outgoing.delivery
    return EventAnswer(
        id=event.id,
        type=event.type,
        subject=event.subject,
        occurred_at=event.occurred_at,
        fields={**event.fields},
        status=delivery.status,
        tries=delivery.tries,
        tried_at=delivery.tried_at,
        next_try_at=delivery.next_try_at,
        error=delivery.error,
    )
