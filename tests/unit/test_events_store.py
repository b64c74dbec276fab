"""The outbox: once a happening, oldest first, and never a try noted twice."""

from datetime import timedelta

import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.domain.errors import NotFound
from billing.domain.event import Event, EventField, EventType, event_of
from billing.domain.event_delivery import EventDelivery, EventStatus, OutgoingEvent
from billing.ports import Documents, WriteConflict
from billing.store.events import Events
from billing.store.indexes import EXEMPTIONS, INDEXES
from tests.builders import utc
from tests.covered_documents import CoveredDocuments

AT = utc("2026-03-15T09:00")


@pytest.fixture
def documents() -> Documents:
    return CoveredDocuments(SqliteDocuments(":memory:", indexes=INDEXES), indexes=INDEXES, exemptions=EXEMPTIONS)


def suspended(customer: str = "c1", *, hours: int = 0) -> Event:
    fields: dict[str, EventField] = {"reason": "overdue", "days": 21, "by_hand": False, "note": None}
    at = AT + timedelta(hours=hours)
    return event_of(EventType.CUSTOMER_SUSPENDED, subject=f"customers/{customer}", occurred_at=at, fields=fields)


def test_an_event_comes_back_as_it_was_written(documents: Documents) -> None:
    events = Events.of(documents, "acme")
    documents.commit([events.creation(suspended())])
    assert events.get(suspended().id).value == OutgoingEvent(event=suspended(), delivery=EventDelivery())
    assert events.known([suspended().id, suspended("c2").id]) == [True, False]
    with pytest.raises(NotFound):
        Events.of(documents, "other").get(suspended().id)


def test_the_same_happening_is_written_once(documents: Documents) -> None:
    events = Events.of(documents, "acme")
    documents.commit([events.creation(suspended())])
    with pytest.raises(WriteConflict):
        documents.commit([events.creation(suspended())])


def test_what_is_undelivered_comes_oldest_first_page_by_page(documents: Documents) -> None:
    events = Events.of(documents, "acme")
    late, early, same = suspended("a", hours=2), suspended("b"), suspended("c", hours=2)
    documents.commit([events.creation(each) for each in (late, early, same)])
    first, second = events.undelivered(limit=2)
    (third,) = events.undelivered(limit=2, after=second.value.event)
    assert first.value.event == early
    assert [second.value.event, third.value.event] == sorted([late, same], key=lambda each: each.id)


def test_what_is_delivered_leaves_the_outbox_and_stays_listed(documents: Documents) -> None:
    events = Events.of(documents, "acme")
    documents.commit([events.creation(each) for each in (suspended("a"), suspended("b", hours=1))])
    read, _ = events.undelivered(limit=9)
    delivered = read.value.delivery.delivered(at=AT + timedelta(hours=3))
    documents.commit([events.changed(read, delivered)])
    assert [each.value.event for each in events.undelivered(limit=9)] == [suspended("b", hours=1)]
    assert [each.value.event.subject for each in events.list(limit=9)] == ["customers/b", "customers/a"]
    assert [each.value.event.subject for each in events.list(limit=1)] == ["customers/b"]
    (listed,) = events.list(limit=9, statuses=[EventStatus.DELIVERED])
    assert listed.value.delivery == delivered


def test_two_tries_at_once_are_noted_once(documents: Documents) -> None:
    events = Events.of(documents, "acme")
    documents.commit([events.creation(suspended())])
    (read,) = events.undelivered(limit=9)
    documents.commit([events.changed(read, EventDelivery().delivered(at=AT))])
    with pytest.raises(WriteConflict):
        documents.commit([events.changed(read, EventDelivery().failed(at=AT, error="status 500"))])
