"""The credit balance: what a customer has too much is used by its next invoices first, at their issue (semantics 8)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from billing.domain.invoice import Invoice
from billing.domain.invoice_payment import paid
from billing.domain.payment import Application, Payment, PaymentSource
from billing.domain.settlement import without_collecting


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceUse:
    """Invoices in their order after the balances were used, the payments that this makes, and what each customer used.

    `used` is in minor units, by customer.
    """

    invoices: tuple[Invoice, ...]
    payments: tuple[Payment, ...]
    used: Mapping[str, int]


def use_balances(invoices: Iterable[Invoice], balances: Mapping[str, int]) -> BalanceUse:
    """Pay invoices that are being issued from their customers' balances (minor units by customer), in their order.

    A payment's id is that of its invoice, so that a balance is used once for it. Nothing is taken from a balance of 0
    or below.
    """
    left = dict(balances)
    after: list[Invoice] = []
    payments: list[Payment] = []
    for invoice in invoices:
        part = min(left.get(invoice.customer_id, 0), invoice.amount_due)
        if part <= 0:
            after.append(invoice)
            continue
        left[invoice.customer_id] -= part
        after.append(_paid(invoice, part))
        payments.append(_payment(invoice, part))
    used = {customer: balance - left[customer] for customer, balance in balances.items() if balance != left[customer]}
    return BalanceUse(invoices=tuple(after), payments=tuple(payments), used=used)


def _paid(invoice: Invoice, amount: int) -> Invoice:
    """With `amount` paid at issue: what nothing is due on any more is not collected."""
    after = replace(paid(invoice, amount, at=invoice.issued_at), balance_applied=amount)
    return after if after.amount_due else replace(after, pending=without_collecting(after.pending))


def _payment(invoice: Invoice, amount: int) -> Payment:
    return Payment(
        id=f"balance.{invoice.id}",
        customer_id=invoice.customer_id,
        currency=invoice.currency,
        amount=amount,
        source=PaymentSource.CREDIT_BALANCE,
        received_at=invoice.issued_at,
        applications=(Application(invoice_id=invoice.id, amount=amount),),
        method="credit balance",
        reference=invoice.number,
    )
