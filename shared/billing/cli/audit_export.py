"""`billing audit export`: the log of a time as JSON lines or CSV, record by record."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import orjson

from billing.cli.audit import entry_json, instant_or_none
from billing.cli.directory import open_place
from billing.cli.errors import Refused
from billing.cli.place import Place
from billing.cli.screen import Json, complaints, watching, write_json
from billing.render.csv_row import csv_row
from billing.usecases.export_audit import export_audit

_COLUMNS = (
    *("at", "actor", "event", "entity", "before", "after", "reason", "request_id"),
    *("batch", "record", "hash", "seal"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What to export, in which form, and into which file; stdout where there is none. Times as they were typed."""

    since: str | None
    until: str | None
    is_csv: bool
    to: Path | None


def run_export(export: Export, *, place: Place) -> None:
    """Write the records one by one, and say how many there were. Refused for --json without a file."""
    if place.as_json and export.to is None:
        message = "--json says what was written to a file: use it with --to FILE; JSON lines are --format jsonl"
        raise Refused(message)
    engine, tenant = open_place(place)
    since = instant_or_none(export.since, zone=tenant.zone, option="--since")
    until = instant_or_none(export.until, zone=tenant.zone, option="--until")
    entries = export_audit(engine.documents, tenant.id, since=since, until=until)
    rows = ({**entry_json(each.entry), "seal": each.seal} for each in entries)
    written = 0
    with _open(export.to) as out, watching("Exporting", state=lambda: f"{written:,} records"):
        for line in _csv(rows) if export.is_csv else _json_lines(rows):
            out.write(line)
            written += 1
    written -= 1 if export.is_csv else 0  # the head
    if place.as_json:
        write_json({"tenant_id": tenant.id, "file": str(export.to and export.to.resolve()), "records": written})
    elif export.to is not None:
        complaints().print(f"{written:,} records in {export.to}", markup=False)


def _json_lines(rows: Iterator[Json]) -> Iterator[str]:
    return (f"{orjson.dumps(row).decode()}\n" for row in rows)


def _csv(rows: Iterator[Json]) -> Iterator[str]:
    yield csv_row(_COLUMNS)
    for row in rows:
        yield csv_row("" if row[name] is None else str(row[name]) for name in _COLUMNS)


@contextmanager
def _open(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    with path.open("w", encoding="utf-8", newline="") as out:
        yield out
