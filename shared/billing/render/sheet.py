"""A PDF document being drawn: sheets as lists of operations, with the fonts, links and pictures that they use.

Coordinates are points from the lower left corner. This layer sits directly on reportlab's document objects, beneath
its canvas: the operations of an invoice are few and plain, and the canvas's text objects would take most of the time.
"""

import zlib
from datetime import datetime
from typing import Literal

from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFDocument, PDFName, PDFPage, PDFStream, PDFString

from billing.render.logo import Logo, embed_logo
from billing.render.typeface import FontPage, Typeface, embed
from billing.render.typesetting import FixedRun, FreeRun, Run, string_operand, typeset

WIDTH, HEIGHT = 595.28, 841.89  # A4
INK = "0.11 0.13 0.16"
_PDF_VERSION = (1, 7)
_FREE_CODES = 223  # 33 to 255


class Document:
    """An A4 document; equal drawing gives equal bytes. `created` goes into its properties, with the rest."""

    def __init__(self, *, title: str, author: str, subject: str, language: str, created: datetime) -> None:
        self._document = PDFDocument(compression=1, invariant=1, pdfVersion=_PDF_VERSION, lang=language)
        self._document.setTitle(title)
        self._document.setAuthor(author)
        self._document.setSubject(subject)
        self._document.setCreator("recurring-billing")
        stamp = created.strftime("D:%Y%m%d%H%M%SZ")
        self._document.setDateFormatter(lambda *_: stamp)
        self._fixed: dict[FontPage, str] = {}
        self._free: dict[Typeface, dict[str, int]] = {}
        self._logo: Logo | None = None
        self.sheets: list[Sheet] = []

    def add_sheet(self) -> "Sheet":
        """A new, empty last page."""
        self.sheets.append(Sheet(self))
        return self.sheets[-1]

    def font_of(self, page: FontPage) -> str:
        """The resource name of a fixed font page, which gets into the document by this."""
        return self._fixed.setdefault(page, f"F{len(self._fixed) + 1}")

    def free_strings(self, run: FreeRun) -> list[tuple[str, str]]:
        """Resource names and string operands that show a run, in codes that this document assigns."""
        codes = self._free.setdefault(run.typeface, {})
        strings: list[tuple[str, bytearray]] = []
        for character in run.text:
            place = codes.setdefault(character, len(codes)) if character != " " else -1
            name = f"{run.typeface.name}{max(place, 0) // _FREE_CODES}"
            if not strings or (strings[-1][0] != name and character != " "):
                strings.append((name, bytearray()))
            strings[-1][1].append(place % _FREE_CODES + 33 if character != " " else 32)
        return [(name, string_operand(bytes(string))) for name, string in strings]

    def logo_name(self, logo: Logo) -> str:
        """The resource name of the document's one picture."""
        self._logo = logo
        return "Logo"

    def to_bytes(self) -> bytes:
        """The finished file."""
        resources = self._document.Reference(self._resources(), "resources")
        for sheet in self.sheets:
            page = PDFPage()
            page.MediaBox = PDFArray([0, 0, WIDTH, HEIGHT])
            page.Resources = resources
            page.Contents = PDFStream(
                PDFDictionary({"Filter": PDFName("FlateDecode")}), zlib.compress("\n".join(sheet.operations).encode())
            )
            page.Annots = [_link(url, corners) for url, corners in sheet.links]
            self._document.addPage(page)
        return bytes(self._document.GetPDFData(None))

    def _resources(self) -> PDFDictionary:
        fonts = {name: embed(page, document=self._document, fixed=True) for page, name in self._fixed.items()}
        for typeface, codes in self._free.items():
            characters = [ord(character) for character in codes]
            for number, first in enumerate(range(0, len(characters), _FREE_CODES)):
                page = typeface.page(characters[first : first + _FREE_CODES], number=number)
                fonts[page.name] = embed(page, document=self._document, fixed=False)
        pictures = {"Logo": embed_logo(self._logo, document=self._document)} if self._logo else {}
        return PDFDictionary({"Font": PDFDictionary(fonts), "XObject": PDFDictionary(pictures)})


class Sheet:
    """One page: drawing adds to `operations` and `links`."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._fill = ""
        self.operations: list[str] = []
        self.links: list[tuple[str, tuple[float, float, float, float]]] = []

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
    ) -> float:
        """Write one line with its baseline at y, from x or up to x; gives its width."""
        line = typeset(text, bold=bold)
        width = line.width(size)
        left = x - width if align == "right" else x
        strings = " ".join(
            f"/{name} {size:g} Tf {operand} Tj" for run in line.runs for name, operand in self._strings(run)
        )
        self._fill_with(colour)
        self.operations.append(f"BT {left:.2f} {y:.2f} Td {strings} ET")
        return width

    def rule(self, *, x: float, y: float, width: float, thickness: float = 0.5, colour: str = INK) -> None:
        """A horizontal line whose middle is at y."""
        self.box(x=x, y=y - thickness / 2, width=width, height=thickness, colour=colour)

    def box(self, *, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle from its lower left corner."""
        self._fill_with(colour)
        self.operations.append(f"{x:.2f} {y:.2f} {width:.2f} {height:.2f} re f")

    def frame(self, *, x: float, y: float, width: float, height: float, colour: str) -> None:
        """The outline of a rectangle."""
        self.operations.append(f"{colour} RG 1.2 w {x:.2f} {y:.2f} {width:.2f} {height:.2f} re S")

    def link(self, url: str, *, x: float, y: float, width: float, height: float) -> None:
        """Make a rectangle lead to an address."""
        self.links.append((url, (x, y, x + width, y + height)))

    def picture(self, logo: Logo, *, x: float, y: float, width: float, height: float) -> None:
        """Draw a picture, filling the rectangle."""
        name = self._document.logo_name(logo)
        self.operations.append(f"q {width:.2f} 0 0 {height:.2f} {x:.2f} {y:.2f} cm /{name} Do Q")

    def draw(self, operations: str) -> None:
        """Ready operations that leave the graphics state as they found it."""
        self.operations.append(operations)

    def _strings(self, run: Run) -> list[tuple[str, str]]:
        match run:
            case FixedRun():
                return [(self._document.font_of(run.page), run.operand)]
            case FreeRun():
                return self._document.free_strings(run)

    def _fill_with(self, colour: str) -> None:
        if colour != self._fill:
            self._fill = colour
            self.operations.append(f"{colour} rg")


def _link(url: str, corners: tuple[float, float, float, float]) -> PDFDictionary:
    return PDFDictionary(
        {
            "Type": PDFName("Annot"),
            "Subtype": PDFName("Link"),
            "Rect": PDFArray([f"{corner:.2f}" for corner in corners]),
            "Border": PDFArray([0, 0, 0]),
            "F": 4,  # printed
            "A": PDFDictionary({"Type": PDFName("Action"), "S": PDFName("URI"), "URI": PDFString(url)}),
        }
    )
