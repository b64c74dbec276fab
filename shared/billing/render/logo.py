"""The seller's logo as a PDF image, decoded and compressed once per process; what is transparent becomes white."""

import zlib
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from billing.domain.errors import InvalidInput
from billing.render.pdf_file import PdfFile, stream_object

_MOST_BYTES = 2_000_000
_MOST_PIXELS = 20_000_000
_LARGEST = (1000, 320)  # pixels; 400 to the inch where it is drawn at its largest


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A decoded logo on white paper: zlib-compressed RGB samples."""

    width: int
    height: int
    colours: bytes


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
    paper = Image.new("RGBA", coloured.size, "white")
    paper.alpha_composite(coloured)
    return Logo(width=paper.width, height=paper.height, colours=zlib.compress(paper.convert("RGB").tobytes(), 9))


def embed_logo(picture: Logo, *, file: PdfFile) -> int:
    """Add the picture to a file as an image XObject; gives its number."""
    return file.add(
        stream_object(
            f"/Type /XObject /Subtype /Image /Width {picture.width} /Height {picture.height} "
            "/BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /FlateDecode",
            picture.colours,
        )
    )
