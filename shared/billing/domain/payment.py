"""Payments: money that came in, and which invoices it pays (semantics 8).

A payment's id comes from its source, so the same money is booked once however often it is reported. What is over goes
to the customer's credit balance. Reversals and refunds are added to the payment; what it said is never edited.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.errors import InvalidInput


class PaymentSource(StrEnum):
    """How the money came."""

    CARD = "card"
    BANK_TRANSFER = "bank_transfer"
    CREDIT_BALANCE = "credit_balance"
    MANUAL = "manual"


class PaymentStatus(StrEnum):
    """`reversed` where the money was taken back by the bank or a lost dispute."""

    SUCCEEDED = "succeeded"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """`amount` minor units of a payment pay this invoice."""

    invoice_id: str
    amount: int


class RefundTarget(StrEnum):
    """Where a refund goes."""

    METHOD = "method"
    BALANCE = "balance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """`amount` minor units of a payment given back. `id` is the gateway's, or the credit note's for the balance."""

    id: str
    amount: int
    target: RefundTarget
    refunded_at: datetime
    reason: str = ""
    credit_note_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money of one customer. `amount` = what is applied + `to_balance`; all minor units of `currency`.

    `received_at` (UTC) is when the money came, `reference` the text that came with it, `method` what it came from in
    words, `gateway_id` the gateway's payment. `disputed` is what a bank holds back for now.
    """

    id: str
    customer_id: str
    currency: str
    amount: int
    source: PaymentSource
    received_at: datetime
    applications: tuple[Application, ...] = ()
    to_balance: int = 0
    status: PaymentStatus = PaymentStatus.SUCCEEDED
    method: str = ""
    reference: str = ""
    gateway_id: str = ""
    refunds: tuple[Refund, ...] = ()
    disputed: int = 0
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse an amount that is not more than 0 or is not all accounted for."""
        if self.amount <= 0:
            raise InvalidInput("payment.amount", expected="more than 0", given=self.amount)
        placed = self.to_balance + sum(each.amount for each in self.applications)
        if placed != self.amount:
            raise InvalidInput("payment.applications", expected=f"{self.amount} in all", given=placed)

    @property
    def refunded(self) -> int:
        """What was given back so far."""
        return sum(each.amount for each in self.refunds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An invoice that money may be applied to: what is due on it, in minor units."""

    invoice_id: str
    amount_due: int


def apply_in_order(amount: int, owed: Sequence[Owed]) -> tuple[tuple[Application, ...], int]:
    """Spread an amount over invoices, each up to what is due on it, in the order given; and what is left over."""
    applications: list[Application] = []
    for each in owed:
        part = min(amount, each.amount_due)
        if part > 0:
            applications.append(Application(invoice_id=each.invoice_id, amount=part))
            amount -= part
    return tuple(applications), amount
