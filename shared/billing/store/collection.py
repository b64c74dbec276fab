"""What every repository has: the tenant's own collection, and values read together with their version."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from billing.ports import Create, Document, Documents, Fields, Filter, Put, Query
from billing.store.ids import checked_id, tenant_path

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """A value and the version it was read at: a write that expects the version loses to any change in between."""

    value: T
    version: str


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection of one tenant. No method takes a tenant, so none can reach outside."""

    documents: Documents
    tenant_id: str
    name: str

    @property
    def path(self) -> str:
        """The collection's path."""
        return f"{tenant_path(self.tenant_id)}/{self.name}"

    def document(self, document_id: str) -> str:
        """The path of one document of the collection."""
        return f"{self.path}/{checked_id(f'{self.name}.id', document_id)}"

    def get(self, document_ids: Sequence[str]) -> list[Document | None]:
        """The documents of these ids in the order asked, in one call; None where none stands."""
        return self.documents.get_many([self.document(each) for each in document_ids]) if document_ids else []

    def writing(self, document_id: str, fields: Fields, *, over: Stored[T] | None) -> Create | Put:
        """The write of a whole document over exactly what was read, or as the first where nothing stood (None)."""
        path = self.document(document_id)
        return Create(path, fields) if over is None else Put(path, fields, expected=over.version)

    def of_customers(self, first: str, last: str) -> list[Document]:
        """The documents whose `customer_id` is from one id to another, both included, in the order of these ids."""
        filters = (Filter("customer_id", ">=", first), Filter("customer_id", "<=", last))
        return self.documents.query(Query(self.path, filters=filters))

    def unsettled(self, *, limit: int, after_id: str | None = None) -> list[Document]:
        """The documents that say `unsettled`, by id: what a crash, or a gateway, left for the next run's sweep.

        Decoding is left to the caller, so that one broken document does not hide the rest of the page.
        """
        query = Query(
            self.path,
            filters=(Filter("unsettled", "==", value=True),),
            limit=limit,
            start_after=None if after_id is None else (after_id,),
        )
        return self.documents.query(query)
