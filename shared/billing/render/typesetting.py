"""Text to glyph runs: which font shows which part of a line, in which order, and how wide it is.

What no packaged font has is transliterated, and what has no transliteration is written as U+XXXX: the reader may not
like it, but can read it, and never meets an empty box.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from anyascii import anyascii

from billing.render.typeface import FontPage, Typeface, typefaces

if TYPE_CHECKING:  # read when a text asks for them: Latin invoices need neither HarfBuzz nor python-bidi
    from billing.render.script_font import Glyph, ScriptFont

BLANKS = " \t\r\n\f\v\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000"  # where a line may break
JOINERS = "\u200c\u200d"
RIGHT_TO_LEFT_MARK = "\u200f"
_LAST_TEXT_LETTER = "\u052f"  # Cyrillic is the last script before those that have fonts of their own
_BLANK = re.compile(f"[{BLANKS}\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]+")
_INVISIBLE = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # variation selectors
_NEEDS_ESCAPE = re.compile(r"[()\\]")
LEFTWARDS = re.compile("[\u0590-\u06ff\u0750-\u077f\u200f\ufb1d-\ufb4f]")  # and what marks a line of them


@dataclass(frozen=True, slots=True)
class FixedRun:
    """Glyphs of one fixed page; `operand` is the string as a content stream writes it."""

    page: FontPage
    operand: str


@dataclass(frozen=True, slots=True)
class ShapedRun:
    """Glyphs of a script's own font; `text` is what they say, in the order in which it is read."""

    font: "ScriptFont"
    glyphs: "tuple[Glyph, ...]"
    text: str
    leftwards: bool


Run = FixedRun | ShapedRun


@dataclass(frozen=True, slots=True)
class SetText:
    """A line ready to draw; `em_width` is its width in thousandths of the type size."""

    runs: tuple[Run, ...]
    em_width: float

    def width(self, size: float) -> float:
        """The width in points at a type size."""
        return self.em_width * size / 1000


@lru_cache(maxsize=16_384)
def typeset(text: str, *, bold: bool = False) -> SetText:
    """Find the glyphs of one line of text. Any text will do: what can't be shown as it is gets a legible stand-in."""
    typeface = typefaces().bold if bold else typefaces().regular
    try:
        codes, _ = codecs.charmap_encode(_drawable(text), "strict", typeface.everyday_codes)
    except UnicodeEncodeError:
        return _typeset_mixed(_drawable(text), typeface=typeface)
    run = FixedRun(typeface.pages[0], string_operand(codes))
    return SetText((run,), sum(map(typeface.everyday_widths.__getitem__, codes)))


def string_operand(codes: bytes) -> str:
    """A string of codes as a content stream writes it: readable where it can be, else in hexadecimal."""
    if codes.isascii():
        escaped = _NEEDS_ESCAPE.sub(r"\\\g<0>", codes.decode("ascii"))
        return f"({escaped})"
    return f"<{codes.hex()}>"


def _drawable(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    blanked = _BLANK.sub(" ", unicodedata.normalize("NFC", _INVISIBLE.sub("", text)))
    shapes = JOINERS + RIGHT_TO_LEFT_MARK  # these say how their neighbours are drawn
    return "".join(c for c in blanked if c in shapes or unicodedata.category(c) not in {"Cc", "Cf"})


def _typeset_mixed(text: str, *, typeface: Typeface) -> SetText:
    runs: list[Run] = []
    em_width = 0.0
    for stretch, leftwards in _directed("".join(map(_legible, text))):
        parts = [
            (source, "".join(character for _, character in part))
            for source, part in groupby(_placed(stretch, typeface=typeface), key=itemgetter(0))
        ]
        for source, part in reversed(parts) if leftwards else parts:
            run, width = _run(source, part, leftwards=leftwards)
            runs.append(run)
            em_width += width
    return SetText(tuple(runs), em_width)


def _directed(text: str) -> Iterator[tuple[str, bool]]:
    """The text's stretches from left to right, each with whether it reads leftwards."""
    if not LEFTWARDS.search(text):
        yield text, False
        return
    from billing.render.reading_order import stretches

    for stretch in stretches(text):
        if legible := stretch.text.replace(RIGHT_TO_LEFT_MARK, ""):
            yield legible, stretch.leftwards


def _run(source: "FontPage | ScriptFont", text: str, *, leftwards: bool) -> tuple[Run, float]:
    if not isinstance(source, FontPage):
        glyphs = source.shape(text, leftwards=leftwards)
        return ShapedRun(source, glyphs, text, leftwards), sum(glyph.advance for glyph in glyphs)
    if leftwards:
        from billing.render.reading_order import mirrored

        text = mirrored(text)
    operand = string_operand(bytes(map(source.codes.__getitem__, text)))
    return FixedRun(source, operand), sum(map(source.typeface.width, text))


def _placed(text: str, *, typeface: Typeface) -> Iterator[tuple["FontPage | ScriptFont", str]]:
    source: FontPage | ScriptFont = typeface.pages[0]
    for character in text:
        if isinstance(source, FontPage):
            if character in JOINERS:
                continue  # nothing to join
            if character != " ":  # a space stays in the run that it follows: each font has one
                source = _source(character, typeface=typeface)
        elif ord(character) not in source.characters:
            source = _source(character, typeface=typeface)
        yield source, character


def _source(character: str, *, typeface: Typeface) -> "FontPage | ScriptFont":
    return typeface.page_of.get(character) or _script_font(character) or typeface.pages[0]


def _script_font(character: str) -> "ScriptFont | None":
    if character <= _LAST_TEXT_LETTER:
        return None
    from billing.render.script_font import font_for

    return font_for(character)


@lru_cache(maxsize=4096)
def _legible(character: str) -> str:
    if character in typefaces().regular.page_of or character == " " or character in JOINERS:
        return character
    if _script_font(character):
        return character
    if unicodedata.category(character).startswith("M"):
        return anyascii(character)  # a sign on a letter may have no letter of its own
    return anyascii(character) or f"U+{ord(character):04X}"
