"""What a person decides on a bank transaction: which invoices it pays, that it is none of ours, or not so after all."""

from collections.abc import Sequence
from dataclasses import replace

from billing.domain.bank import EntryKind
from billing.domain.bank_transaction import BankTransaction, TransactionDecided, TransactionStatus, Unmatched
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.reconciliation import Booked
from billing.ports import Documents
from billing.store.bank_transactions import BankTransactions
from billing.store.collection import Stored
from billing.store.invoices import Invoices
from billing.store.tenants import Tenants
from billing.usecases.booked_transfer import booked, payment_for
from billing.usecases.call import Call
from billing.usecases.keep_transaction import keep_changed
from billing.usecases.record_payment import record_payment
from billing.usecases.reverse_payment import reverse_payment


def match_transaction(
    documents: Documents, transaction_id: str, invoices: Sequence[str], *, note: str = "", call: Call
) -> Booked:
    """Book a transaction that waits, or was set aside, on invoices by id or number, the first due first.

    Raises NotFound, TransactionDecided where it is booked already, InvalidInput for a reversal, another currency or
    invoices of several customers.
    """
    stored = _undecided(documents, transaction_id, call=call)
    if stored.value.entry.kind is not EntryKind.CREDIT:
        raise InvalidInput("transaction", expected="money that came in", given=transaction_id)
    if not invoices:
        raise InvalidInput("invoices", expected="at least one", given=[])
    repository = Invoices.of(documents, call.tenant_id)
    named = sorted((repository.named(each).value for each in invoices), key=lambda each: (each.due_on, each.number))
    zone = Tenants(documents).get(call.tenant_id).zone
    new = replace(payment_for(stored.value, [each.id for each in named], zone=zone), note=note)
    recorded = record_payment(documents, new, call=call)
    after = {each.id: each for each in recorded.invoices}
    outcome = booked(
        replace(stored.value, note=note),
        recorded.payment,
        numbers={each.id: each.number for each in (*named, *recorded.invoices)},
        due={each.id: after.get(each.id, each).amount_due for each in named},
    )
    keep_changed(documents, stored, outcome.transaction, call=call)
    return outcome


def ignore_transaction(documents: Documents, transaction_id: str, *, note: str, call: Call) -> BankTransaction:
    """Take a transaction out of the queue without booking it; again changes nothing.

    Raises NotFound, and TransactionDecided where it is booked.
    """
    stored = _undecided(documents, transaction_id, call=call)
    if stored.value.status is TransactionStatus.IGNORED:
        return stored.value
    after = replace(stored.value, status=TransactionStatus.IGNORED, note=note)
    keep_changed(documents, stored, after, call=call)
    return after


def unmatch_transaction(documents: Documents, transaction_id: str, *, note: str, call: Call) -> BankTransaction:
    """Take the booking of a transfer back, whoever made it, and put the transfer into the queue again.

    Its payment is reversed, so what it paid is owed again. Raises NotFound, and InvalidInput where it is not booked.
    """
    stored = _found(documents, transaction_id, call=call)
    before = stored.value
    if before.status is not TransactionStatus.MATCHED or before.entry.kind is not EntryKind.CREDIT:
        raise InvalidInput("transaction", expected="a transfer that is booked", given=f"{before.id}, {before.status}")
    reverse_payment(documents, before.payment_id, reason=note, call=call)
    after = replace(
        before,
        status=TransactionStatus.UNMATCHED,
        payment_id="",
        customer_id="",
        reason=Unmatched.TAKEN_APART,
        explanation="its booking was taken back by hand",
        note=note,
        attempt=before.attempt + 1,
    )
    keep_changed(documents, stored, after, call=call)
    return after


def _undecided(documents: Documents, transaction_id: str, *, call: Call) -> Stored[BankTransaction]:
    stored = _found(documents, transaction_id, call=call)
    if stored.value.status in {TransactionStatus.MATCHED, TransactionStatus.TAKEN_BACK}:
        raise TransactionDecided(stored.value)
    return stored


def _found(documents: Documents, transaction_id: str, *, call: Call) -> Stored[BankTransaction]:
    [stored] = BankTransactions.of(documents, call.tenant_id).get([transaction_id])
    if stored is None:
        raise NotFound("transaction", transaction_id)
    return stored
