"""A Documents wrapper that records every path it passes on, and lets a test act just before or after a commit."""

from collections.abc import Callable, Sequence

from billing.ports import Document, Documents, Query, Write


def _nothing(_writes: Sequence[Write]) -> None:
    pass


class WatchedDocuments:
    """Passes everything on. `before` and `after` are called with the writes of each commit and may raise."""

    def __init__(
        self,
        inner: Documents,
        *,
        before: Callable[[Sequence[Write]], None] = _nothing,
        after: Callable[[Sequence[Write]], None] = _nothing,
    ) -> None:
        self._inner = inner
        self._before = before
        self._after = after
        self.reads: list[list[str]] = []
        self.queries: list[Query] = []
        self.commits: list[list[Write]] = []

    @property
    def paths(self) -> set[str]:
        """Every document or collection that was touched."""
        read = {path for paths in self.reads for path in paths}
        written = {write.path for writes in self.commits for write in writes}
        return read | written | {query.collection for query in self.queries}

    def get_many(self, paths: Sequence[str], *, fields: Sequence[str] | None = None) -> list[Document | None]:
        self.reads.append(list(paths))
        return self._inner.get_many(paths, fields=fields)

    def query(self, query: Query) -> list[Document]:
        self.queries.append(query)
        return self._inner.query(query)

    def count(self, query: Query) -> int:
        self.queries.append(query)
        return self._inner.count(query)

    def sum(self, query: Query, *, field: str) -> int:
        self.queries.append(query)
        return self._inner.sum(query, field=field)

    def check(self, writes: Sequence[Write]) -> None:
        self._inner.check(writes)

    def commit(self, writes: Sequence[Write]) -> list[str]:
        self._before(writes)
        self.commits.append(list(writes))
        versions = self._inner.commit(writes)
        self._after(writes)
        return versions


class Once:
    """An action for the first commit that has a write on a collection; later commits go through untouched."""

    def __init__(self, collection: str, action: Callable[[], None]) -> None:
        self._collection = collection
        self._action = action
        self.done = False

    def __call__(self, writes: Sequence[Write]) -> None:
        if not self.done and any(f"/{self._collection}/" in write.path for write in writes):
            self.done = True
            self._action()
