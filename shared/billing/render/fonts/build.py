"""Make the fonts that invoices embed, from three openly licensed families; needed only when a repertoire changes.

`python -m billing.render.fonts.build SOURCES` reads the TrueType files of the Debian packages fonts-noto-core,
fonts-droid-fallback and fonts-nanum below SOURCES and writes the subsets beside this file. Hinting is dropped, and so
are the layout tables of scripts whose letters neither join nor stack: half of the bytes, and no invoice needs them.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

_HERE = Path(__file__).parent
_POSTSCRIPT_NAME = 6
_PLUS, _MINUS = 0x002B, 0x2212

_LATIN_GREEK_CYRILLIC = (
    (0x0020, 0x007E),
    (0x00A0, 0x024F),
    (0x02B0, 0x02FF),
    (0x0300, 0x036F),
    (0x0370, 0x052F),
    (0x1E00, 0x1FFF),
    (0x2000, 0x206F),
    (0x2070, 0x209F),
    (0x20A0, 0x20CF),
    (0x2100, 0x218F),
    (0x2200, 0x22FF),
    (0x2C60, 0x2C7F),
    (0xFB00, 0xFB06),
)
_HAN_AND_KANA = (
    (0x20, 0x20),
    (0x3000, 0x312F),
    (0x3190, 0x33FF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFE30, 0xFE4F),
    (0xFF01, 0xFFEE),
)
_HANGUL = ((0x20, 0x20), (0x3131, 0x318E), (0xAC00, 0xD7A3))
_JOINERS = ((0x20, 0x20), (0x200C, 0x200D), (0x25CC, 0x25CC))  # the blank, and what shaping itself asks for
_DANDA = ((0x0964, 0x0965),)
_SCRIPTS = {  # file and name by the Unicode blocks of a script
    "Arabic": ((0x0600, 0x06FF), (0x0750, 0x077F), (0xFD3E, 0xFD3F)),
    "Armenian": ((0x0531, 0x058F),),
    "Bengali": ((0x0980, 0x09FF), *_DANDA),
    "Devanagari": ((0x0900, 0x097F), (0xA8E0, 0xA8FF)),
    "Ethiopic": ((0x1200, 0x137C),),
    "Georgian": ((0x10A0, 0x10FF), (0x1C90, 0x1CBF)),
    "Gujarati": ((0x0A80, 0x0AFF), *_DANDA),
    "Gurmukhi": ((0x0A00, 0x0A7F), *_DANDA),
    "Hebrew": ((0x0590, 0x05FF), (0xFB1D, 0xFB4F)),
    "Kannada": ((0x0C80, 0x0CFF), *_DANDA),
    "Khmer": ((0x1780, 0x17FF),),
    "Lao": ((0x0E80, 0x0EFF),),
    "Malayalam": ((0x0D00, 0x0D7F), *_DANDA),
    "Myanmar": ((0x1000, 0x109F),),
    "Sinhala": ((0x0D80, 0x0DFF),),
    "Tamil": ((0x0B80, 0x0BFF), *_DANDA),
    "Telugu": ((0x0C00, 0x0C7F), *_DANDA),
    "Thai": ((0x0E00, 0x0E7F),),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipe:
    """One subset: which file it comes from, the characters to keep, and the name it gets (Nanum's is reserved)."""

    source: str
    target: str
    name: str
    ranges: tuple[tuple[int, int], ...]
    shaped: bool = False


_RECIPES = (
    _Recipe(source="NotoSans-Regular.ttf", target="sans.ttf", name="BillingSans", ranges=_LATIN_GREEK_CYRILLIC),
    _Recipe(source="NotoSans-Bold.ttf", target="sans-bold.ttf", name="BillingSans-Bold", ranges=_LATIN_GREEK_CYRILLIC),
    _Recipe(source="DroidSansFallbackFull.ttf", target="han.ttf", name="BillingHan", ranges=_HAN_AND_KANA),
    _Recipe(source="NanumSquareR.ttf", target="hangul.ttf", name="BillingHangul", ranges=_HANGUL),
    *(
        _Recipe(
            source=f"NotoSans{script}-Regular.ttf",
            target=f"{script.lower()}.ttf",
            name=f"Billing{script}",
            ranges=(*_JOINERS, *ranges),
            shaped=True,
        )
        for script, ranges in _SCRIPTS.items()
    ),
)
_LAYOUT = ("GDEF", "GPOS", "GSUB", "kern")
_UNUSED = ("vhea", "vmtx", "gasp", "TSI0", "TSI1", "TSI2", "TSI3", "TSI5")


def main(sources: Path) -> None:
    """Write every subset; raises StopIteration where a source file is not found below `sources`."""
    for recipe in _RECIPES:
        source = next(sources.rglob(recipe.source))
        _subset(source, recipe=recipe).save(_HERE / recipe.target)
        print(f"{recipe.target}: {(_HERE / recipe.target).stat().st_size:,} bytes from {source}")


def _subset(source: Path, *, recipe: _Recipe) -> TTFont:
    font = TTFont(source, recalcTimestamp=False)
    if _MINUS not in font.getBestCmap() and _PLUS in font.getBestCmap():
        _add_minus(font)
    options = Options(hinting=False, glyph_names=False, notdef_outline=True, legacy_kern=False)
    options.drop_tables += _UNUSED
    if not recipe.shaped:
        options.layout_features = []
        options.drop_tables += _LAYOUT
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in recipe.ranges for code in range(first, last + 1)])
    subsetter.subset(font)
    _rename(font, name=recipe.name)
    return font


def _add_minus(font: TTFont) -> None:
    # the minus sign is the bar of the plus sign: as wide and as high, so that columns of numbers align
    plus = font.getBestCmap()[_PLUS]
    points = font["glyf"][plus].getCoordinates(font["glyf"])[0]
    columns, rows = (sorted({point[axis] for point in points}) for axis in (0, 1))
    pen = TTGlyphPen(None)
    pen.moveTo((columns[0], rows[1]))
    pen.lineTo((columns[0], rows[2]))
    pen.lineTo((columns[-1], rows[2]))
    pen.lineTo((columns[-1], rows[1]))
    pen.closePath()
    font["glyf"]["minus"] = pen.glyph()
    font["hmtx"]["minus"] = font["hmtx"][plus]
    font.setGlyphOrder(list(dict.fromkeys([*font.getGlyphOrder(), "minus"])))
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap[_MINUS] = "minus"


def _rename(font: TTFont, *, name: str) -> None:
    # the name table is copied into every document, so it holds one name; the licences lie beside the fonts
    font["name"].names = []
    font["name"].setName(name, _POSTSCRIPT_NAME, 3, 1, 0x409)
    font["name"].setName(name, _POSTSCRIPT_NAME, 1, 0, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
