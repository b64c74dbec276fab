"""Wrappers that count what the stores would bill."""

from collections.abc import Sequence
from threading import Lock

from billing.ports import Delete, Document, Documents, Objects, OperationCounts, Query, StoredObject, Write

_ENTRIES_A_READ = 1000


class CountingDocuments:
    """Counts as https://cloud.google.com/firestore/pricing says and passes everything on. Threads may share it.

    A missing document is a read; a query is a read for each document and at least one; an aggregation one for each
    started 1,000 index entries; a failed commit writes nothing and counts nothing.
    """

    def __init__(self, inner: Documents, *, weighs_sums: bool = True) -> None:
        """Unless it `weighs_sums`, a sum counts as one read: asking over how many entries it went takes as long again.

        So it is where nobody asks for the count, as behind the API.
        """
        self._inner = inner
        self._weighs_sums = weighs_sums
        self._lock = Lock()
        self._counts = OperationCounts()

    @property
    def counts(self) -> OperationCounts:
        """Everything so far."""
        return self._counts

    def get_many(self, paths: Sequence[str], *, fields: Sequence[str] | None = None) -> list[Document | None]:
        """As Documents.get_many."""
        documents = self._inner.get_many(paths, fields=fields)
        self.add(OperationCounts(reads=len(set(paths))))
        return documents

    def query(self, query: Query) -> list[Document]:
        """As Documents.query."""
        documents = self._inner.query(query)
        self.add(OperationCounts(reads=max(1, len(documents)), queries=1))
        return documents

    def count(self, query: Query) -> int:
        """As Documents.count."""
        number = self._inner.count(query)
        self.add(OperationCounts(reads=_aggregation_reads(number), queries=1))
        return number

    def sum(self, query: Query, *, field: str) -> int:
        """As Documents.sum; counting what it adds up takes a count of its own, which is not billed to the caller."""
        total = self._inner.sum(query, field=field)
        entries = self._inner.count(query) if self._weighs_sums else 0
        self.add(OperationCounts(reads=_aggregation_reads(entries), queries=1))
        return total

    def check(self, writes: Sequence[Write]) -> None:
        """As Documents.check, which asks the store for nothing."""
        self._inner.check(writes)

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """As Documents.commit."""
        versions = self._inner.commit(writes)
        deletes = sum(isinstance(write, Delete) for write in writes)
        self.add(OperationCounts(writes=len(writes) - deletes, deletes=deletes))
        return versions

    def add(self, counts: OperationCounts) -> None:
        """Count what was asked elsewhere on behalf of this caller."""
        with self._lock:
            self._counts += counts


def _aggregation_reads(entries: int) -> int:
    return max(1, -(-entries // _ENTRIES_A_READ))


class CountingObjects:
    """Counts the objects that were really written and passes everything on. Threads may share it."""

    def __init__(self, inner: Objects) -> None:
        self._inner = inner
        self._lock = Lock()
        self._counts = OperationCounts()

    @property
    def counts(self) -> OperationCounts:
        """Everything so far."""
        return self._counts

    def put_new(self, key: str, body: bytes, *, content_type: str) -> StoredObject:
        """As Objects.put_new."""
        stored = self._inner.put_new(key, body, content_type=content_type)
        with self._lock:
            self._counts += OperationCounts(objects=int(stored.created))
        return stored

    def get(self, key: str) -> bytes:
        """As Objects.get."""
        return self._inner.get(key)

    def exists(self, key: str) -> bool:
        """As Objects.exists."""
        return self._inner.exists(key)

    def delete(self, key: str) -> None:
        """As Objects.delete."""
        self._inner.delete(key)
