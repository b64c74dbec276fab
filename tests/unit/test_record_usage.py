"""Usage events count once, whatever arrives in parallel or again; a wrong one stops no other."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.domain.catalog import Aggregation
from billing.domain.errors import InvalidInput
from billing.domain.period import Period
from billing.domain.rollup import UsageRollup, closed
from billing.domain.usage import quantity
from billing.ports import CommitTooLarge, Delete, Documents, Put, StoreUnavailable, Write, WriteConflict
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions
from billing.store.usage import UsageRollups, event_key, rollup_fields
from billing.usecases.record_usage import EventOutcome, OutcomeStatus, ReportedUsage, record_usage
from billing.usecases.usage_writes import CrowdedRollup
from tests.builders import a_meter, a_plan, a_subscription, utc
from tests.firestore_emulator import firestore, fresh_project
from tests.watched_documents import WatchedDocuments

__all__ = ["firestore"]

NOW = utc("2026-03-01T12:00")
ACCEPTED, DUPLICATE, REJECTED = OutcomeStatus.ACCEPTED, OutcomeStatus.DUPLICATE, OutcomeStatus.REJECTED
FEBRUARY = Period(utc("2026-02-01"), utc("2026-03-01"))

PLAN = a_plan(
    metered=[
        a_meter(meter="calls"),
        a_meter(meter="logins", aggregation=Aggregation.COUNT),
        a_meter(meter="peak", aggregation=Aggregation.MAX),
        a_meter(meter="seats", aggregation=Aggregation.LAST),
        a_meter(meter="users", aggregation=Aggregation.UNIQUE),
    ]
)


@pytest.fixture
def documents() -> Iterator[Documents]:
    with closing(SqliteDocuments(":memory:")) as store:
        stock(store)
        yield store


def stock(store: Documents) -> None:
    """One subscription since 10 January, and one that ended with the 20th of February."""
    plans, subscriptions = PlanVersions.of(store, "acme"), Subscriptions.of(store, "acme")
    open_ended = a_subscription(PLAN, start="2026-01-10")
    over = replace(a_subscription(PLAN, start="2026-01-10", end="2026-02-21"), id="sub-2")
    store.commit([plans.publication(PLAN), subscriptions.creation(open_ended), subscriptions.creation(over)])


def event(**changes: Any) -> ReportedUsage:  # noqa: ANN401 - any field
    plain: dict[str, Any] = {
        "id": "e-1",
        "subscription_id": "sub-1",
        "meter": "calls",
        "occurred_at": utc("2026-02-14T10:00"),
        "quantity": "2.5",
    }
    return ReportedUsage(**{**plain, **changes})


def record(store: Documents, *events: ReportedUsage, at: datetime = NOW) -> tuple[EventOutcome, ...]:
    return record_usage(store, tenant_id="acme", events=events, recorded_at=at)


def statuses(outcomes: tuple[EventOutcome, ...]) -> list[OutcomeStatus]:
    return [each.status for each in outcomes]


def rollup(store: Documents, meter: str = "calls", month: str = "2026-02") -> UsageRollup:
    (found,) = UsageRollups.of(store, "acme").get([f"sub-1.{meter}.{month}"])
    assert found is not None
    return found.value


def used(store: Documents, meter: str = "calls") -> Decimal:
    found = rollup(store, meter)
    return quantity(found.aggregation, found.buckets, FEBRUARY)


def kept(store: Documents, event_id: str = "e-1") -> dict[str, Any]:
    (document,) = store.get_many([f"tenants/acme/usage_events/{event_key(event_id)}"])
    assert document is not None
    return dict(document.fields)


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
            "occurred_at: expected an instant with its offset, got '2026-02-14 00:00:00'",
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
            "quantity: expected an exact decimal as text such as \"12.50\", never a float, got Decimal('Infinity')",
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


def test_usage_kept_by_another_aggregation_is_rejected_alone(documents: Documents) -> None:
    record(documents, event(meter="users", value="ada"))
    wrong = replace(rollup(documents, "users"), meter="calls", aggregation=Aggregation.UNIQUE)
    documents.commit([Put(f"tenants/acme/usage/{wrong.id}", {**rollup_fields(wrong), "aggregation": "sum"})])
    first, second = record(documents, event(id="e-2"), event(id="e-3", meter="peak"))
    assert (first.status, second.status) == (REJECTED, ACCEPTED)
    assert first.reason == "aggregation: expected the one that the meter's usage was kept by, got 'sum'"


def test_a_broken_roll_up_rejects_its_own_events_alone(documents: Documents) -> None:
    documents.commit([Put("tenants/acme/usage/sub-1.calls.2026-02", {"meter": "calls"})])
    first, second = record(documents, event(), event(id="e-2", meter="peak"))
    assert (first.status, second.status) == (REJECTED, ACCEPTED)
    assert first.reason.startswith("a stored usagerollup can't be read")


def test_a_roll_up_that_is_full_rejects_its_own_events_alone(documents: Documents) -> None:
    values = [f"{n:0200}" for n in range(5300)]  # of 200 characters each, above the 1 MiB of one document
    for start in range(0, 5000, 1000):
        batch = [event(id=f"e-{int(v)}", meter="users", value=v) for v in values[start : start + 1000]]
        assert statuses(record(documents, *batch)) == [ACCEPTED] * 1000
    rest = [event(id=f"e-{int(v)}", meter="users", value=v) for v in values[5000:]]
    outcomes = record(documents, *rest, event(id="calls-1"))
    assert statuses(outcomes) == [REJECTED] * 300 + [ACCEPTED]
    assert outcomes[0].reason.startswith("document: expected at most 1,048,576 bytes")
    assert used(documents, "users") == 5000


def test_a_broken_subscription_rejects_its_own_events_alone(documents: Documents) -> None:
    documents.commit([Put("tenants/acme/subscriptions/sub-2", {"customer_id": "acct-1"})])
    first, second = record(documents, event(subscription_id="sub-2"), event(id="e-2"))
    assert (first.status, second.status) == (REJECTED, ACCEPTED)
    assert first.reason.startswith("a stored subscription can't be read")


def test_a_missing_plan_version_rejects_its_own_events_alone(documents: Documents) -> None:
    documents.commit([Delete(f"tenants/acme/plans/{PLAN.ref}")])
    (outcome,) = record(documents, event())
    assert (outcome.status, outcome.reason) == (REJECTED, "no plan version 'plan@1'")


def test_ids_that_are_too_long_together_are_rejected_alone(documents: Documents) -> None:
    long = replace(a_subscription(PLAN, start="2026-01-10"), id="s" * 190)
    documents.commit([Subscriptions.of(documents, "acme").creation(long)])
    first, second = record(documents, event(subscription_id="s" * 190), event(id="e-2"))
    assert (first.status, second.status) == (REJECTED, ACCEPTED)


def test_a_broken_event_is_a_duplicate_that_differs(documents: Documents) -> None:
    documents.commit([Put(f"tenants/acme/usage_events/{event_key('e-1')}", {"meter": "calls"})])
    first, second = record(documents, event(), event(id="e-2"))
    assert (first.status, first.differs, second.status) == (DUPLICATE, True, ACCEPTED)


def test_a_commit_that_is_too_large_is_halved_until_it_fits(documents: Documents) -> None:
    def refuse_large(writes: Sequence[Write]) -> None:
        if len(writes) > 20:
            raise CommitTooLarge(size=len(writes), limit=20)

    watched = WatchedDocuments(documents, before=refuse_large)
    assert statuses(record(watched, *[event(id=f"e-{n}", quantity=n) for n in range(100)])) == [ACCEPTED] * 100
    assert used(documents) == 99 * 100 // 2


def test_an_event_too_large_for_any_commit_is_rejected(documents: Documents) -> None:
    def refuse(writes: Sequence[Write]) -> None:
        raise CommitTooLarge(size=len(writes), limit=0)

    assert statuses(record(WatchedDocuments(documents, before=refuse), event(), event(id="e-2"))) == [REJECTED] * 2


def test_a_turn_that_never_comes_is_an_error_to_try_again_and_records_nothing(documents: Documents) -> None:
    def outrun(_writes: Sequence[Write]) -> None:
        raise WriteConflict("usage", reason="it has changed")

    with pytest.raises(CrowdedRollup, match=r"usage of sub-1\.calls\.2026-02 changed 50 times") as raised:
        record(WatchedDocuments(documents, before=outrun), event())
    assert raised.value.retryable
    assert statuses(record(documents, event())) == [ACCEPTED]


def test_an_answer_that_was_lost_is_found_by_sending_again(documents: Documents) -> None:
    def lose(_writes: Sequence[Write]) -> None:
        raise StoreUnavailable("store", reason="connection reset")

    with pytest.raises(StoreUnavailable):
        record(WatchedDocuments(documents, after=lose), event())
    (outcome,) = record(documents, event())
    assert (outcome.status, outcome.differs) == (DUPLICATE, False)
    assert used(documents) == Decimal("2.5")


def test_new_events_cost_no_read_of_their_own(documents: Documents) -> None:
    watched = WatchedDocuments(documents)
    record(watched, *[event(id=f"e-{n}") for n in range(100)])
    assert [len(paths) for paths in watched.reads] == [1, 1, 1]  # the subscription, its plan, the roll-up
    assert [len(writes) for writes in watched.commits] == [101]


def race(stores: list[Documents], batches: list[list[ReportedUsage]]) -> list[tuple[EventOutcome, ...]]:
    """Record one batch in each thread at the same time; each thread has the store of its turn."""
    results: list[tuple[EventOutcome, ...]] = [()] * len(batches)

    def run(index: int) -> None:
        results[index] = record(stores[index % len(stores)], *batches[index])

    threads = [Thread(target=run, args=(index,)) for index in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def overlapping_batches() -> list[list[ReportedUsage]]:
    """Eight batches of 1,000 ids out of 4,500, each starting 500 further: all but the ends are sent twice."""
    return [
        [event(id=f"e-{n}", quantity=n, meter="calls") for n in range(500 * start, 500 * start + 1000)]
        for start in range(8)
    ]


def assert_each_id_counted_once(store: Documents, results: list[tuple[EventOutcome, ...]]) -> None:
    accepted = [each.event_id for outcomes in results for each in outcomes if each.status is ACCEPTED]
    assert sorted(accepted) == sorted(f"e-{n}" for n in range(4500))
    assert {each.status for outcomes in results for each in outcomes} == {ACCEPTED, DUPLICATE}
    assert not any(each.differs for outcomes in results for each in outcomes)
    assert used(store) == 4499 * 4500 // 2  # 0 + 1 + ... + 4499


def test_eight_senders_at_once_count_each_id_once_on_sqlite(tmp_path: Path) -> None:
    with closing(SqliteDocuments(tmp_path / "billing.db")) as store:
        stock(store)
        assert_each_id_counted_once(store, race([store], overlapping_batches()))


@pytest.mark.emulator
def test_eight_senders_at_once_count_each_id_once_on_firestore(firestore: str) -> None:
    from billing.adapters.firestore import FirestoreDocuments

    with closing(FirestoreDocuments(fresh_project())) as store:
        stock(store)
        assert_each_id_counted_once(store, race([store], overlapping_batches()))
