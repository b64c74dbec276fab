"""What lies around a document store to see its commits begins as this: reads go through untouched."""

from collections.abc import Sequence

from billing.ports import Document, Documents, Query, Write


class ReadThrough:
    """Passes every read on to another document store; `commit` is for who extends it."""

    def __init__(self, inner: Documents) -> None:
        self._inner = inner

    def get_many(self, paths: Sequence[str], *, fields: Sequence[str] | None = None) -> list[Document | None]:
        """As Documents.get_many."""
        return self._inner.get_many(paths, fields=fields)

    def query(self, query: Query) -> list[Document]:
        """As Documents.query."""
        return self._inner.query(query)

    def count(self, query: Query) -> int:
        """As Documents.count."""
        return self._inner.count(query)

    def sum(self, query: Query, *, field: str) -> int:
        """As Documents.sum."""
        return self._inner.sum(query, field=field)

    def check(self, writes: Sequence[Write]) -> None:
        """As Documents.check."""
        self._inner.check(writes)
