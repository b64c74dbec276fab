"""Credit notes: written once when issued, like the invoices that they stand beside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from billing.domain.credit import CreditNote
from billing.domain.errors import NotFound
from billing.domain.invoice import Attachment, SettlementStep
from billing.domain.rollup import month_of
from billing.ports import Create, Document, Documents, Fields, Filter, Order, Query, Update
from billing.store.all_of import all_of
from billing.store.codec import converter, decode, encode
from billing.store.collection import Collection, Stored
from billing.store.marks import MARK, mark_of


@dataclass(frozen=True, slots=True)
class CreditNotes:
    """The tenant's credit notes by id: that of a bill that came out below zero, or `{invoice}.c.{the caller's key}`."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "CreditNotes":
        """The credit notes of one tenant."""
        return cls(Collection(documents, tenant_id, "credit_notes"))

    def creation(self, credit_note: CreditNote) -> Create:
        """The write that issues a credit note: it fails if there is one in place of this bill already."""
        fields = encode(credit_note)
        fields["bill_for_date"] = credit_note.bill_for_date
        fields["issued_at"] = credit_note.issued_at
        fields["unsettled"] = bool(credit_note.pending)
        fields["month"] = month_of(credit_note.period.start, zone=credit_note.zone)
        fields[MARK] = mark_of(credit_note.id, credit_note.customer_id, credit_note.subtotal)
        return Create(self.collection.document(credit_note.id), fields)

    def get(self, credit_note_ids: Sequence[str]) -> list[Stored[CreditNote] | None]:
        """The credit notes of these ids, in order; None where there is none."""
        found = self.collection.get(credit_note_ids)
        return [None if each is None else Stored(decode(each.fields, CreditNote), each.version) for each in found]

    def named(self, id_or_number: str) -> Stored[CreditNote]:
        """The credit note with that id or number, or NotFound."""
        found = self.find(id_or_number) if id_or_number else None
        if found is None:
            raise NotFound("credit note", id_or_number)  # noqa: TRY003 - a kind, not a message
        return found

    def find(self, id_or_number: str) -> Stored[CreditNote] | None:
        """The credit note with that id or number, or None."""
        query = Query(self.collection.path, filters=(Filter("number", "==", id_or_number),), limit=1)
        found = self.collection.documents.query(query) or self.collection.get([id_or_number])
        return None if not found or found[0] is None else Stored(decode(found[0].fields, CreditNote), found[0].version)

    def of_invoice(self, invoice_id: str) -> list[CreditNote]:
        """The credit notes that give back a part of an invoice, by id."""
        query = Query(self.collection.path, filters=(Filter("invoice_id", "==", invoice_id),))
        return [decode(each.fields, CreditNote) for each in self.collection.documents.query(query)]

    def of_subscription(self, subscription_id: str) -> list[CreditNote]:
        """The credit notes of a subscription, by id."""
        query = Query(self.collection.path, filters=(Filter("subscription_id", "==", subscription_id),))
        return [decode(each.fields, CreditNote) for each in self.collection.documents.query(query)]

    def of_customer(self, customer_id: str) -> list[CreditNote]:
        """The credit notes of a customer, by id."""
        query = Query(self.collection.path, filters=(Filter("customer_id", "==", customer_id),))
        return [decode(each.fields, CreditNote) for each in self.collection.documents.query(query)]

    def in_months(self, months: Sequence[str] | None) -> Query:
        """What finds the credit notes whose period starts in one of some months (yyyy-mm), or all of them."""
        return Query(self.collection.path, filters=() if months is None else (Filter("month", "in", [*months]),))

    def all(self) -> Iterator[CreditNote]:
        """All credit notes by number, then by id, read page by page."""
        query = Query(self.collection.path, order=(Order("number"),))
        return (decode(each.fields, CreditNote) for each in all_of(self.collection.documents, query))

    def settled(
        self,
        credit_note: Stored[CreditNote],
        *,
        pending: tuple[SettlementStep, ...],
        attachments: tuple[Attachment, ...],
    ) -> Update:
        """The write that takes finished steps off a credit note, expecting that nobody else changed it meanwhile."""
        fields: Fields = {
            "pending": [step.value for step in pending],
            "unsettled": bool(pending),
            "attachments": converter().unstructure(attachments, tuple[Attachment, ...]),
        }
        return Update(self.collection.document(credit_note.value.id), fields, expected=credit_note.version)


def decode_credit_note(document: Document) -> Stored[CreditNote]:
    """A credit note and the version it was read at."""
    return Stored(decode(document.fields, CreditNote), document.version)
