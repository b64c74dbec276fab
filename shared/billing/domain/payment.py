"""Payments: money that came in, and which invoices it pays (semantics 8).

A payment's id comes from its source, so the same money is booked once however often it is reported. What is over goes
to the customer's credit balance. Reversals and refunds are added to the payment; what it said is never edited.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from billing.domain.errors import InvalidInput

_AHEAD = timedelta(days=1)


class PaymentSource(StrEnum):
    """How the money came."""

    CARD = "card"
    BANK_TRANSFER = "bank_transfer"
    CREDIT_BALANCE = "credit_balance"
    MANUAL = "manual"


class PaymentStatus(StrEnum):
    """`disputed` while the bank holds it back, `reversed` where it was taken back: by the bank or a lost dispute."""

    SUCCEEDED = "succeeded"
    DISPUTED = "disputed"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """`amount` minor units of a payment pay this invoice."""

    invoice_id: str
    amount: int


class RefundTarget(StrEnum):
    """Where a refund goes: back the way the money came, or onto the customer's credit balance."""

    METHOD = "method"
    BALANCE = "balance"


class RefundState(StrEnum):
    """`asked` until the gateway's answer is known: then nobody asks for the same money again."""

    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """`amount` minor units of a payment given back, of its part for `invoice_id` ("" = of what went to the balance).

    `id` is the caller's own and makes the refund one, however often it is asked for; `gateway_id` is the gateway's.
    `is_held` where its amount left the credit balance when it was asked for, and not only with its end; `is_lost` where
    the customer's bank took it, as a dispute about a part was lost: `gateway_id` is that dispute's.
    """

    id: str
    amount: int
    target: RefundTarget
    refunded_at: datetime
    state: RefundState
    invoice_id: str = ""
    reason: str = ""
    gateway_id: str = ""
    is_held: bool = False
    is_lost: bool = False

    @property
    def waits(self) -> bool:
        """Whether it was asked for at the gateway, and nobody knows its end."""
        return self.target is RefundTarget.METHOD and self.state is RefundState.ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money of one customer. `amount` = what is applied + `to_balance`; all minor units of `currency`.

    `received_at` (UTC) is when the money came, `reference` the text that came with it, `method` what it came from in
    words, `gateway_id` the gateway's payment.
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
        """What was given back so far, or is about to be; what went by way of the balance counts once."""
        return self._given_back(RefundState.DONE, RefundState.ASKED)

    @property
    def amount_refunded(self) -> int:
        """What was given back; what is on its way is not, and may still fail."""
        return self._given_back(RefundState.DONE)

    @property
    def parts_left(self) -> tuple[Application, ...]:
        """What each invoice still has of this payment after refunds; "" names what the balance got of what was over."""
        return self._left(on_balance=self.to_balance)

    @property
    def parts_to_take(self) -> tuple[Application, ...]:
        """What can be taken back, by whoever has the power to: what is left, and what refunds put on the balance.

        That money never left the house.
        """
        moved = sum(each.amount for each in self.refunds if each.target is RefundTarget.BALANCE)
        return self._left(on_balance=self.to_balance + moved)

    def take(self, amount: int, *, first: str | None = None) -> tuple[Application, ...]:
        """Which parts an amount is of that somebody took back: of the named one first, as far as they go."""
        parts = sorted(self.parts_to_take, key=lambda each: each.invoice_id != first)
        taken, _ = apply_in_order(amount, [Owed(invoice_id=each.invoice_id, amount_due=each.amount) for each in parts])
        return taken

    def _given_back(self, *states: RefundState) -> int:
        given = self._given(*states)
        return given.total() - max(0, given[""] - self.to_balance)

    def _given(self, *states: RefundState) -> Counter[str]:
        given = Counter[str]()
        for each in self.refunds:
            given[each.invoice_id] += each.amount if each.state in states else 0
        return given

    def _left(self, *, on_balance: int) -> tuple[Application, ...]:
        given = self._given(RefundState.DONE, RefundState.ASKED)
        parts = (*self.applications, Application(invoice_id="", amount=on_balance))
        left = [replace(part, amount=part.amount - given[part.invoice_id]) for part in parts]
        return tuple(part for part in left if part.amount > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An invoice that money may be applied to: what is due on it, in minor units."""

    invoice_id: str
    amount_due: int


def require_received(received_at: datetime, *, now: datetime, field: str = "received_at") -> None:
    """Refuse money that somebody says came more than a day ahead of now, as zones differ (InvalidInput).

    What a bank or the gateway booked is there, whatever day they write: that is not asked here.
    """
    if received_at > now + _AHEAD:
        expected = f"when the money came, at most a day after {now.isoformat()}"
        raise InvalidInput(field, expected=expected, given=received_at.isoformat())


def gateway_payment_id(gateway: str, payment_id: str) -> str:
    """The id that a gateway's payment is booked under, whoever reports it first."""
    return f"{gateway}.{payment_id}"


def apply_in_order(amount: int, owed: Sequence[Owed]) -> tuple[tuple[Application, ...], int]:
    """Spread an amount over invoices, each up to what is due on it, in the order given; and what is left over."""
    applications: list[Application] = []
    for each in owed:
        part = min(amount, each.amount_due)
        if part > 0:
            applications.append(Application(invoice_id=each.invoice_id, amount=part))
            amount -= part
    return tuple(applications), amount
