"""What a credit note gives back of money that was paid already: which payment, how much, and where to (semantics 8)."""

from collections import Counter
from collections.abc import Iterable, Sequence

from billing.domain.credit import CreditNote, CreditRefund
from billing.domain.crediting import InvoiceNotCreditable
from billing.domain.invoice import Invoice, SettlementStep
from billing.domain.money import Money
from billing.domain.payment import Payment, PaymentStatus, RefundTarget


def paid_too_much(before: Invoice, after: Invoice) -> int:
    """What a credit note leaves paid beyond what is owed, in minor units: its own part, not an earlier note's."""
    return after.overpaid - before.overpaid


def plan_refunds(
    invoice: Invoice,
    amount: int,
    *,
    payments: Iterable[Payment],
    earlier: Sequence[CreditNote],
    to: RefundTarget | None,
    by_gateway: bool,
) -> tuple[CreditRefund, ...]:
    """Spread an amount over the invoice's payments, the newest first.

    `earlier` are its credit notes: what they still have to refund is spoken for. Without a target each part goes to its
    method where it came by the gateway (`by_gateway`: the tenant has one), else to the balance. Raises
    InvoiceNotCreditable where it can't go where it was asked to, or where a payment is disputed.
    """
    refunds: list[CreditRefund] = []
    for payment in sorted(payments, key=lambda each: (each.received_at, each.id), reverse=True):
        part = min(amount, _left(payment, invoice, earlier=earlier))
        if part > 0:
            target = _target(invoice, payment, to=to, by_gateway=by_gateway)
            refunds.append(CreditRefund(payment_id=payment.id, amount=part, target=target))
            amount -= part
    if amount:
        missing = Money(amount, invoice.currency)
        raise InvoiceNotCreditable(
            invoice,
            reason=f"{missing} of what was paid is disputed or being refunded",
            way_out="wait for that, or credit less",
        )
    return tuple(refunds)


def on_balance(refunds: Iterable[CreditRefund]) -> int:
    """What of them goes to the customer's credit balance, in minor units."""
    return sum(each.amount for each in refunds if each.target is RefundTarget.BALANCE)


def _left(payment: Payment, invoice: Invoice, *, earlier: Sequence[CreditNote]) -> int:
    if payment.status is not PaymentStatus.SUCCEEDED:
        return 0
    parts = Counter({each.invoice_id: each.amount for each in payment.parts_left})
    begun = {each.id for each in payment.refunds}
    waiting = [
        refund.amount
        for note in earlier
        for refund in note.refunds
        if refund.payment_id == payment.id and note.id not in begun and SettlementStep.REFUND in note.pending
    ]
    return parts[invoice.id] - sum(waiting)


def _target(invoice: Invoice, payment: Payment, *, to: RefundTarget | None, by_gateway: bool) -> RefundTarget:
    can_go_back = by_gateway and bool(payment.gateway_id)
    if to is RefundTarget.METHOD and not can_go_back:
        raise InvoiceNotCreditable(
            invoice,
            reason=f"payment {payment.id} can't be refunded to its method",
            way_out="let it go to the balance",
        )
    return RefundTarget.METHOD if can_go_back and to is not RefundTarget.BALANCE else RefundTarget.BALANCE
