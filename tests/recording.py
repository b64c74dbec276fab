"""Usage of one subscription, reported to a store: the events, and what came of them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.adapters.sqlite import SqliteDocuments
from billing.domain.catalog import Aggregation
from billing.domain.period import Period
from billing.domain.rollup import UsageRollup
from billing.domain.usage import quantity
from billing.ports import Documents
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions
from billing.store.usage import UsageRollups, event_key
from billing.usecases.record_usage import EventOutcome, OutcomeStatus, ReportedUsage, record_usage
from tests.builders import a_meter, a_plan, a_subscription, utc

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


@contextmanager
def stocked() -> Iterator[Documents]:
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
