"""Check one audit batch by itself: each record as it was written and in its place, none missing, none added."""

from collections.abc import Iterator
from datetime import datetime

from billing.domain.finding import Finding, FindingKind
from billing.ports import Document, Fields
from billing.store.audit import AuditLog, head_of, position_of


def batch_finding(log: AuditLog, batch: Document) -> Finding | None:
    """What is wrong with a batch, or None. Its `name` is the entity of the first record that is not as written."""
    entities = [str(each.get("entity", "")) for each in batch_records(batch)]
    broken = log.broken_at(batch)
    if broken is not None:
        about = entities[broken] if broken < len(entities) else ""
        return _altered(batch, f"record {broken + 1}, of {about or 'nothing'}, is not as it was written", name=about)
    head = head_of(batch)
    if head.records != len(entities):
        return _altered(batch, f"it has {len(entities)} records, and was written with {head.records}")
    if not _ends_as_it_says(batch):
        return _altered(batch, "its last record is not the one that it was written with")
    if batch.fields.get("entities") != sorted(set(entities)):
        return _altered(batch, "its records are not of the entities that it was written for")
    if not _stands_at_its_time(batch):
        return _altered(batch, "it does not stand at the time at which it was recorded")
    return None


def batch_records(batch: Document) -> Iterator[Fields]:
    """The records of a batch as they are stored; an empty one for what is none."""
    records = batch.fields.get("records")
    return (each if isinstance(each, dict) else {} for each in (records if isinstance(records, list) else ()))


def _ends_as_it_says(batch: Document) -> bool:
    """Batches of an earlier program do not say how they end."""
    last = [str(each.get("hash", "")) for each in batch_records(batch)][-1:] or [""]
    return "hash" not in batch.fields or [head_of(batch).hash] == last


def _stands_at_its_time(batch: Document) -> bool:
    recorded_at = batch.fields.get("recorded_at")
    return isinstance(recorded_at, datetime) and batch.id.startswith(f"{position_of(recorded_at)}-")


def _altered(batch: Document, what: str, *, name: str = "") -> Finding:
    return Finding(
        kind=FindingKind.AUDIT_ALTERED,
        entity=f"audit/{batch.id}",
        name=name,
        message=f"audit batch {batch.id}: {what}",
    )
