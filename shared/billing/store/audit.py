"""The audit log: one document a commit, with a record for every change in it (semantics 13). Records are only added."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import orjson

from billing.domain.audit import AuditRecord
from billing.ports import Create, Documents, Fields
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
        chained: list[Fields] = []
        previous = hashlib.sha256(f"{self.collection.tenant_id}/{batch_id}".encode()).hexdigest()
        for record in records:
            fields: Fields = converter().unstructure(record)
            previous = record_hash(fields, previous=previous)
            chained.append({**fields, "hash": previous})
        entities = sorted({str(each["entity"]) for each in chained})
        return Create(
            self.collection.document(f"{recorded_at:%Y%m%dT%H%M%S.%fZ}-{batch_id}"),
            {
                "recorded_at": recorded_at,
                "entities": list(entities),
                "records": list(chained),
                "schema_version": SCHEMA_VERSION,
            },
        )


def record_hash(record: Fields, *, previous: str) -> str:
    """The hash of a record, in hex: over the hash before it and the record as JSON with sorted keys."""
    return hashlib.sha256(previous.encode() + orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()
