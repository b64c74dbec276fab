"""Dunning cases: found by when they are to be looked at, and written with the invoice that they stand on."""

from dataclasses import dataclass
from datetime import datetime

from billing.domain.dunning_policy import CaseState
from billing.domain.invoice import Invoice
from billing.ports import Document, Documents, Filter, Order, Query, Update
from billing.store.all_of import all_of
from billing.store.collection import Collection, Stored
from billing.store.invoices import case_fields, decode_invoice

DunningCursor = tuple[datetime, str]
"""The place in the order of dunning cases: when a case is looked at, then the invoice's id."""


@dataclass(frozen=True, slots=True)
class DunningCases:
    """The tenant's invoices as far as they are dunning cases."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "DunningCases":
        """The cases of one tenant."""
        return cls(Collection(documents, tenant_id, "invoices"))

    def due(self, *, as_of: datetime, shard: int, limit: int, after: DunningCursor | None = None) -> list[Document]:
        """A page of one shard's invoices whose case is to be looked at by a UTC instant, the longest due first.

        Decoding is left to the caller, so that one broken document does not hide the rest of the page.
        """
        query = Query(
            self.collection.path,
            filters=(Filter("shard", "==", shard), Filter("dunning_at", "<=", as_of)),
            order=(Order("dunning_at"),),
            limit=limit,
            start_after=after,
        )
        return self.collection.documents.query(query)

    def cursor(self, document: Document) -> DunningCursor:
        """The place of a document of `due` in that order."""
        at = document.fields["dunning_at"]
        assert isinstance(at, datetime)  # noqa: S101 - the query's own filter
        return at, document.id

    def in_state(self, state: CaseState) -> list[Stored[Invoice]]:
        """The invoices whose case is in a state, in the order of their ids."""
        return self._all(Filter("dunning_state", "==", state.value))

    def in_review(self) -> list[Stored[Invoice]]:
        """The invoices whose case waits for a person, in the order of their ids."""
        return self._all(Filter("dunning_review", "==", value=True))

    def of_customer(self, customer_id: str) -> list[Stored[Invoice]]:
        """The customer's invoices that have a case, over or not, in the order of their ids."""
        found = self._all(Filter("customer_id", "==", customer_id))
        return [each for each in found if each.value.dunning is not None]

    def changed(self, before: Stored[Invoice], after: Invoice) -> Update:
        """The write of what became of a case alone, over what was read."""
        return Update(self.collection.document(after.id), case_fields(after), expected=before.version)

    def _all(self, *filters: Filter) -> list[Stored[Invoice]]:
        query = Query(self.collection.path, filters=filters)
        return [decode_invoice(each) for each in all_of(self.collection.documents, query)]
