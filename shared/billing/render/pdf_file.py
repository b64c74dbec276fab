"""The bytes of a PDF 1.7 file: numbered objects, some of them packed together, and the table that finds them.

reportlab's document objects would take a fifth of the time that an invoice takes, and know neither packed objects nor
the structure that screen readers follow.
"""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_NO_OBJECT, _AT_OFFSET, _IN_STREAM = 0, 1, 2  # kinds of entries of a cross-reference stream (ISO 32000-1, 7.5.8.3)


@dataclass(frozen=True, slots=True)
class PackedObjects:
    """Small objects with consecutive numbers in one compressed object stream, whose number follows (7.5.7)."""

    count: int
    stream: bytes
    entries: bytes  # of the cross-reference stream

    @classmethod
    def pack(cls, bodies: Sequence[str], *, first: int) -> "PackedObjects":
        """Pack objects that get the numbers from `first` on."""
        places, offset = [], 0
        for number, body in enumerate(bodies, start=first):
            places.append(f"{number} {offset}")
            offset += len(body) + 1
        head = " ".join(places) + "\n"
        content = zlib.compress((head + "\n".join(bodies)).encode("ascii"), 9)
        entries = f"/Type /ObjStm /N {len(bodies)} /First {len(head)} /Filter /FlateDecode"
        holder = first + len(bodies)
        found_at = b"".join([_entry(_IN_STREAM, holder, place) for place in range(len(bodies))])
        return cls(len(bodies), stream_object(entries, content), found_at)


class PdfFile:
    """A file being written. Objects are numbered in the order in which they are reserved or added, from 1 on."""

    def __init__(self) -> None:
        self._bodies: list[bytes | PackedObjects] = []
        self._reserved: dict[int, bytes] = {}
        self._count = 0

    @property
    def next_number(self) -> int:
        """The number that the next object gets."""
        return self._count + 1

    def reserve(self) -> int:
        """A number for an object that is `put` later, so that others can refer to it."""
        return self.add(b"")

    def add(self, body: bytes) -> int:
        """Add an object; gives its number."""
        self._bodies.append(body)
        self._count += 1
        return self._count

    def put(self, number: int, body: bytes) -> None:
        """Write a reserved object."""
        self._reserved[number] = body

    def add_packed(self, objects: PackedObjects) -> None:
        """Add packed objects; the first of them gets `next_number`, for which they were packed."""
        self._bodies.append(objects)
        self._count += objects.count
        self.add(objects.stream)

    def to_bytes(self, *, root: int, info: int) -> bytes:
        """The finished file; `root` and `info` are the numbers of its catalogue and its properties."""
        parts, offset = [_HEADER], len(_HEADER)
        entries = [_entry(_NO_OBJECT, 0, 65535)]
        number = 1
        for body in self._bodies:
            if isinstance(body, PackedObjects):
                entries.append(body.entries)
                number += body.count
                continue
            entries.append(_entry(_AT_OFFSET, offset, 0))
            parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, body or self._reserved[number]))
            offset += len(parts[-1])
            number += 1
        entries.append(_entry(_AT_OFFSET, offset, 0))  # the cross-reference stream's own
        identity = hashlib.sha256(b"".join(parts)).hexdigest()[:32]
        table = stream_object(
            f"/Type /XRef /Size {number + 1} /W [1 4 2] /Root {root} 0 R /Info {info} 0 R "
            f"/ID [<{identity}> <{identity}>] /Filter /FlateDecode",
            zlib.compress(b"".join(entries), 4),
        )
        parts.append(b"%d 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (number, table, offset))
        return b"".join(parts)


def stream_object(entries: str, content: bytes) -> bytes:
    """A stream with its dictionary."""
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (entries.encode("ascii"), len(content), content)


def text_string(text: str) -> str:
    """A text string as an object: ASCII as it is, all else in UTF-16 (ISO 32000-1, 7.9.2.2)."""
    if text.isascii() and text.isprintable():
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        return f"({escaped})"
    return f"<FEFF{text.encode('utf-16-be', 'replace').hex().upper()}>"


def _entry(kind: int, first: int, second: int) -> bytes:
    return bytes((kind,)) + first.to_bytes(4, "big") + second.to_bytes(2, "big")
