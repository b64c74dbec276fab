"""The hybrid file: an invoice's PDF as PDF/A-3b with the XML in it (Factur-X 1.0, ISO 19005-3), by pikepdf.

Equal PDFs and XMLs give equal bytes, in any process: dates are the PDF's own, and the file's id is a hash of it.
"""

from functools import cache
from importlib.resources import files
from io import BytesIO

from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Pdf, String

from billing.render.e_invoice.xmp import Description, factur_x_packet

FILE_NAME = "factur-x.xml"
"""The name that Factur-X gives the XML."""

_COLOURS = "sRGB IEC61966-2.1"
_DESCRIPTION = "The invoice as XML (EN 16931, CII)"


def archive(pdf: bytes, *, xml: bytes) -> bytes:
    """Embed the XML of an invoice in its PDF.

    Fonts must be embedded in the PDF already. Colours are declared to be sRGB; title, author, dates and language are
    taken from the PDF itself.
    """
    with Pdf.open(BytesIO(pdf)) as document:
        _attach(document, xml)
        _declare_colours(document)
        packet = factur_x_packet(_described(document), file_name=FILE_NAME)
        document.Root.Metadata = document.make_stream(packet, Type=Name.Metadata, Subtype=Name.XML)
        body = BytesIO()
        document.save(
            body,
            force_version="1.7",
            deterministic_id=True,
            object_stream_mode=ObjectStreamMode.generate,  # a quarter smaller; allowed since PDF/A-2
        )
    return body.getvalue()


def _attach(document: Pdf, xml: bytes) -> None:
    """The XML as an alternative of the whole document: Factur-X says so for the profile EN 16931 (AFRelationship)."""
    moment = document.docinfo.get("/ModDate", String(""))
    stream = document.make_stream(
        xml, Type=Name.EmbeddedFile, Subtype=Name("/text/xml"), Params=Dictionary(Size=len(xml), ModDate=moment)
    )
    file = document.make_indirect(
        Dictionary(
            Type=Name.Filespec,
            F=String(FILE_NAME),
            UF=String(FILE_NAME),
            Desc=String(_DESCRIPTION),
            AFRelationship=Name.Alternative,
            EF=Dictionary(F=stream, UF=stream),
        )
    )
    document.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array([String(FILE_NAME), file])))
    document.Root.AF = Array([file])


def _declare_colours(document: Pdf) -> None:
    profile = document.make_stream(_srgb(), N=3, Alternate=Name.DeviceRGB)
    intent = Dictionary(
        Type=Name.OutputIntent,
        S=Name.GTS_PDFA1,
        OutputConditionIdentifier=String(_COLOURS),
        Info=String(_COLOURS),
        DestOutputProfile=profile,
    )
    document.Root.OutputIntents = Array([document.make_indirect(intent)])


def _described(document: Pdf) -> Description:
    information = {str(name): str(value) for name, value in document.docinfo.items()}
    return Description(
        title=information.get("/Title", ""),
        subject=information.get("/Subject", ""),
        author=information.get("/Author", ""),
        language=str(document.Root.get("/Lang", "")),
        creator=information.get("/Creator", ""),
        producer=information.get("/Producer", ""),
        moment=_xmp_date(information.get("/CreationDate", "")),
    )


def _xmp_date(pdf_date: str) -> str:
    """`D:20260301060000Z` as `2026-03-01T06:00:00Z`; "" for none."""
    if not pdf_date:
        return ""
    digits = pdf_date.removeprefix("D:")[:14]
    date, time = digits[:8], digits[8:]
    return f"{date[:4]}-{date[4:6]}-{date[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}Z"


@cache
def _srgb() -> bytes:
    """The profile of sRGB, 588 bytes, that LittleCMS makes; kept as a file because it carries the date it was made."""
    return files("billing.render.e_invoice").joinpath("srgb.icc").read_bytes()
