"""Record usage events: each id counts once, whatever arrives in parallel or again (semantics 4)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from billing.domain.errors import InvalidInput
from billing.ports import Documents
from billing.usecases.admit_usage import ReportedUsage, admit_usage, as_reported
from billing.usecases.replace_usage import Readmit, replace_usage
from billing.usecases.usage_outcome import EventOutcome, OutcomeStatus, outcome_of
from billing.usecases.usage_writes import MeteredEvent, UsageWriter, Written

__all__ = ["EventOutcome", "OutcomeStatus", "ReportedUsage", "record_usage"]

MOST_EVENTS = 1_000
RETENTION_DAYS = 400
MARGIN = timedelta(days=30)
"""How much longer than they may be sent the ids of events are kept."""


def record_usage(
    documents: Documents,
    *,
    tenant_id: str,
    events: Sequence[ReportedUsage],
    recorded_at: datetime,
    retention_days: int = RETENTION_DAYS,
    actor: str = "usage",
) -> tuple[EventOutcome, ...]:
    """Record up to 1,000 events of a tenant; the outcome of each, in order. A rejected one stops no other.

    An event and its roll-up are one commit, so nothing is half recorded. Usage of closed time is late: its subscription
    is told in the same commit, so that the next invoice bills it. `actor` is who records, for the audit log. Ids are
    remembered for `retention_days` after the event and a margin, longer than the event may be sent, so no id counts
    twice. Raises InvalidInput for more events, CrowdedRollup and StoreUnavailable: sending the same events again is
    then safe.
    """
    if len(events) > MOST_EVENTS:
        raise InvalidInput("events", expected=f"at most {MOST_EVENTS} a call", given=len(events))
    retention = timedelta(days=retention_days)
    admit = partial(admit_usage, documents, tenant_id=tenant_id, recorded_at=recorded_at, retention=retention)
    verdicts = admit(events)
    first: dict[str, MeteredEvent] = {}
    for verdict in verdicts:
        if isinstance(verdict, MeteredEvent):
            first.setdefault(verdict.event.id, verdict)
    writer = UsageWriter.of(
        documents,
        tenant_id,
        expires_at=lambda event: event.occurred_at + retention + MARGIN,
        recorded_at=recorded_at,
        actor=actor,
    )
    written = _written(writer, list(first.values()), readmit=lambda event: admit([as_reported(event)])[0])
    return tuple(
        outcome_of(verdict.event.id, verdict.event, written=written, first=first[verdict.event.id].event)
        if isinstance(verdict, MeteredEvent)
        else EventOutcome(event_id=str(given.id), status=OutcomeStatus.REJECTED, reason=str(verdict))
        for given, verdict in zip(events, verdicts, strict=True)
    )


def _written(writer: UsageWriter, events: Sequence[MeteredEvent], *, readmit: Readmit) -> Written:
    """Write the events, those that replace others last and one by one: what they replace may be among these."""
    written = writer.write([each for each in events if not each.event.replaces])
    for each in events:
        if each.event.replaces:
            replace_usage(writer, each, readmit=readmit, result=written)
    return written
