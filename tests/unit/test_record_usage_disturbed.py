"""Usage events meet broken documents, large commits, lost answers and each other: each counts once or says why not."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from threading import Thread

import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.domain.catalog import Aggregation
from billing.ports import CommitTooLarge, Delete, Documents, Put, StoreUnavailable, Write, WriteConflict
from billing.store.subscriptions import Subscriptions
from billing.store.usage import event_key, rollup_fields
from billing.usecases.record_usage import EventOutcome, ReportedUsage
from billing.usecases.usage_writes import CrowdedRollup
from tests.builders import a_subscription
from tests.firestore_emulator import firestore, fresh_project
from tests.recording import (
    ACCEPTED,
    DUPLICATE,
    PLAN,
    REJECTED,
    event,
    record,
    rollup,
    statuses,
    stock,
    stocked,
    used,
)
from tests.watched_documents import WatchedDocuments

__all__ = ["firestore"]


@pytest.fixture
def documents() -> Iterator[Documents]:
    with stocked() as store:
        yield store


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
