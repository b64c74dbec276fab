"""What is asked of a payment gateway, and the closed set of answers (semantics 8, 9).

A charge never raises for what the bank says: its outcome is a value. Only what leaves the question open is `Unknown`,
and then `find_charge` is asked before anything else is tried: a time-out is not a decline.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from billing.domain.decline import Advice


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedMethod:
    """A payment method on file: the gateway's id, what a customer recognises it by, and until when it is good.

    `made_at` is the UTC instant at which the customer entered it.
    """

    id: str
    brand: str
    last4: str
    expires: str = ""
    fingerprint: str = ""
    made_at: datetime | None = None

    @property
    def label(self) -> str:
        """Such as `Visa •••• 4242`, which reads in any language."""
        return f"{self.brand.capitalize()} •••• {self.last4}" if self.last4 else self.brand


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOrder:
    """One attempt to charge the saved method of a customer, off session. `amount` is in minor units.

    `key` is the idempotency key: the tenant, the invoice and the attempt's number, so that a repeat can't charge twice.
    """

    key: str
    tenant_id: str
    invoice_id: str
    invoice_number: str
    attempt: int
    customer: str
    method: str
    amount: int
    currency: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The money is taken: `payment_id` is the gateway's id of the payment, `amount` its minor units."""

    payment_id: str
    amount: int
    currency: str
    method: SavedMethod | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The gateway has the payment and does not know yet: a webhook will tell."""

    payment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiresAction:
    """The bank wants the customer to confirm (SCA): the invoice's pay link is how."""

    payment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """The bank refused, or the gateway itself. `code` is the decline code, `message` the gateway's words.

    `advice` is what follows from it, None where the gateway itself refused (`is_refusal`): no card is at fault.
    `network_advice` is what the card's network says of another try, None where it does not forbid it.
    """

    code: str
    advice: Advice | None
    message: str
    payment_id: str = ""
    network_advice: Advice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """No answer, or one that leaves open whether money was taken: look the attempt up before anything else."""

    reason: str


ChargeOutcome: TypeAlias = Succeeded | Pending | RequiresAction | Declined | Unknown


class RefundStatus(StrEnum):
    """What became of a refund."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """Give back `amount` minor units of a payment to the method it came from; `key` as for a charge.

    `invoice_id` is whose part of the payment it is ("" = of what went to the credit balance).
    """

    key: str
    payment_id: str
    amount: int
    reason: str = ""
    invoice_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRefund:
    """A refund as the gateway has it; `key` is the order's, "" where it was made on the gateway's own pages.

    So is `invoice_id`, None where the order said nothing of it.
    """

    id: str
    payment_id: str
    amount: int
    currency: str
    status: RefundStatus
    key: str = ""
    invoice_id: str | None = None


class CheckoutPurpose(StrEnum):
    """What a hosted page is opened for."""

    PAY_INVOICE = "pay_invoice"
    SAVE_METHOD = "save_method"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutOrder:
    """A hosted page for one invoice's amount due, or to save a method (`amount` 0); `customer` may be "" (none yet)."""

    key: str
    purpose: CheckoutPurpose
    tenant_id: str
    customer_id: str
    customer: str
    email: str
    success_url: str
    cancel_url: str
    currency: str
    invoice_id: str = ""
    invoice_number: str = ""
    amount: int = 0
    locale: str = ""


class CheckoutStatus(StrEnum):
    """Where a hosted page stands."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A hosted page: where to send the customer; `payment_id` once it was paid, `method` once one was saved.

    `amount` (minor units) is what is paid on it, `customer` the gateway's id of who pays.
    """

    id: str
    url: str
    status: CheckoutStatus
    amount: int = 0
    customer: str = ""
    payment_id: str = ""
    method: SavedMethod | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayDispute:
    """`amount` minor units of a payment that the customer's bank holds back, or has taken for good: `is_lost`."""

    id: str
    amount: int
    is_lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPayment:
    """A payment as the gateway has it now: `outcome`, what of it was given back or disputed, and our own `metadata`.

    A dispute that holds nothing back, or no more, is none of its `disputes`.
    """

    id: str
    outcome: ChargeOutcome
    amount: int
    currency: str
    customer: str
    refunds: tuple[GatewayRefund, ...] = ()
    disputes: tuple[GatewayDispute, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime | None = None


class Gateway(Protocol):
    """A payment gateway of one tenant. Every call may raise GatewayUnavailable or GatewayRefused; `charge` only that.

    `looks_first` says that the documents may not know of all that it did, since they were restored from a backup.
    """

    name: str
    looks_first: bool

    def save_customer(self, *, key: str, customer_id: str, email: str, name: str, known: str) -> str:
        """The gateway's id of a customer, made where `known` is "" or was deleted there, else kept up to date."""
        ...

    def find_customer(self, *, key: str, email: str) -> str:
        """The gateway's id of a customer that was made with a key, however long ago, and has this address still, or "".

        None is made.
        """
        ...

    def saved_method(self, customer: str) -> SavedMethod | None:
        """The customer's default method, or None."""
        ...

    def save_method(self, customer: str, *, method: str, key: str) -> SavedMethod:
        """Attach a method to the customer as its default one."""
        ...

    def charge(self, order: ChargeOrder) -> ChargeOutcome:
        """Charge a saved method off session. Repeating an order with the same key answers the same outcome."""
        ...

    def find_charge(self, order: ChargeOrder) -> ChargeOutcome | None:
        """What became of an order sent before, however long ago; None where the gateway never got it."""
        ...

    def paid_before(self, order: ChargeOrder) -> Sequence[str]:
        """The ids of payments that took money for the order's invoice, or are about to, oldest first.

        All that its customer made there: by any attempt, or on a hosted page.
        """
        ...

    def payment(self, payment_id: str) -> GatewayPayment:
        """A payment as it stands now."""
        ...

    def cancel_payment(self, payment_id: str) -> bool:
        """Cancel a payment that waits for the customer; False where it was paid meanwhile."""
        ...

    def refund(self, order: RefundOrder) -> GatewayRefund:
        """Give money back."""
        ...

    def open_checkout(self, order: CheckoutOrder) -> Checkout:
        """Open a hosted page."""
        ...

    def checkout(self, checkout_id: str) -> Checkout:
        """A hosted page as it stands now."""
        ...

    def expire_checkout(self, checkout_id: str) -> Checkout:
        """Close a hosted page; the answer says COMPLETE where the customer was quicker."""
        ...
