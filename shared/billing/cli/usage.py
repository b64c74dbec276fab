"""`billing usage record` and `report`: usage from a file into the store, and what became of each part of it."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from billing.cli.directory import ACTOR, instant_or_now, open_directory, the_tenant
from billing.cli.errors import DONE, HAD_FAILURES
from billing.cli.screen import answers, columns, write_json
from billing.cli.usage_files import UsageText, read_events, read_reports
from billing.domain.errors import InvalidInput
from billing.domain.tenant import Tenant
from billing.ports import Documents
from billing.usecases.record_usage import MOST_EVENTS, EventOutcome, OutcomeStatus, record_usage
from billing.usecases.report_usage import report_usage

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSource:
    """Where usage comes from, as typed: a file or - for standard input, and whose it is."""

    file: str
    tenant_id: str | None
    directory: Path
    recorded_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    documents: Documents
    tenant: Tenant
    recorded_at: datetime


def run_record(source: UsageSource, *, as_json: bool) -> int:
    """Record a file of events and print what became of them. BookErrors for a file with faults: nothing is recorded."""
    opened = _open(source)
    events = read_events(_text(source.file))
    outcomes = _in_parts(
        events,
        lambda part: record_usage(
            opened.documents,
            tenant_id=opened.tenant.id,
            events=part,
            recorded_at=opened.recorded_at,
            actor=ACTOR,
        ),
    )
    return _answer(outcomes, tenant=opened.tenant, as_json=as_json)


def run_report(source: UsageSource, *, as_json: bool) -> int:
    """Record a file of reports, as `run_record`."""
    opened = _open(source)
    reports = read_reports(_text(source.file))
    outcomes = _in_parts(
        reports,
        lambda part: report_usage(
            opened.documents,
            tenant_id=opened.tenant.id,
            reports=part,
            recorded_at=opened.recorded_at,
            actor=ACTOR,
        ),
    )
    return _answer(outcomes, tenant=opened.tenant, as_json=as_json)


def _open(source: UsageSource) -> _Opened:
    engine = open_directory(source.directory)
    tenant = the_tenant(engine, source.tenant_id)
    at = instant_or_now(source.recorded_at, zone=tenant.zone, option="--recorded-at")
    return _Opened(documents=engine.documents, tenant=tenant, recorded_at=at)


def _text(file: str) -> UsageText:
    name = "<stdin>" if file == "-" else Path(file).name
    raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        return UsageText(name, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            f"{name}:{line}", expected="text in UTF-8", given=raw[error.start : error.start + 1]
        ) from None


def _in_parts(given: Sequence[T], record: Callable[[Sequence[T]], Sequence[EventOutcome]]) -> list[EventOutcome]:
    """All of it, as much at once as a call takes."""
    parts = (given[start : start + MOST_EVENTS] for start in range(0, len(given), MOST_EVENTS))
    return [outcome for part in parts for outcome in record(part)]


def _answer(outcomes: Sequence[EventOutcome], *, tenant: Tenant, as_json: bool) -> int:
    counts = Counter(each.status for each in outcomes)
    late = sum(each.late for each in outcomes)
    if as_json:
        write_json(
            {
                "tenant_id": tenant.id,
                **{status.value: counts[status] for status in OutcomeStatus},
                "late": late,
                "outcomes": [
                    {
                        "id": each.event_id,
                        "status": each.status.value,
                        "late": each.late,
                        "differs": each.differs,
                        "reason": each.reason,
                    }
                    for each in outcomes
                ],
            }
        )
    else:
        _print(outcomes, counts, late=late)
    return HAD_FAILURES if counts[OutcomeStatus.REJECTED] else DONE


def _print(outcomes: Sequence[EventOutcome], counts: Counter[OutcomeStatus], *, late: int) -> None:
    console = answers()
    table = columns("bold", "", "dim", right=(1,))
    notes = {OutcomeStatus.ACCEPTED: f"{late:,} late: on the next invoice as lines of their own" if late else ""}
    for status in OutcomeStatus:
        table.add_row(status.value.capitalize(), f"{counts[status]:,}", notes.get(status, ""))
    console.print(table)
    for each in outcomes:
        if each.reason:
            console.print(f"{each.event_id}: {each.status.value}: {each.reason}", markup=False, soft_wrap=True)
