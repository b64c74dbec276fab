"""When an event is tried again, and when it is given up."""

from datetime import timedelta

from billing.domain.event_delivery import EventDelivery, EventStatus, EventTry
from tests.builders import utc

AT = utc("2026-03-15T09:00")


def test_a_new_event_is_due_at_once() -> None:
    assert EventDelivery().is_due(at=AT)


def test_each_failed_try_waits_three_times_as_long() -> None:
    first = EventDelivery().failed(at=AT, error="status 500")
    assert (first.tries, first.tried_at, first.error) == (1, AT, "status 500")
    assert first.next_try_at == AT + timedelta(seconds=30)
    assert not first.is_due(at=AT + timedelta(seconds=29))
    assert first.is_due(at=AT + timedelta(seconds=30))
    second = first.failed(at=AT + timedelta(seconds=30), error="status 502")
    assert (second.tries, second.next_try_at) == (2, AT + timedelta(seconds=30 + 90))


def test_after_ten_tries_over_82_hours_it_is_given_up() -> None:
    delivery, at, tried_at = EventDelivery(), AT, AT
    for _ in range(10):
        assert delivery.status is EventStatus.UNDELIVERED
        delivery, tried_at = delivery.failed(at=at, error="status 500"), at
        at = delivery.next_try_at or at
    assert (delivery.status, delivery.tries, delivery.next_try_at) == (EventStatus.FAILED, 10, None)
    assert tried_at - AT == timedelta(seconds=30 * 9841)  # 1 + 3 + 9 ... + 6561; 82 hours and half a minute
    assert not delivery.is_due(at=tried_at + timedelta(days=365))
    assert delivery.expires_at is None


def test_a_delivered_event_forgets_its_error_and_is_dropped_after_thirty_days() -> None:
    delivered = EventDelivery().failed(at=AT, error="status 500").delivered(at=AT + timedelta(minutes=1))
    assert (delivered.status, delivered.tries, delivered.error) == (EventStatus.DELIVERED, 2, "")
    assert delivered.expires_at == utc("2026-04-14T09:01")
    assert not delivered.is_due(at=AT + timedelta(days=1))


def test_an_event_that_nobody_wants_is_dropped_too() -> None:
    unwanted = EventDelivery().not_wanted(at=AT)
    assert (unwanted.status, unwanted.tries, unwanted.tried_at) == (EventStatus.NOT_WANTED, 0, None)
    assert unwanted.expires_at == utc("2026-04-14T09:00")


def test_every_try_is_in_the_log_also_those_before_it_was_put_back() -> None:
    made = EventTry(at=AT, status=500, milliseconds=12, error="status 500")
    failed = EventDelivery().failed(at=AT, error="status 500", made=made)
    again = failed.put_back()
    assert (again.status, again.tries, again.next_try_at, again.error) == (EventStatus.UNDELIVERED, 0, None, "")
    later = EventTry(at=AT + timedelta(hours=1), status=204, milliseconds=7)
    assert again.delivered(at=later.at, made=later).log == (made, later)


def test_the_log_keeps_the_latest_twenty_tries() -> None:
    delivery = EventDelivery()
    for number in range(23):
        delivery = delivery.put_back().failed(at=AT + timedelta(minutes=number), error="status 500")
    assert [each.at for each in delivery.log] == [AT + timedelta(minutes=number) for number in range(3, 23)]


def test_a_test_is_tried_once_and_dropped_after_thirty_days() -> None:
    taken = EventDelivery().tested(at=AT, made=EventTry(at=AT, status=204))
    refused = EventDelivery().tested(at=AT, made=EventTry(at=AT, status=404, error="status 404"))
    assert (taken.status, refused.status) == (EventStatus.DELIVERED, EventStatus.FAILED)
    assert (refused.tries, refused.next_try_at, refused.error) == (1, None, "status 404")
    assert taken.expires_at == refused.expires_at == utc("2026-04-14T09:00")
