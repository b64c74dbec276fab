"""Marks: one number a document, of what a report needs of it. Their sum, added up by the server, tells of any change.

A roll-up keeps the sum that it was made from. Where the server's sum is another one, a document came, went or changed.
"""

from hashlib import blake2b
from typing import Final

MARK: Final = "report_mark"
"""The field that holds it."""

_BYTES = 5  # 40 bits: the sum of 8,000,000 marks fits 64 bit, and two sums are alike by chance once in 10**12


def mark_of(*parts: object) -> int:
    """The mark of values that have a text of their own: the same on every machine, for ever."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(blake2b(text.encode(), digest_size=_BYTES).digest(), "big")
