"""Find audit records by entity, actor, event and time, or read all of a time; each with its place in the log."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from billing.domain.audit import AuditRecord
from billing.domain.errors import InvalidInput
from billing.ports import Document, Documents
from billing.store.audit import AuditLog, recorded_at
from billing.store.codec import decode
from billing.usecases.audit_batch_check import batch_records

_HOUR: Final = timedelta(hours=1)
_DECADE: Final = timedelta(days=3650)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Place = tuple[str, int]
"""The batch that a record stands in, and its place there from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A record, the batch that it stands in, its place there from 1, and its hash as it is stored."""

    record: AuditRecord
    batch_id: str
    place: int
    hash: str


def place_of(field: str, text: str) -> Place:
    """The place that `BATCH:RECORD` names; InvalidInput, which names the field, where it can't be one."""
    batch_id, _, place = text.rpartition(":")
    try:
        recorded_at(batch_id)
        return batch_id, int(place)
    except ValueError:
        raise InvalidInput(field, expected="where a record stands, as BATCH:RECORD", given=text) from None


def find_audit(
    documents: Documents,
    tenant_id: str,
    *,
    entity: str | None = None,
    actor: str | None = None,
    event: str | None = None,
    since: datetime | None = None,
    until: datetime | Place | None = None,
    limit: int,
) -> list[AuditEntry]:
    """The latest `limit` records that fit, the newest first; None leaves a condition out.

    `entity` is `invoices/ID`, `event` a whole event (`invoice.issued`) or what stands before its dot. Times are UTC,
    `until` not included; many records may be of one instant, so it may be the place of one instead. An entity is found
    by its index; without one the log is read backwards until enough is found. Raises BrokenDocument for a record that
    can't be read, and ValueError for a place in no batch.
    """
    log, before = AuditLog.of(documents, tenant_id), until if isinstance(until, tuple) else None
    end = until if not isinstance(until, tuple) else recorded_at(until[0]) + timedelta(microseconds=1)
    wanted = (
        entry
        for batch in _newest_first(log, since=since, until=end, entity=entity)
        for entry in reversed(list(entries_of(batch)))
        if (before is None or (entry.batch_id, entry.place) < before)
        and entity in (None, entry.record.entity)
        and actor in (None, entry.record.actor)
        and (event is None or f"{entry.record.event}.".startswith(f"{event}."))
    )
    return list(islice(wanted, limit))


def entry_place(entry: AuditEntry) -> str:
    """Where a record stands, as `place_of` reads it."""
    return f"{entry.batch_id}:{entry.place}"


def entries_of(batch: Document) -> Iterator[AuditEntry]:
    """The records of a batch in their order; BrokenDocument for one that can't be read."""
    for place, fields in enumerate(batch_records(batch), start=1):
        said = {name: value for name, value in fields.items() if name != "hash"}
        record = decode(said, AuditRecord)
        yield AuditEntry(record=record, batch_id=batch.id, place=place, hash=str(fields.get("hash", "")))


def _newest_first(
    log: AuditLog, *, since: datetime | None, until: datetime | None, entity: str | None
) -> Iterator[Document]:
    """Batches from the latest back: no store sorts ids downwards, so ever longer stretches are read and reversed."""
    if entity is not None:  # few, and each has to be looked at
        yield from reversed([batch for page in log.pages(start=since, end=until, entity=entity) for batch in page])
        return
    start = since or _EPOCH
    end, width = until or _end(log, start=start), _HOUR
    while end > start:
        begin = max(start, end - width)
        yield from reversed([batch for page in log.pages(start=begin, end=end) for batch in page])
        end, width = begin, width * 2


def _end(log: AuditLog, *, start: datetime) -> datetime:
    """An instant after the last batch and at most two hours away from it, found by halving."""
    width = _DECADE
    while width >= _HOUR:
        if log.goes_on(start + width):
            start += width
        else:
            width //= 2
    return start + 2 * _HOUR  # the width that led too far was between one hour and two
