"""`/api/billing/usage`: what subscriptions used, event by event or added up, and what is kept of it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from fastapi import Path
from pydantic import Field

from billing.api.routes.books import Books, changing, reading
from billing.api.routes.models import (
    LONGEST_ID,
    NO_CONTROL,
    AnswerModel,
    Exact,
    GivenModel,
    Id,
    Month,
    NamedId,
    Text,
    in_range,
    utc,
)
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging
from billing.domain.catalog import Aggregation
from billing.domain.errors import NotFound
from billing.domain.rollup import UsageRollup, used
from billing.domain.usage import UsageEvent
from billing.store.pages import page_by_id
from billing.store.subscriptions import Subscriptions
from billing.store.usage import UsageEvents, UsageRollups, decode_rollup
from billing.usecases.record_usage import ReportedUsage, record_usage
from billing.usecases.report_usage import ReportedDays, report_usage
from billing.usecases.usage_outcome import EventOutcome, OutcomeStatus

router = noun("usage")
Reading = Annotated[Books, reading("usage")]
Changing = Annotated[Books, changing("usage")]

MOST = 1000
EventId = Annotated[str, Field(min_length=1, max_length=LONGEST_ID, pattern=NO_CONTROL)]
Quantity = Annotated[Decimal, Field(max_digits=24, decimal_places=12)]


class GivenEvent(GivenModel):
    """One usage event. Its `id` counts once, however often it is sent; corrections are negative or replacing events."""

    id: EventId
    subscription_id: Id
    meter: Id
    occurred_at: datetime
    quantity: Quantity = Decimal(1)
    value: Text = ""
    correction: bool = False
    replaces: Text = ""


class GivenEvents(GivenModel):
    """Up to 1,000 events."""

    events: Annotated[list[GivenEvent], Field(min_length=1, max_length=MOST)]


class GivenDay(GivenModel):
    """What a local day of the subscription came to."""

    day: date
    quantity: Quantity


class GivenReport(GivenModel):
    """Usage that was added up by day; it counts whole or not at all."""

    id: EventId
    subscription_id: Id
    meter: Id
    days: Annotated[list[GivenDay], Field(min_length=1, max_length=400)]
    correction: bool = False


class GivenReports(GivenModel):
    """Up to 1,000 reports."""

    reports: Annotated[list[GivenReport], Field(min_length=1, max_length=MOST)]


class OutcomeAnswer(AnswerModel):
    """What became of an event: a duplicate needs no action, what is rejected must be mended before it comes again."""

    event_id: str
    status: OutcomeStatus
    reason: str
    differs: bool
    late: bool


class OutcomesAnswer(AnswerModel):
    """An outcome for each that was sent, in their order, and how many of each kind there are."""

    accepted: int
    duplicates: int
    rejected: int
    data: list[OutcomeAnswer]


class UsageEventAnswer(AnswerModel):
    """An event as it was recorded; `replaced_by` is the event that stands for it since."""

    id: str
    subscription_id: str
    meter: str
    occurred_at: datetime
    quantity: Exact
    value: str
    replaces: str
    replaced_by: str


class RollupAnswer(AnswerModel):
    """What a subscription used of a meter in a local month."""

    meter: str
    month: str
    aggregation: Aggregation
    used: Exact
    closed_until: datetime | None


class RollupsAnswer(Paged[RollupAnswer]):
    """A page of a subscription's usage by meter and month."""

    subscription_id: str


@router.post("/events")
def record_events(given: GivenEvents, books: Changing) -> OutcomesAnswer:
    """Record events. A rejected one stops no other; the same ids again are duplicates."""
    events = [_event(each, at=f"events[{n}]") for n, each in enumerate(given.events)]
    return _outcomes(record_usage(books.documents, events=events, **_recorded(books)))


@router.post("/reports")
def record_reports(given: GivenReports, books: Changing) -> OutcomesAnswer:
    """Record quantities by day, each report whole or not at all."""
    reports = [_report(each, at=f"reports[{n}]") for n, each in enumerate(given.reports)]
    return _outcomes(report_usage(books.documents, reports=reports, **_recorded(books)))


@router.get("/events/{event_id:path}")
def get_event(event_id: Annotated[str, Path(min_length=1, max_length=LONGEST_ID)], books: Reading) -> UsageEventAnswer:
    """One event, by the id that it was sent with."""
    [found] = UsageEvents.of(books.documents, books.tenant_id).get([event_id])
    if not isinstance(found, UsageEvent):
        raise NotFound("usage event", event_id)  # noqa: TRY003 - a kind, not a message
    return UsageEventAnswer.model_validate(found)


@router.get("/subscriptions/{subscription_id}")
def get_usage(
    subscription_id: NamedId,
    books: Reading,
    paging: Paging,
    *,
    month: Month = None,
) -> RollupsAnswer:
    """List what a subscription used, in the order of meters and then of months."""
    [subscription] = Subscriptions.of(books.documents, books.tenant_id).get([subscription_id])
    if subscription is None:
        raise NotFound("subscription", subscription_id)
    found = page_by_id(
        UsageRollups.of(books.documents, books.tenant_id).collection,
        paging.wanted,
        read=lambda each: (each.id, decode_rollup(each).value),
        equals={"subscription_id": subscription_id, "month": month},
    )
    page = paging.shown(found, as_answer=lambda each: _rollup(each[1]), id_of=lambda each: each[0])
    return RollupsAnswer(subscription_id=subscription_id, data=page.data, next_cursor=page.next_cursor)


class _Recorded(TypedDict):
    tenant_id: str
    recorded_at: datetime
    actor: str


def _recorded(books: Books) -> _Recorded:
    return {"tenant_id": books.tenant_id, "recorded_at": books.call.recorded_at, "actor": books.call.actor}


def _event(given: GivenEvent, *, at: str) -> ReportedUsage:
    return ReportedUsage(**{**given.model_dump(), "occurred_at": utc(f"{at}.occurred_at", given.occurred_at)})


def _report(given: GivenReport, *, at: str) -> ReportedDays:
    return ReportedDays(
        id=given.id,
        subscription_id=given.subscription_id,
        meter=given.meter,
        days=tuple([(in_range(f"{at}.days[{n}].day", each.day), each.quantity) for n, each in enumerate(given.days)]),
        correction=given.correction,
    )


def _outcomes(done: tuple[EventOutcome, ...]) -> OutcomesAnswer:
    statuses = [each.status for each in done]
    return OutcomesAnswer(
        accepted=statuses.count(OutcomeStatus.ACCEPTED),
        duplicates=statuses.count(OutcomeStatus.DUPLICATE),
        rejected=statuses.count(OutcomeStatus.REJECTED),
        data=[OutcomeAnswer.model_validate(each) for each in done],
    )


def _rollup(rollup: UsageRollup) -> RollupAnswer:
    until = rollup.closed_until
    return RollupAnswer(
        meter=rollup.meter,
        month=rollup.month,
        aggregation=rollup.aggregation,
        used=Decimal(used(rollup)),
        closed_until=until if until is None else until.astimezone(UTC),
    )
