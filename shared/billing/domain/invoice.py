"""The invoice: what was said to the customer, for good. Only a draft changes; corrections are credit notes."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from billing.domain.attempt import PaymentAttempt
from billing.domain.basis import Basis
from billing.domain.dunning_case import DunningCase
from billing.domain.explanation import Explanation
from billing.domain.period import Period
from billing.domain.tax import TaxLine


class InvoiceStatus(StrEnum):
    """`draft -> issued -> paid`, `issued -> overdue`, `void` before any payment, `uncollectible` when written off."""

    DRAFT = "draft"
    ISSUED = "issued"
    OVERDUE = "overdue"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


class SettlementStep(StrEnum):
    """What still has to happen outside the database after the commit; the invoice's `pending` is the outbox."""

    RENDER = "render"
    DELIVER = "deliver"
    COLLECT = "collect"
    REFUND = "refund"


class CollectionMethod(StrEnum):
    """Who acts on an issued invoice: we charge the saved method, or the customer pays what was sent."""

    CHARGE_AUTOMATICALLY = "charge_automatically"
    SEND_INVOICE = "send_invoice"


class LineKind(StrEnum):
    """What a line bills; the run report splits revenue by it."""

    USAGE = "usage"
    FLAT = "flat"
    PRORATION = "proration"
    ONE_TIME = "one_time"
    COMMITMENT = "commitment"
    DISCOUNT = "discount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Seller or buyer as they were on the day of issue. `country` is ISO 3166-1 alpha-2.

    `registration` is the company's number in its register, `electronic_address` where e-invoices go, as `scheme:id`.
    """

    name: str
    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    email: str = ""
    tax_id: str = ""
    registration: str = ""
    electronic_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankDetails:
    """Where a transfer goes; the reference is always the invoice's number.

    An account without an IBAN has an `account_number`, with its bank's `routing_number` (in the United Kingdom the sort
    code) as the country writes both.
    """

    account_holder: str
    iban: str = ""
    bic: str = ""
    bank_name: str = ""
    account_number: str = ""
    routing_number: str = ""

    @property
    def account(self) -> str:
        """The account as one writes it: the IBAN, or else the number."""
        return self.iban or self.account_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file made of the invoice: the key it stands under in the object store, its size in bytes and SHA-256 in hex."""

    key: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineItem:
    """One row of the table. `amount`, in minor units, is its explanation replayed; `id` is stable over re-runs."""

    id: str
    kind: LineKind
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: int
    period: Period
    tax_category: str
    tax_percent: Decimal
    tax_inclusive: bool
    explanation: Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountingTax:
    """The invoice's `tax` in the currency that the seller accounts for it in (art. 230 Directive 2006/112/EC).

    `rate` is how much of `currency` one unit of the invoice's currency is worth on the day `rate_on`; `tax` is minor.
    """

    currency: str
    rate: Decimal
    rate_on: date
    tax: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """Everything the document says. Amounts are minor units of `currency`; `*_on` are the tenant's local dates.

    `id` is derived from subscription and period, `number` is given at issue ("" while draft).
    `total` = `subtotal` (without tax) + the taxes; `amount_due` - `overpaid` = `total` - `amount_paid` -
    `amount_credited` (credit notes). `balance_applied` is the part of `amount_paid` that came from the credit balance
    at issue, and `checkout_id` the hosted page that is open for it; `page_payment_id` is the gateway's id of a payment
    made on such a page that is under way, as a debit is for days, and `page_payment_failed` the last of those that came
    back (its number is 0), until something is paid. `dunning` is the case of one that was not paid as
    it should. `replaces` is the number of the void invoice that this revision stands for; `basis` what it can be
    recomputed from. `given_number` is what somebody who had it made by hand calls it ("" = nothing): its own number is
    of our series. `due_on_given` is whether somebody named the day when it is due, which approval then keeps.
    """

    id: str
    number: str
    revision: int
    status: InvoiceStatus
    customer_id: str
    subscription_id: str
    currency: str
    locale: str
    zone: str
    period: Period
    bill_for_date: datetime
    issued_at: datetime
    issued_on: date
    due_on: date
    payment_terms_days: int
    collection_method: CollectionMethod
    seller: Party
    buyer: Party
    bank: BankDetails | None
    lines: tuple[LineItem, ...]
    tax_lines: tuple[TaxLine, ...]
    subtotal: int
    tax: int
    total: int
    amount_paid: int = 0
    payment_url: str = ""
    notes: tuple[str, ...] = ()
    pending: tuple[SettlementStep, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    replaces: str = ""
    buyer_reference: str = ""
    accounting_tax: AccountingTax | None = None
    basis: Basis | None = None
    balance_applied: int = 0
    amount_credited: int = 0
    attempts: tuple[PaymentAttempt, ...] = ()
    checkout_id: str = ""
    page_payment_id: str = ""
    page_payment_failed: PaymentAttempt | None = None
    paid_at: datetime | None = None
    dunning: DunningCase | None = None
    given_number: str = ""
    due_on_given: bool = False

    @property
    def amount_due(self) -> int:
        """What is still to be paid, in minor units: never below 0, and nothing of an invoice that is void."""
        return 0 if self.status is InvoiceStatus.VOID else max(0, self._left)

    @property
    def overpaid(self) -> int:
        """What is paid beyond what is owed, in minor units: it is given back by what credited it (semantics 8)."""
        return max(0, -self._left)

    @property
    def _left(self) -> int:
        return self.total - self.amount_paid - self.amount_credited

    @property
    def payment_reference(self) -> str:
        """The text that a transfer must carry: the invoice's own number (semantics 7)."""
        return self.number
