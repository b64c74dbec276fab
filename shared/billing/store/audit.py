"""The audit log: one document a commit, with a record for every change in it (semantics 13). Records are only added."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import orjson

from billing.domain.audit import AuditRecord
from billing.ports import Create, Document, Documents, Fields, Filter, Query, Value
from billing.store.codec import SCHEMA_VERSION, converter
from billing.store.collection import Collection


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The tenant's audit documents, whose ids sort by the time of their commit."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "AuditLog":
        """The audit log of one tenant."""
        return cls(Collection(documents, tenant_id, "audit"))

    def batch(self, records: Iterable[AuditRecord], *, batch_id: str, recorded_at: datetime) -> Create:
        """The write of a commit's records; each carries the hash of the one before it in the batch."""
        unstructure = converter().unstructure
        chained = self._chained((unstructure(record) for record in records), batch_id=batch_id)
        return Create(
            self.collection.document(f"{recorded_at:%Y%m%dT%H%M%S.%fZ}-{batch_id}"),
            {
                "recorded_at": recorded_at,
                "entities": [*sorted({str(each["entity"]) for each in chained})],
                "records": list(chained),
                "schema_version": SCHEMA_VERSION,
            },
        )

    def about(self, entity: str) -> list[AuditRecord]:
        """What was recorded of one entity (`payments/ID`), the oldest first."""
        of_it = Query(self.collection.path, filters=(Filter("entities", "array_contains", entity),))
        records = [
            converter().structure({name: value for name, value in each.items() if name != "hash"}, AuditRecord)
            for batch in self.collection.documents.query(of_it)
            for each in _maps(batch.fields["records"])
        ]
        return [each for each in records if each.entity == entity]

    def is_intact(self, batch: Document) -> bool:
        """Whether each record of a stored batch is as it was written, in its place; a change breaks later hashes."""
        return self.broken_at(batch) is None

    def broken_at(self, batch: Document) -> int | None:
        """The place of the first record that is not as it was written, or None where all are."""
        records = batch.fields.get("records")
        if not isinstance(records, list):
            return 0
        plain = [
            {name: value for name, value in each.items() if name != "hash"} if isinstance(each, dict) else {}
            for each in records
        ]
        chained = self._chained(plain, batch_id=batch.id.partition("-")[2])
        places = (place for place, (one, other) in enumerate(zip(chained, records, strict=True)) if one != other)
        return next(places, None)

    def _chained(self, records: Iterable[Fields], *, batch_id: str) -> list[Fields]:
        previous = hashlib.sha256(f"{self.collection.tenant_id}/{batch_id}".encode()).hexdigest()
        chained: list[Fields] = []
        for fields in records:
            previous = record_hash(fields, previous=previous)
            chained.append({**fields, "hash": previous})
        return chained


def _maps(records: Value) -> list[Fields]:
    return [each for each in records if isinstance(each, dict)] if isinstance(records, list) else []


def record_hash(record: Fields, *, previous: str) -> str:
    """The hash of a record, in hex: over the hash before it and the record as JSON with sorted keys."""
    return hashlib.sha256(previous.encode() + orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()
