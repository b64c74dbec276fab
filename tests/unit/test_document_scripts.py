"""Names in the world's scripts: shaped, in reading order, and copied out as they were written."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.render.invoice_pdf import Branding, render_invoice
from billing.render.reading_order import stretches
from billing.render.sheet import set_line
from billing.render.typesetting import FixedRun, ShapedRun, typeset
from billing.render.wrapping import wrap
from tests.golden.read_pdf import embedded_glyphs, page_texts, reader, shown_glyphs
from tests.golden.sample_invoices import ACCOUNT_1047, BUYER

NAMES = {
    "arabic": "شركة التجارة",
    "armenian": "Հայաստան ընկերություն",
    "bengali": "বাংলাদেশ প্রযুক্তি",
    "devanagari": "हिन्दी क्षेत्र प्रौद्योगिकी",
    "ethiopic": "አማርኛ ድርጅት",
    "georgian": "საქართველოს ბანკი",
    "gujarati": "ગુજરાતી કંપની",
    "gurmukhi": "ਪੰਜਾਬੀ ਕੰਪਨੀ",
    "han": "株式会社大阪",
    "hangul": "서울상사",
    "hebrew": "חברת השלום",
    "kannada": "ಕನ್ನಡ ಸಂಸ್ಥೆ",
    "khmer": "ក្រុមហ៊ុន ខ្មែរ",
    "lao": "ບໍລິສັດ ລາວ",
    "malayalam": "മലയാളം കമ്പനി",
    "myanmar": "မြန်မာ ကုမ္ပဏီ",
    "sinhala": "සිංහල සමාගම",
    "tamil": "தமிழ்நாடு மென்பொருள்",
    "telugu": "తెలుగు సంస్థ",
    "thai": "บริษัท กรุงเทพการค้า จำกัด",
}


@pytest.mark.parametrize("script", NAMES)
def test_a_name_in_its_script_has_every_glyph_and_is_copied_as_it_was_written(script: str) -> None:
    pdf = render_invoice(replace(ACCOUNT_1047, buyer=replace(BUYER, name=NAMES[script])))
    (text,) = page_texts(pdf)
    assert NAMES[script] in text
    assert all(glyph > 0 for glyph in shown_glyphs(pdf))
    fonts = reader(pdf).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    assert f"/{script}" in fonts
    assert embedded_glyphs(fonts[f"/{script}"].get_object())


def test_letters_that_join_are_drawn_as_one_and_not_in_their_isolated_forms() -> None:
    (run,) = typeset("لا").runs  # lam and alef are one glyph
    assert isinstance(run, ShapedRun)
    assert [glyph.text for glyph in run.glyphs] == ["لا"]
    (run,) = typeset("क्ष").runs  # three characters, one conjunct
    assert isinstance(run, ShapedRun)
    assert len(run.glyphs) == 1


def test_a_vowel_that_is_written_before_its_consonant_is_drawn_before_it() -> None:
    (run,) = typeset("हि").runs
    assert isinstance(run, ShapedRun)
    assert len(run.glyphs) == 2
    plain, vowel = typeset("ह").runs[0], run.glyphs[0]
    assert isinstance(plain, ShapedRun)
    assert run.glyphs[1].number == plain.glyphs[0].number
    assert vowel.number != plain.glyphs[0].number


@pytest.mark.parametrize(
    ("text", "from_left_to_right"),
    [
        ("abc", ["abc"]),
        ("אבג abc", ["abc", "אבג "]),  # a Hebrew paragraph: it begins on the right
        ("abc אבג 12", ["abc ", "12", "אבג "]),  # numbers among Hebrew keep their own direction
        ("abc (אבג) def", ["abc (", "אבג", ") def"]),
    ],
)
def test_mixed_directions_stand_as_unicode_says(text: str, from_left_to_right: list[str]) -> None:
    assert [stretch.text for stretch in stretches(text)] == from_left_to_right


def test_brackets_face_each_other_in_text_that_reads_leftwards() -> None:
    operands = [run.operand for run in typeset("(אב)").runs if isinstance(run, FixedRun)]
    assert operands == [r"(\()", r"(\))"]


def test_a_paragraph_that_reads_leftwards_does_so_on_each_of_its_lines() -> None:
    lines = wrap("שלום עולם Acme Ltd", width=50, size=9)
    assert len(lines) > 1
    assert all(line.startswith("\u200f") for line in lines)
    assert all(line.startswith("S") for line in wrap("Shalom שלום עולם", width=500, size=9))


@pytest.mark.parametrize(
    ("text", "never_first"),
    [("กรุงเทพมหานครอมรรตนโกสินทร์", "ุิำา์ะ"), ("प्रौद्योगिकीक्षेत्र", "\u094d\u093f\u0940\u094c\u094b\u0947")],
)
def test_a_line_never_begins_with_a_sign_of_the_line_before(text: str, never_first: str) -> None:
    lines = wrap(text, width=20, size=9)
    assert "".join(lines) == text
    assert len(lines) > 2
    assert [line for line in lines if line[0] in never_first] == []


def test_a_thai_vowel_that_is_written_first_stays_with_its_consonant() -> None:
    assert [line for line in wrap("แมวโคไก่" * 6, width=24, size=9) if line[-1] in "แโไ"] == []


def test_a_script_without_a_bold_font_is_thickened() -> None:
    assert "2 Tr" in set_line("株式会社", 9.0, bold=True).shown
    assert "2 Tr" not in set_line("株式会社", 9.0).shown


def test_one_page_in_latin_with_embedded_fonts_is_below_thirty_kilobytes() -> None:
    assert len(render_invoice(ACCOUNT_1047)) < 30_000
    with_scripts = replace(ACCOUNT_1047, buyer=replace(BUYER, name=NAMES["han"], street=NAMES["thai"]))
    assert len(render_invoice(with_scripts, branding=Branding())) < 36_000


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30), st.booleans())
def test_any_text_is_drawn_without_an_empty_box(text: str, bold: bool) -> None:
    line = typeset(text, bold=bold)
    assert line.em_width >= 0
    for run in line.runs:
        if isinstance(run, ShapedRun):
            assert all(glyph.number > 0 for glyph in run.glyphs)
    assert set_line(text, 9.0, bold).shown.isascii()


@given(
    st.text(alphabet=st.sampled_from("abc 12().,אבגشركةกำเ्षि株서\u200d\u200c\u200f"), max_size=40),
    st.floats(min_value=20, max_value=200),
)
def test_lines_hold_all_of_a_text_and_fit(text: str, width: float) -> None:
    lines = wrap(text, width=width, size=9)
    kept = "".join(lines).replace("\u200f", "")
    assert "".join(kept.split()) == "".join(text.replace("\u200f", "").split())
    for line in lines:
        if len(line) > 8:  # a cluster alone may be wider than any line
            assert typeset(line).width(9) <= width + 0.1
