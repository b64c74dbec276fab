"""Whole documents as they were last looked at as pictures. `make golden` writes them anew."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billing.domain.invoice import AccountingTax, CollectionMethod, InvoiceStatus, LineItem, Party
from billing.domain.tax import TaxCategory, TaxLine
from billing.domain.tenant import Paper
from billing.render.credit_note_pdf import render_credit_note
from billing.render.invoice_pdf import Branding, render_invoice
from tests.golden.read_pdf import page_texts, unpacked
from tests.golden.sample_invoices import ACCOUNT_1047, BUYER, CREDIT_NOTE, SELLER, line, logo_png, with_lines

FOLDER = Path(__file__).parent / "invoices"
OSAKA = Party(
    name="株式会社 Ωmega Łódź Россия",
    street="1-2-3 梅田\n北区",
    city="大阪",
    postal_code="530-0001",
    country="JP",
    email="keiri@example.jp",
)
MANY_SCRIPTS = Party(
    name="株式会社大阪 · 서울상사",
    street="شركة الأمل للتجارة (فرع 12)\nחברת השלום בע״מ\nบริษัท กรุงเทพการค้า จำกัด\nहिन्दी क्षेत्र प्रौद्योगिकी\n"
    "বাংলাদেশ প্রযুক্তি\nதமிழ்நாடு மென்பொருள்\nსაქართველოს ბანკი\nՀայաստան ընկերություն\nអាជីវកម្ម ខ្មែរ\nአማርኛ ድርጅት",
    city="Łódź Ελλάς Россия",
    country="JP",
)
REVERSE_CHARGE = TaxLine(
    category=TaxCategory.REVERSE_CHARGE,
    name="",
    percent=Decimal(0),
    country="",
    state="",
    base=209_22,
    tax=0,
    note="Reverse charge: VAT to be accounted for by the recipient, Art. 196 Directive 2006/112/EC",
)


def untaxed(*lines: LineItem) -> tuple[LineItem, ...]:
    """Lines on which the buyer accounts for the tax."""
    return tuple(replace(each, tax_category="AE", tax_percent=Decimal(0)) for each in lines)


FRENCH = replace(
    ACCOUNT_1047,
    locale="fr_FR",
    seller=replace(SELLER, registration="HRB 123456 B"),
    buyer=replace(BUYER, registration="RCS Paris 303 265 045", electronic_address="0009:30326504500012"),
    buyer_reference="PO-4711 / Marketing",
    replaces="INV-2026-02-0041",
    lines=untaxed(
        *ACCOUNT_1047.lines[:3],
        line("Growth plan (monthly)", quantity="1", unit_price="99.00", amount=99_00),
        line("Growth plan - proration", quantity="1", unit_price="-11.04", amount=-11_04),
        line("Spring - discount", quantity="1", unit_price="-42.69", amount=-42_69),
    ),
    tax_lines=(REVERSE_CHARGE,),
    subtotal=209_22,
    tax=0,
    total=209_22,
)
CHARGED = replace(
    ACCOUNT_1047,
    currency="USD",
    collection_method=CollectionMethod.CHARGE_AUTOMATICALLY,
    accounting_tax=AccountingTax(currency="EUR", rate=Decimal("0.9213"), rate_on=date(2026, 2, 27), tax=46_03),
    notes=("Thank you for your business.",),
)
BRANDED = Branding(logo_png=logo_png(), accent="#7a1f3d", footer="Amtsgericht Charlottenburg HRB 123456")
DOCUMENTS = {
    "two-lines": (with_lines(2), BRANDED),
    "account-1047-in-german": (replace(ACCOUNT_1047, locale="de_DE"), Branding()),
    "twenty-lines": (with_lines(20), BRANDED),
    "two-hundred-lines": (with_lines(200), Branding()),
    "osaka-paid": (
        replace(ACCOUNT_1047, buyer=OSAKA, status=InvoiceStatus.PAID, amount_paid=312_91, locale="ja_JP"),
        Branding(),
    ),
    "french-reverse-charge": (FRENCH, BRANDED),
    "charged-automatically-on-letter": (CHARGED, Branding(paper=Paper.LETTER, accent="#0b7a75")),
    "void-in-spanish": (
        replace(ACCOUNT_1047, locale="es_ES", status=InvoiceStatus.VOID),
        Branding(accent="#f2c14e"),
    ),
    "many-scripts": (replace(ACCOUNT_1047, buyer=MANY_SCRIPTS), Branding()),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_invoice_is_still_what_was_approved(name: str, renew_golden: bool) -> None:
    invoice, branding = DOCUMENTS[name]
    _compare(name, render_invoice(invoice, branding=branding), renew=renew_golden)


def test_a_credit_note_is_still_what_was_approved(renew_golden: bool) -> None:
    pdf = render_credit_note(CREDIT_NOTE, branding=BRANDED, invoice_number="INV-2026-02-0047")
    _compare("credit-note", pdf, renew=renew_golden)


def _compare(name: str, pdf: bytes, *, renew: bool) -> None:
    text = "\n\f\n".join(page_texts(pdf)) + "\n"
    if renew:
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{name}.pdf").write_bytes(pdf)
        (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")
    assert text == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert unpacked(pdf) == unpacked((FOLDER / f"{name}.pdf").read_bytes())
