"""A bank transfer as a payment of invoices, and what that payment came to (semantics 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from billing.domain.bank_transaction import BankTransaction, TransactionStatus
from billing.domain.payment import Payment, PaymentSource
from billing.domain.period import local_midnight
from billing.domain.reconciliation import Booked, Part, Settles
from billing.usecases.record_payment import NewPayment


def payment_for(transaction: BankTransaction, invoice_ids: Sequence[str], *, zone: str) -> NewPayment:
    """The payment that a transfer makes; it came when the bank booked it, at the start of that day in `zone`."""
    entry = transaction.entry
    return NewPayment(
        id=transaction.next_payment_id,
        amount=entry.amount,
        currency=entry.currency,
        source=PaymentSource.BANK_TRANSFER,
        received_at=local_midnight(entry.booked_on, zone),
        invoice_ids=tuple(invoice_ids),
        method=f"bank transfer from {entry.payer}" if entry.payer else "bank transfer",
        reference=entry.remittance,
    )


def booked(
    transaction: BankTransaction, payment: Payment, *, numbers: Mapping[str, str], due: Mapping[str, int]
) -> Booked:
    """The transaction once it is a payment. `numbers` names its invoices by id, `due` is what is due on each now."""
    applied = {each.invoice_id: each.amount for each in payment.applications}
    parts = tuple(
        Part(
            invoice_id=invoice_id,
            number=number,
            amount=applied.get(invoice_id, 0),
            settles=_settles(applied.get(invoice_id, 0), due, invoice_id),
        )
        for invoice_id, number in numbers.items()
    )
    after = replace(
        transaction,
        status=TransactionStatus.MATCHED,
        payment_id=payment.id,
        customer_id=payment.customer_id,
        reason=None,
        explanation="",
    )
    return Booked(transaction=after, parts=parts, to_balance=payment.to_balance)


def _settles(amount: int, due: Mapping[str, int], invoice_id: str) -> Settles:
    if not amount:
        return Settles.NOTHING
    return Settles.PARTIAL if due.get(invoice_id) else Settles.FULL
