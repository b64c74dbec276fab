"""Invoices and credit notes of every kind that an e-invoice must be made of, drafted by hand; taxes by the rules.

A line is `(description, quantity, unit price, amount in minor units)`; everything else of it can be overruled.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from billing.domain.credit import CreditNote
from billing.domain.explanation import CreditStep, Explanation, TierStep
from billing.domain.invoice import AccountingTax, CollectionMethod, Invoice, LineItem, LineKind, Party
from billing.domain.money import Rounding
from billing.domain.tax import TaxableLine, TaxRate, TaxTreatment, net_total, tax_lines, total_tax
from billing.domain.tax_treatment import TaxCategory
from tests.golden.sample_invoices import ACCOUNT_1047, BUYER, FEBRUARY, SELLER, line

GERMAN_VAT = TaxTreatment(
    category=TaxCategory.STANDARD, rates=(TaxRate(country="DE", name="VAT", percent=Decimal(19)),)
)
REDUCED_VAT = TaxTreatment(
    category=TaxCategory.STANDARD, rates=(TaxRate(country="DE", name="VAT", percent=Decimal(7)),)
)
ZERO_RATE = TaxTreatment(category=TaxCategory.ZERO, rates=(TaxRate(country="DE", name="VAT", percent=Decimal(0)),))
REVERSE_CHARGE = TaxTreatment(
    category=TaxCategory.REVERSE_CHARGE, note="Reverse charge, Art. 196 Directive 2006/112/EC"
)
EXEMPT = TaxTreatment(category=TaxCategory.EXEMPT, note="Exempt under § 4 Nr. 21 UStG")
OUTSIDE = TaxTreatment(category=TaxCategory.OUTSIDE)
TWO_US_TAXES = TaxTreatment(
    category=TaxCategory.STANDARD,
    rates=(
        TaxRate(country="US", state="NY", name="NY State sales tax", percent=Decimal(4)),
        TaxRate(country="US", state="NY", name="New York City sales tax", percent=Decimal("4.5")),
    ),
)

Taxed = tuple[LineItem, TaxTreatment]


def taxed(row: LineItem, treatment: TaxTreatment, **changes: Any) -> Taxed:  # noqa: ANN401 - any field of a line
    """A line under a tax treatment."""
    percent = sum((rate.percent for rate in treatment.rates), Decimal(0))
    return replace(row, tax_category=str(treatment.category), tax_percent=percent, **changes), treatment


def an_invoice(*rows: Taxed, **changes: Any) -> Invoice:  # noqa: ANN401 - any field of an invoice
    """Account 1047's invoice with other lines, and what they come to."""
    currency = changes.get("currency", ACCOUNT_1047.currency)
    taxable = [
        TaxableLine(amount=each.amount, inclusive=each.tax_inclusive, treatment=treatment) for each, treatment in rows
    ]
    taxes = tax_lines(taxable, currency=currency, rounding=Rounding.HALF_UP)
    subtotal, tax = net_total(taxable, rounding=Rounding.HALF_UP), total_tax(taxes)
    return replace(
        ACCOUNT_1047,
        lines=tuple(each for each, _ in rows),
        tax_lines=taxes,
        subtotal=subtotal,
        tax=tax,
        total=subtotal + tax,
        **changes,
    )


def plan_line(price: str = "99.00", amount: int = 99_00) -> LineItem:
    """A flat fee."""
    return line("Growth plan", quantity="1", unit_price=price, amount=amount)


def one_off(description: str, *, quantity: str, unit_price: str, amount: int) -> LineItem:
    """A line of an invoice made by hand, which may be below zero."""
    row = line(description, quantity=quantity, unit_price=unit_price, amount=amount)
    return replace(row, kind=LineKind.ONE_TIME)


def discount(amount: int, description: str = "Launch offer 10 %") -> LineItem:
    """A discount: a line below zero."""
    row = line(description, quantity="1", unit_price=str(Decimal(amount) / 100), amount=amount)
    return replace(row, kind=LineKind.DISCOUNT)


def proration(amount: int) -> LineItem:
    """What brings a price down to the days of service."""
    row = line("Growth plan - proration", quantity="1", unit_price=str(Decimal(amount) / 100), amount=amount)
    return replace(row, kind=LineKind.PRORATION)


def tier_with_fee() -> LineItem:
    """147,900 calls at 0.0005 and a flat fee of 5.00: 73.95 + 5.00."""
    step = TierStep(
        model="graduated",
        meter="calls",
        usage=Decimal(247_900),
        above=Decimal(100_000),
        up_to=None,
        quantity=Decimal(147_900),
        unit_price=Decimal("0.0005"),
        flat_fee=Decimal(5),
    )
    row = line("API calls - Tier 3", quantity="147900", unit_price="0.0005", amount=78_95)
    return replace(row, kind=LineKind.USAGE, explanation=Explanation(plan="growth@1", step=step))


def a_credit_note(*rows: Taxed) -> CreditNote:
    """What is given back of INV-2026-01-0046: the rows are what the customer gets, so they are positive."""
    invoice = an_invoice(*rows)
    return CreditNote(
        id="sub_1047.2026-03-01.r0",
        number="CN-2026-03-0001",
        customer_id=invoice.customer_id,
        subscription_id=invoice.subscription_id,
        invoice_id="sub_1047.2026-01-01.r0",
        currency=invoice.currency,
        locale=invoice.locale,
        zone=invoice.zone,
        period=FEBRUARY,
        bill_for_date=invoice.bill_for_date,
        issued_at=invoice.issued_at,
        issued_on=invoice.issued_on,
        seller=invoice.seller,
        buyer=invoice.buyer,
        lines=invoice.lines,
        tax_lines=invoice.tax_lines,
        subtotal=invoice.subtotal,
        tax=invoice.tax,
        total=invoice.total,
        balance_added=invoice.total,
        notes=("Cancelled on 15 February.",),
    )


def credited(amount: int) -> LineItem:
    """An unused part of a fee that was billed ahead."""
    step = CreditStep(
        invoice_id="sub_1047.2026-01-01.r0", price=Decimal(99), billed=99_00, used=14, whole=28, unit="days"
    )
    row = line("Growth plan - unused", quantity="1", unit_price=str(Decimal(amount) / 100), amount=amount)
    return replace(row, kind=LineKind.PRORATION, explanation=Explanation(plan="growth@1", step=step))


def inclusive(amount: int, price: str, treatment: TaxTreatment = GERMAN_VAT) -> Taxed:
    """A line whose amount contains its tax."""
    return taxed(plan_line(price, amount), treatment, tax_inclusive=True)


def _all_of(rows: Sequence[LineItem], treatment: TaxTreatment) -> list[Taxed]:
    return [taxed(row, treatment) for row in rows]


US_SELLER = Party(
    name="Acme API Platform Inc.",
    street="500 Market Street\nSuite 12\nc/o Registered Agents\nBuilding B",
    city="Wilmington",
    state="DE",
    postal_code="19801",
    country="US",
    tax_id="EU372000041",
)
US_BUYER = Party(name="Kestrel Learning Inc.", street="107 Main Street", city="New York", state="NY", country="US")

INVOICES: dict[str, Invoice] = {
    "one-off, with a price below zero": an_invoice(
        taxed(one_off("Set-up", quantity="1", unit_price="250.00", amount=250_00), GERMAN_VAT),
        taxed(one_off("Training", quantity="2.5", unit_price="120.00", amount=300_00), GERMAN_VAT),
        taxed(one_off("Cable", quantity="1", unit_price="11.90", amount=11_90), GERMAN_VAT, tax_inclusive=True),
        taxed(one_off("Goodwill", quantity="1", unit_price="-50.00", amount=-50_00), GERMAN_VAT),
        buyer_reference="PO-7",
    ),
    "standard": ACCOUNT_1047,
    "two rates": an_invoice(
        taxed(plan_line(), GERMAN_VAT), taxed(line("Book", quantity="3", unit_price="20", amount=60_00), REDUCED_VAT)
    ),
    "reverse charge": an_invoice(*_all_of(ACCOUNT_1047.lines, REVERSE_CHARGE)),
    "exempt": an_invoice(taxed(plan_line(), EXEMPT)),
    "outside the scope": an_invoice(taxed(plan_line(), OUTSIDE), seller=US_SELLER, buyer=US_BUYER),
    "zero rate": an_invoice(taxed(plan_line(), ZERO_RATE)),
    "zero and standard rate": an_invoice(taxed(plan_line(), ZERO_RATE), taxed(plan_line(), GERMAN_VAT)),
    "discount": an_invoice(taxed(plan_line(), GERMAN_VAT), taxed(discount(-9_90), GERMAN_VAT)),
    "discount on two rates": an_invoice(
        taxed(plan_line(), GERMAN_VAT),
        taxed(line("Book", quantity="1", unit_price="20", amount=20_00), REDUCED_VAT),
        taxed(discount(-9_90), GERMAN_VAT),
        taxed(discount(-2_00), REDUCED_VAT),
    ),
    "discount to nothing": an_invoice(taxed(plan_line(), GERMAN_VAT), taxed(discount(-99_00, "Trial"), GERMAN_VAT)),
    "proration": an_invoice(taxed(plan_line(), GERMAN_VAT), taxed(proration(-67_18), GERMAN_VAT)),
    "flat fee of a tier": an_invoice(taxed(tier_with_fee(), GERMAN_VAT)),
    "zero total": an_invoice(taxed(ACCOUNT_1047.lines[0], GERMAN_VAT)),
    "inclusive prices": an_invoice(inclusive(9_99, "9.99"), inclusive(9_99, "9.99"), inclusive(4_99, "4.99")),
    "inclusive and exclusive": an_invoice(inclusive(9_99, "9.99"), taxed(plan_line(), GERMAN_VAT)),
    "inclusive proration": an_invoice(
        inclusive(119_00, "119.00"), taxed(proration(-59_50), GERMAN_VAT, tax_inclusive=True)
    ),
    "in dollars with tax in euros": an_invoice(
        taxed(plan_line(), GERMAN_VAT),
        currency="USD",
        accounting_tax=AccountingTax(
            currency="EUR", rate=Decimal("0.925925925926"), rate_on=date(2026, 2, 27), tax=17_42
        ),
    ),
    "in yen": an_invoice(
        taxed(line("プラン", quantity="3", unit_price="1234", amount=3702), GERMAN_VAT), currency="JPY"
    ),
    "200 lines": an_invoice(
        *(taxed(line(f"Seat {n}", quantity="2", unit_price="0.5", amount=100), GERMAN_VAT) for n in range(200))
    ),
    "by card": replace(ACCOUNT_1047, collection_method=CollectionMethod.CHARGE_AUTOMATICALLY),
    "partly paid": replace(ACCOUNT_1047, amount_paid=100_00),
    "with everything": replace(
        ACCOUNT_1047,
        buyer_reference="04011000-12345-03",
        notes=("Thank you.", "Geschäftsführer: A. Ж & <B>"),
        seller=replace(SELLER, registration="HRB 12345 B", electronic_address="9930:DE123456788"),
        buyer=replace(BUYER, electronic_address="0009:40303265045", registration="40303265045"),
        replaces="INV-2026-02-0012",
    ),
    "two US sales taxes": an_invoice(
        taxed(plan_line(), TWO_US_TAXES),
        taxed(discount(-9_90), TWO_US_TAXES),
        seller=US_SELLER,
        buyer=US_BUYER,
        currency="USD",
    ),
    "inclusive US sales taxes": an_invoice(
        inclusive(108_50, "108.50", TWO_US_TAXES), seller=US_SELLER, buyer=US_BUYER, currency="USD"
    ),
    "US seller charging German VAT": an_invoice(taxed(plan_line(), GERMAN_VAT), seller=US_SELLER, currency="USD"),
    "a quantity below zero": an_invoice(
        taxed(plan_line(), GERMAN_VAT),
        taxed(line("API calls, corrected", quantity="-20000", unit_price="0.001", amount=-20_00), GERMAN_VAT),
    ),
    "a price that tells nothing": an_invoice(
        taxed(line("API calls of January, late", quantity="2109", unit_price="0", amount=1_05), GERMAN_VAT)
    ),
}

CREDIT_NOTES: dict[str, CreditNote] = {
    "credit": a_credit_note(taxed(credited(49_50), GERMAN_VAT)),
    "credit less a charge": a_credit_note(
        taxed(credited(49_50), GERMAN_VAT),
        taxed(line("API calls", quantity="1000", unit_price="-0.01", amount=-10_00), GERMAN_VAT),
    ),
    "credit under reverse charge": a_credit_note(taxed(credited(49_50), REVERSE_CHARGE)),
    "credit with a discount taken back": a_credit_note(
        taxed(credited(49_50), GERMAN_VAT), taxed(discount(-4_95), GERMAN_VAT)
    ),
    "credit outside the scope": a_credit_note(taxed(credited(49_50), OUTSIDE)),
}
