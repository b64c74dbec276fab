"""A seal: what a stretch of the audit log held, said in one digest that also covers every stretch before (ADR 0019)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What was recorded in [`since`, `until`), both UTC; `since` is None for a tenant's first seal.

    `number` runs from 1 without gaps, `previous` is the digest of the seal before. Digests are SHA-256 in hex.
    """

    number: int
    since: datetime | None
    until: datetime
    batches: int
    records: int
    previous: str
    digest: str


def first_digest(tenant_id: str) -> str:
    """What a tenant's first seal follows in place of a digest, so that a chain is its tenant's alone."""
    return hashlib.sha256(f"{tenant_id}/audit_seals".encode()).hexdigest()


class SealTally:
    """Adds up the batches of one stretch, which are given in the order of their ids.

    The digest is that of these lines, each with a newline: the previous digest, each batch as `id hash`, the end of the
    stretch in ISO 8601.
    """

    def __init__(self, previous: str) -> None:
        self.previous = previous
        self.batches = 0
        self.records = 0
        self._lines = hashlib.sha256(f"{previous}\n".encode())

    def add(self, batch_id: str, *, records: int, batch_hash: str) -> None:
        """Count one batch."""
        self.batches += 1
        self.records += records
        self._lines.update(f"{batch_id} {batch_hash}\n".encode())

    def digest(self, until: datetime) -> str:
        """The digest of a seal that ends the stretch here."""
        lines = self._lines.copy()
        lines.update(f"{until.isoformat()}\n".encode())
        return lines.hexdigest()
