"""An invoice or credit note in the business terms of EN 16931, before it is written in a syntax.

Names follow the standard's terms (BT) and groups (BG). Amounts are decimals with as many places as the currency has;
a percentage is None where a category may not have one.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.domain.electronic_address import ElectronicAddress

INVOICE, CREDIT_NOTE = "380", "381"
"""Document types of UNTDID 1001 (BT-3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """A stretch of whole days, its first and last included (BG-14, BG-26)."""

    start: date
    end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyTerms:
    """Seller (BG-4) or buyer (BG-7).

    `identifier` is BT-29/46, `registration` BT-30/47, `vat_id` BT-31/48, `tax_registration` BT-32. `street` has up to
    three lines.
    """

    name: str
    street: tuple[str, ...]
    city: str
    postal_code: str
    subdivision: str
    country: str
    email: str
    electronic_address: ElectronicAddress | None
    identifier: str
    registration: str
    vat_id: str
    tax_registration: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxTerms:
    """How something is taxed (BT-151/152, BT-95/96, BT-102/103)."""

    category: str
    percent: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceTerms:
    """A document level allowance (BG-20), or a charge (BG-21) where `is_charge`; the amount is never negative."""

    is_charge: bool
    amount: Decimal
    reason: str
    tax: TaxTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTerms:
    """An invoice line (BG-25): `net` (BT-131) is `quantity` times `price` plus `charge` (BG-28), rounded.

    The price is never negative (BR-27): a credit has a negative quantity.
    """

    number: str
    name: str
    quantity: Decimal
    price: Decimal
    net: Decimal
    charge: Decimal | None
    charge_reason: str
    tax: TaxTerms
    days: Days


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxSubtotal:
    """A row of the VAT breakdown (BG-23); the reason (BT-120) and its VATEX code (BT-121) are of untaxed categories."""

    tax: TaxTerms
    base: Decimal
    amount: Decimal
    reason: str
    reason_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTerms:
    """How to pay (BG-16): the means is a code of UNTDID 4461, the account one for transfers ("" without).

    The account (BT-84) has an IBAN, or else a number.
    """

    means: str
    reference: str
    iban: str
    account_number: str
    bic: str
    account_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The document's totals (BG-22): BT-106 to BT-110 and BT-112 to BT-115."""

    lines: Decimal
    allowances: Decimal
    charges: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal
    paid: Decimal
    due: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class EInvoice:
    """The whole document. `preceding` is the number of the invoice that it refers to (BT-25), "" for none.

    `accounting_currency` (BT-6) and `accounting_tax` (BT-111) are given together or not at all.
    """

    type_code: str
    number: str
    issued_on: date
    due_on: date | None
    currency: str
    accounting_currency: str
    accounting_tax: Decimal | None
    buyer_reference: str
    preceding: str
    notes: tuple[str, ...]
    days: Days
    seller: PartyTerms
    buyer: PartyTerms
    payment: PaymentTerms | None
    payment_terms: str
    lines: tuple[LineTerms, ...]
    allowances: tuple[AllowanceTerms, ...]
    breakdown: tuple[TaxSubtotal, ...]
    sums: Sums
