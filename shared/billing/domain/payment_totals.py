"""What payments come to, for each currency: what came in, what was given or taken back, what stays."""

from collections.abc import Iterable
from dataclasses import dataclass

from billing.domain.payment import Payment, PaymentSource, PaymentStatus, RefundState, RefundTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTotals:
    """Sums in minor units of one currency. Credit that was used is money that came in before, so it is apart.

    `refunded` went back to customers or is on its way, `reversed` was taken back by banks, as a whole or in a lost
    dispute about a part; `kept` is what stays.
    """

    currency: str
    payments: int
    received: int
    from_balance: int
    refunded: int
    reversed: int

    @property
    def kept(self) -> int:
        """What came in and was neither refunded nor reversed."""
        return self.received - self.refunded - self.reversed


def payment_totals(payments: Iterable[Payment]) -> tuple[PaymentTotals, ...]:
    """The totals of payments, a row for each of their currencies."""
    by_currency: dict[str, list[Payment]] = {}
    for each in payments:
        by_currency.setdefault(each.currency, []).append(each)
    return tuple(_totals(currency, by_currency[currency]) for currency in sorted(by_currency))


def _totals(currency: str, payments: list[Payment]) -> PaymentTotals:
    outside = [each for each in payments if each.source is not PaymentSource.CREDIT_BALANCE]
    refunded = [_refunded(each) for each in outside]
    return PaymentTotals(
        currency=currency,
        payments=len(payments),
        received=sum(each.amount for each in outside),
        from_balance=sum(each.amount for each in payments if each.source is PaymentSource.CREDIT_BALANCE),
        refunded=sum(refunded),
        reversed=sum(
            each.amount - back if each.status is PaymentStatus.REVERSED else _lost(each)
            for each, back in zip(outside, refunded, strict=True)
        ),
    )


def _refunded(payment: Payment) -> int:
    """What went out of the house: a refund onto the balance is still ours to give."""
    return sum(
        each.amount
        for each in payment.refunds
        if each.target is RefundTarget.METHOD and each.state is not RefundState.FAILED and not each.is_lost
    )


def _lost(payment: Payment) -> int:
    return sum(each.amount for each in payment.refunds if each.is_lost)
