"""However many passes are asked for at once, a tenant's events are sent once, and none is left behind."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
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
from billing.usecases.event_turn import LAST, TURN, OutOfTime, in_turn
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


class Watch:
    """The present instant, told by hand."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def delivers(
    documents: Documents, sink: Taking, *, holder: str, watch: Watch | None = None, out_of_time: bool = False
) -> EventsDelivered:
    clock, tenant = watch or Watch(), a_tenant(id="acme", event_url="https://app.acme.test/")
    call = Call(tenant_id="acme", actor="queue", recorded_at=clock.at)

    def one_pass(since: timedelta, is_over: OutOfTime) -> EventsDelivered:
        by_now = replace(call, recorded_at=call.recorded_at + since)
        return deliver_events(documents, sink, tenant=tenant, call=by_now, out_of_time=is_over)

    return in_turn(documents, one_pass, tenant_id="acme", holder=holder, now=clock.now, out_of_time=lambda: out_of_time)


def test_many_passes_at_once_send_each_event_once(documents: Documents) -> None:
    names = [f"c{number:02}" for number in range(20)]
    happens(documents, *names)
    sink, ready = Taking(), Barrier(4)

    def one(number: int) -> EventsDelivered:
        ready.wait()
        return delivers(documents, sink, holder=f"task-{number}")

    with ThreadPoolExecutor(4) as threads:
        reports = list(threads.map(one, range(4)))
    assert sorted(sink.taken) == names
    assert sum(each.delivered for each in reports) == 20
    assert EventTurns.of(documents, "acme").read() is None


def test_who_is_sent_away_leaves_nothing_behind(documents: Documents) -> None:
    """The second event is written when the first pass has read its page already; its own task finds the turn taken."""
    happens(documents, "c1")
    sent_away: list[EventsDelivered] = []

    def meanwhile() -> None:
        happens(documents, "c2")
        sent_away.extend(delivers(documents, sink, holder=name) for name in ("task-2", "task-3"))

    sink = Taking(meanwhile)
    assert delivers(documents, sink, holder="task-1") == EventsDelivered(delivered=2)
    assert (sent_away, sink.taken) == ([EventsDelivered(next_at=NOON + TURN)] * 2, ["c1", "c2"])
    assert EventTurns.of(documents, "acme").read() is None


@pytest.mark.parametrize(
    ("later", "delivered", "next_at"),
    [(TURN - timedelta(seconds=1), 0, NOON + TURN), (TURN, 1, None)],
    ids=["too early", "in time"],
)
def test_a_pass_that_was_killed_is_followed_once_its_turn_is_over(
    documents: Documents, later: timedelta, delivered: int, next_at: datetime | None
) -> None:
    """Who comes before that is told when to come again, and comes for all that wait."""
    happens(documents, "c1")
    turns = EventTurns.of(documents, "acme")
    documents.commit([turns.taking(EventTurn(holder="task-1", until=NOON + TURN), over=None)])
    report = delivers(documents, Taking(), holder="task-2", watch=Watch(NOON + later))
    assert report == EventsDelivered(delivered=delivered, next_at=next_at)


def test_a_long_pass_renews_its_turn_so_that_nobody_begins_beside_it(documents: Documents) -> None:
    """Each event takes the longest there is: the turn is over only after its holder has gone on, however many wait."""
    names = [f"c{number:02}" for number in range(10)]
    happens(documents, *names)
    watch = Watch()

    class Slow(Taking):
        def deliver(self, event: Event, *, tenant_id: str, url: str) -> EventTry:
            watch.at += LAST - timedelta(seconds=1)
            assert delivers(documents, other, holder=f"other-{watch.at}", watch=Watch(watch.at)).delivered == 0
            return Taking.deliver(self, event, tenant_id=tenant_id, url=url)

    sink, other = Slow(), Taking()
    assert delivers(documents, sink, holder="task-1", watch=watch).delivered == 10
    assert (sorted(sink.taken), other.taken) == (names, [])
    assert EventTurns.of(documents, "acme").read() is None


def test_a_pass_that_is_out_of_time_ends_its_turn_and_says_that_more_waits(documents: Documents) -> None:
    happens(documents, "c1")
    assert delivers(documents, Taking(), holder="task-1", out_of_time=True) == EventsDelivered(next_at=NOON)
    assert EventTurns.of(documents, "acme").read() is None


def test_a_pass_that_fails_gives_its_turn_back(documents: Documents) -> None:
    happens(documents, "c1")

    def fails() -> None:
        delivers(documents, Taking(), holder="task-2")  # is sent away, and leaves its mark
        raise RuntimeError

    with pytest.raises(RuntimeError):
        delivers(documents, Taking(fails), holder="task-1")
    assert EventTurns.of(documents, "acme").read() is None
    assert delivers(documents, Taking(), holder="task-2") == EventsDelivered(delivered=1)


def test_a_pass_that_took_too_long_leaves_the_rest_to_the_one_that_began_since(documents: Documents) -> None:
    happens(documents, "c1")
    other = Taking()

    def meanwhile() -> None:
        turns = EventTurns.of(documents, "acme")
        taken = turns.read()
        documents.commit([turns.taking(EventTurn(holder="task-2", until=NOON + 2 * TURN), over=taken)])

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
