"""Credit notes: written once when issued, like the invoices that they stand beside."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.domain.credit import CreditNote
from billing.ports import Create, Documents
from billing.store.codec import decode, encode
from billing.store.collection import Collection, Stored


@dataclass(frozen=True, slots=True)
class CreditNotes:
    """The tenant's credit notes by id: that of the bill that came out below zero."""

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
        return Create(self.collection.document(credit_note.id), fields)

    def get(self, credit_note_ids: Sequence[str]) -> list[Stored[CreditNote] | None]:
        """The credit notes of these ids, in order; None where there is none."""
        found = self.collection.get(credit_note_ids)
        return [None if each is None else Stored(decode(each.fields, CreditNote), each.version) for each in found]
