"""A commit that writes events has them delivered at once, if there is a queue; it never fails for the queue's sake."""

from typing import Any

import pytest

from billing.adapters.event_notice import EventNotice, EventQueue
from billing.adapters.sqlite import SqliteDocuments
from billing.domain.event import Event, EventType, event_of
from billing.domain.event_delivery import EventDelivery
from billing.ports import Put, Write, WriteConflict
from billing.store.events import Events
from billing.store.indexes import INDEXES
from tests.builders import utc
from tests.kept_tasks import KeptTasks


def event(subject: str) -> Event:
    return event_of(EventType.CUSTOMER_SUSPENDED, subject=subject, occurred_at=utc("2026-03-15"), fields={})


class Shop:
    """A store whose commits are heard by a queue."""

    def __init__(self) -> None:
        self.queue, self.log = KeptTasks(), list[dict[str, Any]]()
        asks = EventQueue(self.queue, log=lambda _event, fields: self.log.append(fields))
        self.documents = EventNotice(SqliteDocuments(":memory:", indexes=INDEXES), asks)

    def happens(self, *subjects: str, tenant: str = "acme") -> list[Write]:
        events = Events.of(self.documents, tenant)
        return [events.creation(event(each)) for each in subjects]

    @property
    def asked_for(self) -> list[str]:
        return [each.headers["X-Tenant-ID"] for each in self.queue.tasks.values()]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_commit_with_events_asks_for_one_pass_of_its_tenant(shop: Shop) -> None:
    shop.documents.commit([*shop.happens("customers/c1", "customers/c2"), Put("tenants/acme", {"id": "acme"})])
    [task] = shop.queue.tasks.values()
    assert (task.queue, task.function, task.path, task.due) == ("events", "apiProxy", "/tasks/events", None)
    assert task.headers["X-Tenant-ID"] == "acme"
    assert event("customers/c1").id in task.name


def test_each_commit_and_each_tenant_asks_for_itself(shop: Shop) -> None:
    shop.documents.commit([*shop.happens("customers/c1"), *shop.happens("customers/c1", tenant="umbra")])
    shop.documents.commit(shop.happens("customers/c2"))
    assert shop.asked_for == ["acme", "umbra", "acme"]


def test_what_writes_no_new_event_asks_for_nothing(shop: Shop) -> None:
    events = Events.of(shop.documents, "acme")
    shop.documents.commit(shop.happens("customers/c1"))
    shop.documents.commit([events.changed(events.get(event("customers/c1").id), EventDelivery())])
    shop.documents.commit([Put("tenants/acme/customers/c1", {"id": "c1"})])
    assert len(shop.asked_for) == 1


def test_a_commit_that_fails_asks_for_nothing(shop: Shop) -> None:
    shop.documents.commit(shop.happens("customers/c1"))
    with pytest.raises(WriteConflict):
        shop.documents.commit(shop.happens("customers/c2", "customers/c1"))
    assert len(shop.asked_for) == 1


def test_where_the_queue_is_away_the_commit_stands_and_others_need_not_wait_for_it(shop: Shop) -> None:
    shop.queue.away = True
    shop.documents.commit(shop.happens("customers/c1"))
    shop.documents.commit(shop.happens("customers/c2"))
    assert Events.of(shop.documents, "acme").known([event("customers/c1").id, event("customers/c2").id]) == [True] * 2
    assert shop.queue.asked == 1
    [line] = shop.log
    assert (line["severity"], line["tenant"], line["code"]) == ("WARNING", "acme", "tasks_unavailable")


def test_the_same_pass_is_asked_for_once(shop: Shop) -> None:
    asks = EventQueue(shop.queue, log=lambda _event, _fields: None)
    for at in ("2026-03-15T09:00", "2026-03-15T09:00", "2026-03-15T09:01"):
        asks.ask("acme", why="again", due=utc(at))
    assert [each.due for each in shop.queue.tasks.values()] == [utc("2026-03-15T09:00"), utc("2026-03-15T09:01")]
