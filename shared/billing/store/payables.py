"""Invoices as far as matching transfers needs them: a few fields of each, read by status or by number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from billing.domain.invoice import InvoiceStatus
from billing.domain.matching import OPEN, Payable
from billing.ports import Document, Documents, Filter, Query, Value
from billing.store.all_of import all_of
from billing.store.ids import tenant_path

_MOST_IN = 30
_FIELDS = ("number", "customer_id", "buyer", "currency", "amount_due", "due_on", "status", "replaces")


@dataclass(frozen=True, slots=True)
class Payables:
    """The tenant's invoices and the numbers of its credit notes, to be looked up by what a text says."""

    documents: Documents
    path: str

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "Payables":
        """Those of one tenant."""
        return cls(documents, tenant_path(tenant_id))

    def open(self) -> Iterator[Payable]:
        """Every invoice that is still to be paid, by id."""
        is_open = Filter("status", "in", [each.value for each in OPEN])
        query = Query(f"{self.path}/invoices", filters=(is_open,), fields=_FIELDS)
        return map(_payable, all_of(self.documents, query))

    def numbered(self, numbers: Sequence[str]) -> list[Payable]:
        """The invoices with these numbers, whatever became of them."""
        return [_payable(each) for each in self._numbered("invoices", numbers, fields=_FIELDS)]

    def credit_notes_numbered(self, numbers: Sequence[str]) -> list[str]:
        """Which of these numbers are credit notes'."""
        return [str(each.fields["number"]) for each in self._numbered("credit_notes", numbers, fields=("number",))]

    def _numbered(self, name: str, numbers: Sequence[str], *, fields: tuple[str, ...]) -> Iterator[Document]:
        for start in range(0, len(numbers), _MOST_IN):
            wanted = Filter("number", "in", [*numbers[start : start + _MOST_IN]])
            yield from self.documents.query(Query(f"{self.path}/{name}", filters=(wanted,), fields=fields))


def _payable(document: Document) -> Payable:
    fields = document.fields
    buyer = cast("dict[str, Value]", fields["buyer"])
    return Payable(
        invoice_id=document.id,
        number=str(fields["number"]),
        customer_id=str(fields["customer_id"]),
        customer_name=str(buyer["name"]),
        currency=str(fields["currency"]),
        amount_due=cast("int", fields["amount_due"]),
        due_on=date.fromisoformat(str(fields["due_on"])),
        status=InvoiceStatus(str(fields["status"])),
        replaces=str(fields.get("replaces") or ""),
    )
