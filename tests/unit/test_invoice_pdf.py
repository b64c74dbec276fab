"""What must stand in an invoice's PDF, read back with other people's libraries."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.explanation import TierStep
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.period import Period
from billing.domain.tax import TaxCategory
from billing.render.invoice_pdf import Branding, render_invoice
from tests.golden.read_pdf import links_of, page_texts, qr_contents, reader, table_of, totals_of
from tests.golden.sample_invoices import (
    ACCOUNT_1047,
    FEBRUARY,
    PAYMENT_URL,
    WORLD,
    free_of_charge,
    line,
    logo_png,
    tax_line,
    with_lines,
)

ROOT = Path(__file__).resolve().parents[2]
REQUIRED = (
    "Invoice\n",
    "INV-2026-02-0047",
    "Issue date\nMarch 1, 2026",
    "Due date\nMarch 31, 2026",
    "Supply period\nFebruary 1, 2026 – February 28, 2026",
    "Bill to\nAcme Robotics SAS\n12 rue de Rivoli\n75004 Paris\nFrance\nVAT ID: FR40303265045",
    "From\nNordlicht Software GmbH\nTorstraße 140\n10119 Berlin\nGermany\n",
    "billing@nordlicht.example\nVAT ID: DE123456788",
    "Description Quantity Unit price Tax Amount",
    "Account holder Nordlicht Software GmbH",
    "IBAN DE02 1203 0000 0000 2020 51",
    "BIC BYLADEM1001",
    "Bank Deutsche Kreditbank Berlin",
    "Reference INV-2026-02-0047",
    "Terms: Net 30, payment due by March 31, 2026.",
    "Tax registration DE123456788",
)


@pytest.mark.parametrize("count", [2, 20, 200])
def test_every_required_item_stands_in_the_document(count: int) -> None:
    text = "\n".join(page_texts(render_invoice(with_lines(count))))
    assert [item for item in REQUIRED if item not in text] == []


def test_account_1047_is_billed_as_the_book_says() -> None:
    (text,) = page_texts(render_invoice(ACCOUNT_1047))
    assert table_of(text) == [
        "API calls - Free tier 10,000 €0.00 19% €0.00",
        "API calls - Tier 2 90,000 €0.001 19% €90.00",
        "API calls - Tier 3 147,900 €0.0005 19% €73.95",
        "Growth plan 1 €99.00 19% €99.00",
    ]
    assert totals_of(text) == [
        "Subtotal €262.95",
        "VAT 19% on €262.95 €49.96",
        "Total (EUR) €312.91",
        "Amount paid €0.00",
        "Amount due €312.91",
    ]


def test_a_german_reader_gets_german_numbers_dates_and_countries() -> None:
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, locale="de_DE")))
    assert "API calls – Stufe 3 147.900 0,0005 € 19 % 73,95 €" in text
    assert "1. Februar 2026 – 28. Februar 2026" in text
    assert "75004 Paris\nFrankreich" in text
    assert "Zahlbetrag 312,91 €" in text


@pytest.mark.parametrize(
    ("currency", "total"),
    [("USD", "Total (USD) $312.91"), ("JPY", "Total (JPY) ¥31,291"), ("BHD", "Total (BHD) BHD 31.291")],
)
def test_amounts_have_the_decimals_of_their_currency(currency: str, total: str) -> None:
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, currency=currency)))
    assert total in text


def test_a_price_is_shown_with_every_decimal_and_a_quantity_with_every_digit() -> None:
    exact = line("Bytes", quantity="123456789012345678.123456789012", unit_price="0.000000000001", amount=12_35)
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, lines=(exact,))))
    assert table_of(text) == ["Bytes 123,456,789,012,345,678.123456789012 €0.000000000001 19% €12.35"]


def test_a_negative_line_has_a_minus_sign_and_no_hyphen() -> None:
    proration = line("Growth plan - proration", quantity="1", unit_price="-49.50", amount=-49_50)
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, lines=(*ACCOUNT_1047.lines, proration))))
    assert "Growth plan - proration 1 −€49.50 19% −€49.50" in text


def test_an_invoice_of_zero_is_marked_paid_and_asks_for_nothing() -> None:
    pdf = render_invoice(free_of_charge())
    (text,) = page_texts(pdf)
    assert "PAID" in text
    assert "Amount due €0.00" in text
    assert "IBAN" not in text
    assert links_of(pdf) == []
    assert qr_contents(pdf) == []


@pytest.mark.parametrize(
    ("status", "mark"), [(InvoiceStatus.PAID, "PAID"), (InvoiceStatus.VOID, "VOID"), (InvoiceStatus.DRAFT, "DRAFT")]
)
def test_a_status_that_changes_what_the_paper_is_worth_is_stamped_on_it(status: InvoiceStatus, mark: str) -> None:
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, status=status)))
    assert f"\n{mark} Nordlicht" in text
    assert "IBAN" not in text


def test_an_overdue_invoice_asks_for_what_is_left() -> None:
    overdue = replace(ACCOUNT_1047, status=InvoiceStatus.OVERDUE, amount_paid=100_00)
    pdf = render_invoice(overdue)
    (text,) = page_texts(pdf)
    assert "Amount paid €100.00\nAmount due €212.91" in text
    assert "EUR212.91" in qr_contents(pdf)[1]


def test_each_tax_has_its_name_percent_base_and_amount_and_its_note() -> None:
    reverse_charge = replace(
        tax_line(base=10_00, tax=0, name="", percent="0"),
        category=TaxCategory.REVERSE_CHARGE,
        note="Reverse charge: Art. 196",
    )
    city = replace(tax_line(base=100_00, tax=4_50, name="City sales tax", percent="4.5"), state="NY")
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, tax_lines=(city, reverse_charge), notes=("PO 4711",))))
    assert totals_of(text)[1:3] == ["City sales tax (NY) 4.5% on €100.00 €4.50", "Reverse charge 0% on €10.00 €0.00"]
    assert "Reverse charge: Art. 196\nPO 4711\nTerms:" in text


def test_a_line_says_what_its_columns_do_not() -> None:
    march = Period(FEBRUARY.end, datetime(2026, 3, 31, 22, tzinfo=UTC))  # summer time begins on 29 March
    step = TierStep(
        model="graduated",
        meter="calls",
        usage=Decimal(5),
        above=Decimal(0),
        up_to=None,
        quantity=Decimal(5),
        unit_price=Decimal(1),
        flat_fee=Decimal("12.50"),
    )
    ahead = replace(ACCOUNT_1047.lines[3], period=march, tax_inclusive=True)
    tier = replace(ACCOUNT_1047.lines[1], explanation=replace(ACCOUNT_1047.lines[1].explanation, step=step))
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, lines=(ahead, tier))))
    assert table_of(text) == [
        "Growth plan",
        "March 1, 2026 – March 31, 2026",
        "1 €99.00 19% incl. €99.00",
        "API calls - Tier 2",
        "plus a flat fee of €12.50",
        "90,000 €0.001 19% €90.00",
    ]


def test_the_payment_link_and_its_code_lead_to_the_payment_page() -> None:
    pdf = render_invoice(ACCOUNT_1047)
    assert set(links_of(pdf)) == {PAYMENT_URL}
    assert qr_contents(pdf)[0] == PAYMENT_URL


def test_the_transfer_code_is_an_epc069_12_payload() -> None:
    assert qr_contents(render_invoice(ACCOUNT_1047))[1].split("\n") == [
        "BCD",
        "002",
        "1",
        "SCT",
        "BYLADEM1001",
        "Nordlicht Software GmbH",
        "DE02120300000000202051",
        "EUR312.91",
        "",
        "",
        "INV-2026-02-0047",
    ]


@pytest.mark.parametrize(
    "invoice",
    [
        replace(ACCOUNT_1047, currency="USD"),
        replace(ACCOUNT_1047, bank=None),
        replace(ACCOUNT_1047, total=100_000_000_000),  # 1,000,000,000.00: one cent above the standard's most
    ],
    ids=["dollars", "no bank", "a milliard"],
)
def test_there_is_no_transfer_code_where_the_standard_has_none(invoice: Invoice) -> None:
    assert qr_contents(render_invoice(invoice)) == [PAYMENT_URL]


def test_a_link_that_would_run_a_program_is_not_clickable() -> None:
    assert links_of(render_invoice(replace(ACCOUNT_1047, payment_url="javascript:alert(1)"))) == []


def test_a_long_link_still_makes_a_readable_code() -> None:
    url = f"https://pay.example.com/{'0123456789abcdef' * 20}"
    pdf = render_invoice(replace(ACCOUNT_1047, payment_url=url))
    assert url in [content for page in range(len(reader(pdf).pages)) for content in qr_contents(pdf, page=page)]


def test_the_properties_name_document_author_language_and_issue() -> None:
    document = reader(render_invoice(replace(ACCOUNT_1047, locale="de_DE")))
    properties = document.metadata
    assert properties
    assert (properties.title, properties.author) == ("Rechnung INV-2026-02-0047", "Nordlicht Software GmbH")
    assert properties.creation_date == datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
    assert str(document.root_object["/Lang"]) == "de-DE"


def test_equal_invoices_are_equal_bytes_in_every_thread_and_process() -> None:
    invoice = replace(ACCOUNT_1047, buyer=WORLD)
    pdf = render_invoice(invoice)
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(render_invoice, [invoice] * 16)) == {pdf}
    program = (
        "import sys; from dataclasses import replace; from billing.render.invoice_pdf import render_invoice;"
        "from tests.golden.sample_invoices import ACCOUNT_1047, WORLD, with_lines;"
        "render_invoice(with_lines(30));"
        "sys.stdout.buffer.write(render_invoice(replace(ACCOUNT_1047, buyer=WORLD)))"
    )
    other = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, env={"PYTHONHASHSEED": "7"}, cwd=ROOT
    )
    assert other.stdout == pdf


def test_the_logo_takes_the_place_of_the_name() -> None:
    with_logo = render_invoice(ACCOUNT_1047, branding=Branding(logo_png=logo_png()))
    pictures = [image.image.size for image in reader(with_logo).pages[0].images if image.image]
    assert pictures[0] == (400, 100)  # the others are the QR codes
    assert page_texts(with_logo)[0].startswith("Invoice\nINV-2026-02-0047\nBill to")
    assert page_texts(render_invoice(ACCOUNT_1047))[0].startswith(
        "Invoice\nINV-2026-02-0047\nNordlicht Software GmbH\nBill to"
    )


def test_the_sellers_closing_line_stands_on_each_page() -> None:
    pages = page_texts(render_invoice(with_lines(50), branding=Branding(footer="HRB 123456")))
    assert all("Tax registration DE123456788 · HRB 123456" in text for text in pages)


def test_a_picture_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match=r"branding\.logo_png: expected a PNG picture"):
        render_invoice(ACCOUNT_1047, branding=Branding(logo_png=b"GIF89a"))


def test_a_colour_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match=r"branding\.accent: expected a colour as #rrggbb"):
        Branding(accent="red; rg")
