"""Import a book: everything in it that is not stored yet, and nothing twice, however often and from wherever."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from billing.domain.book import Book
from billing.domain.errors import Conflict
from billing.domain.plan_name import plan_name
from billing.ports import Documents, WriteConflict
from billing.usecases.compare_book import compare_book
from billing.usecases.write_book import BookWriter, Progress

__all__ = ["ImportReport", "Progress", "import_book"]

_ATTEMPTS = 10


class CrowdedImport(Conflict):
    """Others kept importing the same book; importing it again is safe."""

    code: ClassVar[str] = "crowded_import"

    def __init__(self, book: Book) -> None:
        super().__init__(
            f"the book of {book.tenant.id} changed {_ATTEMPTS} times while it was imported; import it again"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, by kind: tenant, tax and exchange rates, plans, coupons, customers and so on.

    `created` was written now, `unchanged` stood there already. `notes` say what the book's own date decided.
    """

    tenant_id: str
    created: Mapping[str, int]
    unchanged: Mapping[str, int]
    notes: tuple[str, ...]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Both counts, as JSON shows them."""
        return {"created": dict(self.created), "unchanged": dict(self.unchanged)}


def import_book(
    documents: Documents,
    book: Book,
    *,
    recorded_at: datetime,
    progress: Progress = lambda _what, _done, _total: None,
    actor: str = "import",
) -> ImportReport:
    """Store what is new in a book, and say what was. Importing again changes nothing; killed at any moment, it goes on.

    Raises BookConflicts, before anything is written, where a row is stored with other content: an import adds and never
    changes; InvalidInput for a plan's id that is kept for the product's own. A subscription is written after its usage,
    so no billing run sees one without the other. `progress` is told what is written, how many of it are done, and of
    how many.
    """
    for plan in book.plans:
        plan_name("plan_id", plan.plan_id)
    created: Counter[str] = Counter()
    writer = BookWriter(documents, recorded_at=recorded_at, actor=actor, progress=progress, created=created)
    for _ in range(_ATTEMPTS):
        new = compare_book(documents, book)
        try:
            writer.write(book, new)
        except WriteConflict:  # somebody imports at the same time: look again at what is left
            continue
        return _report(book, created)
    raise CrowdedImport(book)


def _report(book: Book, created: Mapping[str, int]) -> ImportReport:
    given = {
        "tenant": 1,
        "tax_rates": len(book.tax_rates.rates),
        "exchange_rates": len(book.exchange_rates.rates),
        "plans": len(book.plans),
        "coupons": len(book.coupons),
        "customers": len(book.customers),
        "subscriptions": len(book.subscriptions),
        "usage": len(book.usage),
    }
    return ImportReport(
        tenant_id=book.tenant.id,
        created={kind: created.get(kind, 0) for kind in given},
        unchanged={kind: count - created.get(kind, 0) for kind, count in given.items()},
        notes=book.notes,
    )
