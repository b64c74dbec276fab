"""The seller's logo as a PDF image, decoded and compressed once per process."""

import zlib
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

from PIL import Image, UnidentifiedImageError
from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFDocument, PDFName, PDFObjectReference, PDFStream

from billing.domain.errors import InvalidInput

_MOST_BYTES = 2_000_000
_MOST_PIXELS = 20_000_000
_LARGEST = (1000, 320)  # pixels; 400 to the inch where it is drawn at its largest


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A decoded logo: zlib-compressed RGB samples, and the same of its transparency where it has any."""

    width: int
    height: int
    colours: bytes
    opacity: bytes


@lru_cache(maxsize=64)
def logo(png: bytes) -> Logo:
    """Decode a PNG, made smaller if it has more pixels than print shows. `InvalidInput` if it is not one or is huge."""
    if len(png) > _MOST_BYTES:
        raise InvalidInput("branding.logo_png", expected=f"at most {_MOST_BYTES} bytes", given=f"{len(png)} bytes")
    try:
        picture = Image.open(BytesIO(png), formats=["PNG"])
        if picture.width * picture.height > _MOST_PIXELS:
            raise InvalidInput("branding.logo_png", expected=f"at most {_MOST_PIXELS} pixels", given=picture.size)
        coloured = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as unreadable:
        raise InvalidInput("branding.logo_png", expected="a PNG picture", given=png[:16]) from unreadable
    coloured.thumbnail(_LARGEST, Image.Resampling.LANCZOS)
    opacity = coloured.getchannel("A")
    opaque = opacity.getextrema() == (255, 255)
    return Logo(
        width=coloured.width,
        height=coloured.height,
        colours=zlib.compress(coloured.convert("RGB").tobytes(), 9),
        opacity=b"" if opaque else zlib.compress(opacity.tobytes(), 9),
    )


def embed_logo(picture: Logo, *, document: PDFDocument) -> PDFObjectReference:
    """Add the picture to a document as an image XObject."""
    mask: dict[str, object] = {}
    if picture.opacity:
        mask["SMask"] = document.Reference(_image(picture, "DeviceGray", content=picture.opacity), "logo.mask")
    image: PDFObjectReference = document.Reference(
        _image(picture, "DeviceRGB", content=picture.colours, **mask), "logo"
    )
    return image


def _image(picture: Logo, colour_space: str, *, content: bytes, **entries: object) -> PDFStream:
    return PDFStream(
        PDFDictionary(
            {
                "Type": PDFName("XObject"),
                "Subtype": PDFName("Image"),
                "Width": picture.width,
                "Height": picture.height,
                "BitsPerComponent": 8,
                "ColorSpace": PDFName(colour_space),
                "Filter": PDFName("FlateDecode"),
                **entries,
            }
        ),
        content,
    )
