"""What an event is named, and what it may not say."""

import hashlib
from datetime import datetime, timedelta, timezone

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.event import Event, EventType, event_of
from tests.builders import utc

AT = utc("2026-03-15T09:00")


def step(*, name: str = "", subject: str = "invoices/sub-1", occurred_at: datetime = AT) -> Event:
    return event_of(EventType.DUNNING_STEP, subject=subject, occurred_at=occurred_at, fields={"day": 3}, name=name)


def test_an_id_is_a_hash_of_what_happened_to_whom_and_when() -> None:
    said = b"dunning.step\ninvoices/sub-1\n20260315T090000Z"
    assert step().id == f"evt_{hashlib.sha256(said).hexdigest()[:24]}"


def test_a_named_happening_is_the_same_event_at_whatever_instant_it_is_written() -> None:
    assert step(name="day-3").id == step(name="day-3", occurred_at=utc("2026-03-16")).id
    assert step(name="day-3").id != step(name="day-7").id


def test_without_a_name_another_instant_or_subject_is_another_event() -> None:
    ids = {step().id, step(occurred_at=utc("2026-03-16")).id, step(subject="invoices/sub-2").id}
    assert len(ids) == 3


def test_an_instant_in_another_zone_is_the_same_instant() -> None:
    vienna = datetime(2026, 3, 15, 10, tzinfo=timezone(timedelta(hours=1)))
    assert step(occurred_at=vienna) == step()


@pytest.mark.parametrize("subject", ["customers", "customers/", "plans/pro", ""])
def test_a_subject_is_of_a_known_kind(subject: str) -> None:
    with pytest.raises(InvalidInput, match=r"event\.subject: expected one of customers, subscriptions, .*, and /ID"):
        step(subject=subject)


def test_wall_time_is_no_instant() -> None:
    with pytest.raises(InvalidInput, match=r"event\.occurred_at: expected an instant with a zone"):
        step(occurred_at=datetime(2026, 3, 15, 9))  # noqa: DTZ001 - the point


def test_no_field_takes_the_place_of_the_tenant_or_subject() -> None:
    with pytest.raises(InvalidInput, match=r"event\.fields: expected .*\['tenant_id'\]"):
        event_of(EventType.CUSTOMER_SUSPENDED, subject="customers/c1", occurred_at=AT, fields={"tenant_id": "other"})
