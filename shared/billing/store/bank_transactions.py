"""Bank transactions: kept under an id derived from what the bank said, so that none is booked twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from billing.domain.bank import BankEntry
from billing.domain.bank_transaction import BankTransaction, TransactionStatus, telling
from billing.ports import Create, Document, Documents, Fields, Filter, Put, Query
from billing.store.codec import decode, encode
from billing.store.collection import Collection, Stored

_MOST_IN = 30


@dataclass(frozen=True, slots=True)
class BankTransactions:
    """The tenant's bank transactions by id. Debits and fees are not kept."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "BankTransactions":
        """The transactions of one tenant."""
        return cls(Collection(documents, tenant_id, "bank_transactions"))

    def creation(self, transaction: BankTransaction) -> Create:
        """The write of a transaction; it fails if it was imported before."""
        return Create(self.collection.document(transaction.id), _fields(transaction))

    def changed(self, before: Stored[BankTransaction], after: BankTransaction) -> Put:
        """The write of what became of a transaction, expecting that nobody else decided on it meanwhile."""
        return Put(self.collection.document(after.id), _fields(after), expected=before.version)

    def get(self, transaction_ids: Sequence[str]) -> list[Stored[BankTransaction] | None]:
        """The transactions of these ids, in order; None where there is none."""
        return [None if each is None else _decoded(each) for each in self.collection.get(transaction_ids)]

    def twins_of(self, transactions: Iterable[BankTransaction]) -> list[Stored[BankTransaction]]:
        """What stands of the same account, direction, value date and amount as any of these."""
        return self._any_of("twin_key", sorted({each.twin_key for each in transactions}))

    def alike(self, entries: Iterable[BankEntry]) -> list[Stored[BankTransaction]]:
        """What has the end-to-end id or the bank's reference of any of these entries."""
        given = list(entries)
        wanted = {
            "end_to_end_id": {telling(each.end_to_end_id) for each in given},
            "bank_reference": {telling(each.bank_reference) for each in given},
        }
        found = [each for field, values in wanted.items() for each in self._any_of(field, sorted(values - {""}))]
        return list({each.value.id: each for each in found}.values())

    def of_account(self, payer_iban: str) -> list[Stored[BankTransaction]]:
        """What came from this account of a payer."""
        return self._any_of("payer_iban", [payer_iban]) if payer_iban else []

    def in_status(
        self, status: TransactionStatus, *, limit: int, after_id: str | None = None
    ) -> list[Stored[BankTransaction]]:
        """A page of the transactions in a status, by id."""
        return self._found(Filter("status", "==", status.value), limit=limit, after_id=after_id)

    def _any_of(self, field: str, values: Sequence[str]) -> list[Stored[BankTransaction]]:
        chunks = [values[start : start + _MOST_IN] for start in range(0, len(values), _MOST_IN)]
        return [each for chunk in chunks for each in self._found(Filter(field, "in", [*chunk]))]

    def _found(
        self, condition: Filter, *, limit: int | None = None, after_id: str | None = None
    ) -> list[Stored[BankTransaction]]:
        after = None if after_id is None else (after_id,)
        query = Query(self.collection.path, filters=(condition,), limit=limit, start_after=after)
        return [_decoded(each) for each in self.collection.documents.query(query)]


def _decoded(document: Document) -> Stored[BankTransaction]:
    return Stored(decode(document.fields, BankTransaction), document.version)


def _fields(transaction: BankTransaction) -> Fields:
    """A transaction as a document, with what it is looked for by."""
    entry = transaction.entry
    return {
        **encode(transaction),
        "twin_key": transaction.twin_key,
        "end_to_end_id": telling(entry.end_to_end_id),
        "bank_reference": telling(entry.bank_reference),
        "payer_iban": entry.payer_iban,
    }
