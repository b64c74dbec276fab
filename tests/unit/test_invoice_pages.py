"""Page breaks, margins and fonts of an invoice's PDF, read back with other people's libraries."""

import re
from dataclasses import replace

import pytest

from billing.domain.invoice import Invoice
from billing.render.invoice_pdf import Branding, render_invoice
from tests.golden.read_pdf import (
    character_boxes,
    characters_of_rows,
    page_texts,
    shown_glyphs,
    totals_of,
)
from tests.golden.sample_invoices import (
    ACCOUNT_1047,
    BUYER,
    WORLD,
    line,
    logo_png,
    with_lines,
)


@pytest.mark.parametrize("count", [2, 20, 45, 200, 1000])
def test_every_line_stands_once_and_whole_and_in_order(count: int) -> None:
    rows = [row for text in page_texts(render_invoice(with_lines(count))) for row in re.findall(r"Seat .*", text)]
    assert rows == [f"Seat {n:04} 2 €0.50 19% €1.00" for n in range(1, count + 1)]


def test_each_page_has_the_head_of_the_table_and_its_number() -> None:
    pages = page_texts(render_invoice(with_lines(200)))
    assert len(pages) > 3
    with_rows = [text for text in pages if "Seat " in text]
    assert all(text.count("Description Quantity Unit price Tax Amount") == 1 for text in with_rows)
    assert [re.findall(r"Page \d+ of \d+", text) for text in pages] == [
        [f"Page {n} of {len(pages)}"] for n in range(1, len(pages) + 1)
    ]
    assert all("Invoice INV-2026-02-0047" in text for text in pages[1:])


def test_a_row_of_several_lines_is_never_cut() -> None:
    rows = tuple(
        line(f"head{n:03}\n" + "filler\n" * (n % 7) + f"tail{n:03}", quantity="1", unit_price="1", amount=100)
        for n in range(90)
    )
    for text in page_texts(render_invoice(replace(ACCOUNT_1047, lines=rows))):
        assert re.findall(r"head(\d+)", text) == re.findall(r"tail(\d+)", text)


def test_a_row_higher_than_a_page_goes_on_on_the_next_one_and_loses_nothing() -> None:
    words = [f"word{n:04}" for n in range(3000)]
    endless = line(" ".join(words), quantity="1", unit_price="1", amount=100)
    pages = page_texts(render_invoice(replace(ACCOUNT_1047, lines=(endless, *ACCOUNT_1047.lines))))
    assert re.findall(r"word\d+", "\n".join(pages)) == words
    assert "word0000" in pages[0]


@pytest.mark.parametrize("count", range(14, 34))
def test_the_totals_stay_together_and_with_a_line(count: int) -> None:
    pages = page_texts(render_invoice(with_lines(count)))
    (closing,) = [text for text in pages if "Subtotal" in text]
    assert len(totals_of(closing)) == 5
    assert f"Seat {count:04}" in closing


def test_long_texts_stay_between_the_margins() -> None:
    long = "Donaudampfschifffahrtsgesellschaftskapitänswitwe" * 8
    invoice = replace(
        ACCOUNT_1047,
        seller=replace(ACCOUNT_1047.seller, name=long, street=long),
        buyer=replace(BUYER, name=f"{long} & Co", street=long, city=long),
        lines=(line(long, quantity="1", unit_price="1", amount=10**17),),
        payment_url=f"https://pay.example.com/{'0123456789' * 30}",
        notes=(long * 20,),
    )
    lefts, rights = zip(*(box[0::2] for box in character_boxes(render_invoice(invoice))), strict=True)
    assert min(lefts) >= 47
    assert max(rights) <= 595.28 - 47


def test_prices_stand_with_their_points_below_each_other() -> None:
    prices = ("0", "-1234.5", "0.0005", "0.0123456", "99")
    rows = tuple(line(f"Row {price}", quantity="1", unit_price=price, amount=100) for price in prices)
    pdf = render_invoice(replace(ACCOUNT_1047, currency="USD", lines=rows))
    points = [left for character, left in characters_of_rows(pdf, starting="Row ") if character == "."]
    unit_prices = [x for x in points if 350 < x < 480]
    assert len(unit_prices) == len(prices)
    assert max(unit_prices) - min(unit_prices) < 0.2


def test_many_scripts_are_shown_as_they_are() -> None:
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, buyer=WORLD)))
    assert "Bill to\nŁódź Ελλάς Россия 株式会社\nNguyễn Đình Chiểu 12 ₹ № ‰\n大阪 서울\nJapan" in text


def test_what_no_font_shows_is_legible_all_the_same() -> None:
    buyer = replace(BUYER, name="Ⲁⲃⲃⲁ \U0001f600 \ue000", street="ܫܠܡ")  # Coptic, a face, private use, Syriac
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, buyer=buyer)))
    assert "Abba :grinning: U+E000\nshlm\n" in text


@pytest.mark.parametrize("invoice", [ACCOUNT_1047, replace(ACCOUNT_1047, buyer=WORLD)], ids=["Latin", "many scripts"])
def test_every_font_is_embedded_and_no_glyph_is_the_empty_box(invoice: Invoice) -> None:
    shown = list(shown_glyphs(render_invoice(invoice, branding=Branding(logo_png=logo_png()))))
    assert len(shown) > 500
    assert all(glyph > 0 for glyph in shown)
