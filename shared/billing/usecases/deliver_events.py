"""Tell a tenant's own system what happened: every event at least once, and those of one subject in their order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from billing.domain.errors import BillingError
from billing.domain.event_delivery import PAUSES, EventDelivery, EventStatus, OutgoingEvent
from billing.domain.tenant import Tenant
from billing.ports import Documents, EventNotTaken, EventSink, WriteConflict
from billing.store.collection import Stored
from billing.store.events import Events
from billing.usecases.call import Call

_PAGE: Final = 100
_PATIENCE: Final = 3
"""After so many failures in a row nobody is there: the others wait, and none of them has lost a try."""

_UNTIL_THE_OTHER_IS_DONE: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFailure:
    """An event that was not delivered: `error` says why, `status` whether it will be tried again."""

    event_id: str
    subject: str
    error: BillingError
    status: EventStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsDelivered:
    """What became of the events: how many were delivered or had nowhere to go, and what failed this time.

    `next_at` is the UTC instant from which another pass has something to do, None where nothing waits for one.
    """

    delivered: int = 0
    not_wanted: int = 0
    failures: tuple[EventFailure, ...] = ()
    next_at: datetime | None = None

    def __add__(self, later: "EventsDelivered") -> "EventsDelivered":
        """This pass and a later one: what waits now is what the later one says."""
        return EventsDelivered(
            delivered=self.delivered + later.delivered,
            not_wanted=self.not_wanted + later.not_wanted,
            failures=(*self.failures, *later.failures),
            next_at=later.next_at,
        )


def deliver_events(
    documents: Documents, sink: EventSink, *, tenant: Tenant, call: Call, out_of_time: Callable[[], bool]
) -> EventsDelivered:
    """Deliver what is due at `call.recorded_at`, oldest first.

    An event is noted as delivered after it was: killed in between, it is delivered again, and its receiver can tell by
    the message's id. One that fails is tried again after a pause, ten times in all; meanwhile later events of its
    subject wait, so that nobody is told of a restored customer first and of the suspension last.
    """
    events = Events.of(documents, tenant.id)
    if not tenant.event_url:
        return _set_aside(events, call=call, out_of_time=out_of_time)
    outbox = _Outbox(events=events, sink=sink, tenant=tenant, call=call)
    for read in _undelivered(events):
        if outbox.is_closed:
            break
        if out_of_time():
            outbox.waits_until(call.recorded_at)
            break
        outbox.take(read)
    return EventsDelivered(delivered=outbox.delivered, failures=tuple(outbox.failures), next_at=outbox.next_at)


def _set_aside(events: Events, *, call: Call, out_of_time: Callable[[], bool]) -> EventsDelivered:
    """Where there is no address nothing piles up, to be told in one go years later."""
    number = 0
    while (page := events.undelivered(limit=_PAGE)) and not out_of_time():
        unwanted = [events.changed(each, each.value.delivery.not_wanted(at=call.recorded_at)) for each in page]
        try:
            events.collection.documents.commit(unwanted)
        except WriteConflict:  # another run does the same
            break
        number += len(page)
    return EventsDelivered(not_wanted=number)


def _undelivered(events: Events) -> Iterator[Stored[OutgoingEvent]]:
    page = events.undelivered(limit=_PAGE)
    while page:
        yield from page
        page = events.undelivered(limit=_PAGE, after=page[-1].value.event) if len(page) == _PAGE else ()


@dataclass(slots=True, kw_only=True)
class _Outbox:
    """One pass over the outbox; `blocked` holds the subjects of which an earlier event waits."""

    events: Events
    sink: EventSink
    tenant: Tenant
    call: Call
    delivered: int = 0
    failures: list[EventFailure] = field(default_factory=list)
    blocked: set[str] = field(default_factory=set)
    failed_in_a_row: int = 0
    is_closed: bool = False
    next_at: datetime | None = None

    def waits_until(self, at: datetime) -> None:
        """Something may be tried at an instant; the earliest such instant counts."""
        self.next_at = at if self.next_at is None else min(self.next_at, at)

    def take(self, read: Stored[OutgoingEvent]) -> None:
        """Deliver one event, if it is its turn, and note what became of it."""
        event, delivery, at = read.value.event, read.value.delivery, self.call.recorded_at
        if event.subject in self.blocked:
            return
        if not delivery.is_due(at=at):
            self.blocked.add(event.subject)
            self.waits_until(delivery.next_try_at or at)
            return
        try:
            made = self.sink.deliver(event, tenant_id=self.tenant.id, url=self.tenant.event_url)
        except EventNotTaken as error:
            self._not_taken(read, error)
        except BillingError as error:  # it never left the house, so no try is lost
            self._failed(read, error, status=delivery.status)
            self.is_closed = True
        else:
            self.delivered += 1
            self.failed_in_a_row = 0
            self._note(read, delivery.delivered(at=at, made=made))

    def _not_taken(self, read: Stored[OutgoingEvent], error: EventNotTaken) -> None:
        tried = read.value.delivery.failed(at=self.call.recorded_at, error=error.reason, made=error.made)
        if tried.next_try_at is not None:
            self.blocked.add(read.value.event.subject)
            self.waits_until(tried.next_try_at)
        self._failed(read, error, status=tried.status)
        self.failed_in_a_row += 1
        if self.failed_in_a_row >= _PATIENCE:
            self.is_closed = True
            self.waits_until(self.call.recorded_at + PAUSES[0])
        self._note(read, tried)

    def _failed(self, read: Stored[OutgoingEvent], error: BillingError, *, status: EventStatus) -> None:
        event = read.value.event
        self.failures.append(EventFailure(event_id=event.id, subject=event.subject, error=error, status=status))

    def _note(self, read: Stored[OutgoingEvent], delivery: EventDelivery) -> None:
        try:
            self.events.collection.documents.commit([self.events.changed(read, delivery)])
        except WriteConflict:  # another run delivers the same events: one of them is enough
            self.is_closed = True
            self.waits_until(self.call.recorded_at + _UNTIL_THE_OTHER_IS_DONE)
