"""An event in place of another: one commit takes the old quantity out and puts the new one in."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.domain.catalog import Aggregation
from billing.ports import Documents, Fields, Update, Write
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions
from billing.store.usage import UsageRollups, event_key
from billing.usecases.record_usage import EventOutcome, OutcomeStatus, ReportedUsage, record_usage
from billing.usecases.report_usage import ReportedDays, report_usage
from billing.usecases.usage_writes import CrowdedRollup
from tests.builders import a_meter, a_plan, a_subscription, utc
from tests.watched_documents import Once, WatchedDocuments

NOW = utc("2026-03-01T12:00")
ACCEPTED, DUPLICATE, REJECTED = OutcomeStatus.ACCEPTED, OutcomeStatus.DUPLICATE, OutcomeStatus.REJECTED
KINDS = {
    "calls": Aggregation.SUM,
    "logins": Aggregation.COUNT,
    "peak": Aggregation.MAX,
    "seats": Aggregation.LAST,
    "users": Aggregation.UNIQUE,
}


@pytest.fixture
def documents() -> Iterator[Documents]:
    with closing(SqliteDocuments(":memory:")) as store:
        plan = a_plan(metered=[a_meter(meter=name, aggregation=kind) for name, kind in KINDS.items()])
        subscription = a_subscription(plan, start="2026-01-10")
        plans, subscriptions = PlanVersions.of(store, "acme"), Subscriptions.of(store, "acme")
        store.commit([plans.publication(plan), subscriptions.creation(subscription)])
        yield store


def event(event_id: str, **changes: Any) -> ReportedUsage:  # noqa: ANN401 - any field
    plain: dict[str, Any] = {
        "id": event_id,
        "subscription_id": "sub-1",
        "meter": "calls",
        "occurred_at": utc("2026-02-14T10:00"),
        "quantity": "5",
    }
    return ReportedUsage(**{**plain, **changes})


def record(store: Documents, *events: ReportedUsage) -> tuple[EventOutcome, ...]:
    return record_usage(store, tenant_id="acme", events=events, recorded_at=NOW)


def buckets(store: Documents, meter: str = "calls", month: str = "2026-02") -> dict[str, str]:
    (found,) = UsageRollups.of(store, "acme").get([f"sub-1.{meter}.{month}"])
    assert found is not None
    return {f"{start:%m-%d}": str(bucket) for start, bucket in found.value.buckets.items()}


def test_a_sum_is_moved_from_the_old_day_to_the_new_one_also_across_months(documents: Documents) -> None:
    record(documents, event("e-1"), event("e-2", quantity=1))
    [outcome] = record(documents, event("e-3", quantity="7.5", occurred_at=utc("2026-01-20"), replaces="e-1"))
    assert outcome == EventOutcome(event_id="e-3", status=ACCEPTED)
    assert buckets(documents) == {"02-14": "1"}
    assert buckets(documents, month="2026-01") == {"01-20": "7.5"}


def test_a_counted_event_is_moved_as_one(documents: Documents) -> None:
    record(documents, event("e-1", meter="logins", quantity=1))
    record(documents, event("e-2", meter="logins", quantity=1, occurred_at=utc("2026-02-15"), replaces="e-1"))
    assert buckets(documents, "logins") == {"02-14": "0", "02-15": "1"}


def test_the_same_call_may_bring_both(documents: Documents) -> None:
    assert [each.status for each in record(documents, event("e-2", quantity=3, replaces="e-1"), event("e-1"))] == [
        ACCEPTED,
        ACCEPTED,
    ]
    assert buckets(documents) == {"02-14": "3"}


def test_sent_again_it_counts_once_and_the_old_event_says_what_stands_for_it(documents: Documents) -> None:
    record(documents, event("e-1"))
    replacing = event("e-2", quantity=3, replaces="e-1")
    assert [each.status for each in record(documents, replacing)] == [ACCEPTED]
    assert record(documents, replacing) == (EventOutcome(event_id="e-2", status=DUPLICATE),)
    assert record(documents, event("e-1")) == (EventOutcome(event_id="e-1", status=DUPLICATE),)
    [old] = documents.get_many([f"tenants/acme/usage_events/{event_key('e-1')}"])
    assert old is not None
    assert (old.fields["quantity"], old.fields["replaced_by"]) == ("5", "e-2")
    assert buckets(documents) == {"02-14": "3"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"replaces": "e-9"}, "replaces: expected the id of a recorded event, got 'e-9'"),
        ({"replaces": "r-1"}, "replaces: expected a recorded event, not a report, got 'r-1'"),
        (
            {"replaces": "gone"},
            "replaces: expected an event that nothing replaced yet; now stands for it now, got 'gone'",
        ),
        (
            {"replaces": "e-1", "meter": "logins", "quantity": 1},
            "replaces: expected an event of logins of sub-1, got 'one of calls of sub-1'",
        ),
        ({"replaces": "peak", "meter": "peak"}, "replaces: expected a meter of sums or counts, got 'max'"),
        ({"replaces": "seats", "meter": "seats"}, "replaces: expected a meter of sums or counts, got 'last'"),
        (
            {"replaces": "users", "meter": "users", "value": "ada"},
            "replaces: expected a meter of sums or counts, got 'unique'",
        ),
        ({"replaces": "a\nb"}, "replaces: expected text without control characters, got 'a\\nb'"),
        ({"replaces": "e-1", "quantity": "-1"}, "quantity: expected 0 or more, got '-1'"),
    ],
)
def test_what_cannot_be_replaced_is_refused_with_the_reason(
    documents: Documents, changes: dict[str, Any], reason: str
) -> None:
    record(documents, event("e-1"), event("gone"), event("now", replaces="gone"))
    record(
        documents, *[event(name, meter=name, value="ada" * (name == "users")) for name in ("peak", "seats", "users")]
    )
    day = utc("2026-02-14").date()
    report = ReportedDays(id="r-1", subscription_id="sub-1", meter="calls", days=[(day, 1)])
    report_usage(documents, tenant_id="acme", reports=[report], recorded_at=NOW)
    before = buckets(documents)
    assert record(documents, event("new", **changes)) == (EventOutcome(event_id="new", status=REJECTED, reason=reason),)
    assert buckets(documents) == before


def test_an_event_beyond_the_retention_can_be_replaced_no_more(documents: Documents) -> None:
    record(documents, event("e-1"))
    at = utc("2026-02-14T10:00") + timedelta(days=401)
    new = event("e-2", occurred_at=at, replaces="e-1")
    [outcome] = record_usage(documents, tenant_id="acme", events=[new], recorded_at=at)
    assert outcome.status is REJECTED
    assert outcome.reason.startswith("replaces: expected an event that may still be changed (occurred_at: expected")


def test_of_two_that_replace_one_event_at_once_the_first_counts(documents: Documents) -> None:
    record(documents, event("e-1"))

    def other_comes_first() -> None:
        record(documents, event("other", quantity=1, replaces="e-1"))

    watched = WatchedDocuments(documents, before=Once("usage_events", other_comes_first))
    [outcome] = record(watched, event("mine", quantity=2, replaces="e-1"))
    assert (outcome.status, "other stands for it now" in outcome.reason) == (REJECTED, True)
    assert buckets(documents) == {"02-14": "1"}


def test_a_turn_that_never_comes_is_an_error_to_try_again(documents: Documents) -> None:
    record(documents, event("e-1"))
    count = iter(range(1000))

    def outrun(_writes: Sequence[Write]) -> None:
        record(documents, event(f"other-{next(count)}", quantity=1))

    with pytest.raises(CrowdedRollup):
        record(WatchedDocuments(documents, before=outrun), event("mine", quantity=2, replaces="e-1"))
    assert [each.status for each in record(documents, event("mine", quantity=2, replaces="e-1"))] == [ACCEPTED]


def test_nobody_adds_to_another_s_usage_where_two_names_make_one_id(documents: Documents) -> None:
    record(documents, event("e-1"))
    other: Fields = {"subscription_id": "sub", "meter": "1.calls"}
    documents.commit([Update("tenants/acme/usage/sub-1.calls.2026-02", other)])
    [outcome] = record(documents, event("e-2"))
    assert outcome.reason == ("meter: expected a meter whose usage is not kept as 1.calls of sub, got 'calls of sub-1'")
