"""Record usage that was added up before it was sent: a few writes for a report, whatever it counts (semantics 4)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from billing.domain.errors import BillingError, InvalidInput
from billing.domain.period import local_midnight
from billing.domain.usage_report import UsageReport, used_on_days
from billing.ports import Documents
from billing.usecases.admit_report import MeteredReport, ReportedDays, admit_reports
from billing.usecases.record_usage import MARGIN, RETENTION_DAYS
from billing.usecases.usage_entries import UsageEntry, write_entry
from billing.usecases.usage_outcome import EventOutcome, OutcomeStatus, outcome_of
from billing.usecases.usage_writes import UsageWriter, Written

__all__ = ["EventOutcome", "OutcomeStatus", "ReportedDays", "report_usage"]

MOST_REPORTS = 1_000


def report_usage(
    documents: Documents,
    *,
    tenant_id: str,
    reports: Sequence[ReportedDays],
    recorded_at: datetime,
    retention_days: int = RETENTION_DAYS,
    actor: str = "usage",
) -> tuple[EventOutcome, ...]:
    """Record up to 1,000 reports of a tenant, each whole or not at all; the outcome of each, in order.

    A report is one commit: its own document, the roll-ups of the months that it touches, and where a day is closed
    the mark on its subscription. Its id counts once, as an event's does, and is taken from the same names. Raises
    InvalidInput for more reports, CrowdedRollup and StoreUnavailable: sending them again is then safe.
    """
    if len(reports) > MOST_REPORTS:
        raise InvalidInput("reports", expected=f"at most {MOST_REPORTS} a call", given=len(reports))
    retention = timedelta(days=retention_days)
    verdicts = admit_reports(documents, reports, tenant_id=tenant_id, recorded_at=recorded_at, retention=retention)
    writer = UsageWriter.of(documents, tenant_id, expires_at=lambda _event: None, recorded_at=recorded_at, actor=actor)
    written, first = Written(), dict[str, UsageReport]()
    for verdict in verdicts:
        if isinstance(verdict, MeteredReport) and verdict.report.id not in first:
            first[verdict.report.id] = verdict.report
            _write(writer, verdict, kept_for=retention + MARGIN, result=written)
    return tuple(_outcome(given, verdict, written, first) for given, verdict in zip(reports, verdicts, strict=True))


def _write(writer: UsageWriter, metered: MeteredReport, *, kept_for: timedelta, result: Written) -> None:
    report, subscription = metered.report, metered.subscription
    last = local_midnight(report.days[-1].day, zone=subscription.zone)

    def prepare() -> UsageEntry | None:
        known = writer.events.report(report.id)
        if known is not None:
            result.known[report.id] = known
            return None
        used = used_on_days(report, subscription=subscription)
        return UsageEntry(
            id=report.id,
            subscription=subscription,
            meter=report.meter,
            parts=tuple(zip(metered.aggregations, used, strict=True)),
            documents=(writer.events.creation(report, expires_at=last + kept_for),),
        )

    write_entry(writer, report.id, prepare, result=result)


def _outcome(
    given: ReportedDays, verdict: MeteredReport | BillingError, written: Written, first: dict[str, UsageReport]
) -> EventOutcome:
    if isinstance(verdict, BillingError):
        return EventOutcome(event_id=str(given.id), status=OutcomeStatus.REJECTED, reason=str(verdict))
    report = verdict.report
    return outcome_of(report.id, report, written=written, first=first[report.id])
