"""The outbox read back from its latest event, in SQLite and in Firestore: to its end, also within one instant."""

from datetime import datetime
from typing import Any

import pytest

from billing.domain.event import Event, EventType
from billing.domain.event_delivery import EventDelivery, EventStatus
from billing.ports import Documents
from billing.store.events import Events
from tests.builders import utc
from tests.either_store import documents, firestore

__all__ = ["documents", "firestore"]

WAITS, FAILED = EventStatus.UNDELIVERED, EventStatus.FAILED
NOON = "2026-03-01T12:00"
HAPPENED = [
    ("a", "2026-02-28T12:00", FAILED),
    ("b", NOON, WAITS),
    ("c", NOON, FAILED),
    ("d", NOON, WAITS),
    ("e", "2026-03-02T12:00", WAITS),
]


@pytest.fixture
def events(documents: Documents) -> Events:
    found = Events.of(documents, "acme")
    documents.commit(
        [
            found.creation(
                Event(id=name, type=EventType.INVOICE_ISSUED, occurred_at=utc(at), subject=f"invoices/{name}"),
                EventDelivery(status=status),
            )
            for name, at, status in HAPPENED
        ]
    )
    return found


def names(events: Events, **asked: Any) -> str:  # noqa: ANN401 - what a list takes
    return "".join(each.value.event.id for each in events.list(**{"limit": 9, **asked}))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "edcba"),
        ({"statuses": [FAILED]}, "ca"),
        ({"since": utc(NOON)}, "edcb"),
        ({"until": utc(NOON)}, "a"),
        ({"since": utc(NOON), "until": utc("2026-03-02T12:00"), "statuses": [WAITS]}, "db"),
    ],
)
def test_a_list_goes_on_behind_each_of_its_events(events: Events, asked: dict[str, Any], expected: str) -> None:
    assert names(events, **asked) == expected
    at: dict[str, datetime] = {name: utc(instant) for name, instant, _ in HAPPENED}
    for place, name in enumerate(expected, start=1):
        after = at[name], name
        assert names(events, after=after, **asked) == expected[place:]
        assert names(events, **{**asked, "after": after, "limit": 1}) == expected[place : place + 1]
