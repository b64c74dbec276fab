"""What payments come to on the invoices that they were applied to: the figure that each invoice keeps of itself too."""

from collections import Counter
from dataclasses import dataclass, field

from billing.domain.payment import Payment, PaymentSource, PaymentStatus, RefundState


@dataclass(slots=True, kw_only=True)
class PaidParts:
    """By invoice id, in minor units: `paid` is what stands of payments, `from_balance` what credit paid at the issue.

    A refund that is only asked for has not left its invoice yet, and one that failed never does (semantics 8).
    """

    paid: Counter[str] = field(default_factory=Counter)
    from_balance: Counter[str] = field(default_factory=Counter)

    def add(self, payment: Payment) -> None:
        """Count one payment in."""
        for each in payment.applications:
            self.paid[each.invoice_id] += 0 if payment.status is PaymentStatus.REVERSED else each.amount
            self.from_balance[each.invoice_id] += each.amount if payment.source is PaymentSource.CREDIT_BALANCE else 0
        for refund in payment.refunds:
            self.paid[refund.invoice_id] += _effect(payment, refund.state) * refund.amount


def _effect(payment: Payment, state: RefundState) -> int:
    """Whether a refund takes from its invoice; a reversal takes all but what was on its way back at that time."""
    if payment.status is PaymentStatus.REVERSED:
        return 1 if state is RefundState.ASKED else 0
    return -1 if state is RefundState.DONE else 0
