"""What must stand in a credit note's PDF, read back with other people's libraries."""

from dataclasses import replace
from datetime import date

from billing.domain.credit import CreditNote
from billing.render.credit_note_pdf import render_credit_note
from tests.golden.read_pdf import links_of, page_texts, qr_contents, reader
from tests.golden.sample_invoices import CREDIT_NOTE


def text_of(credit_note: CreditNote, *, invoice_number: str = "INV-2026-02-0047") -> str:
    (text,) = page_texts(render_credit_note(credit_note, invoice_number=invoice_number))
    return text


def test_a_credit_note_says_what_it_corrects_and_what_comes_back() -> None:
    text = text_of(CREDIT_NOTE)
    assert "Credit note number\nCN-2026-0003" in text
    assert "Corrects invoice\nINV-2026-02-0047" in text
    assert "To\nAcme Robotics SAS" in text
    assert "Growth plan - credit for unused time 1 €49.50 19% €49.50" in text
    assert "API calls - Tier 2 10,000 −€0.001 19% −€10.00" in text
    assert "Subtotal €39.50\nVAT 19% on €39.50 €7.51\nTotal credit €47.01" in text  # 19 % of 39.50 is 7.505
    assert "€47.01 is added to your credit balance" in text.replace("\n", " ")


def test_a_credit_note_asks_for_no_payment() -> None:
    pdf = render_credit_note(CREDIT_NOTE)
    assert links_of(pdf) == []
    assert qr_contents(pdf) == []
    assert "Due date" not in page_texts(pdf)[0]


def test_without_the_invoices_number_its_id_is_named() -> None:
    assert "Corrects invoice\nsub_1047.2026-02-01.r0" in text_of(CREDIT_NOTE, invoice_number="")


def test_money_that_goes_nowhere_is_not_promised() -> None:
    assert "balance" not in text_of(replace(CREDIT_NOTE, balance_added=0))


def test_a_german_credit_note_is_no_gutschrift_of_the_tax_law() -> None:
    pdf = render_credit_note(replace(CREDIT_NOTE, locale="de_DE"))
    (text,) = page_texts(pdf)
    assert text.startswith("Rechnungskorrektur\nCN-2026-0003")  # a Gutschrift is what a buyer issues: 14 (2) UStG
    assert reader(pdf).metadata["/Title"] == "Rechnungskorrektur CN-2026-0003"  # type: ignore[index]


def test_one_without_a_number_is_a_draft() -> None:
    assert "DRAFT" in text_of(replace(CREDIT_NOTE, number=""))


def test_equal_credit_notes_are_equal_bytes_and_a_later_one_differs() -> None:
    assert render_credit_note(CREDIT_NOTE) == render_credit_note(CREDIT_NOTE)
    assert render_credit_note(CREDIT_NOTE) != render_credit_note(replace(CREDIT_NOTE, issued_on=date(2026, 3, 2)))
