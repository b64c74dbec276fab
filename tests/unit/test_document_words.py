"""Documents in the languages that they speak; the expected words come from the national texts of the VAT directive."""

import re
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.domain.invoice import AccountingTax, CollectionMethod, InvoiceStatus
from billing.domain.tax import TaxCategory
from billing.domain.tax_table import TaxTable
from billing.domain.tax_treatment import TaxParty, treatment
from billing.render.invoice_pdf import render_invoice
from billing.render.line_words import translated_line
from billing.render.words import words_of
from tests.golden.read_pdf import links_of, page_texts, qr_contents, reader
from tests.golden.sample_invoices import ACCOUNT_1047, BUYER, PAYMENT_URL, SELLER, line, tax_line

LANGUAGES = ("en", "de", "fr", "es")


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_word_is_there_with_the_same_gaps_as_in_english(language: str) -> None:
    english, other = asdict(words_of("en")), asdict(words_of(language))
    gaps = {name: set(re.findall(r"{\w+}", text)) for name, text in english.items()}
    assert {name: set(re.findall(r"{\w+}", text)) for name, text in other.items()} == gaps
    assert all(other.values())


def test_a_language_without_words_is_english() -> None:
    assert words_of("ja") is words_of("en")
    document = reader(render_invoice(replace(ACCOUNT_1047, locale="ja_JP")))
    assert str(document.root_object["/Lang"]) == "en"


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("de_DE", ("Rechnung INV-2026-02-0047", "Zahlbetrag", "USt. 19 % auf 262,95 €", "Seite 1 von 1")),
        ("fr_FR", ("Facture INV-2026-02-0047", "Montant à payer", "TVA 19 % sur 262,95 €", "Page 1 sur 1")),
        ("es_ES", ("Factura INV-2026-02-0047", "Importe pendiente", "IVA 19 % sobre 262,95 €", "Página 1 de 1")),
    ],
)
def test_the_whole_document_is_in_the_customers_language(locale: str, expected: tuple[str, ...]) -> None:
    pdf = render_invoice(replace(ACCOUNT_1047, locale=locale))
    (text,) = page_texts(pdf)
    title, *others = expected
    assert reader(pdf).metadata["/Title"] == title  # type: ignore[index]
    assert [word for word in others if word.replace("€ ", "€") not in text.replace("€ ", "€")] == []
    assert not {"Amount", "Bill to", "Terms"} & set(re.findall(r"Bill to|\w+", text))


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("de_DE", "Steuerschuldnerschaft des Leistungsempfängers"),  # section 14a (5) UStG
        ("fr_FR", "Autoliquidation"),  # art. 242 nonies A annexe II CGI
        ("es_ES", "Inversión del sujeto pasivo"),  # art. 6.1 m) Real Decreto 1619/2012
        ("en_IE", "Reverse charge"),  # art. 226 (11a) Directive 2006/112/EC
    ],
)
def test_reverse_charge_is_said_in_the_words_of_the_law(locale: str, words: str) -> None:
    buyer = TaxParty(country="FR", vat_id="FR40303265045", vat_id_valid=True)
    note = treatment(seller_country="DE", buyer=buyer, table=TaxTable(rates=()), on=date(2026, 2, 28)).note
    tax = replace(tax_line(base=262_95, tax=0, name="", percent="0"), category=TaxCategory.REVERSE_CHARGE, note=note)
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, locale=locale, tax_lines=(tax,))))
    flowing = text.replace("\n", " ")
    assert flowing.count(words) == 2  # the row of the breakdown, and the note
    assert "196" in flowing


@pytest.mark.parametrize(
    ("description", "german"),
    [
        ("Growth plan (monthly)", "Growth plan (monatlich)"),
        ("Growth plan (every 3 months)", "Growth plan (alle 3 Monate)"),
        ("Growth plan - proration", "Growth plan – anteilig"),
        ("Growth plan - credit for unused time", "Growth plan – Gutschrift für nicht genutzte Zeit"),
        ("API calls - Free tier", "API calls – Freikontingent"),
        ("API calls - tier 3", "API calls – Stufe 3"),
        ("Mails - per started 1,000", "Mails – je angefangene 1.000"),
        ("API calls - late usage 2026-02-27 to 2026-02-28", "API calls – Nachtrag 2026-02-27 – 2026-02-28"),
        ("Spring - discount", "Spring – Rabatt"),
        ("Seats (monthly) - proration", "Seats (monatlich) – anteilig"),
        ("Wartung - Tarif B", "Wartung - Tarif B"),  # the tenant's own
    ],
)
def test_what_the_product_wrote_is_translated_and_what_the_tenant_wrote_is_not(description: str, german: str) -> None:
    assert translated_line(description, words=words_of("de")) == german
    assert translated_line(description, words=words_of("en")) == description


def test_an_invoice_that_is_charged_says_so_and_asks_for_no_transfer() -> None:
    pdf = render_invoice(replace(ACCOUNT_1047, collection_method=CollectionMethod.CHARGE_AUTOMATICALLY))
    (text,) = page_texts(pdf)
    assert "charged automatically" in text
    assert "This amount is charged to your saved payment method. You need not transfer anything." in text
    assert "IBAN" not in text
    assert "Terms" not in text
    assert set(links_of(pdf)) == {PAYMENT_URL}
    assert qr_contents(pdf) == [PAYMENT_URL]


def test_a_void_invoice_says_that_it_is_not_to_be_paid() -> None:
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, status=InvoiceStatus.VOID)))
    assert "Total (EUR)\n€312.91\nnot to be paid" in text


def test_references_and_registrations_stand_where_they_are_given() -> None:
    invoice = replace(
        ACCOUNT_1047,
        replaces="INV-2026-02-0041",
        buyer_reference="PO-4711",
        seller=replace(SELLER, registration="HRB 123456 B"),
        buyer=replace(BUYER, electronic_address="0009:30326504500012"),
    )
    (text,) = page_texts(render_invoice(invoice))
    assert "Your reference\nPO-4711" in text
    assert "Replaces invoice\nINV-2026-02-0041" in text
    assert "VAT ID: FR40303265045\nE-invoice address: 0009:30326504500012" in text
    assert "VAT ID: DE123456788\nRegistration: HRB 123456 B" in text


def test_tax_in_the_sellers_currency_stands_below_the_totals_with_its_rate() -> None:
    tax = AccountingTax(currency="EUR", rate=Decimal("0.9213"), rate_on=date(2026, 2, 27), tax=46_03)
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, currency="USD", accounting_tax=tax)))
    assert "Amount due $312.91\nTax in EUR: €46.03 (1 USD = 0.9213 EUR on February 27, 2026)" in text


def test_a_date_that_reads_leftwards_does_not_tear_an_english_sentence_apart() -> None:
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, locale="ar_EG")))
    assert "payment due by March 31, 2026." in text
    assert "1 مارس 2026" in text


def test_a_line_below_zero_keeps_its_words() -> None:
    discount = line("Spring - discount", quantity="1", unit_price="-12.50", amount=-12_50)
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, locale="fr_FR", lines=(discount,))))
    assert "Spring – remise 1 −12,50 € 19 % −12,50 €" in text


def test_the_document_was_made_when_the_invoice_was_issued() -> None:
    properties = reader(render_invoice(ACCOUNT_1047)).metadata
    assert properties
    assert properties.modification_date == datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
