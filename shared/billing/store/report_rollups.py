"""Roll-ups for reports: what many documents come to, kept with the marks that it was made from (ADR 0022).

A roll-up is derived and may be deleted at any time: the next report makes it again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from billing.ports import Document, Documents, Put
from billing.store.codec import SCHEMA_VERSION
from billing.store.collection import Collection

Row: TypeAlias = list[Any]
"""Texts, integers and lists of them."""

_LARGEST_PART: Final = 700_000  # bytes of rows; a document takes 1 MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a roll-up was made from: how many documents, and the sum of their marks."""

    count: int = 0
    marks: int = 0

    def __add__(self, other: "Made") -> "Made":
        """Of both together."""
        return Made(count=self.count + other.count, marks=self.marks + other.marks)


@dataclass(frozen=True, slots=True)
class ReportRollups:
    """The tenant's roll-ups by name: as many documents as their rows need."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "ReportRollups":
        """The roll-ups of one tenant."""
        return cls(Collection(documents, tenant_id, "report_rollups"))

    def rows(self, name: str, *, made: Made, head: bool = False) -> list[Row] | None:
        """The rows of a roll-up, or those of its first document alone; None unless it was made from just that."""
        (first,) = self.collection.get([f"{name}.0"])
        if first is None or not _is_of(first, made):
            return None
        parts = [] if head else [f"{name}.{part}" for part in range(1, int(str(first.fields["parts"])))]
        found = [first, *self.collection.get(parts)]
        read = [each for each in found if each is not None and _is_of(each, made)]
        if len(read) < len(found):  # somebody makes it again just now
            return None
        return [row for each in read for row in orjson.loads(str(each.fields["rows"]))]

    def writes(self, name: str, rows: Sequence[Row], *, made: Made) -> list[Put]:
        """The writes of a roll-up, each small enough for a commit of its own."""
        parts = list(_parts(rows)) or [b"[]"]
        return [
            Put(
                self.collection.document(f"{name}.{index}"),
                {
                    "count": made.count,
                    "marks": made.marks,
                    "made_by": MADE_BY,
                    "parts": len(parts),
                    "rows": text.decode(),
                    "schema_version": SCHEMA_VERSION,
                },
            )
            for index, text in enumerate(parts)
        ]


MADE_BY: Final = 1
"""Counted up when a roll-up's rows change their meaning: what an older version made is made again."""


def _is_of(document: Document, made: Made) -> bool:
    said = document.fields
    return (said["count"], said["marks"], said["made_by"]) == (made.count, made.marks, MADE_BY)


def _parts(rows: Sequence[Row]) -> Iterator[bytes]:
    texts: list[bytes] = []
    size = 0
    for row in rows:
        text = orjson.dumps(row)
        if texts and size + len(text) > _LARGEST_PART:
            yield b"[" + b",".join(texts) + b"]"
            texts, size = [], 0
        texts.append(text)
        size += len(text) + 1
    if texts:
        yield b"[" + b",".join(texts) + b"]"
