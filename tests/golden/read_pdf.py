"""Reading a PDF back with other people's libraries."""

import re
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any, cast

import pypdf
import pypdfium2
import zxingcpp
from fontTools.ttLib import TTFont
from PIL import Image
from pypdf.generic import DictionaryObject

_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_LENGTH = re.compile(rb"/Length \d+")


def reader(pdf: bytes) -> pypdf.PdfReader:
    """The document's objects."""
    return pypdf.PdfReader(BytesIO(pdf))


def page_texts(pdf: bytes) -> list[str]:
    """What stands on each page, with every blank a plain space."""
    document = pypdfium2.PdfDocument(pdf)
    return [
        re.sub("[\u00a0\u202f]", " ", page.get_textpage().get_text_bounded().replace("\r\n", "\n")) for page in document
    ]


def picture(pdf: bytes, *, page: int = 0, scale: float = 3) -> Image.Image:
    """A page as a picture, `scale` pixels to the point."""
    return pypdfium2.PdfDocument(pdf)[page].render(scale=scale).to_pil()


def qr_contents(pdf: bytes, *, page: int = 0) -> list[str]:
    """What a camera reads from a page, from left to right."""
    codes = zxingcpp.read_barcodes(picture(pdf, page=page))
    return [code.text for code in sorted(codes, key=lambda code: code.position.top_left.x)]


def table_of(text: str) -> list[str]:
    """The lines between the table's head and the subtotal."""
    return text.partition("Unit price Tax Amount\n")[2].partition("\nSubtotal")[0].split("\n")


def totals_of(text: str) -> list[str]:
    """The lines from the subtotal to the amount due."""
    found = re.search(r"^Subtotal.*?^Amount due .*?$", text, re.MULTILINE | re.DOTALL)
    return found[0].split("\n") if found else []


def links_of(pdf: bytes) -> list[str]:
    """Where the page's clickable areas lead."""
    return [
        annotation.get_object()["/A"]["/URI"] for page in reader(pdf).pages for annotation in page.get("/Annots", ())
    ]


def character_boxes(pdf: bytes) -> Iterator[tuple[float, float, float, float]]:
    """Left, bottom, right, top of every printed character."""
    for page in pypdfium2.PdfDocument(pdf):
        text = page.get_textpage()
        for index in range(text.count_chars()):
            if text.get_text_range(index, 1).strip():
                yield text.get_charbox(index)


def characters_of_rows(pdf: bytes, *, starting: str) -> Iterator[tuple[str, float]]:
    """Characters with their left edges, of the lines that start with a word."""
    text = pypdfium2.PdfDocument(pdf)[0].get_textpage()
    whole = text.get_text_range()
    for found in re.finditer(rf"^{starting}.*$", whole, re.MULTILINE):
        for index in range(found.start(), found.end()):
            yield whole[index], text.get_charbox(index)[0]


def shown_glyphs(pdf: bytes) -> Iterator[int]:
    """The glyph index in the embedded font of every code that the pages show."""
    document = reader(pdf)
    glyphs: dict[str, dict[int, int]] = {}
    for page in document.pages:
        fonts = cast("Any", page)["/Resources"]["/Font"]
        font = ""
        for operands, operator in pypdf.generic.ContentStream(page.get_contents(), document).operations:
            if operator == b"Tf":
                font = operands[0]
                glyphs.setdefault(font, embedded_glyphs(fonts[font].get_object()))
            elif operator == b"Tj":
                yield from (glyphs[font].get(code, 0) for code in operands[0].original_bytes)
            elif operator == b"TJ":  # a script's own font: two bytes a glyph
                codes = b"".join(part.original_bytes for part in operands[0] if hasattr(part, "original_bytes"))
                pairs = [int.from_bytes(codes[place : place + 2]) for place in range(0, len(codes), 2)]
                yield from (glyphs[font].get(code, 0) for code in pairs)


def embedded_glyphs(font: DictionaryObject) -> dict[int, int]:
    """Glyph index by code, of an embedded TrueType program; a font that is not embedded fails here.

    The codes of a script's own font are the glyph indices: those that have an outline or a width are there.
    """
    if str(font["/Subtype"]) == "/Type0":
        (descendant,) = cast("Any", font)["/DescendantFonts"]
        program = embedded_program(descendant.get_object())
        outlines = program["glyf"]
        return {
            code: code
            for code, name in enumerate(program.getGlyphOrder())
            if outlines[name].numberOfContours or program["hmtx"][name][0]
        }
    program = embedded_program(font)
    (table,) = program["cmap"].tables
    return {code: program.getGlyphID(name) for code, name in table.cmap.items()}


def embedded_program(font: DictionaryObject) -> TTFont:
    """The TrueType program of a font."""
    descriptor = cast("Any", font)["/FontDescriptor"].get_object()
    return TTFont(BytesIO(descriptor["/FontFile2"].get_object().get_data()))


def unpacked(pdf: bytes) -> bytes:
    """The objects with their streams inflated: the same whichever zlib compressed them."""
    objects, _, _ = pdf.rpartition(b"<< /Type /XRef ")  # the table of offsets, which depend on the compression
    return _LENGTH.sub(b"/Length", _STREAM.sub(lambda match: b"stream\n" + _inflated(match[1]) + b"endstream", objects))


def _inflated(stream: bytes) -> bytes:
    return zlib.decompress(stream)
