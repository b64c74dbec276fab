"""A commit that writes events has them delivered at once, if there is a queue; it never fails for the queue's sake."""

from datetime import timedelta
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
        self.at = utc("2026-03-15T09:00")
        self.asks = EventQueue(self.queue, now=lambda: self.at, log=lambda _event, fields: self.log.append(fields))
        self.documents = EventNotice(SqliteDocuments(":memory:", indexes=INDEXES), self.asks)

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


def test_a_queue_that_was_away_is_asked_again_a_minute_later(shop: Shop) -> None:
    shop.queue.away = True
    shop.documents.commit(shop.happens("customers/c1"))
    shop.queue.away = False
    for seconds, asked in ((59, 1), (1, 2)):
        shop.at += timedelta(seconds=seconds)
        shop.documents.commit(shop.happens(f"customers/after-{seconds}"))
        assert shop.queue.asked == asked
    assert shop.asked_for == ["acme"]


def test_the_same_pass_is_asked_for_once(shop: Shop) -> None:
    for at in ("2026-03-15T09:00", "2026-03-15T09:00", "2026-03-15T09:01"):
        shop.asks.ask_again("acme", due=utc(at), task="the-task-of-a-commit")
    assert [each.due for each in shop.queue.tasks.values()] == [utc("2026-03-15T09:00"), utc("2026-03-15T09:01")]


def test_a_task_that_asks_for_its_own_instant_again_and_again_has_a_new_name_each_time(shop: Shop) -> None:
    """The queue knows the name of a task that is done for an hour; asking for that one again would be asking nobody."""
    due, task = utc("2026-03-15T09:00"), ""
    shop.asks.ask_again("acme", due=due)
    for number in range(1, 4):
        *_, task = shop.queue.tasks
        for _tries in range(2):
            shop.asks.ask_again("acme", due=due, task=task)
        assert len(shop.queue.tasks) == number + 1, "a repetition of one task asks for the same"
    shop.asks.ask_again("acme", due=due, task="the-task-of-a-commit")
    shop.asks.ask_again("umbra", due=due, task=task)
    assert [each.headers["X-Tenant-ID"] for each in shop.queue.tasks.values()] == ["acme"] * 4 + ["umbra"]
    assert {each.due for each in shop.queue.tasks.values()} == {due}
