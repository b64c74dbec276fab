"""The numbers that a transfer may name: of every open invoice, and of whatever else a text seems to name."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from stdnum import iso11649

from billing.domain.bank import BankEntry, squeezed
from billing.domain.invoice import InvoiceStatus
from billing.domain.matching import CreditNoteNumber, Decision, Document, Payable, SharedNumber, match_entry
from billing.domain.reference import candidates, creditor_payload, printed_number
from billing.domain.tenant import Tenant
from billing.ports import Documents
from billing.store.payables import Payables


@dataclass(kw_only=True)
class KnownNumbers:
    """What is known of the tenant's numbers while an import runs: invoices by id, and documents by squeezed number."""

    payables: Payables
    tenant: Tenant
    invoices: dict[str, Payable] = field(default_factory=dict)
    by_number: dict[str, tuple[str, Document]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, documents: Documents, tenant: Tenant) -> "KnownNumbers":
        """Every open invoice of the tenant."""
        numbers = cls(payables=Payables.of(documents, tenant.id), tenant=tenant)
        for invoice in numbers.payables.open():
            numbers._add(invoice)
        return numbers

    def look_up(self, entries: Iterable[BankEntry]) -> None:
        """Read what the texts of entries seem to name and is not known yet: paid or void invoices, credit notes."""
        wanted = {
            text: number
            for entry in entries
            for candidate in _texts_in(entry)
            for text, number in self._printed(candidate)
            if text not in self.by_number and text not in self.missing
        }
        numbers = sorted(set(wanted.values()))
        for invoice in self.payables.numbered(numbers):
            self._add(invoice)
        for number in self.payables.credit_notes_numbered(numbers):
            self.by_number.setdefault(squeezed(number), (number, CreditNoteNumber(number)))
        self.missing |= {text: number for text, number in wanted.items() if text not in self.by_number}

    def decide(self, entry: BankEntry) -> Decision:
        """What an entry that was looked up pays."""
        unknown = next((self.missing[text] for text in _texts_in(entry) if text in self.missing), "")
        return match_entry(entry, self.by_number, unknown=unknown, is_creditor_reference=is_creditor_reference)

    def open_invoices(self) -> list[Payable]:
        """What is still to be paid."""
        return [each for each in self.invoices.values() if each.is_open]

    def settle(self, invoice_id: str, *, amount_due: int) -> None:
        """Remember what is due on an invoice after a transfer."""
        before = self.invoices[invoice_id]
        status = before.status if amount_due else InvoiceStatus.PAID
        self._put(replace(before, amount_due=amount_due, status=status))

    def _printed(self, text: str) -> Iterator[tuple[str, str]]:
        for series in (self.tenant.numbers, self.tenant.credit_numbers):
            if number := printed_number(text, series):
                yield text, number

    def _add(self, invoice: Payable) -> None:
        if invoice.invoice_id not in self.invoices:
            self._put(invoice)

    def _put(self, invoice: Payable) -> None:
        self.invoices[invoice.invoice_id] = invoice
        key = squeezed(invoice.number)
        sharing = _sharing(self.by_number.get(key), without=invoice.invoice_id)
        document: Document = SharedNumber((*sharing, invoice)) if sharing else invoice
        self.by_number[key] = (invoice.number, document)


def is_creditor_reference(text: str) -> bool:
    """Whether this is an ISO 11649 reference whose check digits are right."""
    return bool(iso11649.is_valid(text))


def _texts_in(entry: BankEntry) -> Iterator[str]:
    """What could be numbers in an entry, those inside of creditor references too."""
    for text in (entry.remittance, entry.end_to_end_id):
        for candidate in candidates(text):
            yield candidate.text
            if payload := creditor_payload(candidate.text, is_valid=is_creditor_reference):
                yield payload


def _sharing(known: tuple[str, Document] | None, *, without: str) -> Sequence[Payable]:
    match known:
        case (_, Payable() as one):
            return [one] if one.invoice_id != without else []
        case (_, SharedNumber(invoices)):
            return [each for each in invoices if each.invoice_id != without]
        case _:
            return []
