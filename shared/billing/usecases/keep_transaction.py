"""Write what became of bank transactions, each with its audit record; what stands already stays."""

from collections.abc import Sequence

from billing.domain.bank_transaction import BankTransaction, TransactionStatus
from billing.ports import Documents, Write, WriteConflict
from billing.store.audit import AuditLog
from billing.store.bank_transactions import BankTransactions
from billing.store.collection import Stored
from billing.usecases.call import Call


def keep_new(documents: Documents, transaction: BankTransaction, *, call: Call) -> bool:
    """Write a transaction that was not imported before; whether it was this call that did.

    Where another import was quicker its word stands, but for a booking: that is true whoever says so.
    """
    transactions = BankTransactions.of(documents, call.tenant_id)
    try:
        _commit(documents, [transactions.creation(transaction)], [(None, transaction)], call=call)
    except WriteConflict:
        [stored] = transactions.get([transaction.id])
        if stored is None:
            raise
        if transaction.status is TransactionStatus.MATCHED and stored.value.status is TransactionStatus.UNMATCHED:
            keep_changed(documents, stored, transaction, call=call)
        return False
    return True


def keep_changed(documents: Documents, before: Stored[BankTransaction], after: BankTransaction, *, call: Call) -> None:
    """Write what became of a transaction. WriteConflict where somebody else decided on it since it was read."""
    transactions = BankTransactions.of(documents, call.tenant_id)
    _commit(documents, [transactions.changed(before, after)], [(before.value, after)], call=call)


def keep_taken_back(
    documents: Documents, undone: Stored[BankTransaction], after: BankTransaction, *, by: BankTransaction, call: Call
) -> None:
    """Write a reversal and what it undid, together. WriteConflict where either was changed meanwhile."""
    transactions = BankTransactions.of(documents, call.tenant_id)
    writes: list[Write] = [transactions.changed(undone, after), transactions.creation(by)]
    _commit(documents, writes, [(undone.value, after), (None, by)], call=call)


def _commit(
    documents: Documents,
    writes: Sequence[Write],
    changes: Sequence[tuple[BankTransaction | None, BankTransaction]],
    *,
    call: Call,
) -> None:
    records = [
        call.record(
            f"bank_transactions/{after.id}",
            f"bank_transaction.{after.status.value}",
            before="" if before is None else before.status.value,
            after=after.status.value,
            reason=_why(after),
        )
        for before, after in changes
    ]
    last = changes[-1][1]
    batch_id = f"bank-{last.id}-{last.status.value}-{last.attempt}"
    audit = AuditLog.of(documents, call.tenant_id).batch(records, batch_id=batch_id, recorded_at=call.recorded_at)
    documents.commit([*writes, audit])


def _why(transaction: BankTransaction) -> str:
    said = transaction.note or transaction.explanation
    named = f"payment {transaction.payment_id}" if transaction.payment_id else ""
    return ": ".join(part for part in (str(transaction.entry.money), named, said) if part)
