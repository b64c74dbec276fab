"""The packaged fonts of scripts beyond Latin, Greek and Cyrillic: shaped by HarfBuzz, embedded glyph by glyph.

A document embeds just the glyphs that it shows, under the numbers that the font gives them, so that shaped text is
written alike in every document. Each font is read when a text first asks for it.
"""

import zlib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import uharfbuzz

from billing.render.pdf_file import PdfFile, stream_object
from billing.render.to_unicode import subset_tag, to_unicode

_FOLDER = Path(__file__).parent / "fonts"
_BLOCKS = (  # where a script's characters begin, and its font; "" where there is none
    (0x0000, ""),
    (0x0530, "armenian"),
    (0x0590, "hebrew"),
    (0x0600, "arabic"),
    (0x0700, ""),
    (0x0750, "arabic"),
    (0x0780, ""),
    (0x0900, "devanagari"),
    (0x0980, "bengali"),
    (0x0A00, "gurmukhi"),
    (0x0A80, "gujarati"),
    (0x0B00, ""),
    (0x0B80, "tamil"),
    (0x0C00, "telugu"),
    (0x0C80, "kannada"),
    (0x0D00, "malayalam"),
    (0x0D80, "sinhala"),
    (0x0E00, "thai"),
    (0x0E80, "lao"),
    (0x0F00, ""),
    (0x1000, "myanmar"),
    (0x10A0, "georgian"),
    (0x1100, ""),
    (0x1200, "ethiopic"),
    (0x1380, ""),
    (0x1780, "khmer"),
    (0x1800, ""),
    (0x1C90, "georgian"),
    (0x1CC0, ""),
    (0x3000, "han"),
    (0x3130, "hangul"),
    (0x3190, "han"),
    (0xA000, ""),
    (0xA8E0, "devanagari"),
    (0xA900, ""),
    (0xAC00, "hangul"),
    (0xD7B0, ""),
    (0xF900, "han"),
    (0xFB00, ""),
    (0xFB1D, "hebrew"),
    (0xFB50, ""),
    (0xFD3E, "arabic"),
    (0xFD40, ""),
    (0xFE30, "han"),
    (0xFE50, ""),
    (0xFF01, "han"),
    (0xFFEF, ""),
)
_STARTS = tuple(start for start, _ in _BLOCKS)
_TABLES = ("glyf", "loca", "head", "hhea", "hmtx", "maxp", "post", "name", "OS/2", "cvt ", "fpgm", "prep")
_SYMBOLIC = 4


@dataclass(frozen=True, slots=True)
class Glyph:
    """A glyph where shaping put it: thousandths of the type size, offsets from the pen; `text` is what it stands for.

    Of several glyphs that stand for one text, or of one that stands for several letters, the first has all of it.
    """

    number: int
    advance: float
    x_offset: float
    y_offset: float
    text: str


@dataclass(frozen=True, eq=False)
class ScriptFont:
    """A packaged font of one script or a few. Made by `script_font`; compared by identity."""

    name: str
    _face: Any = field(repr=False)
    _font: Any = field(repr=False)

    @cached_property
    def characters(self) -> frozenset[int]:
        """What the font has a glyph for."""
        return frozenset(self._face.unicodes)

    def shape(self, text: str, *, leftwards: bool) -> tuple[Glyph, ...]:
        """The glyphs of a text of one direction, from left to right."""
        buffer = uharfbuzz.Buffer()
        buffer.add_str(text)
        buffer.direction = "rtl" if leftwards else "ltr"
        buffer.guess_segment_properties()
        uharfbuzz.shape(self._font, buffer)
        starts = sorted({info.cluster for info in buffer.glyph_infos})
        ends = dict(zip(starts, [*starts[1:], len(text)], strict=True))
        scale = 1000 / self._face.upem
        glyphs = []
        for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            end = ends.pop(info.cluster, None)
            glyphs.append(
                Glyph(
                    info.codepoint,
                    position.x_advance * scale,
                    position.x_offset * scale,
                    position.y_offset * scale,
                    "" if end is None else text[info.cluster : end],
                )
            )
        return tuple(glyphs)

    def width(self, glyph: int) -> float:
        """A glyph's own advance in thousandths of the type size."""
        return float(self._font.get_glyph_h_advance(glyph)) * 1000 / float(self._face.upem)

    def program(self, glyphs: tuple[int, ...]) -> bytes:
        """The font with just these glyphs, still under their numbers."""
        wanted = uharfbuzz.SubsetInput()
        wanted.unicode_set.clear()
        wanted.glyph_set.update(glyphs)
        wanted.flags = (
            uharfbuzz.SubsetFlags.RETAIN_GIDS
            | uharfbuzz.SubsetFlags.NO_LAYOUT_CLOSURE
            | uharfbuzz.SubsetFlags.NO_HINTING
            | uharfbuzz.SubsetFlags.NOTDEF_OUTLINE
        )
        dropped = set(self._face.table_tags).difference(_TABLES)
        wanted.drop_table_tag_set.update([int.from_bytes(tag.encode("ascii"), "big") for tag in dropped])
        return bytes(uharfbuzz.subset(self._face, wanted).blob.data)

    @cached_property
    def descriptor(self) -> str:
        """What its descriptor says beside the names, in thousandths of the type size."""
        extents = self._font.get_font_extents("ltr")
        scale = 1000 / self._face.upem
        ascent, descent = extents.ascender * scale, extents.descender * scale
        return (
            f"/Flags {_SYMBOLIC} /FontBBox [-1000 {descent:g} 2500 {ascent:g}] /ItalicAngle 0 "
            f"/Ascent {ascent:g} /Descent {descent:g} /CapHeight {ascent:g} /StemV 80"
        )


def font_for(character: str) -> ScriptFont | None:
    """The packaged font that has this character, or None."""
    name = _BLOCKS[bisect_right(_STARTS, ord(character)) - 1][1]
    if not name:
        return None
    font = script_font(name)
    return font if ord(character) in font.characters else None


@lru_cache(maxsize=32)
def script_font(name: str) -> ScriptFont:
    """Read a packaged font, once per process."""
    face = uharfbuzz.Face((_FOLDER / f"{name}.ttf").read_bytes())
    return ScriptFont(name, face, uharfbuzz.Font(face))


def embed_script_font(font: ScriptFont, *, texts: Mapping[int, str], file: PdfFile) -> int:
    """Add the font with the glyphs of `texts` (what each stands for) to a file; gives its object's number."""
    numbers = tuple(sorted(texts))
    program = _program(font, numbers)
    name = f"{subset_tag(numbers)}+Billing{font.name.capitalize()}"
    widths = " ".join(f"{number} [{font.width(number):g}]" for number in numbers)
    program_at = file.add(stream_object(f"/Filter /FlateDecode /Length1 {program.length}", program.content))
    unicode_map = zlib.compress(to_unicode(name, texts, digits=4))
    unicode_at = file.add(stream_object("/Filter /FlateDecode", unicode_map))
    descriptor_at = file.add(
        f"<< /Type /FontDescriptor /FontName /{name} {font.descriptor} /FontFile2 {program_at} 0 R >>".encode("ascii")
    )
    descendant_at = file.add(
        f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDToGIDMap /Identity /DW 0 /W [{widths}] "
        f"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
        f"/FontDescriptor {descriptor_at} 0 R >>".encode("ascii")
    )
    return file.add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
        f"/DescendantFonts [{descendant_at} 0 R] /ToUnicode {unicode_at} 0 R >>".encode("ascii")
    )


@dataclass(frozen=True, slots=True)
class _Program:
    content: bytes
    length: int


@lru_cache(maxsize=128)
def _program(font: ScriptFont, glyphs: tuple[int, ...]) -> _Program:
    program = font.program(glyphs)
    return _Program(zlib.compress(program, 9), len(program))
