"""However many passes are asked for at once, a tenant's events are sent once, and none is left behind."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from billing.adapters.counting import CountingDocuments
from billing.adapters.sqlite import SqliteDocuments
from billing.domain.event import Event, EventType, event_of
from billing.domain.event_delivery import EventTry
from billing.ports import Documents
from billing.store.event_turns import EventTurn, EventTurns
from billing.store.events import Events
from billing.store.indexes import INDEXES
from billing.usecases.call import Call
from billing.usecases.deliver_events import EventsDelivered, deliver_events
from billing.usecases.event_turn import LONGEST, in_turn
from tests.builders import a_tenant, utc

NOON = utc("2026-03-15T12:00")


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    return SqliteDocuments(tmp_path / "billing.sqlite3", indexes=INDEXES)


def happens(documents: Documents, *customers: str) -> None:
    events = Events.of(documents, "acme")
    happened = [
        event_of(EventType.CUSTOMER_SUSPENDED, subject=f"customers/{each}", occurred_at=NOON, fields={})
        for each in customers
    ]
    documents.commit([events.creation(each) for each in happened])


class Taking:
    """A receiver that takes everything; `meanwhile` happens while it takes the first."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.taken: list[str] = []
        self.meanwhile = meanwhile

    def deliver(self, event: Event, *, tenant_id: str, url: str) -> EventTry:
        assert (tenant_id, url) == ("acme", "https://app.acme.test/")
        self.taken.append(event.subject.removeprefix("customers/"))
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return EventTry(at=NOON, status=204)


def delivers(documents: Documents, sink: Taking, *, holder: str, at: datetime = NOON) -> EventsDelivered | None:
    call = Call(tenant_id="acme", actor="queue", recorded_at=at)
    tenant = a_tenant(id="acme", event_url="https://app.acme.test/")

    def one_pass() -> EventsDelivered:
        return deliver_events(documents, sink, tenant=tenant, call=call, out_of_time=lambda: False)

    return in_turn(documents, one_pass, holder=holder, call=call)


def test_many_passes_at_once_send_each_event_once(documents: Documents) -> None:
    names = [f"c{number:02}" for number in range(20)]
    happens(documents, *names)
    sink, ready = Taking(), Barrier(4)

    def one(number: int) -> EventsDelivered | None:
        ready.wait()
        return delivers(documents, sink, holder=f"task-{number}")

    with ThreadPoolExecutor(4) as threads:
        reports = list(threads.map(one, range(4)))
    assert sorted(sink.taken) == names
    assert sum(each.delivered for each in reports if each is not None) == 20
    assert EventTurns.of(documents, "acme").read() is None


def test_who_is_sent_away_leaves_nothing_behind(documents: Documents) -> None:
    """The second event is written when the first pass has read its page already; its own task finds the turn taken."""
    happens(documents, "c1")
    sent_away: list[object] = []

    def meanwhile() -> None:
        happens(documents, "c2")
        sent_away.extend(delivers(documents, sink, holder=name) for name in ("task-2", "task-3"))

    sink = Taking(meanwhile)
    assert delivers(documents, sink, holder="task-1") == EventsDelivered(delivered=2)
    assert (sent_away, sink.taken) == ([None, None], ["c1", "c2"])
    assert EventTurns.of(documents, "acme").read() is None


@pytest.mark.parametrize(
    ("holder", "at", "delivered"),
    [
        ("task-1", NOON, 1),
        ("task-2", NOON + LONGEST - timedelta(seconds=1), 0),
        ("task-2", NOON + LONGEST, 1),
    ],
    ids=["its own repetition", "another too early", "another in time"],
)
def test_a_pass_that_was_killed_is_followed(documents: Documents, holder: str, at: datetime, delivered: int) -> None:
    happens(documents, "c1")
    turns = EventTurns.of(documents, "acme")
    documents.commit([turns.taking(EventTurn(holder="task-1", until=NOON + LONGEST), over=None)])
    report = delivers(documents, Taking(), holder=holder, at=at)
    assert (0 if report is None else report.delivered) == delivered


def test_a_pass_that_fails_gives_its_turn_back(documents: Documents) -> None:
    happens(documents, "c1")

    def fails() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        delivers(documents, Taking(fails), holder="task-1")
    assert delivers(documents, Taking(), holder="task-2") == EventsDelivered(delivered=1)


def test_a_pass_that_took_too_long_leaves_the_rest_to_the_one_that_began_since(documents: Documents) -> None:
    happens(documents, "c1")
    other = Taking()

    def meanwhile() -> None:
        turns = EventTurns.of(documents, "acme")
        taken = turns.read()
        documents.commit([turns.taking(EventTurn(holder="task-2", until=NOON + 2 * LONGEST), over=taken)])

    assert delivers(documents, Taking(meanwhile), holder="task-1") == EventsDelivered(delivered=1)
    happens(documents, "c2")
    assert delivers(documents, other, holder="task-2") == EventsDelivered(delivered=1)


def test_where_nothing_waits_a_pass_costs_one_read(documents: Documents) -> None:
    counted = CountingDocuments(documents)
    assert delivers(counted, Taking(), holder="task-1") == EventsDelivered()
    assert (counted.counts.reads, counted.counts.writes, counted.counts.deletes) == (1, 0, 0)
    happens(documents, "c1")
    assert delivers(counted, Taking(), holder="task-1") == EventsDelivered(delivered=1)
    # the turn is looked at, taken and given back; the event is found twice and noted once
    assert (counted.counts.reads, counted.counts.writes, counted.counts.deletes) == (1 + 3, 2, 1)
