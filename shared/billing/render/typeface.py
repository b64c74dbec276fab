"""The text fonts as PDF fonts: which codes show which characters, and the programs that are embedded.

A simple PDF font has 256 codes. A text font divides its characters into fixed pages of that size, the first with what
nearly all invoices use and no more: every document encodes alike, and the subset, compressed once per process, is
embedded as it is.
"""

import zlib
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path
from threading import Lock

from reportlab.pdfbase.ttfonts import FF_NONSYMBOLIC, FF_SYMBOLIC, TTFontFace

from billing.render.pdf_file import PackedObjects, PdfFile, stream_object
from billing.render.to_unicode import subset_tag, to_unicode

_FOLDER = Path(__file__).parent / "fonts"
_SPACE = 0x20
_FIRST_CODE = 0x21  # codes below the space are control characters to some readers
_CODES = 256 - _FIRST_CODE
_EVERYDAY = (*range(0x21, 0x7F), *map(ord, "€£–−·’"))
_WESTERN = tuple(map(ord, "ÄÖÜäöüßÀÂÇÈÉÊËÎÏÔÙÛàâçèéêëîïôùûœŒÑñÁÍÓÚáíóú¿¡ÅåÆæØøÃãÕõìò«»„“”…—°º§¥"))
_BLOCKS = (
    0x00A0,
    0x0100,
    0x0180,
    0x0250,
    0x0370,
    0x03D0,
    0x0400,
    0x0460,
    0x1E00,
    0x1EA0,
    0x1F00,
    0x2000,
    0x2070,
    0x20A0,
    0x2100,
)  # a script's letters share a page


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
    """A packaged text font. Made by `typefaces`; compared by identity."""

    name: str
    face: TTFontFace = field(repr=False)
    _subsetting: Lock = field(default_factory=Lock, repr=False)

    @cached_property
    def characters(self) -> frozenset[int]:
        """What the font has a glyph for, its empty box aside."""
        return frozenset(character for character, glyph in self.face.charToGlyph.items() if glyph)

    def width(self, character: str) -> float:
        """The advance in thousandths of the type size."""
        return float(self.face.getCharWidth(ord(character)))

    @cached_property
    def pages(self) -> tuple[FontPage, ...]:
        """Every character of the font on fixed pages, the everyday ones first."""
        everyday, western = ([code for code in block if code in self.characters] for block in (_EVERYDAY, _WESTERN))
        others = sorted(self.characters.difference(everyday, western, range(_FIRST_CODE)))
        blocks = [
            everyday,
            western,
            *(list(block) for _, block in groupby(others, lambda character: bisect(_BLOCKS, character))),
        ]
        parts = [block[first : first + _CODES] for block in blocks for first in range(0, len(block), _CODES)]
        return tuple(self._page(part, number=number) for number, part in enumerate(parts))

    @cached_property
    def page_of(self) -> dict[str, FontPage]:
        """The fixed page of each character but the space, which is on all of them."""
        return {character: page for page in self.pages for character in page.codes if character != " "}

    @cached_property
    def everyday_codes(self) -> dict[int, int]:
        """Code by character of the first page, where ASCII has its own codes."""
        return {ord(character): code for character, code in self.pages[0].codes.items()}

    @cached_property
    def everyday_widths(self) -> tuple[float, ...]:
        """Width by code of the first page, in thousandths of the type size."""
        return tuple(float(self.face.getCharWidth(character)) for character in self.pages[0].characters)

    def subset(self, characters: Sequence[int]) -> bytes:
        """The font program that has just these glyphs at their codes."""
        with self._subsetting:  # the face reads its file through one cursor
            return bytes(self.face.makeSubset(list(characters)))

    def _page(self, characters: Sequence[int], *, number: int) -> FontPage:
        """A page for these characters, coded from 33 on in this order; every page has the space at its own code."""
        codes = (*([0] * _SPACE), _SPACE, *characters)
        return FontPage(f"{self.name}{number}", self, codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typefaces:
    """The text fonts by weight."""

    regular: Typeface
    bold: Typeface


@lru_cache(maxsize=1)
def typefaces() -> Typefaces:
    """The text fonts, read from the package once per process."""
    return Typefaces(regular=_load("sans"), bold=_load("sans-bold"))


def embed_font_pages(pages: tuple[FontPage, ...], *, file: PdfFile) -> dict[str, int]:
    """Add fonts to a file; gives their objects' numbers by name. All is made and compressed once per process."""
    first = file.next_number
    for page in pages:
        program = _program(page)
        file.add(program.file)
        file.add(program.unicode_map)
    fonts_at = file.next_number
    file.add_packed(_dictionaries(pages, first, fonts_at))
    return {page.name: fonts_at + 2 * place for place, page in enumerate(pages)}


@lru_cache(maxsize=64)
def _dictionaries(pages: tuple[FontPage, ...], programs_at: int, fonts_at: int) -> PackedObjects:
    """Each font with its descriptor, which refer to the program and the Unicode map that were added before."""
    bodies = []
    for place, page in enumerate(pages):
        program, streams_at = _program(page), programs_at + 2 * place
        descriptor_at = fonts_at + 2 * place + 1
        bodies.append(f"<<{program.font}/ToUnicode {streams_at + 1} 0 R/FontDescriptor {descriptor_at} 0 R>>")
        bodies.append(f"<<{program.descriptor}/FontFile2 {streams_at} 0 R>>")
    return PackedObjects.pack(bodies, first=fonts_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """The font's objects as they are written, but for their references to each other."""

    font: str
    descriptor: str
    file: bytes
    unicode_map: bytes


@lru_cache(maxsize=64)
def _program(page: FontPage) -> _Program:
    face, first, last = page.typeface.face, _SPACE, len(page.characters) - 1
    program = page.typeface.subset(page.characters)
    name = f"{subset_tag(page.characters)}+{face.name.decode('ascii')}"
    widths = " ".join(f"{face.getCharWidth(character):g}" for character in page.characters[first:])
    box = " ".join(f"{edge:g}" for edge in face.bbox)
    font = f"/Type /Font /Subtype /TrueType /BaseFont /{name} /FirstChar {first} /LastChar {last} /Widths [{widths}]"
    descriptor = (
        f"/Type /FontDescriptor /FontName /{name} /Flags {face.flags & ~FF_NONSYMBOLIC | FF_SYMBOLIC} "
        f"/FontBBox [{box}] /ItalicAngle {face.italicAngle:g} /Ascent {face.ascent:g} /Descent {face.descent:g} "
        f"/CapHeight {face.capHeight:g} /StemV {face.stemV:g} /MissingWidth {face.defaultWidth:g}"
    )
    texts = {code: chr(character) for code, character in enumerate(page.characters) if character}
    unicode_map = zlib.compress(to_unicode(name, texts, digits=2), 9)
    return _Program(
        font=font,
        descriptor=descriptor,
        file=stream_object(f"/Filter /FlateDecode /Length1 {len(program)}", zlib.compress(program, 9)),
        unicode_map=stream_object("/Filter /FlateDecode", unicode_map),
    )


def _load(name: str) -> Typeface:
    return Typeface(name, TTFontFace(str(_FOLDER / f"{name}.ttf")))
