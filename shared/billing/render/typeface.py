"""The packaged fonts as PDF fonts: which codes show which characters, and the programs that are embedded.

A simple PDF font has 256 codes. A typeface for everyday text divides its characters into fixed pages of that size, the
first one with what Latin invoices use: every document encodes alike, and the subset, compressed once per process, is
embedded as it is. For ideographs that would embed thousands of idle glyphs; there a document assigns its own codes.
"""

import zlib
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path
from threading import Lock

from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFDocument, PDFName, PDFObject, PDFObjectReference, PDFStream
from reportlab.pdfbase.ttfonts import FF_NONSYMBOLIC, FF_SYMBOLIC, TTFontFace

_FOLDER = Path(__file__).parent / "fonts"
_SPACE = 0x20
_FIRST_CODE = 0x21  # codes below the space are control characters to some readers
_CODES = 256 - _FIRST_CODE
_EVERYDAY = (
    *range(0x21, 0x7F),
    *range(0xA1, 0xAD),
    *range(0xAE, 0x100),
    *map(ord, "‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ€−‐‑№ẞ₹₽₩"),
)
_BLOCKS = (0x0100, 0x0180, 0x0250, 0x0370, 0x0400, 0x1E00, 0x1F00, 0x2000)  # a script's letters share a page


@dataclass(frozen=True, eq=False)
class FontPage:
    """One PDF font: `characters[code]` is what a code shows (0 where it shows nothing). Compared by identity."""

    name: str
    typeface: "Typeface" = field(repr=False)
    characters: tuple[int, ...] = field(repr=False)

    @cached_property
    def codes(self) -> dict[str, int]:
        """The code that shows a character."""
        return {chr(character): code for code, character in enumerate(self.characters) if character}


@dataclass(frozen=True, eq=False)
class Typeface:
    """A packaged font. Made by `typefaces`; compared by identity."""

    name: str
    face: TTFontFace = field(repr=False)
    _subsetting: Lock = field(default_factory=Lock, repr=False)

    @cached_property
    def characters(self) -> frozenset[int]:
        """What the font has a glyph for, its empty box aside."""
        return frozenset(character for character, glyph in self.face.charToGlyph.items() if glyph)

    def shows(self, character: str) -> bool:
        """Whether the font has a glyph for it."""
        return ord(character) in self.characters

    def width(self, character: str) -> float:
        """The advance in thousandths of the type size."""
        return float(self.face.getCharWidth(ord(character)))

    @cached_property
    def pages(self) -> tuple[FontPage, ...]:
        """Every character of the font on fixed pages, the everyday ones first."""
        everyday = [character for character in _EVERYDAY if character in self.characters]
        others = sorted(self.characters.difference(everyday, range(_FIRST_CODE)))
        blocks = [
            everyday,
            *(list(block) for _, block in groupby(others, lambda character: bisect(_BLOCKS, character))),
        ]
        parts = [block[first : first + _CODES] for block in blocks for first in range(0, len(block), _CODES)]
        return tuple(self.page(part, number=number) for number, part in enumerate(parts))

    @cached_property
    def page_of(self) -> dict[str, FontPage]:
        """The fixed page of each character but the space, which is on all of them."""
        return {character: page for page in self.pages for character in page.codes if character != " "}

    @cached_property
    def everyday_codes(self) -> dict[int, int]:
        """Code by character of the first page: ASCII at its own codes, Latin-1, typographic and currency signs."""
        return {ord(character): code for character, code in self.pages[0].codes.items()}

    @cached_property
    def everyday_widths(self) -> tuple[float, ...]:
        """Width by code of the first page, in thousandths of the type size."""
        return tuple(float(self.face.getCharWidth(character)) for character in self.pages[0].characters)

    def page(self, characters: Sequence[int], *, number: int) -> FontPage:
        """A page for these characters, coded from 33 on in this order; every page has the space at its own code."""
        codes = (*([0] * _SPACE), _SPACE, *characters)
        return FontPage(f"{self.name}{number}", self, codes)

    def subset(self, characters: Sequence[int]) -> bytes:
        """The font program that has just these glyphs at their codes."""
        with self._subsetting:  # the face reads its file through one cursor
            return bytes(self.face.makeSubset(list(characters)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Typefaces:
    """The fonts by role."""

    regular: Typeface
    bold: Typeface

    @staticmethod
    def fallbacks() -> Iterator[Typeface]:
        """The fonts to ask, in this order, for what the text fonts lack; large, so each is read when it is asked."""
        yield _load("han")
        yield _load("hangul")


@lru_cache(maxsize=1)
def typefaces() -> Typefaces:
    """The text fonts, read from the package once per process."""
    return Typefaces(regular=_load("sans"), bold=_load("sans-bold"))


def embed(page: FontPage, *, document: PDFDocument, fixed: bool) -> PDFObjectReference:
    """Add the font that shows `page` to a document; `fixed` pages are subset and compressed once per process."""
    program = _embedded_once(page) if fixed else _embedded(page)
    file = document.Reference(_stream(program.file, Length1=program.length), f"{page.name}.file")
    unicode_map = document.Reference(_stream(program.unicode_map), f"{page.name}.unicode")
    descriptor = document.Reference(_Written(program.descriptor, FontFile2=file), f"{page.name}.descriptor")
    font = _Written(program.font, ToUnicode=unicode_map, FontDescriptor=descriptor)
    reference: PDFObjectReference = document.Reference(font, f"{page.name}.font")
    return reference


class _Written(PDFObject):
    """A dictionary whose entries are written already, but for its references, which each document numbers anew."""

    def __init__(self, entries: str, **references: PDFObjectReference) -> None:
        self._entries = entries
        self._references = references

    def format(self, document: PDFDocument) -> bytes:
        """The dictionary as reportlab asks for it."""
        references = (f"/{key} {reference.format(document).decode()}" for key, reference in self._references.items())
        return f"<< {self._entries} {' '.join(references)} >>".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    font: str
    descriptor: str
    file: bytes
    length: int
    unicode_map: bytes


@lru_cache(maxsize=64)
def _embedded_once(page: FontPage) -> _Program:
    return _embedded(page)


def _embedded(page: FontPage) -> _Program:
    face, last = page.typeface.face, len(page.characters) - 1
    program = page.typeface.subset(page.characters)
    name = f"{_subset_tag(page)}+{face.name.decode('ascii')}"
    widths = " ".join(f"{face.getCharWidth(character):g}" for character in page.characters)
    box = " ".join(f"{edge:g}" for edge in face.bbox)
    return _Program(
        font=f"/Type /Font /Subtype /TrueType /BaseFont /{name} /FirstChar 0 /LastChar {last} /Widths [{widths}]",
        descriptor=f"/Type /FontDescriptor /FontName /{name} /Flags {face.flags & ~FF_NONSYMBOLIC | FF_SYMBOLIC} "
        f"/FontBBox [{box}] /ItalicAngle {face.italicAngle:g} /Ascent {face.ascent:g} /Descent {face.descent:g} "
        f"/CapHeight {face.capHeight:g} /StemV {face.stemV:g} /MissingWidth {face.defaultWidth:g}",
        file=zlib.compress(program, 9),
        length=len(program),
        unicode_map=zlib.compress(_unicode_map(name, page.characters), 9),
    )


def _unicode_map(name: str, characters: Sequence[int]) -> bytes:
    """The CMap that says which text the codes stand for (ISO 32000-1, 9.10.3), a hundred to a block at most."""
    pairs = [
        f"<{code:02X}> <{chr(character).encode('utf-16-be').hex().upper()}>"
        for code, character in enumerate(characters)
        if character
    ]
    blocks = [pairs[first : first + 100] for first in range(0, len(pairs), 100)]
    return "\n".join(
        (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            f"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def /CMapName /{name} def",
            "/CMapType 2 def 1 begincodespacerange <00> <FF> endcodespacerange",
            *(f"{len(block)} beginbfchar {' '.join(block)} endbfchar" for block in blocks),
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        )
    ).encode("ascii")


def _subset_tag(page: FontPage) -> str:
    # six capital letters, different for different subsets of one font (ISO 32000-1, 9.6.4)
    number = zlib.crc32(repr(page.characters).encode())
    return "".join(chr(ord("A") + number // 26**place % 26) for place in range(6))


def _stream(content: bytes, **entries: object) -> PDFStream:
    return PDFStream(PDFDictionary({"Filter": PDFName("FlateDecode"), **entries}), content)


@lru_cache(maxsize=8)
def _load(name: str) -> Typeface:
    return Typeface(name, TTFontFace(str(_FOLDER / f"{name}.ttf")))
