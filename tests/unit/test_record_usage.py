"""Usage events count once, however they come; a wrong one stops no other."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.rollup import closed
from billing.ports import Documents, Put
from billing.store.usage import UsageRollups, rollup_fields
from billing.usecases.record_usage import EventOutcome, record_usage
from tests.builders import utc
from tests.recording import (
    ACCEPTED,
    DUPLICATE,
    NOW,
    REJECTED,
    event,
    kept,
    record,
    rollup,
    statuses,
    stocked,
    used,
)


@pytest.fixture
def documents() -> Iterator[Documents]:
    with stocked() as store:
        yield store


def test_an_event_is_kept_and_counted_in_the_bucket_of_its_day(documents: Documents) -> None:
    assert record(documents, event()) == (EventOutcome(event_id="e-1", status=ACCEPTED),)
    assert rollup(documents).buckets == {utc("2026-02-14"): Decimal("2.5")}
    assert (kept(documents)["quantity"], kept(documents)["meter"]) == ("2.5", "calls")


def test_an_id_is_kept_for_longer_than_its_event_may_be_sent(documents: Documents) -> None:
    record(documents, event())
    assert kept(documents)["expires_at"] > utc("2026-02-14T10:00") + timedelta(days=400)


def test_an_event_sent_again_counts_once(documents: Documents) -> None:
    record(documents, event())
    assert record(documents, event()) == (EventOutcome(event_id="e-1", status=DUPLICATE),)
    assert used(documents) == Decimal("2.5")


def test_the_first_of_two_with_one_id_in_a_call_counts(documents: Documents) -> None:
    first, second, third = record(documents, event(), event(quantity=9), event())
    assert (first.status, first.differs) == (ACCEPTED, False)
    assert (second.status, second.differs) == (DUPLICATE, True)
    assert (third.status, third.differs) == (DUPLICATE, False)
    assert used(documents) == Decimal("2.5")


def test_an_id_with_other_content_is_a_duplicate_that_differs(documents: Documents) -> None:
    record(documents, event())
    assert record(documents, event(quantity=3)) == (
        EventOutcome(
            event_id="e-1",
            status=DUPLICATE,
            reason="this id was recorded with other content, which stands",
            differs=True,
        ),
    )
    assert used(documents) == Decimal("2.5")


def test_a_number_written_another_way_is_no_difference(documents: Documents) -> None:
    record(documents, event(quantity="2.50"))
    (outcome,) = record(documents, event(quantity=Decimal("2.5")))
    assert (outcome.status, outcome.differs) == (DUPLICATE, False)


def test_a_rejected_first_does_not_use_up_its_id(documents: Documents) -> None:
    assert statuses(record(documents, event(quantity="NaN"), event())) == [REJECTED, ACCEPTED]
    assert used(documents) == Decimal("2.5")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"subscription_id": "sub-9"}, "subscription_id: expected a subscription of the tenant, got 'sub-9'"),
        (
            {"subscription_id": "../sub-1"},
            (
                "subscription_id: expected 1 to 200 letters, digits or . _ @ : ~ + - (a letter or digit first), "
                "got '../sub-1'"
            ),
        ),
        ({"meter": "bytes"}, "meter: expected a meter of plan plan@1 (calls, logins, peak, seats, users), got 'bytes'"),
        (
            {"occurred_at": utc("2026-01-09T23:59")},
            (
                "occurred_at: expected an instant from the subscription's start, 2026-01-10T00:00:00+00:00, on, "
                "got '2026-01-09T23:59:00+00:00'"
            ),
        ),
        (
            {"subscription_id": "sub-2", "occurred_at": utc("2026-02-21")},
            (
                "occurred_at: expected an instant before the subscription's end, 2026-02-21T00:00:00+00:00, "
                "got '2026-02-21T00:00:00+00:00'"
            ),
        ),
        (
            {"occurred_at": NOW - timedelta(days=400, seconds=1)},
            (
                "occurred_at: expected an instant within the 400 days before 2026-03-01T12:00:00+00:00, "
                "got '2025-01-25T11:59:59+00:00'"
            ),
        ),
        (
            {"occurred_at": NOW + timedelta(days=1, seconds=1)},
            (
                "occurred_at: expected an instant not more than a day after 2026-03-01T12:00:00+00:00, "
                "got '2026-03-02T12:00:01+00:00'"
            ),
        ),
        (
            {"occurred_at": datetime(2026, 2, 14)},  # noqa: DTZ001 - that is what is refused
            "occurred_at: expected an instant with its offset, got '2026-02-14T00:00:00'",
        ),
        (
            {"occurred_at": datetime.max.replace(tzinfo=UTC)},
            (
                "occurred_at: expected an instant not more than a day after 2026-03-01T12:00:00+00:00, "
                "got '9999-12-31T23:59:59.999999+00:00'"
            ),
        ),
        (
            {"quantity": "NaN"},
            "quantity: expected an exact decimal as text such as \"12.50\", never a float, got 'NaN'",
        ),
        (
            {"quantity": Decimal("Infinity")},
            "quantity: expected an exact decimal as text such as \"12.50\", never a float, got 'Infinity'",
        ),
        ({"quantity": 0.1}, 'quantity: expected an exact decimal as text such as "12.50", never a float, got 0.1'),
        ({"quantity": "-1"}, "quantity: expected 0 or more, got '-1'"),
        ({"quantity": "1" * 19}, f"quantity: expected at most 18 digits before the point, got '{'1' * 19}'"),
        ({"quantity": "0.1234567890123"}, "quantity: expected at most 12 decimals, got '0.1234567890123'"),
        ({"occurred_at": "2026-02-14"}, "occurred_at: expected an instant with its offset, got '2026-02-14'"),
        ({"id": ""}, "id: expected text of 1 to 200 characters, got ''"),
        ({"id": "i" * 201}, f"id: expected text of 1 to 200 characters, got '{'i' * 76}..."),
        ({"id": "a\nb"}, "id: expected text without control characters, got 'a\\nb'"),
        ({"id": "\ud800"}, "id: expected text without control characters, got '\\ud800'"),
        ({"meter": "users"}, "value: expected a value, as users counts unique ones, got ''"),
        ({"meter": "users", "value": "v" * 201}, f"value: expected text of 1 to 200 characters, got '{'v' * 76}..."),
        (
            {"meter": "peak", "quantity": "-1", "correction": True},
            "correction: expected a meter that adds up, got 'max'",
        ),
    ],
)
def test_an_event_that_breaks_a_rule_is_rejected_and_stops_no_other(
    documents: Documents, changes: dict[str, Any], reason: str
) -> None:
    outcomes = record(documents, event(**changes), event(id="e-2"))
    assert outcomes[0] == EventOutcome(event_id=changes.get("id", "e-1"), status=REJECTED, reason=reason)
    assert outcomes[1].status is ACCEPTED
    assert used(documents) == Decimal("2.5")


def test_bounds_of_time_and_length_are_still_accepted(documents: Documents) -> None:
    late = utc("2027-02-14T10:00")  # 365 days after the event
    assert statuses(record(documents, event(id="i" * 200), at=late)) == [ACCEPTED]
    assert statuses(record(documents, event(occurred_at=NOW + timedelta(days=1)))) == [ACCEPTED]
    assert statuses(record(documents, event(id="e-2", occurred_at=utc("2026-01-10")))) == [ACCEPTED]


def test_an_instant_in_any_offset_is_the_same_instant(documents: Documents) -> None:
    tokyo = datetime(2026, 2, 15, 1, tzinfo=timezone(timedelta(hours=9)))  # 14 February, 16:00 in UTC
    record(documents, event(occurred_at=tokyo))
    assert rollup(documents).buckets == {utc("2026-02-14"): Decimal("2.5")}


def test_a_correction_takes_away_from_a_sum(documents: Documents) -> None:
    assert statuses(record(documents, event(), event(id="e-2", quantity=-2, correction=True))) == [ACCEPTED] * 2
    assert used(documents) == Decimal("0.5")


def test_each_meter_keeps_what_it_aggregates(documents: Documents) -> None:
    record(
        documents,
        *[event(id=f"logins-{n}", meter="logins") for n in range(3)],
        event(id="peak-1", meter="peak", quantity=7),
        event(id="peak-2", meter="peak", quantity=5),
        event(id="seats-1", meter="seats", quantity=9, occurred_at=utc("2026-02-14T11:00")),
        event(id="seats-2", meter="seats", quantity=4, occurred_at=utc("2026-02-14T10:00")),
        *[event(id=f"users-{n}", meter="users", value=f"u{n % 2}") for n in range(5)],
    )
    assert {meter: used(documents, meter) for meter in ("logins", "peak", "seats", "users")} == {
        "logins": 3,
        "peak": 7,
        "seats": 9,
        "users": 2,
    }


def test_usage_of_a_closed_period_goes_to_the_late_part(documents: Documents) -> None:
    record(documents, event())
    before = rollup(documents)
    path = f"tenants/acme/usage/{before.id}"
    documents.commit([Put(path, rollup_fields(closed(before, until=utc("2026-03-01"))))])
    assert statuses(record(documents, event(id="e-2", quantity=4))) == [ACCEPTED]
    after = rollup(documents)
    assert (after.buckets, after.late) == (before.buckets, {utc("2026-02-14"): Decimal(4)})


def test_a_thousand_events_of_many_meters_and_months_are_one_call(documents: Documents) -> None:
    meters = ("calls", "peak", "logins", "seats")
    events = [
        event(id=f"e-{n}", meter=meters[n % 4], occurred_at=utc("2026-01-10") + timedelta(hours=n)) for n in range(1000)
    ]
    assert statuses(record(documents, *events)) == [ACCEPTED] * 1000
    # hours 0 to 999 from 10 January: February begins at hour 528 and holds the rest; every fourth hour is a call
    assert used(documents) == Decimal("2.5") * len(range(528, 1000, 4))
    assert used(documents, "logins") == len(range(530, 1000, 4))


def test_more_than_a_thousand_events_are_refused_as_a_whole(documents: Documents) -> None:
    with pytest.raises(InvalidInput, match="events: expected at most 1000 a call, got 1001"):
        record(documents, *[event(id=f"e-{n}") for n in range(1001)])
    assert UsageRollups.of(documents, "acme").get(["sub-1.calls.2026-02"]) == [None]


def test_no_event_is_no_work(documents: Documents) -> None:
    assert record(documents) == ()


def test_another_tenants_subscription_is_unknown_and_its_ids_are_its_own(documents: Documents) -> None:
    record(documents, event())
    (outcome,) = record_usage(documents, tenant_id="other", events=[event()], recorded_at=NOW)
    assert (outcome.status, outcome.reason) == (
        REJECTED,
        "subscription_id: expected a subscription of the tenant, got 'sub-1'",
    )
