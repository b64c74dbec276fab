"""Invoices to draw: made by hand, no usecase involved. Account 1047 of February 2026 is the one of the book."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

from PIL import Image, ImageDraw

from billing.domain.credit import CreditNote
from billing.domain.explanation import Explanation, FlatStep
from billing.domain.invoice import (
    BankDetails,
    CollectionMethod,
    Invoice,
    InvoiceStatus,
    LineItem,
    LineKind,
    Party,
)
from billing.domain.period import Period
from billing.domain.tax import TaxCategory, TaxLine

# February 2026 in Berlin, which is an hour ahead of UTC
FEBRUARY = Period(datetime(2026, 1, 31, 23, tzinfo=UTC), datetime(2026, 2, 28, 23, tzinfo=UTC))
PAYMENT_URL = "https://pay.example.com/i/INV-2026-02-0047?t=8f3a1c9be2"
SELLER = Party(
    name="Nordlicht Software GmbH",
    street="Torstraße 140",
    city="Berlin",
    postal_code="10119",
    country="DE",
    email="billing@nordlicht.example",
    tax_id="DE123456788",
)
BUYER = Party(
    name="Acme Robotics SAS",
    street="12 rue de Rivoli",
    city="Paris",
    postal_code="75004",
    country="FR",
    tax_id="FR40303265045",
)
WORLD = Party(
    name="Łódź Ελλάς Россия 株式会社",
    street="Nguyễn Đình Chiểu 12 ₹ № ‰",
    city="大阪 서울",
    country="JP",
    tax_id="T1234567890123",
)
BANK = BankDetails(
    account_holder="Nordlicht Software GmbH",
    iban="DE02120300000000202051",
    bic="BYLADEM1001",
    bank_name="Deutsche Kreditbank Berlin",
)


def line(description: str, *, quantity: str, unit_price: str, amount: int) -> LineItem:
    """A line of the table; `amount` in minor units is what quantity and price come to, worked out by the caller."""
    step = FlatStep(quantity=Decimal(quantity), unit_price=Decimal(unit_price))
    return LineItem(
        id=description,
        kind=LineKind.FLAT,
        description=description,
        quantity=Decimal(quantity),
        unit_price=Decimal(unit_price),
        amount=amount,
        period=FEBRUARY,
        tax_category="S",
        tax_percent=Decimal(19),
        tax_inclusive=False,
        explanation=Explanation(plan="growth@1", step=step),
    )


def tax_line(*, base: int, tax: int, name: str = "VAT", percent: str = "19") -> TaxLine:
    """A row of the tax breakdown."""
    return TaxLine(
        category=TaxCategory.STANDARD,
        name=name,
        percent=Decimal(percent),
        country="DE",
        state="",
        base=base,
        tax=tax,
        note="",
    )


ACCOUNT_1047 = Invoice(
    id="sub_1047.2026-02-01.r0",
    number="INV-2026-02-0047",
    revision=0,
    status=InvoiceStatus.ISSUED,
    customer_id="1047",
    subscription_id="sub_1047",
    currency="EUR",
    locale="en_US",
    zone="Europe/Berlin",
    period=FEBRUARY,
    bill_for_date=FEBRUARY.end,
    issued_at=datetime(2026, 3, 1, 6, 0, tzinfo=UTC),
    issued_on=date(2026, 3, 1),
    due_on=date(2026, 3, 31),
    payment_terms_days=30,
    collection_method=CollectionMethod.SEND_INVOICE,
    seller=SELLER,
    buyer=BUYER,
    bank=BANK,
    lines=(
        line("API calls - Free tier", quantity="10000", unit_price="0", amount=0),
        line("API calls - Tier 2", quantity="90000", unit_price="0.001", amount=90_00),
        line("API calls - Tier 3", quantity="147900", unit_price="0.0005", amount=73_95),
        line("Growth plan", quantity="1", unit_price="99.00", amount=99_00),
    ),
    tax_lines=(tax_line(base=262_95, tax=49_96),),  # 19 % of 262.95 is 49.9605
    subtotal=262_95,
    tax=49_96,
    total=312_91,
    payment_url=PAYMENT_URL,
)


CREDIT_NOTE = CreditNote(
    id="sub_1047.2026-03-01.r0",
    number="CN-2026-0003",
    customer_id="1047",
    subscription_id="sub_1047",
    invoice_id="sub_1047.2026-02-01.r0",
    currency="EUR",
    locale="en_US",
    zone="Europe/Berlin",
    period=FEBRUARY,
    bill_for_date=FEBRUARY.end,
    issued_at=datetime(2026, 3, 1, 6, 0, tzinfo=UTC),
    issued_on=date(2026, 3, 1),
    seller=SELLER,
    buyer=BUYER,
    lines=(
        line("Growth plan - credit for unused time", quantity="1", unit_price="49.50", amount=49_50),
        line("API calls - Tier 2", quantity="10000", unit_price="-0.001", amount=-10_00),
    ),
    tax_lines=(tax_line(base=39_50, tax=7_51),),  # 19 % of 39.50 is 7.505
    subtotal=39_50,
    tax=7_51,
    total=47_01,
    balance_added=47_01,
)


def with_lines(count: int, *, invoice: Invoice = ACCOUNT_1047) -> Invoice:
    """The same invoice with `count` lines of 1.00 each, named `Seat 0001` and so on; 19 % of each is 0.19."""
    return replace(
        invoice,
        lines=tuple(line(f"Seat {n:04}", quantity="2", unit_price="0.5", amount=100) for n in range(1, count + 1)),
        tax_lines=(tax_line(base=count * 100, tax=count * 19),),
        subtotal=count * 100,
        tax=count * 19,
        total=count * 119,
    )


def free_of_charge(invoice: Invoice = ACCOUNT_1047) -> Invoice:
    """The same customer with usage in the free tier only: 0.00, at once paid."""
    return replace(
        invoice,
        status=InvoiceStatus.PAID,
        lines=invoice.lines[:1],
        tax_lines=(tax_line(base=0, tax=0),),
        subtotal=0,
        tax=0,
        total=0,
    )


def logo_png() -> bytes:
    """A logo with transparency."""
    picture = Image.new("RGBA", (400, 100), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((5, 5, 95, 95), fill=(31, 58, 95, 255))
    pen.rectangle((110, 30, 390, 70), fill=(200, 90, 40, 255))
    stream = BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
