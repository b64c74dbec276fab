"""Writes that came with an Idempotency-Key: who works on each, and what was answered, for a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import ClassVar

from billing.domain.errors import Conflict
from billing.ports import Create, Delete, Document, Documents, Fields, Put, WriteConflict
from billing.store.codec import SCHEMA_VERSION, decode
from billing.store.collection import Collection

KEPT = timedelta(hours=24)
ABANDONED_AFTER = timedelta(minutes=10)
"""Who has not answered by then was killed: a run ends its work after nine minutes unless configured otherwise, and
every use case holds against being done twice at once."""

LARGEST_ANSWER = 512 * 1024
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteAnswer:
    """What was answered: the status, some headers by their names, and the body as text."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to do a write: nobody else does it before this is ended."""

    path: str
    version: str
    fields: Fields


class KeyUsedBefore(Conflict):
    """The same Idempotency-Key came with another request."""

    code: ClassVar[str] = "idempotency_key_reused"
    retryable: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key came with another method, path or body before; use a new one")


class WriteUnderWay(Conflict):
    """The same request is being worked on at this moment."""

    code: ClassVar[str] = "request_under_way"

    def __init__(self) -> None:
        super().__init__("the same request, with this Idempotency-Key, is being worked on; try again in a moment")


@dataclass(frozen=True, slots=True)
class IdempotentWrites:
    """The tenant's writes by their keys."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "IdempotentWrites":
        """The writes of one tenant."""
        return cls(Collection(documents, tenant_id, "idempotent_writes"))

    def claim(self, key: str, *, fingerprint: str, claim_id: str, now: datetime) -> Claim | WriteAnswer:
        """The right to do the write that `fingerprint` says, or what was answered when it was done.

        `claim_id` is this attempt's own. Raises KeyUsedBefore, and WriteUnderWay while somebody else works on it; who
        was killed at it is waited for at most ten minutes.
        """
        path = self.collection.document(sha256(key.encode()).hexdigest())
        for _ in range(_ATTEMPTS):
            found = self._taken(path, fingerprint=fingerprint, claim_id=claim_id, now=now)
            if found is not None:
                return found
        raise WriteUnderWay

    def finish(self, claim: Claim, answer: WriteAnswer) -> None:
        """Keep the answer; whoever took the claim over meanwhile keeps his."""
        done: Fields = {
            **claim.fields,
            "state": "done",
            "status": answer.status,
            "headers": {**answer.headers},
            "body": answer.body,
        }
        self._end(Put(claim.path, done, claim.version))

    def release(self, claim: Claim) -> None:
        """Give the claim up: nothing was done, so the same key may try again."""
        self._end(Delete(claim.path, claim.version))

    def _end(self, write: Put | Delete) -> None:
        try:
            self.collection.documents.commit([write])
        except WriteConflict:
            return

    def _taken(self, path: str, *, fingerprint: str, claim_id: str, now: datetime) -> Claim | WriteAnswer | None:
        """The claim or the answer; None where somebody was quicker, so that it has to be looked at again."""
        fields: Fields = {
            "fingerprint": fingerprint,
            "state": "working",
            "claim_id": claim_id,
            "claimed_at": now,
            "expires_at": now + KEPT,
            "schema_version": SCHEMA_VERSION,
        }
        [stored] = self.collection.documents.get_many([path])
        if stored is not None and stored.fields.get("claim_id") == claim_id:  # a commit whose answer was lost
            return Claim(path=path, version=stored.version, fields=stored.fields)
        if stored is not None and not _is_free(stored, fingerprint=fingerprint, now=now):
            return decode(stored.fields, WriteAnswer)
        write = Create(path, fields) if stored is None else Put(path, fields, stored.version)
        try:
            [version] = self.collection.documents.commit([write])
        except WriteConflict:
            return None
        return Claim(path=path, version=version, fields=fields)


def _is_free(stored: Document, *, fingerprint: str, now: datetime) -> bool:
    """Whether the key may be claimed anew: it is a day old, or its holder was killed. False where it was answered."""
    expires, claimed = stored.fields["expires_at"], stored.fields["claimed_at"]
    assert isinstance(expires, datetime)  # noqa: S101 - as written above
    assert isinstance(claimed, datetime)  # noqa: S101
    if expires <= now:
        return True
    if stored.fields["fingerprint"] != fingerprint:
        raise KeyUsedBefore
    if stored.fields["state"] == "done":
        return False
    if now - claimed < ABANDONED_AFTER:
        raise WriteUnderWay
    return True
