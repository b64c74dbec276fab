"""The outbox: an event is written in the commit of the change it tells of, and delivered afterwards."""

import builtins
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.domain.errors import NotFound
from billing.domain.event import Event
from billing.domain.event_delivery import EventDelivery, EventStatus, OutgoingEvent
from billing.ports import Create, Document, Documents, Fields, Filter, Operator, Order, Query, Update, Value
from billing.store.codec import decode, encode
from billing.store.collection import Collection, Stored


@dataclass(frozen=True, slots=True)
class Events:
    """The tenant's events. An id follows from what happened, so a second `creation` of it loses to the first."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "Events":
        """The events of one tenant."""
        return cls(Collection(documents, tenant_id, "events"))

    def creation(self, event: Event, delivery: EventDelivery | None = None) -> Create:
        """The write that tells of an event, to be delivered; it belongs into the commit of what it tells of."""
        happened: Fields = {**encode(event), "occurred_at": event.occurred_at}
        return Create(self.collection.document(event.id), happened | _delivery_fields(delivery or EventDelivery()))

    def known(self, event_ids: Sequence[str]) -> list[bool]:
        """Whether each event was written before."""
        return [each is not None for each in self.collection.get(event_ids)]

    def get(self, event_id: str) -> Stored[OutgoingEvent]:
        """One event; NotFound where there is none."""
        (document,) = self.collection.get([event_id])
        if document is None:
            raise NotFound("event", event_id)
        return _outgoing(document)

    def undelivered(self, *, limit: int, after: Event | None = None) -> Sequence[Stored[OutgoingEvent]]:
        """What still has to be delivered, in the order in which it happened, from after an event on."""
        cursor = None if after is None else (after.occurred_at, after.id)
        return self._of_status(EventStatus.UNDELIVERED, Order("occurred_at"), limit=limit, start_after=cursor)

    def list(
        self,
        *,
        limit: int,
        statuses: Iterable[EventStatus] = tuple(EventStatus),
        since: datetime | None = None,
        until: datetime | None = None,
        after: tuple[datetime, str] | None = None,
    ) -> Sequence[Stored[OutgoingEvent]]:
        """The latest events of these statuses, the latest first: from one UTC instant to before another.

        `after` goes on behind an event, by when it happened and its id.
        """
        newest_first = Order("occurred_at", descending=True)
        times = _between(since, until)
        found = [
            each
            for status in statuses
            for each in self._of_status(status, newest_first, limit=limit, start_after=after, times=times)
        ]
        return sorted(found, key=lambda each: (each.value.event.occurred_at, each.value.event.id), reverse=True)[:limit]

    def between(
        self, since: datetime, until: datetime, *, status: EventStatus, limit: int
    ) -> builtins.list[Stored[OutgoingEvent]]:
        """What happened from one UTC instant to before another and is in a status, in the order in which it did."""
        return self._of_status(status, Order("occurred_at"), limit=limit, times=_between(since, until))

    def changed(self, read: Stored[OutgoingEvent], delivery: EventDelivery) -> Update:
        """The write of a delivery that went on; it fails if another try was noted since it was read."""
        path = self.collection.document(read.value.event.id)
        return Update(path, _delivery_fields(delivery), expected=read.version)

    def _of_status(
        self,
        status: EventStatus,
        order: Order,
        *,
        limit: int,
        start_after: tuple[Value, ...] | None = None,
        times: tuple[Filter, ...] = (),
    ) -> builtins.list[Stored[OutgoingEvent]]:
        query = Query(
            self.collection.path,
            filters=(Filter("status", "==", status.value), *times),
            order=(order,),
            limit=limit,
            start_after=start_after,
        )
        return [_outgoing(each) for each in self.collection.documents.query(query)]


def _between(since: datetime | None, until: datetime | None) -> tuple[Filter, ...]:
    bounds: tuple[tuple[Operator, datetime | None], ...] = ((">=", since), ("<", until))
    return tuple(Filter("occurred_at", op, bound) for op, bound in bounds if bound is not None)


def _delivery_fields(delivery: EventDelivery) -> Fields:
    """With `expires_at` as an instant, as the store drops documents by it."""
    fields = encode(delivery)
    return {**fields, "expires_at": delivery.expires_at}


def _outgoing(document: Document) -> Stored[OutgoingEvent]:
    """An event as it is stored; BrokenDocument where it can't be one."""
    event, delivery = decode(document.fields, Event), decode(document.fields, EventDelivery)
    return Stored(OutgoingEvent(event=event, delivery=delivery), document.version)
