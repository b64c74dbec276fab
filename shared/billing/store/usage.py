"""Usage: roll-ups that runs read and close, and the raw events whose existence is the duplicate check."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.domain.catalog import Aggregation
from billing.domain.rollup import UsageRollup
from billing.domain.usage import UsageEvent
from billing.ports import Create, Document, Documents, Fields, Put, Update, Write
from billing.store.codec import SCHEMA_VERSION, BrokenDocument, decode, decode_buckets, encode, encode_buckets, instant
from billing.store.collection import Collection, Stored


@dataclass(frozen=True, slots=True)
class UsageRollups:
    """The tenant's roll-ups: one a subscription, meter and local month."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "UsageRollups":
        """The roll-ups of one tenant."""
        return cls(Collection(documents, tenant_id, "usage"))

    def get(self, rollup_ids: Sequence[str]) -> list[Stored[UsageRollup] | None]:
        """The roll-ups of these ids, in order; None where nothing was used."""
        return [None if each is None else decode_rollup(each) for each in self.collection.get(rollup_ids)]

    def path(self, rollup: UsageRollup) -> str:
        """The path of a roll-up, whether it exists or not."""
        return self.collection.document(rollup.id)

    def saving(self, rollup: UsageRollup, *, read: Stored[UsageRollup] | None) -> Write:
        """The write of a changed roll-up, expecting what was read (nothing: that it does not exist)."""
        path = self.path(rollup)
        return Create(path, rollup_fields(rollup)) if read is None else Put(path, rollup_fields(rollup), read.version)

    def closing(self, rollup: UsageRollup, *, read: Stored[UsageRollup] | None) -> Write:
        """The write that closes a roll-up: it fails if usage arrived since it was read."""
        if read is None:
            return self.saving(rollup, read=None)
        path = self.path(rollup)
        return Update(path, {"closed_until": rollup.closed_until}, expected=read.version)


@dataclass(frozen=True, slots=True)
class UsageEvents:
    """The tenant's raw events. An event's document id is a hash of its idempotency id, so any text may be one."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "UsageEvents":
        """The usage events of one tenant."""
        return cls(Collection(documents, tenant_id, "usage_events"))

    def known(self, events: Sequence[UsageEvent]) -> list[bool]:
        """Whether each event was recorded before."""
        paths = [self.collection.document(event_key(event.id)) for event in events]
        return [each is not None for each in self.collection.documents.get_many(paths, fields=("meter",))]

    def get(self, event_ids: Sequence[str]) -> list[UsageEvent | BrokenDocument | None]:
        """The events of these ids, in order; the error in place of one that is broken, None where none was recorded."""
        return [_event(each) for each in self.collection.get([event_key(each) for each in event_ids])]

    def creation(self, event: UsageEvent, *, expires_at: datetime | None) -> Create:
        """The write that records an event; it fails if its id was seen before. The store drops it at `expires_at`."""
        fields = encode(event)
        if expires_at is not None:
            fields["expires_at"] = expires_at
        return Create(self.collection.document(event_key(event.id)), fields)


def event_key(event_id: str) -> str:
    """The document id of an event: a hash of the sender's idempotency id."""
    return hashlib.sha256(event_id.encode()).hexdigest()[:40]


def _event(document: Document | None) -> UsageEvent | BrokenDocument | None:
    try:
        return None if document is None else decode(document.fields, UsageEvent)
    except BrokenDocument as error:
        return error


def rollup_fields(rollup: UsageRollup) -> Fields:
    """A roll-up as a document."""
    return {
        "subscription_id": rollup.subscription_id,
        "meter": rollup.meter,
        "month": rollup.month,
        "aggregation": rollup.aggregation.value,
        "buckets": encode_buckets(rollup.buckets),
        "late": encode_buckets(rollup.late),
        "closed_until": rollup.closed_until,
        "schema_version": SCHEMA_VERSION,
    }


def decode_rollup(document: Document) -> Stored[UsageRollup]:
    """A roll-up and the version it was read at; BrokenDocument where it can't be one."""
    fields = document.fields
    try:
        until = fields["closed_until"]
        rollup = UsageRollup(
            subscription_id=str(fields["subscription_id"]),
            meter=str(fields["meter"]),
            month=str(fields["month"]),
            aggregation=Aggregation(str(fields["aggregation"])),
            buckets=decode_buckets(fields["buckets"]),
            closed_until=None if until is None else instant(until),
            late=decode_buckets(fields["late"]),
        )
    except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise BrokenDocument(UsageRollup, error) from error
    return Stored(rollup, document.version)
