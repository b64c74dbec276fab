"""`/api/billing/events`: what the tenant's own system was told, and is still to be told."""

from datetime import datetime
from time import monotonic
from typing import Annotated

from billing.api.routes.books import Books, changing, reading
from billing.api.routes.models import AnswerModel, DayOrInstant, GivenModel, NamedId
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging, Several, timed, timed_id
from billing.domain.event import EventType
from billing.domain.event_delivery import EventStatus, OutgoingEvent
from billing.store.events import Events
from billing.store.ids import checked_id
from billing.usecases.retry_event import retry_event, retry_events

router = noun("events")
Reading = Annotated[Books, reading("events")]
Changing = Annotated[Books, changing("events")]


_SECONDS = 20
"""A call delivers for so long; what is left is delivered behind it."""


class EventTryAnswer(AnswerModel):
    """One try: the HTTP status that answered (0: none did), after so many milliseconds, and why it was no delivery."""

    at: datetime
    status: int
    milliseconds: int
    error: str


class EventAnswer(AnswerModel):
    """An event and its delivery; `id` is its `webhook-id`, `data` what is delivered under that name.

    `error` is what the last try came to, `log` the latest tries, the oldest first.
    """

    id: str
    type: EventType
    subject: str
    occurred_at: datetime
    data: dict[str, str | int | bool | tuple[str, ...] | None]
    status: EventStatus
    tries: int
    tried_at: datetime | None
    next_try_at: datetime | None
    error: str
    log: list[EventTryAnswer]


class EventsGiven(GivenModel):
    """The events of a stretch of time, the end not included (now, if it is left out), in these statuses."""

    since: DayOrInstant
    until: DayOrInstant | None = None
    status: tuple[EventStatus, ...] = (EventStatus.FAILED,)


class PutBackAnswer(AnswerModel):
    """How many events are to be delivered once more."""

    put_back: int


@router.get("")
def list_events(
    books: Reading,
    paging: Paging,
    *,
    status: Several[EventStatus],
    since: DayOrInstant | None = None,
    until: DayOrInstant | None = None,
) -> Paged[EventAnswer]:
    """List events, the latest first, from `since` to before `until`."""
    found = Events.of(books.documents, books.tenant_id).list(
        limit=paging.wanted.limit,
        statuses={*status} or {*EventStatus},
        since=books.instant("since", since),
        until=books.instant("until", until),
        after=None if paging.after_id is None else timed(paging.after_id),
    )
    return paging.shown(
        [each.value for each in found],
        as_answer=lambda each: _answer(each, books),
        id_of=lambda each: timed_id(each.event.occurred_at, each.event.id),
    )


@router.get("/{event_id}")
def get_event(event_id: NamedId, books: Reading) -> EventAnswer:
    """One event."""
    return _answer(Events.of(books.documents, books.tenant_id).get(event_id).value, books)


@router.post("/{event_id}/retry")
def retry(event_id: NamedId, books: Changing) -> EventAnswer:
    """Deliver an event once more, now if its turn comes; its receiver can tell by the message's id that it is one."""
    retry_event(books.documents, checked_id("event_id", event_id), call=books.call)
    _deliver(books)
    return _answer(Events.of(books.documents, books.tenant_id).get(event_id).value, books)


@router.post("/retry")
def retry_many(given: EventsGiven, books: Changing) -> PutBackAnswer:
    """Deliver many events once more, such as those of a time in which their receiver was broken."""
    since = books.instant("since", given.since)
    until = books.instant("until", given.until) or books.call.recorded_at
    number = retry_events(books.documents, since=since, until=until, statuses=set(given.status), call=books.call)
    _deliver(books)
    return PutBackAnswer(put_back=number)


@router.post("/test")
def send_test(books: Changing) -> EventAnswer:
    """Send an event of the type `test` and say what came of it; it is tried once."""
    event_id = books.engine.send_test_event(books.call)
    return _answer(Events.of(books.documents, books.tenant_id).get(event_id).value, books)


def _deliver(books: Books) -> None:
    ends = monotonic() + _SECONDS
    if books.tenant.event_url:
        books.engine.deliver_events(books.call, out_of_time=lambda: monotonic() > ends)


def _answer(outgoing: OutgoingEvent, books: Books) -> EventAnswer:
    event, delivery = outgoing.event, outgoing.delivery
    return EventAnswer(
        id=event.id,
        type=event.type,
        subject=event.subject,
        occurred_at=event.occurred_at,
        data=event.data(books.tenant_id),
        status=delivery.status,
        tries=delivery.tries,
        tried_at=delivery.tried_at,
        next_try_at=delivery.next_try_at,
        error=delivery.error,
        log=[EventTryAnswer.model_validate(each) for each in delivery.log],
    )
