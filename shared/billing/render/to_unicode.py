"""Which text the codes of an embedded font stand for, so that it can be searched and copied."""

import zlib
from collections.abc import Mapping, Sequence

_NOTHING = "\u200b"
_MOST = 100  # entries of a block (Adobe Technical Note 5411)


def to_unicode(name: str, texts: Mapping[int, str], *, digits: int) -> bytes:
    """The CMap (ISO 32000-1, 9.10.3) of a font whose codes have so many hexadecimal digits.

    A glyph without a text of its own, being a part of the one before it, stands for a space of no width.
    """
    pairs = [
        f"<{code:0{digits}X}> <{(text or _NOTHING).encode('utf-16-be').hex().upper()}>"
        for code, text in sorted(texts.items())
    ]
    blocks = [pairs[first : first + _MOST] for first in range(0, len(pairs), _MOST)]
    return "\n".join(
        (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            f"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def /CMapName /{name} def",
            f"/CMapType 2 def 1 begincodespacerange <{'0' * digits}> <{'F' * digits}> endcodespacerange",
            *(f"{len(block)} beginbfchar {' '.join(block)} endbfchar" for block in blocks),
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        )
    ).encode("ascii")


def subset_tag(numbers: Sequence[int]) -> str:
    """Six capital letters, different for different subsets of one font (ISO 32000-1, 9.6.4)."""
    number = zlib.crc32(repr(numbers).encode())
    return "".join(chr(ord("A") + number // 26**place % 26) for place in range(6))
