"""Number series: the last number given, changed only in the commit that uses the next ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.ports import Create, Document, Documents, Query, Update, Write
from billing.store.codec import SCHEMA_VERSION, BrokenDocument
from billing.store.collection import Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A series and the last number given; `version` is None before its first number."""

    series: str
    last: int = 0
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Counters:
    """The tenant's counters by series."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "Counters":
        """The counters of one tenant."""
        return cls(Collection(documents, tenant_id, "counters"))

    def path(self, series: str) -> str:
        """The path of a series' counter, whether it exists or not."""
        return self.collection.document(series)

    def get(self, series: Sequence[str]) -> list[Counter]:
        """The counters of these series, in order; a series never used is at 0, one that is no count BrokenDocument."""
        return [
            Counter(series=name) if found is None else Counter(series=name, last=_last(found), version=found.version)
            for name, found in zip(series, self.collection.get(series), strict=True)
        ]

    def gave(self, counter: str) -> bool:
        """Whether any series of a count (`invoice`, `credit-note`) gave a number yet."""
        series = self.collection.documents.query(Query(self.collection.path, fields=("last",)))
        return any(each.id == counter or each.id.startswith(f"{counter}-") for each in series)

    def advance(self, counter: Counter, *, to: int) -> Write:
        """The write that gives the numbers up to `to`: it fails if anybody gave one since the counter was read."""
        path = self.path(counter.series)
        if counter.version is None:
            return Create(path, {"last": to, "schema_version": SCHEMA_VERSION})
        return Update(path, {"last": to}, expected=counter.version)


def _last(document: Document) -> int:
    last = document.fields.get("last")
    if not isinstance(last, int):
        raise BrokenDocument(Counter, ValueError(f"{document.id} was last at {last!r}"))
    return last
