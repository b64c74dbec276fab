"""A PDF document being drawn: sheets as lists of operations, with the fonts, links and pictures that they use.

Coordinates are points from the lower left corner. What is drawn inside `tagged` or with a `tag` is content, and gets
into the document's structure in the order in which it is drawn; all else is decoration, marked as such.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import quote

from billing.render.branding import INK
from billing.render.logo import Logo, embed_logo
from billing.render.pdf_file import PdfFile, stream_object, text_string
from billing.render.structure import Structure
from billing.render.typeface import FontPage, embed_font_pages
from billing.render.typesetting import FixedRun, ShapedRun, typeset

_FAST = 4  # of zlib: a third less time than its default for three per cent more bytes
_FAUX_BOLD = 0.028  # of the type size: the outline that thickens a script without a bold font of its own


class Document:
    """A document of pages of one size in points; equal drawing gives equal bytes."""

    def __init__(self, *, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.structure = Structure()
        self.sheets: list[Sheet] = []
        self._used: set[tuple[FontPage, ...]] = set()
        self._shaped: dict[ShapedRun, None] = {}
        self._logo: Logo | None = None

    def add_sheet(self) -> "Sheet":
        """A new, empty last page."""
        self.sheets.append(Sheet(self, number=len(self.sheets)))
        return self.sheets[-1]

    def use(self, line: "Line") -> None:
        """Embed the fonts of a line."""
        if line.pages not in self._used:
            self._used.add(line.pages)
        if line.shaped:
            self._shaped.update(dict.fromkeys(line.shaped))

    def use_logo(self, logo: Logo) -> str:
        """Embed the document's one picture; gives its resource name."""
        self._logo = logo
        return "Logo"

    def to_bytes(self, *, title: str, author: str, subject: str, language: str, created: datetime) -> bytes:
        """The finished file with its properties."""
        file = PdfFile()
        pages = {page for pages in self._used for page in pages}
        fonts = embed_font_pages(tuple(sorted(pages, key=_name)), file=file)
        catalogue, tree, resources = file.reserve(), file.reserve(), file.reserve()
        sheets = tuple([file.reserve() for _ in self.sheets])
        for sheet, page in zip(self.sheets, sheets, strict=True):
            file.put(page, self._page(sheet, file=file, tree=tree, resources=resources))
        file.put(resources, self._resources(fonts, file=file))
        kids = " ".join([f"{page} 0 R" for page in sheets])
        file.put(tree, f"<< /Type /Pages /Count {len(sheets)} /Kids [{kids}] >>".encode("ascii"))
        stamp = created.strftime("(D:%Y%m%d%H%M%SZ)")
        producer = text_string("recurring-billing")
        info = file.add(
            f"<< /Title {text_string(title)} /Author {text_string(author)} /Subject {text_string(subject)} "
            f"/Creator {producer} /Producer {producer} /CreationDate {stamp} /ModDate {stamp} >>".encode("ascii")
        )
        structure = self.structure.write(file, pages=sheets)
        file.put(
            catalogue,
            f"<< /Type /Catalog /Pages {tree} 0 R /Lang {text_string(language)} /MarkInfo << /Marked true >> "
            f"/StructTreeRoot {structure} 0 R /ViewerPreferences << /DisplayDocTitle true >> >>".encode("ascii"),
        )
        return file.to_bytes(root=catalogue, info=info)

    def _page(self, sheet: "Sheet", *, file: PdfFile, tree: int, resources: int) -> bytes:
        contents = file.add(stream_object("/Filter /FlateDecode", zlib.compress(sheet.content(), _FAST)))
        links = " ".join([f"{file.add(_link(url, corners))} 0 R" for url, corners in sheet.links])
        annotations = f"/Annots [{links}] /Tabs /S " if links else ""
        return (
            f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {self.width:g} {self.height:g}] "
            f"/Resources {resources} 0 R /Contents {contents} 0 R {annotations}/StructParents {sheet.number} >>"
        ).encode("ascii")

    def _resources(self, fonts: dict[str, int], *, file: PdfFile) -> bytes:
        if self._shaped:
            from billing.render.script_font import embed_script_font

            texts: dict[str, dict[int, str]] = {}
            for run in self._shaped:
                shown = texts.setdefault(run.font.name, {})
                for glyph in run.glyphs:
                    shown[glyph.number] = shown.get(glyph.number) or glyph.text
            by_name = {run.font.name: run.font for run in self._shaped}
            fonts.update({name: embed_script_font(by_name[name], texts=texts[name], file=file) for name in texts})
        named = " ".join([f"/{name} {number} 0 R" for name, number in fonts.items()])
        picture = f"/XObject << /Logo {embed_logo(self._logo, file=file)} 0 R >>" if self._logo else ""
        return f"<< /Font << {named} >> {picture} >>".encode("ascii")


class Sheet:
    """One page, drawn on from `Document.add_sheet`."""

    def __init__(self, document: Document, *, number: int) -> None:
        self.number = number
        self.links: list[tuple[str, tuple[float, float, float, float]]] = []
        self._document = document
        self._operations: list[str] = []
        self._fill = ""
        self._contents = 0
        self._mode: Literal["", "content", "decoration"] = ""

    def text(
        self,
        text: str,
        *,
        x: float,
        y: float,
        size: float,
        bold: bool = False,
        colour: str = INK,
        align: Literal["left", "right"] = "left",
        tag: str = "",
    ) -> float:
        """Write one line with its baseline at y, from x or up to x; gives its width. `tag` is its role, as P or TD."""
        line = set_line(text, size, bold)
        self._document.use(line)
        if tag:
            self._begin(tag)
        left = x - line.width if align == "right" else x
        self._fill_with(colour)
        self._draw(f"BT {left:.2f} {y:.2f} Td {line.shown} ET")
        if tag:
            self._end()
        return line.width

    def rule(self, *, x: float, y: float, width: float, thickness: float = 0.5, colour: str = INK) -> None:
        """A horizontal line whose middle is at y."""
        self.box(x=x, y=y - thickness / 2, width=width, height=thickness, colour=colour)

    def box(self, *, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle from its lower left corner."""
        self._fill_with(colour)
        self._draw(f"{x:.2f} {y:.2f} {width:.2f} {height:.2f} re f")

    def link(self, url: str, *, x: float, y: float, width: float, height: float) -> None:
        """Make a rectangle lead to an address."""
        self.links.append((url, (x, y, x + width, y + height)))

    def picture(self, logo: Logo, *, x: float, y: float, width: float, height: float) -> None:
        """Draw a picture, filling the rectangle."""
        name = self._document.use_logo(logo)
        self._draw(f"q {width:.2f} 0 0 {height:.2f} {x:.2f} {y:.2f} cm /{name} Do Q")

    def draw(self, operations: str) -> None:
        """Ready operations that leave the graphics state as they found it."""
        self._draw(operations)

    @contextmanager
    def tagged(self, role: str, *, text: str = "") -> Iterator[None]:
        """Make what is drawn within one piece of content; `text` says in words what a picture shows."""
        self._begin(role, text=text)
        yield
        self._end()

    def content(self) -> bytes:
        """The page's content stream."""
        end = ["EMC"] if self._mode else []
        return "\n".join([*self._operations, *end]).encode("ascii")

    def _begin(self, role: str, *, text: str = "") -> None:
        end = "EMC " if self._mode else ""
        self._mode = "content"
        self._operations.append(f"{end}/{role}<</MCID {self._contents}>>BDC")
        self._document.structure.leaf(role, sheet=self.number, content=self._contents, text=text)
        self._contents += 1

    def _end(self) -> None:
        self._operations.append("EMC")
        self._mode = ""

    def _draw(self, operations: str) -> None:
        if not self._mode:
            self._mode = "decoration"
            self._operations.append("/Artifact BMC")
        self._operations.append(operations)

    def _fill_with(self, colour: str) -> None:
        if colour != self._fill:
            self._fill = colour
            self._operations.append(f"{colour} rg {colour} RG")


class Line(NamedTuple):
    """A line of text as a content stream shows it, and what it needs."""

    width: float
    shown: str
    pages: tuple[FontPage, ...]
    shaped: tuple[ShapedRun, ...]


@lru_cache(maxsize=16_384)
def set_line(text: str, size: float, bold: bool = False) -> Line:  # noqa: FBT001, FBT002 - keywords cost the cache time
    """Set a line of text at a type size."""
    line = typeset(text, bold=bold)
    shown = [
        f"/{run.page.name} {size:g} Tf {run.operand} Tj"
        if isinstance(run, FixedRun)
        else _shown(run, size=size, bold=bold)
        for run in line.runs
    ]
    return Line(
        line.width(size),
        " ".join(shown),
        tuple(dict.fromkeys(run.page for run in line.runs if isinstance(run, FixedRun))),
        tuple(run for run in line.runs if isinstance(run, ShapedRun)),
    )


def _shown(run: ShapedRun, *, size: float, bold: bool) -> str:
    """Glyphs by number, each at its place.

    What glyphs that stack or change places say is added as text. Readers turn what runs leftwards around themselves.
    """
    parts, kern, rise = [f"/{run.font.name} {size:g} Tf ["], 0.0, 0.0
    for glyph in run.glyphs:
        if glyph.y_offset != rise:
            rise = glyph.y_offset
            parts.append(f"] TJ {rise * size / 1000:.3f} Ts [")
        kern -= glyph.x_offset
        parts.append(f"{kern:.0f}<{glyph.number:04X}>" if round(kern) else f"<{glyph.number:04X}>")
        kern = glyph.x_offset + run.font.width(glyph.number) - glyph.advance
    parts.append(f"{kern:.0f}] TJ" if round(kern) else "] TJ")
    if rise:
        parts.append("0 Ts")
    strings = "".join(parts)
    if bold:
        strings = f"2 Tr {size * _FAUX_BOLD:.2f} w {strings} 0 Tr"
    if run.leftwards:
        return strings
    return f"/Span<</ActualText <FEFF{run.text.encode('utf-16-be').hex().upper()}>>>BDC {strings} EMC"


def _name(page: FontPage) -> str:
    return page.name


def _link(url: str, corners: tuple[float, float, float, float]) -> bytes:
    edges = " ".join([f"{corner:.2f}" for corner in corners])
    address = quote(url, safe="%/:=&?~#+!$,;'@()*[]")
    action = f"<< /Type /Action /S /URI /URI {text_string(address)} >>"
    return (
        f"<< /Type /Annot /Subtype /Link /Rect [{edges}] /Border [0 0 0] /F 4 /A {action} "
        f"/Contents {text_string(url)} >>"
    ).encode("ascii")  # flag 4: printed
