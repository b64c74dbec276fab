"""Where lines break."""

import re
from collections.abc import Iterator

from billing.render.typesetting import BLANKS, typeset

_IDEOGRAPHS = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef"  # a line may break before and after each
_ATOM = re.compile(f"(?P<blank>[{BLANKS}]*)(?P<atom>[{_IDEOGRAPHS}]|[^{BLANKS}{_IDEOGRAPHS}]+)")

_ADDRESS_PARTS = re.compile(r"[^/?&=]*[/?&=]+|[^/?&=]+")  # where an address that is wider than the line may break


def wrap(text: str, *, width: float, size: float, bold: bool = False) -> tuple[str, ...]:
    """Break text into lines of at most `width` points at type `size`; at least one line, which may be empty.

    Lines break at the text's own line ends, then at blanks and around ideographs; a word that is wider than the line
    breaks where the line ends.
    """
    limit = width * 1000 / size
    paragraphs = text.splitlines() or [""]
    return tuple(line for paragraph in paragraphs for line in _lines(paragraph, limit=limit, bold=bold))


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
        yield from atom
