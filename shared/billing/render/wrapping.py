"""Where lines break."""

import re
import unicodedata
from collections.abc import Iterator

from billing.render.typesetting import BLANKS, LEFTWARDS, RIGHT_TO_LEFT_MARK, typeset

_IDEOGRAPHS = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef"  # a line may break before and after each
_ATOM = re.compile(f"(?P<blank>[{BLANKS}]*)(?P<atom>[{_IDEOGRAPHS}]|[^{BLANKS}{_IDEOGRAPHS}]+)")

_STACKER = re.compile(
    "[\u200d\u094d\u09cd\u0a4d\u0acd\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u1039\u17d2]$"
)  # joins what follows
_LEADING_VOWELS, _TRAILING_VOWELS = "เแโใไເແໂໃໄ", "ะาำๅๆະາຳ"  # Thai and Lao: of the letter that follows, or precedes
_ADDRESS_PARTS = re.compile(r"[^/?&=]*[/?&=]+|[^/?&=]+")  # where an address that is wider than the line may break


def wrap(text: str, *, width: float, size: float, bold: bool = False) -> tuple[str, ...]:
    """Break text into lines of at most `width` points at type `size`; at least one line, which may be empty.

    Lines break at the text's own line ends, then at blanks and around ideographs; a word that is wider than the line
    breaks where the line ends, between what a reader takes for letters. The lines of a paragraph that reads from right
    to left begin with a mark, so that each of them does.
    """
    limit = width * 1000 / size
    paragraphs = text.splitlines() or [""]
    return tuple(line for paragraph in paragraphs for line in _directed_lines(paragraph, limit=limit, bold=bold))


def _directed_lines(paragraph: str, *, limit: float, bold: bool) -> Iterator[str]:
    mark = RIGHT_TO_LEFT_MARK if LEFTWARDS.search(paragraph) and _reads_leftwards(paragraph) else ""
    for line in _lines(paragraph, limit=limit, bold=bold):
        yield mark + line


def _reads_leftwards(paragraph: str) -> bool:
    from billing.render.reading_order import reads_leftwards

    return reads_leftwards(paragraph)


def _lines(paragraph: str, *, limit: float, bold: bool) -> Iterator[str]:
    if typeset(paragraph, bold=bold).em_width <= limit:
        yield paragraph
        return
    line, taken = "", 0.0
    for blank, atom in _atoms(paragraph, limit=limit, bold=bold):
        wide = typeset(blank + atom, bold=bold).em_width
        if line and taken + wide > limit:
            yield line
            line, taken = atom, typeset(atom, bold=bold).em_width
        else:
            line, taken = line + blank + atom, taken + wide
    yield line


def _atoms(paragraph: str, *, limit: float, bold: bool) -> Iterator[tuple[str, str]]:
    for match in _ATOM.finditer(paragraph):
        blank = " " if match["blank"] else ""
        for part in _parts(match["atom"], limit=limit, bold=bold):
            yield blank, part
            blank = ""


def _parts(atom: str, *, limit: float, bold: bool) -> Iterator[str]:
    if typeset(atom, bold=bold).em_width <= limit:
        yield atom
    elif len(parts := _ADDRESS_PARTS.findall(atom)) > 1:
        for part in parts:
            yield from _parts(part, limit=limit, bold=bold)
    else:
        yield from _letters(atom)


def _letters(text: str) -> Iterator[str]:
    """Letters with what stands on, below or around them, as a reader counts them: no line breaks within."""
    letter = ""
    for character in text:
        joined = unicodedata.category(character).startswith("M") or character in _TRAILING_VOWELS
        if letter and not (joined or _STACKER.search(letter) or letter[-1] in _LEADING_VOWELS):
            yield letter
            letter = ""
        letter += character
    yield letter
