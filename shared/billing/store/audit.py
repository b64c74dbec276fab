"""The audit log: one document a commit, with a record for every change in it (semantics 13). Records are only added."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson

from billing.domain.audit import AuditRecord
from billing.ports import Create, Document, Documents, Fields, Filter, Query, Value
from billing.store.codec import SCHEMA_VERSION, converter
from billing.store.collection import Collection

_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHead:
    """What a batch says of itself: its id, how many records it was written with, and the last one's hash."""

    id: str
    records: int
    hash: str


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
            self.collection.document(f"{position_of(recorded_at)}-{batch_id}"),
            {
                "recorded_at": recorded_at,
                "entities": [*sorted({str(each["entity"]) for each in chained})],
                "records": list(chained),
                "count": len(chained),
                "hash": chained[-1]["hash"] if chained else "",
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

    def pages(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        entity: str | None = None,
        fields: tuple[str, ...] | None = None,
    ) -> Iterator[list[Document]]:
        """The batches recorded in [start, end), in the order of ids and so of time, a page at a time.

        `entity` leaves out the batches that hold nothing of it; `fields` projects.
        """
        of_it = () if entity is None else (Filter("entities", "array_contains", entity),)
        query = Query(self.collection.path, filters=of_it, limit=_PAGE, fields=fields)
        after = None if start is None else position_of(start)
        before = None if end is None else position_of(end)
        while True:
            found = self.collection.documents.query(replace(query, start_after=None if after is None else (after,)))
            page = [each for each in found if before is None or each.id < before]
            if page:
                yield page
            if len(page) < _PAGE:
                return
            after = page[-1].id

    def goes_on(self, instant: datetime) -> bool:
        """Whether anything was recorded then or later."""
        query = Query(self.collection.path, limit=1, start_after=(position_of(instant),), fields=("recorded_at",))
        return bool(self.collection.documents.query(query))

    def heads(self, *, start: datetime | None, end: datetime) -> Iterator[BatchHead]:
        """The heads of the batches in [start, end), read without their records where they say these things apart."""
        for page in self.pages(start=start, end=end, fields=("count", "hash")):
            older = [each.path for each in page if not {"count", "hash"} <= each.fields.keys()]
            found = self.collection.documents.get_many(older) if older else []
            whole = {each.path: each for each in found if each is not None}
            yield from (head_of(whole.get(each.path, each)) for each in page)

    def broken_at(self, batch: Document) -> int | None:
        """The place of the first record that is not as it was written, or None where all are.

        A change breaks the hashes of those behind it.
        """
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


def position_of(instant: datetime) -> str:
    """Where an instant stands among the ids: after what was recorded before it, before what was recorded then."""
    return f"{instant:%Y%m%dT%H%M%S.%fZ}"


def recorded_at(batch_id: str) -> datetime:
    """The instant of a whole id, in UTC; ValueError for what is none."""
    return datetime.strptime(batch_id.partition("-")[0], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)


def head_of(batch: Document) -> BatchHead:
    """What a batch says of itself; those of an earlier program say it by their records alone."""
    records = _maps(batch.fields.get("records"))
    count = batch.fields.get("count", len(records))
    last = batch.fields.get("hash", records[-1].get("hash") if records else "")
    return BatchHead(id=batch.id, records=count if isinstance(count, int) else 0, hash=str(last))


def _maps(records: Value) -> list[Fields]:
    return [each for each in records if isinstance(each, dict)] if isinstance(records, list) else []


def record_hash(record: Fields, *, previous: str) -> str:
    """The hash of a record, in hex: over the hash before it and the record as JSON with sorted keys."""
    return hashlib.sha256(previous.encode() + orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()
