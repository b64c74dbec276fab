"""Events reach the tenant's own system at least once, in the order of their subject, whatever fails in between."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from billing.adapters.event_posts import EventPosts
from billing.adapters.sqlite import SqliteDocuments
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.event import Event, EventType, event_of
from billing.domain.event_delivery import EventDelivery, EventStatus, EventTry
from billing.ports import Documents, EventSink, Write
from billing.store.audit import AuditLog
from billing.store.events import Events
from billing.store.indexes import EXEMPTIONS, INDEXES
from billing.usecases.call import Call
from billing.usecases.deliver_events import EventsDelivered, deliver_events
from billing.usecases.retry_event import retry_event, retry_events
from tests.builders import a_tenant, utc
from tests.covered_documents import CoveredDocuments
from tests.event_receiver import SECRET, Receiver, receiving

NOON = utc("2026-03-15T12:00")


@pytest.fixture
def documents() -> Documents:
    return CoveredDocuments(SqliteDocuments(":memory:", indexes=INDEXES), indexes=INDEXES, exemptions=EXEMPTIONS)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def happens(
    documents: Documents, customer: str, *, type_: EventType = EventType.CUSTOMER_SUSPENDED, at: int = 0
) -> Event:
    """An event is written that happened `at` minutes after eleven."""
    occurred_at = NOON - timedelta(hours=1) + timedelta(minutes=at)
    event = event_of(type_, subject=f"customers/{customer}", occurred_at=occurred_at, fields={})
    documents.commit([Events.of(documents, "acme").creation(event)])
    return event


def posts(*secrets: str) -> EventPosts:
    return EventPosts(secret_name="EVENT_SECRET", secrets=lambda _name: secrets, now=lambda: NOON, loopback=True)


def delivers(
    documents: Documents, url: str, *, at: datetime = NOON, sink: EventSink | None = None, seconds: int = 99
) -> EventsDelivered:
    """One pass at an instant; `seconds` are how often there is still time."""
    left = iter(range(seconds))
    return deliver_events(
        documents,
        sink or posts(SECRET),
        tenant=a_tenant(id="acme", event_url=url),
        call=Call(tenant_id="acme", actor="scheduler", recorded_at=at),
        out_of_time=lambda: next(left, None) is None,
    )


def delivery(documents: Documents, event: Event) -> EventDelivery:
    return Events.of(documents, "acme").get(event.id).value.delivery


def messages(*events: Event) -> list[str]:
    return [each.id for each in events]


def test_events_are_delivered_once_and_oldest_first(documents: Documents, receiver: Receiver) -> None:
    late, early = happens(documents, "c1", at=5), happens(documents, "c2", at=1)
    assert delivers(documents, receiver.url) == EventsDelivered(delivered=2)
    assert delivers(documents, receiver.url) == EventsDelivered()
    assert receiver.ids == messages(early, late)
    [made] = delivery(documents, early).log
    assert (made.at, made.status, made.error) == (NOON, 204, "")
    assert delivery(documents, early) == EventDelivery().delivered(at=NOON, made=made)


def test_more_than_a_page_of_events_is_delivered(documents: Documents, receiver: Receiver) -> None:
    for number in range(205):
        happens(documents, f"c{number:03}", at=number % 7)
    assert delivers(documents, receiver.url, seconds=999).delivered == 205
    assert len(set(receiver.ids)) == 205


def test_a_failed_event_is_tried_again_after_its_pause(documents: Documents, receiver: Receiver) -> None:
    event = happens(documents, "c1")
    receiver.statuses = [500, 204]
    failed = delivers(documents, receiver.url)
    assert [(each.event_id, each.subject, each.status) for each in failed.failures] == [
        (event.id, "customers/c1", EventStatus.UNDELIVERED)
    ]
    assert str(failed.failures[0].error) == f"the event {event.id} was not taken: its receiver answered with status 500"
    due = NOON + timedelta(seconds=30)
    assert failed.next_at == due
    early = delivers(documents, receiver.url, at=NOON + timedelta(seconds=29))
    assert early == EventsDelivered(next_at=due), "a pass that has nothing to do says when another one will"
    assert delivers(documents, receiver.url, at=due) == EventsDelivered(delivered=1)
    assert receiver.ids == messages(event, event)
    assert delivery(documents, event).tries == 2
    assert [(each.status, each.error) for each in delivery(documents, event).log] == [
        (500, "its receiver answered with status 500"),
        (204, ""),
    ]


def test_a_later_event_of_the_same_customer_waits_and_others_do_not(documents: Documents, receiver: Receiver) -> None:
    suspended = happens(documents, "c1", at=1)
    restored = happens(documents, "c1", type_=EventType.CUSTOMER_RESTORED, at=2)
    other = happens(documents, "c2", at=3)
    receiver.statuses = [503, 204]
    assert delivers(documents, receiver.url).delivered == 1
    assert delivers(documents, receiver.url).delivered == 0, "the earlier one pauses, so the later one waits"
    assert delivers(documents, receiver.url, at=NOON + timedelta(minutes=1)).delivered == 2
    assert receiver.ids == messages(suspended, other, suspended, restored)


def test_after_ten_tries_an_event_is_given_up_and_holds_up_none(documents: Documents, receiver: Receiver) -> None:
    suspended = happens(documents, "c1", at=1)
    restored = happens(documents, "c1", type_=EventType.CUSTOMER_RESTORED, at=2)
    receiver.statuses = [*[500] * 10, 204]
    at, last = NOON, EventsDelivered()
    for _ in range(10):
        last = delivers(documents, receiver.url, at=at)
        at = delivery(documents, suspended).next_try_at or at
    assert [each.status for each in last.failures] == [EventStatus.FAILED]
    assert last.delivered == 1
    assert receiver.ids == messages(*[suspended] * 10, restored)
    assert [each.value.event for each in Events.of(documents, "acme").list(limit=9, statuses=[EventStatus.FAILED])] == [
        suspended
    ]


def test_an_event_that_was_given_up_is_delivered_when_somebody_says_so(
    documents: Documents, receiver: Receiver
) -> None:
    event = happens(documents, "c1")
    events = Events.of(documents, "acme")
    read = events.get(event.id)
    documents.commit([events.changed(read, EventDelivery(status=EventStatus.FAILED, tries=10, tried_at=NOON))])
    assert delivers(documents, receiver.url) == EventsDelivered()
    call = Call(tenant_id="acme", actor="cli", recorded_at=NOON)
    assert retry_event(documents, event.id, call=call) == event
    assert delivers(documents, receiver.url) == EventsDelivered(delivered=1)
    with pytest.raises(NotFound):
        retry_event(documents, "evt_none", call=call)
    [record] = AuditLog.of(documents, "acme").about(f"events/{event.id}")
    assert (record.event, record.actor, record.before, record.after) == (
        "event.put_back",
        "cli",
        "failed",
        "undelivered",
    )


def test_those_of_a_bad_hour_are_put_back_with_their_log(documents: Documents, receiver: Receiver) -> None:
    """Two given up and one delivered in that hour, one given up after it."""
    events, call = Events.of(documents, "acme"), Call(tenant_id="acme", actor="cli", recorded_at=NOON)
    first, second, third, late = (happens(documents, f"c{minute}", at=minute) for minute in (0, 10, 20, 59))
    for event in (first, second, late):
        given_up = replace(EventDelivery(tries=9).failed(at=NOON, error="status 500"), expires_at=None)
        documents.commit([events.changed(events.get(event.id), given_up)])
    assert delivers(documents, receiver.url).delivered == 1
    since, until = first.occurred_at, late.occurred_at
    number = retry_events(documents, since=since, until=until, statuses=[EventStatus.FAILED], call=call)
    assert (number, delivers(documents, receiver.url).delivered) == (2, 2)
    everything = [*EventStatus]
    assert retry_events(documents, since=since, until=until, statuses=everything, call=call) == 3
    assert delivers(documents, receiver.url).delivered == 3
    assert receiver.ids == messages(third, first, second, first, second, third)
    assert [each.error for each in delivery(documents, first).log] == ["status 500", "", ""]
    with pytest.raises(InvalidInput, match="until"):
        retry_events(documents, since=since, until=since, statuses=everything, call=call)


def test_where_nobody_is_there_three_tries_are_lost_and_the_others_wait(
    documents: Documents, receiver: Receiver
) -> None:
    events = [happens(documents, f"c{number}", at=number) for number in range(9)]
    receiver.statuses = [503]
    report = delivers(documents, receiver.url)
    assert (len(report.failures), report.next_at) == (3, NOON + timedelta(seconds=30))
    assert [delivery(documents, each).tries for each in events] == [1, 1, 1, 0, 0, 0, 0, 0, 0]


def test_one_event_that_is_refused_for_good_stops_no_other(documents: Documents, receiver: Receiver) -> None:
    for number in range(4):
        happens(documents, f"c{number}", at=number)
    receiver.statuses = [400, 204, 400, 204]
    report = delivers(documents, receiver.url)
    assert (report.delivered, len(report.failures)) == (2, 2)


def test_without_a_secret_no_try_is_lost_and_the_failure_is_told(documents: Documents, receiver: Receiver) -> None:
    events = [happens(documents, f"c{number}", at=number) for number in range(2)]
    report = delivers(documents, receiver.url, sink=posts())
    [failure] = report.failures
    assert report.next_at is None, "a person has to set the secret: trying again changes nothing"
    assert (failure.error.code, failure.status) == ("unusable_event_secret", EventStatus.UNDELIVERED)
    assert [delivery(documents, each) for each in events] == [EventDelivery()] * 2
    assert receiver.taken == []


def test_out_of_time_the_rest_waits_for_the_next_run(documents: Documents, receiver: Receiver) -> None:
    first, second = happens(documents, "c1", at=1), happens(documents, "c2", at=2)
    assert delivers(documents, receiver.url, seconds=1) == EventsDelivered(delivered=1, next_at=NOON)
    assert delivers(documents, receiver.url).delivered == 1
    assert receiver.ids == messages(first, second)


def test_a_tenant_without_an_address_piles_nothing_up(documents: Documents, receiver: Receiver) -> None:
    events = [happens(documents, f"c{number:03}") for number in range(150)]
    assert delivers(documents, "") == EventsDelivered(not_wanted=150)
    assert delivery(documents, events[0]) == EventDelivery().not_wanted(at=NOON)
    assert delivers(documents, receiver.url) == EventsDelivered()
    assert receiver.taken == []


class MeanwhileDelivered:
    """A receiver that takes an event while another run has delivered and noted it."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.taken: list[str] = []

    def deliver(self, event: Event, *, tenant_id: str, url: str) -> EventTry:
        self.taken.append(event.id)
        events = Events.of(self.documents, tenant_id)
        self.documents.commit([events.changed(events.get(event.id), EventDelivery().delivered(at=NOON))])
        return EventTry(at=NOON, status=204)


def test_two_runs_at_once_leave_the_outbox_to_one_of_them(documents: Documents) -> None:
    first, second = happens(documents, "c1", at=1), happens(documents, "c2", at=2)
    sink = MeanwhileDelivered(documents)
    assert delivers(documents, "https://receiver.example/", sink=sink) == EventsDelivered(
        delivered=1, next_at=NOON + timedelta(seconds=5)
    )
    assert sink.taken == [first.id]
    assert delivery(documents, second) == EventDelivery()


class Overtaken(CoveredDocuments):
    """A store in which another run writes the outbox just before every commit of this one."""

    def commit(self, writes: Sequence[Write]) -> list[str]:
        events = Events.of(self._inner, "acme")
        for each in events.undelivered(limit=9):
            self._inner.commit([events.changed(each, each.value.delivery.not_wanted(at=NOON))])
        return super().commit(writes)


def test_two_runs_at_once_set_aside_what_nobody_wants(documents: Documents) -> None:
    happens(documents, "c1")
    assert isinstance(documents, CoveredDocuments)
    other = Overtaken(documents._inner, indexes=INDEXES, exemptions=EXEMPTIONS)
    assert delivers(other, "") == EventsDelivered()


KILLED = """
import os, signal, sys
from pathlib import Path
from billing.adapters.sqlite import SqliteDocuments
from billing.store.indexes import INDEXES
from tests.scenarios.test_deliver_events import delivers, posts
from tests.event_receiver import SECRET

class Killed:
    def deliver(self, event, *, tenant_id, url):
        posts(SECRET).deliver(event, tenant_id=tenant_id, url=url)
        os.kill(os.getpid(), signal.SIGKILL)

delivers(SqliteDocuments(Path(sys.argv[1]), indexes=INDEXES), sys.argv[2], sink=Killed())
"""


def test_killed_between_the_delivery_and_its_note_an_event_comes_again_as_the_same_message(
    tmp_path: Path, receiver: Receiver
) -> None:
    file = tmp_path / "billing.sqlite3"
    documents = SqliteDocuments(file, indexes=INDEXES)
    event = happens(documents, "c1")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(file), receiver.url], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert delivery(documents, event) == EventDelivery()
    assert delivers(documents, receiver.url) == EventsDelivered(delivered=1)
    assert receiver.ids == messages(event, event)
    assert receiver.taken[0].body == receiver.taken[1].body
