"""Files of usage events and reports: JSON lines or CSV, checked for their form, each error with its line and field."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError

from billing.adapters.book_files.cell_types import Day, Flag, Name, Text, ruled
from billing.adapters.book_files.csv_rows import RowModel, Table
from billing.adapters.book_files.error_log import ErrorLog, broken_model
from billing.domain.errors import InvalidInput
from billing.domain.money import parse_decimal
from billing.usecases.record_usage import ReportedUsage
from billing.usecases.report_usage import ReportedDays


def _checked_instant(value: object) -> datetime:
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise InvalidInput("", expected="an instant with its offset such as 2026-02-28T10:30:00Z", given=value)
    return read.astimezone(UTC)


def _checked_quantity(value: object) -> Decimal:
    return parse_decimal(value, field="")


Instant = Annotated[datetime, ruled(_checked_instant)]
Quantity = Annotated[Decimal, ruled(_checked_quantity)]


class EventRow(RowModel):
    """One usage event."""

    id: Name
    subscription_id: Name
    meter: Name
    occurred_at: Instant
    quantity: Quantity = Decimal(1)
    value: Text = ""
    correction: Flag = False
    replaces: Text = ""


class _Report(RowModel):
    id: Name
    subscription_id: Name
    meter: Name
    correction: Flag = False


class ReportRow(_Report):
    """A report as a JSON object."""

    quantities: Annotated[dict[Day, Quantity], Field(min_length=1)]


class DayRow(_Report):
    """One day of a report as a CSV row."""

    date: Day
    quantity: Quantity


M = TypeVar("M", bound=RowModel)


@dataclass(frozen=True, slots=True)
class UsageText:
    """The text of a file and its name, as errors show it."""

    file: str
    text: str

    @property
    def is_json(self) -> bool:
        """Whether it holds JSON objects, a line each; else it is CSV."""
        return self.text.lstrip().startswith("{")


def read_events(given: UsageText) -> list[ReportedUsage]:
    """The events of a file; BookErrors with every line and field that is wrong."""
    log = ErrorLog()
    rows = [ReportedUsage(**row.model_dump()) for _, row in _rows(given, EventRow, EventRow, log=log)]
    log.raise_if_any()
    return rows


def read_reports(given: UsageText) -> list[ReportedDays]:
    """The reports of a file; BookErrors with every line and field that is wrong."""
    log = ErrorLog()
    if given.is_json:
        reports = [_of_object(row) for _, row in _json_rows(given, ReportRow, log=log)]
    else:
        reports = _of_days(_csv_rows(given, DayRow, log=log), file=given.file, log=log)
    log.raise_if_any()
    return reports


def _rows(given: UsageText, of_json: type[M], of_csv: type[M], *, log: ErrorLog) -> Iterator[tuple[int, M]]:
    return _json_rows(given, of_json, log=log) if given.is_json else _csv_rows(given, of_csv, log=log)


def _of_object(row: ReportRow) -> ReportedDays:
    days = tuple(row.quantities.items())
    return ReportedDays(
        id=row.id, subscription_id=row.subscription_id, meter=row.meter, days=days, correction=row.correction
    )


def _of_days(rows: Iterable[tuple[int, DayRow]], *, file: str, log: ErrorLog) -> list[ReportedDays]:
    """The rows of one id are one report: they agree in everything but day and quantity."""
    reports: dict[str, tuple[DayRow, list[tuple[Any, Decimal]]]] = {}
    for line, row in rows:
        first, days = reports.setdefault(row.id, (row, []))
        for name in ("subscription_id", "meter", "correction"):
            if getattr(row, name) != getattr(first, name):
                before = getattr(first, name)
                log.add(file, f"expected {before!r} as in the rows of {row.id} before", line=line, column=name)
        days.append((row.date, row.quantity))
    return [
        ReportedDays(
            id=first.id,
            subscription_id=first.subscription_id,
            meter=first.meter,
            days=tuple(days),
            correction=first.correction,
        )
        for first, days in reports.values()
    ]


def _json_rows(given: UsageText, model: type[M], *, log: ErrorLog) -> Iterator[tuple[int, M]]:
    for line, text in enumerate(given.text.split("\n"), start=1):
        if not text.strip():
            continue
        try:
            value = json.loads(text, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            log.add(given.file, f"expected one JSON object a line: {error}", line=line)
            continue
        row = _row(model, value, file=given.file, line=line, log=log)
        if row is not None:
            yield line, row


def _csv_rows(given: UsageText, model: type[M], *, log: ErrorLog) -> Iterator[tuple[int, M]]:
    table = Table(given.file, given.text, log=log)
    known, before = list(model.model_fields), log.count
    for name in table.columns:
        if name not in known or table.columns.count(name) > 1:
            log.add(given.file, f"expected each column once, of {', '.join(known)}", line=1, column=name or "(empty)")
    for name, field in model.model_fields.items():
        if field.is_required() and name not in table.columns:
            log.add(given.file, "the column is missing from the header", line=1, column=name)
    if log.count > before:
        return
    for line, cells in table.records():
        filled = {name: cell.strip() for name, cell in zip(table.columns, cells, strict=True) if cell.strip()}
        row = _row(model, filled, file=given.file, line=line, log=log)
        if row is not None:
            yield line, row


def _row(model: type[M], value: object, *, file: str, line: int, log: ErrorLog) -> M | None:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            missing, unknown = each["type"] == "missing", each["type"] == "extra_forbidden"
            message = "expected a value, got none" if missing else broken_model(each)
            column = ".".join(str(part) for part in each["loc"] if part != "[key]")
            log.add(
                file,
                f"expected one of {', '.join(model.model_fields)}" if unknown else message,
                line=line,
                column=column,
            )
        return None
