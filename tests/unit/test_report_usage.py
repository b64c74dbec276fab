"""Reports of whole days: one id for the whole, a few writes whatever they count, the same rules as events."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.domain.catalog import Aggregation
from billing.domain.errors import InvalidInput
from billing.domain.rollup import UsageRollup, closed
from billing.ports import Documents, Put
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions
from billing.store.usage import UsageRollups, event_key, rollup_fields
from billing.usecases.record_usage import ReportedUsage, record_usage
from billing.usecases.report_usage import EventOutcome, OutcomeStatus, ReportedDays, report_usage
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
LOS_ANGELES = "America/Los_Angeles"


@pytest.fixture
def documents() -> Iterator[Documents]:
    """sub-1 since 10 January; sub-2 from 10 January 14:00 to 21 February; sub-3 in Los Angeles."""
    with closing(SqliteDocuments(":memory:")) as store:
        plan = a_plan(metered=[a_meter(meter=name, aggregation=kind) for name, kind in KINDS.items()])
        plans, subscriptions = PlanVersions.of(store, "acme"), Subscriptions.of(store, "acme")
        over = replace(a_subscription(plan, start="2026-01-10T14:00", end="2026-02-21"), id="sub-2")
        west = replace(a_subscription(plan, start="2026-01-10", zone=LOS_ANGELES), id="sub-3")
        open_ended = a_subscription(plan, start="2026-01-10")
        creations = [subscriptions.creation(each) for each in (open_ended, over, west)]
        store.commit([plans.publication(plan), *creations])
        yield store


def report(*days: tuple[str, Any], **changes: Any) -> ReportedDays:  # noqa: ANN401 - any field
    plain: dict[str, Any] = {"id": "r-1", "subscription_id": "sub-1", "meter": "calls"}
    given = [(date.fromisoformat(day), quantity) for day, quantity in days]
    return ReportedDays(**{**plain, "days": given, **changes})


def send(store: Documents, *reports: ReportedDays) -> tuple[EventOutcome, ...]:
    return report_usage(store, tenant_id="acme", reports=reports, recorded_at=NOW)


def rollup(store: Documents, rollup_id: str) -> UsageRollup:
    (found,) = UsageRollups.of(store, "acme").get([rollup_id])
    assert found is not None
    return found.value


def buckets(store: Documents, rollup_id: str = "sub-1.calls.2026-02") -> dict[str, str]:
    return {f"{start:%m-%dT%H:%M}": str(bucket) for start, bucket in rollup(store, rollup_id).buckets.items()}


def test_a_report_of_two_months_is_one_commit_of_three_writes(documents: Documents) -> None:
    watched = WatchedDocuments(documents)
    days = [("2026-01-31", "1000000"), ("2026-02-01", "2000000.5"), ("2026-02-02", 0)]
    assert send(watched, report(*days)) == (EventOutcome(event_id="r-1", status=ACCEPTED),)
    assert [len(writes) for writes in watched.commits] == [3]
    assert buckets(documents, "sub-1.calls.2026-01") == {"01-31T00:00": "1000000"}
    assert buckets(documents) == {"02-01T00:00": "2000000.5", "02-02T00:00": "0"}


def test_a_report_sent_again_counts_once_in_whatever_order_its_days_stand(documents: Documents) -> None:
    one, other = ("2026-02-01", 5), ("2026-02-02", 6)
    first, again = send(documents, report(one, other), report(other, one))
    assert [first.status, again.status, again.differs] == [ACCEPTED, DUPLICATE, False]
    [changed] = send(documents, report(one, ("2026-02-02", 7)))
    assert (changed.status, changed.differs) == (DUPLICATE, True)
    assert buckets(documents) == {"02-01T00:00": "5", "02-02T00:00": "6"}


def test_events_and_reports_share_their_ids(documents: Documents) -> None:
    send(documents, report(("2026-02-01", 5)))
    event = ReportedUsage(id="r-1", subscription_id="sub-1", meter="calls", occurred_at=utc("2026-02-01"), quantity=5)
    [outcome] = record_usage(documents, tenant_id="acme", events=[event], recorded_at=NOW)
    assert (outcome.status, outcome.differs) == (DUPLICATE, True)
    assert buckets(documents) == {"02-01T00:00": "5"}


def test_its_id_is_kept_for_longer_than_its_last_day_may_be_sent(documents: Documents) -> None:
    send(documents, report(("2026-02-01", 5), ("2026-02-14", 5)))
    [kept] = documents.get_many([f"tenants/acme/usage_events/{event_key('r-1')}"])
    assert kept is not None
    assert kept.fields["expires_at"] == utc("2026-02-14") + timedelta(days=430)


def test_counts_add_up_and_the_greatest_maximum_stays(documents: Documents) -> None:
    send(documents, report(("2026-02-01", 500), meter="logins"), report(("2026-02-01", 9), meter="peak", id="r-2"))
    send(documents, report(("2026-02-01", 20), meter="logins", id="r-3"))
    send(documents, report(("2026-02-01", 7), meter="peak", id="r-4"))
    assert buckets(documents, "sub-1.logins.2026-02") == {"02-01T00:00": "520"}
    assert buckets(documents, "sub-1.peak.2026-02") == {"02-01T00:00": "9"}


def test_a_correction_takes_away_from_sums_and_counts(documents: Documents) -> None:
    for meter in ("calls", "logins"):
        send(documents, report(("2026-02-01", 9), meter=meter, id=f"{meter}-1"))
        [outcome] = send(documents, report(("2026-02-01", -4), meter=meter, id=f"{meter}-2", correction=True))
        assert outcome.status is ACCEPTED
        assert buckets(documents, f"sub-1.{meter}.2026-02") == {"02-01T00:00": "5"}


def test_days_are_those_of_the_subscription_s_zone_and_the_first_begins_with_it(documents: Documents) -> None:
    send(documents, report(("2026-02-01", 5), subscription_id="sub-3"))
    assert buckets(documents, "sub-3.calls.2026-02") == {"02-01T08:00": "5"}
    send(documents, report(("2026-01-10", 5), subscription_id="sub-2", id="r-2"))
    assert buckets(documents, "sub-2.calls.2026-01") == {"01-10T14:00": "5"}


def test_closed_days_are_late_and_the_subscription_names_their_roll_up(documents: Documents) -> None:
    send(documents, report(("2026-02-05", 5)))
    before = rollup(documents, "sub-1.calls.2026-02")
    path = f"tenants/acme/usage/{before.id}"
    documents.commit([Put(path, rollup_fields(closed(before, until=utc("2026-02-10"))))])
    [outcome] = send(documents, report(("2026-02-09", 1), ("2026-02-10", 2), id="r-2"))
    assert (outcome.status, outcome.late) == (ACCEPTED, True)
    after = rollup(documents, "sub-1.calls.2026-02")
    assert after.late == {utc("2026-02-09"): 1}
    assert after.buckets == {utc("2026-02-05"): 5, utc("2026-02-10"): 2}
    (subscription,) = Subscriptions.of(documents, "acme").get(["sub-1"])
    assert subscription is not None
    assert subscription.value.late_usage == (before.id,)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            report(("2026-02-01", 1), meter="seats"),
            "meter: expected a meter of sums, counts or maxima; send its events one by one, got 'last'",
        ),
        (
            report(("2026-02-01", 1), meter="users"),
            "meter: expected a meter of sums, counts or maxima; send its events one by one, got 'unique'",
        ),
        (
            report(("2026-02-01", 1), meter="bytes"),
            "meter: expected a meter of plan plan@1 (calls, logins, peak, seats, users), got 'bytes'",
        ),
        (
            report(("2026-01-09", 1), ("2026-02-01", 1)),
            "days: expected a day from the subscription's start, 2026-01-10T00:00:00+00:00, on, got '2026-01-09'",
        ),
        (
            report(("2026-02-21", 1), subscription_id="sub-2"),
            (
                "days: expected a day that starts before the subscription's end, 2026-02-21T00:00:00+00:00, "
                "got '2026-02-21'"
            ),
        ),
        (
            report(("2026-03-03", 1)),
            (
                "days: expected a day that starts from 2025-01-25T12:00:00+00:00 to 2026-03-02T12:00:00+00:00, "
                "got '2026-03-03'"
            ),
        ),
        (report(("2026-02-01", 1), ("2026-02-01", 2)), "days: expected each day once, got '2026-02-01'"),
        (report(), "days: expected 1 to 500 days, got 0"),
        (report(("2026-02-01", "-1")), "days[2026-02-01].quantity: expected 0 or more, got '-1'"),
        (
            report(("2026-02-01", "1.5"), meter="logins"),
            "days[2026-02-01].quantity: expected a whole number, got '1.5'",
        ),
        (
            report(("2026-02-01", -1), meter="peak", correction=True),
            "correction: expected a meter that adds up, got 'max'",
        ),
        (
            report(("2026-02-01", 1), subscription_id="sub-9"),
            "subscription_id: expected a subscription of the tenant, got 'sub-9'",
        ),
        (report(("2026-02-01", 1), id=""), "id: expected text of 1 to 200 characters, got ''"),
    ],
)
def test_a_report_that_breaks_a_rule_is_rejected_as_a_whole_and_stops_no_other(
    documents: Documents, given: ReportedDays, reason: str
) -> None:
    wrong, right = send(documents, given, report(("2026-02-14", 1), id="r-2"))
    assert wrong == EventOutcome(event_id=given.id, status=REJECTED, reason=reason)
    assert right.status is ACCEPTED
    assert buckets(documents) == {"02-14T00:00": "1"}


def test_a_report_beside_an_event_of_the_same_moment_loses_neither(documents: Documents) -> None:
    event = ReportedUsage(id="e-1", subscription_id="sub-1", meter="calls", occurred_at=utc("2026-02-01"), quantity=7)

    def an_event_comes() -> None:
        record_usage(documents, tenant_id="acme", events=[event], recorded_at=NOW)

    watched = WatchedDocuments(documents, before=Once("usage_events", an_event_comes))
    assert [each.status for each in send(watched, report(("2026-02-01", 5)))] == [ACCEPTED]
    assert buckets(documents) == {"02-01T00:00": "12"}


def test_more_than_a_thousand_reports_are_refused_as_a_whole(documents: Documents) -> None:
    with pytest.raises(InvalidInput, match="reports: expected at most 1000 a call, got 1001"):
        send(documents, *[report(("2026-02-01", 1), id=f"r-{number}") for number in range(1001)])
