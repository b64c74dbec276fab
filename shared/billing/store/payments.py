"""Payments: created once under the id of their source; afterwards only refunds, reversals and disputes are added."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from billing.domain.payment import Payment
from billing.ports import Create, Document, Documents, Fields, Filter, Put, Query
from billing.store.all_of import all_of
from billing.store.codec import decode, encode
from billing.store.collection import Collection, Stored

MOST_INVOICES: Final = 30
"""Whose payments one query finds."""


@dataclass(frozen=True, slots=True)
class Payments:
    """The tenant's payments by id."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "Payments":
        """The payments of one tenant."""
        return cls(Collection(documents, tenant_id, "payments"))

    def creation(self, payment: Payment) -> Create:
        """The write that books a payment: it fails if the same money was booked before."""
        return Create(self.collection.document(payment.id), payment_fields(payment))

    def changed(self, before: Stored[Payment], after: Payment) -> Put:
        """The write of a payment to which something was added, expecting that nobody else changed it."""
        return Put(self.collection.document(after.id), payment_fields(after), expected=before.version)

    def path(self, payment_id: str) -> str:
        """The path of a payment, whether it exists or not."""
        return self.collection.document(payment_id)

    def get(self, payment_ids: Sequence[str]) -> list[Stored[Payment] | None]:
        """The payments of these ids, in order; None where there is none."""
        return [None if each is None else decode_payment(each) for each in self.collection.get(payment_ids)]

    def of_gateway(self, gateway_id: str) -> Stored[Payment] | None:
        """The payment that the gateway knows by this id, or None."""
        found = self._where(Filter("gateway_id", "==", gateway_id), limit=1)
        return found[0] if found else None

    def of_invoice(self, invoice_id: str) -> list[Stored[Payment]]:
        """The payments that were applied to an invoice."""
        return self._where(Filter("invoice_ids", "array_contains", invoice_id))

    def of_invoices(self, invoice_ids: Sequence[str]) -> Query:
        """What finds the payments that were applied to any of so many invoices, MOST_INVOICES at most."""
        return Query(self.collection.path, filters=(Filter("invoice_ids", "array_contains_any", [*invoice_ids]),))

    def of_customer(self, customer_id: str) -> list[Stored[Payment]]:
        """The payments of a customer."""
        return self._where(Filter("customer_id", "==", customer_id))

    def all(self) -> Iterator[Payment]:
        """All payments in the order of their ids, read page by page."""
        return (decode(each.fields, Payment) for each in all_of(self.collection.documents, Query(self.collection.path)))

    def _where(self, condition: Filter, *, limit: int | None = None) -> list[Stored[Payment]]:
        query = Query(self.collection.path, filters=(condition,), limit=limit)
        return [decode_payment(each) for each in self.collection.documents.query(query)]


def decode_payment(document: Document) -> Stored[Payment]:
    """A payment and the version it was read at."""
    return Stored(decode(document.fields, Payment), document.version)


def payment_fields(payment: Payment) -> Fields:
    """A payment as a document, with the ids of its invoices and whether a refund waits, for the queries."""
    fields = encode(payment)
    fields["received_at"] = payment.received_at
    fields["invoice_ids"] = [each.invoice_id for each in payment.applications]
    fields["unsettled"] = any(each.waits for each in payment.refunds)
    return fields
