"""The queue of bank transactions that wait for a person, each with the invoices that it may be for."""

from billing.domain.bank import EntryKind
from billing.domain.bank_transaction import BankTransaction, TransactionStatus
from billing.domain.matching import Matched
from billing.domain.reconciliation import Waiting
from billing.domain.suggestion import suggest
from billing.ports import Documents
from billing.store.bank_transactions import BankTransactions
from billing.store.pages import PageRequest
from billing.store.tenants import Tenants
from billing.usecases.known_numbers import KnownNumbers


def waiting_transactions(documents: Documents, wanted: PageRequest, *, tenant_id: str) -> tuple[Waiting, ...]:
    """A page of what waits, by id, with suggestions as the books stand now."""
    found = BankTransactions.of(documents, tenant_id).in_status(
        TransactionStatus.UNMATCHED, limit=wanted.limit, after_id=wanted.after_id
    )
    if not found:
        return ()
    numbers = KnownNumbers.of(documents, Tenants(documents).get(tenant_id))
    numbers.look_up(each.value.entry for each in found)
    return tuple(with_suggestions(documents, each.value, numbers, tenant_id=tenant_id) for each in found)


def with_suggestions(
    documents: Documents, transaction: BankTransaction, numbers: KnownNumbers, *, tenant_id: str
) -> Waiting:
    """A transaction with the open invoices that it may pay; a reversal pays none."""
    entry = transaction.entry
    if entry.kind is not EntryKind.CREDIT:
        return Waiting(transaction=transaction, suggestions=())
    decision = numbers.decide(entry)
    named = decision.invoices if isinstance(decision, Matched) else decision.named
    before = BankTransactions.of(documents, tenant_id).of_account(entry.payer_iban)
    suggestions = suggest(
        entry,
        numbers.open_invoices(),
        named={each.number for each in named},
        paid_before={each.value.customer_id for each in before} - {""},
    )
    return Waiting(transaction=transaction, suggestions=suggestions)
