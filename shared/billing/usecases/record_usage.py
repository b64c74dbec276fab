"""Record usage events: each id counts once, whatever arrives in parallel or again (semantics 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from billing.domain.errors import InvalidInput
from billing.ports import Documents
from billing.usecases.admit_usage import ReportedUsage, admit_usage
from billing.usecases.usage_writes import MeteredEvent, UsageWriter, Written

__all__ = ["EventOutcome", "OutcomeStatus", "ReportedUsage", "record_usage"]

MOST_EVENTS = 1_000

_MARGIN = timedelta(days=30)


class OutcomeStatus(StrEnum):
    """What became of an event. A duplicate needs no action; a rejected one must be mended before it is sent again."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOutcome:
    """The outcome of one event. `differs` marks a duplicate whose content is not what was recorded under its id."""

    event_id: str
    status: OutcomeStatus
    reason: str = ""
    differs: bool = False


def record_usage(
    documents: Documents,
    *,
    tenant_id: str,
    events: Sequence[ReportedUsage],
    recorded_at: datetime,
    retention_days: int = 400,
) -> tuple[EventOutcome, ...]:
    """Record up to 1,000 events of a tenant; the outcome of each, in order. A rejected one stops no other.

    An event and its roll-up are one commit, so nothing is half recorded. Ids are remembered for `retention_days` after
    the event and a margin, longer than the event may be sent, so no id counts twice. Raises InvalidInput for more
    events, CrowdedRollup and StoreUnavailable: sending the same events again is then safe.
    """
    if len(events) > MOST_EVENTS:
        raise InvalidInput("events", expected=f"at most {MOST_EVENTS} a call", given=len(events))
    retention = timedelta(days=retention_days)
    verdicts = admit_usage(documents, events, tenant_id=tenant_id, recorded_at=recorded_at, retention=retention)
    first: dict[str, MeteredEvent] = {}
    for verdict in verdicts:
        if isinstance(verdict, MeteredEvent):
            first.setdefault(verdict.event.id, verdict)
    writer = UsageWriter.of(documents, tenant_id, expires_at=lambda event: event.occurred_at + retention + _MARGIN)
    written = writer.write(list(first.values()))
    return tuple(
        _outcome(verdict, written, first)
        if isinstance(verdict, MeteredEvent)
        else EventOutcome(event_id=str(given.id), status=OutcomeStatus.REJECTED, reason=str(verdict))
        for given, verdict in zip(events, verdicts, strict=True)
    )


def _outcome(metered: MeteredEvent, written: Written, first: Mapping[str, MeteredEvent]) -> EventOutcome:
    """What became of an admitted event; of several with one id in a call, the first counts."""
    event = metered.event
    if event.id in written.refused:
        reason = str(written.refused[event.id])
        return EventOutcome(event_id=event.id, status=OutcomeStatus.REJECTED, reason=reason)
    known = written.known.get(event.id)
    if known is None and first[event.id] is metered:
        return EventOutcome(event_id=event.id, status=OutcomeStatus.ACCEPTED)
    differs = event != (first[event.id].event if known is None else known)
    reason = "this id was recorded with other content, which stands" if differs else ""
    return EventOutcome(event_id=event.id, status=OutcomeStatus.DUPLICATE, reason=reason, differs=differs)
