"""Text to glyph runs: which font shows which part of a line, and how wide it is.

What no packaged font has is transliterated, and what has no transliteration is written as U+XXXX: the reader may not
like it, but can read it, and never meets an empty box. So it goes with scripts whose letters join or stack.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby
from operator import itemgetter

from anyascii import anyascii

from billing.render.typeface import FontPage, Typeface, typefaces

BLANKS = " \t\r\n\f\v\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000"  # where a line may break
_BLANK = re.compile(f"[{BLANKS}\N{NO-BREAK SPACE}]+")
_INVISIBLE = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # variation selectors
_NEEDS_ESCAPE = re.compile(r"[()\\]")


@dataclass(frozen=True, slots=True)
class FixedRun:
    """Glyphs of one fixed page; `operand` is the string as a content stream writes it."""

    page: FontPage
    operand: str


@dataclass(frozen=True, slots=True)
class FreeRun:
    """Text in a typeface whose codes each document assigns on its own."""

    typeface: Typeface
    text: str


Run = FixedRun | FreeRun


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
    text = _drawable(text)
    try:
        codes, _ = codecs.charmap_encode(text, "strict", typeface.everyday_codes)
    except UnicodeEncodeError:
        return _typeset_mixed(text, typeface=typeface)
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
    return "".join(c for c in blanked if unicodedata.category(c) not in {"Cc", "Cf"})


_Source = FontPage | Typeface


def _typeset_mixed(text: str, *, typeface: Typeface) -> SetText:
    placed = list(_placed(text, typeface=typeface))
    runs: list[Run] = []
    em_width = 0.0
    for source, part in groupby(placed, key=itemgetter(0)):
        shown = "".join(character for _, character in part)
        if isinstance(source, FontPage):
            runs.append(FixedRun(source, string_operand(bytes(map(source.codes.__getitem__, shown)))))
            em_width += sum(map(source.typeface.width, shown))
        else:
            runs.append(FreeRun(source, shown))
            em_width += sum(map(source.width, shown))
    return SetText(tuple(runs), em_width)


def _placed(text: str, *, typeface: Typeface) -> Iterator[tuple[_Source, str]]:
    source: _Source = typeface.pages[0]
    for character in chain.from_iterable(map(_legible, text)):
        if character != " ":  # a space stays in the run that it follows: each font has one
            source = _source(character, typeface=typeface)
        yield source, character


def _source(character: str, *, typeface: Typeface) -> _Source:
    return typeface.page_of.get(character) or next(
        fallback for fallback in typefaces().fallbacks() if fallback.shows(character)
    )


@lru_cache(maxsize=4096)
def _legible(character: str) -> str:
    if character in typefaces().regular.page_of or character == " ":
        return character
    if any(fallback.shows(character) for fallback in typefaces().fallbacks()):
        return character
    if unicodedata.category(character).startswith("M"):
        return anyascii(character)  # a sign on a letter may have no letter of its own
    return anyascii(character) or f"U+{ord(character):04X}"
