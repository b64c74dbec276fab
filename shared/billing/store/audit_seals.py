"""The seals over a tenant's audit log, by their number. They are only added."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.seal import Seal
from billing.ports import Create, Document, Documents, Order, Query
from billing.store.all_of import all_of
from billing.store.codec import BrokenDocument, decode, encode
from billing.store.collection import Collection

_TWO_MONTHS = 64


@dataclass(frozen=True, slots=True)
class AuditSeals:
    """The tenant's seals."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "AuditSeals":
        """The seals of one tenant."""
        return cls(Collection(documents, tenant_id, "audit_seals"))

    def creation(self, seal: Seal) -> Create:
        """The write of a seal: it fails if there is one of that number."""
        return Create(self.collection.document(_id(seal.number)), encode(seal))

    def get(self, number: int) -> Seal | None:
        """The seal of that number; BrokenDocument where it can't be read."""
        [found] = self.collection.get([_id(number)])
        return None if found is None else decode_seal(found)

    def latest(self) -> Seal | None:
        """The seal with the highest number; BrokenDocument where it can't be read."""
        query = Query(self.collection.path, order=(Order("number", descending=True),), limit=1)
        found = self.collection.documents.query(query)
        return decode_seal(found[0]) if found else None

    def all(self) -> Iterator[Document]:
        """Every seal as it is stored, in the order of numbers."""
        return all_of(self.collection.documents, Query(self.collection.path))

    def ending_after(self, instant: datetime) -> list[Document]:
        """The seals that end after a UTC instant as they are stored, in the order of numbers, and the one before them.

        One that can't be read is among them wherever it ends.
        """
        found: list[Document] = []
        query = Query(self.collection.path, order=(Order("number", descending=True),), limit=_TWO_MONTHS)
        while page := self.collection.documents.query(query):
            for each in page:
                found.append(each)
                if _ends_by(each, instant):
                    return found[::-1]
            query = replace(query, start_after=(page[-1].fields["number"], page[-1].id))
        return found[::-1]


def _ends_by(document: Document, instant: datetime) -> bool:
    try:
        return decode_seal(document).until <= instant
    except BrokenDocument:
        return False


def decode_seal(document: Document) -> Seal:
    """The seal that a document holds; BrokenDocument where it is none, or not that of the document's own number."""
    seal = decode(document.fields, Seal)
    if _id(seal.number) != document.id:
        raise BrokenDocument(Seal, ValueError(f"{document.id} has the number {seal.number}"))
    return seal


def _id(number: int) -> str:
    return f"{number:010}"
