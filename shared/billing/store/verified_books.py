"""What a tenant's books were like when a verification last found nothing: derived, and may be deleted at any time."""

from dataclasses import dataclass
from datetime import datetime

from billing.ports import Documents, Put
from billing.store.codec import decode, encode
from billing.store.collection import Collection

_ID = "latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedBooks:
    """When a verification without findings began (UTC), of which months (yyyy-mm), by which version of the program.

    `invoices` of these months, drafts with them, and `subscriptions` are how many the tenant had then.
    """

    at: datetime
    periods: tuple[str, ...]
    program: str
    invoices: int
    subscriptions: int


@dataclass(frozen=True, slots=True)
class Verifications:
    """The last verification of one tenant that found nothing."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "Verifications":
        """That of one tenant."""
        return cls(Collection(documents, tenant_id, "verified_books"))

    def latest(self) -> VerifiedBooks | None:
        """What was verified last; None where nothing was."""
        [document] = self.collection.get([_ID])
        return None if document is None else decode(document.fields, VerifiedBooks)

    def saving(self, books: VerifiedBooks) -> Put:
        """The write of what was verified."""
        return Put(self.collection.document(_ID), encode(books))
