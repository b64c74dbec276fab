"""One transaction of a bank statement: a credit is booked or queued, a reversal undoes what it takes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from billing.domain.bank import BankEntry, EntryKind
from billing.domain.bank_transaction import BankTransaction, TransactionStatus, Unmatched, takes_back
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.matching import Matched, NotMatched
from billing.domain.payment import Owed, Payment, PaymentSource, PaymentStatus
from billing.domain.reconciliation import AlreadyKnown, Booked, NotOurs, Outcome, TakenBack, Waiting
from billing.domain.tenant import Tenant
from billing.ports import Documents, WriteConflict
from billing.store.bank_transactions import BankTransactions
from billing.store.invoices import Invoices
from billing.store.payments import Payments
from billing.usecases.booked_transfer import booked, payment_for
from billing.usecases.call import Call
from billing.usecases.keep_transaction import keep_new, keep_taken_back
from billing.usecases.known_numbers import KnownNumbers
from billing.usecases.record_payment import payment_of, record_payment
from billing.usecases.reverse_payment import reverse_payment


@dataclass(slots=True, kw_only=True)
class Import:
    """An import under way, with the numbers that it knows and, `before`, what a reversal may take back.

    `doubts` has by a transaction's id what has the same reference of the bank and says otherwise.
    """

    documents: Documents
    call: Call
    tenant: Tenant
    numbers: KnownNumbers
    dry_run: bool
    before: dict[str, BankTransaction] = field(default_factory=dict)
    doubts: Mapping[str, BankTransaction] = field(default_factory=dict)

    def keep(self, transaction: BankTransaction) -> bool:
        """Write a new transaction; False where another import was quicker."""
        self.before[transaction.id] = transaction
        return self.dry_run or keep_new(self.documents, transaction, call=self.call)

    def expect_reversals(self, entries: Sequence[BankEntry]) -> None:
        """Read what these entries may take back, and the numbers that they name."""
        found = BankTransactions.of(self.documents, self.call.tenant_id).alike(entries)
        self.before = {each.value.id: each.value for each in found} | self.before
        self.numbers.look_up(each for each in entries if each.kind is EntryKind.CREDIT_REVERSED)


def take_credit(work: Import, transaction: BankTransaction) -> Outcome:
    """Book money that came in on the invoices that it names, or let it wait."""
    if transaction.id in work.doubts:
        return _waits_in_doubt(work, transaction)
    decision = work.numbers.decide(transaction.entry)
    if isinstance(decision, NotMatched):
        return _waits(work, transaction, decision.reason, decision.explanation)
    try:
        outcome = _book(work, transaction, decision)
    except (InvalidInput, NotFound) as error:
        return _waits(work, transaction, Unmatched.REFUSED, str(error))
    return _kept(work, outcome)


def book_again(work: Import, transaction: BankTransaction, payment: Payment) -> Outcome:
    """Finish what an import left that was killed between the payment and the transaction's own document."""
    ids = [each.invoice_id for each in payment.applications]
    found = [each.value for each in Invoices.of(work.documents, work.call.tenant_id).get(ids) if each is not None]
    numbers = {each.id: each.number for each in found}
    due = {each.id: each.amount_due for each in found}
    return _kept(work, booked(transaction, payment, numbers=numbers, due=due))


def take_debit(work: Import, transaction: BankTransaction) -> Outcome:
    """Undo a credit that the bank took back; every other debit, and a debit taken back, is none of ours."""
    if transaction.entry.kind is EntryKind.DEBIT_REVERSED:
        return NotOurs(transaction=transaction)
    undone = _undone_by(work, transaction.entry)
    if undone is not None and transaction.id in work.doubts:
        return _waits_in_doubt(work, transaction)
    if undone is not None:
        return _take_back(work, transaction, undone)
    if transaction.entry.kind is EntryKind.DEBIT:
        return NotOurs(transaction=transaction)
    explanation = "the bank took back a transfer that can't be found by its ids and amount"
    return _waits(work, transaction, Unmatched.NOTHING_TO_REVERSE, explanation)


def _book(work: Import, transaction: BankTransaction, decision: Matched) -> Booked:
    numbers = {each.invoice_id: each.number for each in decision.invoices}
    new = payment_for(transaction, [*numbers], zone=work.tenant.zone)
    if work.dry_run:
        owed = [
            Owed(invoice_id=each.invoice_id, amount_due=each.amount_due) for each in decision.invoices if each.is_open
        ]
        payment = payment_of(replace(new, customer_id=decision.invoices[0].customer_id), owed)
        due = {each.invoice_id: each.amount_due for each in decision.invoices}
        due |= {each.invoice_id: due[each.invoice_id] - each.amount for each in payment.applications}
    else:
        recorded = record_payment(work.documents, new, call=work.call)
        payment, due = recorded.payment, {each.id: each.amount_due for each in recorded.invoices}
    for each in payment.applications:
        work.numbers.settle(each.invoice_id, amount_due=due[each.invoice_id])
    return booked(transaction, payment, numbers=numbers, due=due)


def _kept(work: Import, outcome: Booked | Waiting) -> Outcome:
    return outcome if work.keep(outcome.transaction) else AlreadyKnown(transaction=outcome.transaction)


def _waits(work: Import, transaction: BankTransaction, reason: Unmatched, explanation: str) -> Outcome:
    waiting = replace(transaction, status=TransactionStatus.UNMATCHED, reason=reason, explanation=explanation)
    return _kept(work, Waiting(transaction=waiting, suggestions=()))


def _waits_in_doubt(work: Import, transaction: BankTransaction) -> Outcome:
    """Booked by itself it might be booked twice, and left out it might be lost."""
    before = work.doubts[transaction.id].id
    explanation = (
        f"{before} has the same reference of the bank, amount and value date, and another text or end-to-end id: "
        "it may be the same transfer"
    )
    return _waits(work, transaction, Unmatched.KNOWN_REFERENCE, explanation)


def _undone_by(work: Import, reversal: BankEntry) -> BankTransaction | None:
    """What a debit takes back: by the ids that both have, or by the number in its text where it says to reverse."""
    standing = [each for each in work.before.values() if each.status is not TransactionStatus.TAKEN_BACK]
    alike = [each for each in standing if takes_back(reversal, each)]
    if alike:
        return max(alike, key=lambda each: (each.status is TransactionStatus.MATCHED, each.entry.booked_on, each.id))
    return _paid_for(work, reversal) if reversal.kind is EntryKind.CREDIT_REVERSED else None


def _paid_for(work: Import, reversal: BankEntry) -> BankTransaction | None:
    """The one transfer of that amount that paid an invoice which the text names."""
    decision = work.numbers.decide(reversal)
    payments = Payments.of(work.documents, work.call.tenant_id)
    found = {
        each.value.id
        for invoice in (decision.invoices if isinstance(decision, Matched) else decision.named)
        for each in payments.of_invoice(invoice.invoice_id)
        if each.value.source is PaymentSource.BANK_TRANSFER
        and each.value.status is PaymentStatus.SUCCEEDED
        and (each.value.amount, each.value.currency) == (reversal.amount, reversal.currency)
    }
    if len(found) != 1:
        return None
    transaction_id = found.pop().removeprefix("bank.").partition(".")[0]
    [stored] = BankTransactions.of(work.documents, work.call.tenant_id).get([transaction_id])
    return None if stored is None else stored.value


def _take_back(work: Import, reversal: BankTransaction, undone: BankTransaction) -> Outcome:
    explanation = f"the bank took it back on {reversal.entry.booked_on}"
    after = replace(undone, status=TransactionStatus.TAKEN_BACK, explanation=explanation)
    by = replace(
        reversal,
        status=TransactionStatus.MATCHED,
        payment_id=undone.payment_id,
        customer_id=undone.customer_id,
        explanation=f"took back {undone.id}",
    )
    if not work.dry_run and not _written_back(work, undone, after, by=by):
        return AlreadyKnown(transaction=reversal)
    work.before[undone.id] = after
    return TakenBack(transaction=by, undone=after)


def _written_back(work: Import, undone: BankTransaction, after: BankTransaction, *, by: BankTransaction) -> bool:
    """Reverse the payment, if there is one, and write both transactions; False where another import was quicker."""
    if undone.payment_id:
        reason = f"taken back by the bank on {by.entry.booked_on}: {by.entry.remittance}".rstrip(": ")
        reverse_payment(work.documents, undone.payment_id, reason=reason, call=work.call)
    stored = BankTransactions.of(work.documents, work.call.tenant_id)
    [now, made] = stored.get([undone.id, by.id])
    if made is not None or now is None:
        return False
    try:
        keep_taken_back(work.documents, now, after, by=by, call=work.call)
    except WriteConflict:
        return False
    return True
