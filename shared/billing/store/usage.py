"""Usage: roll-ups that runs read and close, and the raw events whose existence is the duplicate check."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.domain.catalog import Aggregation
from billing.domain.rollup import LateBill, UsageRollup, used
from billing.domain.usage import UsageEvent
from billing.domain.usage_report import UsageReport
from billing.ports import Create, Document, Documents, Fields, Put, Update, Write
from billing.store.codec import SCHEMA_VERSION, BrokenDocument, decode, decode_buckets, encode, encode_buckets, instant
from billing.store.collection import Collection, Stored
from billing.store.marks import MARK, mark_of


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
        """The write that closes a roll-up and takes off its late part: it fails if usage arrived since it was read."""
        if read is None:
            return self.saving(rollup, read=None)
        fields: Fields = {"closed_until": rollup.closed_until}
        if rollup.late_billed != read.value.late_billed:
            fields |= _late_fields(rollup)
        return Update(self.path(rollup), fields, expected=read.version)


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
        return [
            None if each is None else _event(each)
            for each in self.collection.get([event_key(each) for each in event_ids])
        ]

    def stored(self, event_id: str) -> Stored[UsageEvent] | BrokenDocument | None:
        """An event and the version it was read at; the error where it can't be read as one, None without any."""
        (document,) = self.collection.get([event_key(event_id)])
        if document is None:
            return None
        event = _event(document)
        return Stored(event, document.version) if isinstance(event, UsageEvent) else event

    def report(self, report_id: str) -> UsageReport | BrokenDocument | None:
        """The report of an id, as `get`."""
        (document,) = self.collection.get([event_key(report_id)])
        try:
            return None if document is None else decode(document.fields, UsageReport)
        except BrokenDocument as error:
            return error

    def read(self, document: Document) -> UsageEvent | UsageReport | BrokenDocument:
        """The event or report of a stored document, or the error where it is neither."""
        if "days" not in document.fields:
            return _event(document)
        try:
            return decode(document.fields, UsageReport)
        except BrokenDocument as error:
            return error

    def replaced(self, event: Stored[UsageEvent], *, by: str) -> Update:
        """The write that says which event stands for this one from now on; it fails if another does already."""
        path = self.collection.document(event_key(event.value.id))
        return Update(path, {"replaced_by": by}, expected=event.version)

    def creation(self, event: UsageEvent | UsageReport, *, expires_at: datetime | None) -> Create:
        """The write that records an event or report; it fails if its id was seen. It is dropped at `expires_at`."""
        fields = encode(event)
        if expires_at is not None:
            fields["expires_at"] = expires_at
        return Create(self.collection.document(event_key(event.id)), fields)


def event_key(event_id: str) -> str:
    """The document id of an event: a hash of the sender's idempotency id."""
    return hashlib.sha256(event_id.encode()).hexdigest()[:40]


def _event(document: Document) -> UsageEvent | BrokenDocument:
    try:
        return decode(document.fields, UsageEvent)
    except BrokenDocument as error:
        return error


def rollup_fields(rollup: UsageRollup) -> Fields:
    """A roll-up as a document, with all that was used as text for reports."""
    quantity = str(used(rollup))
    return {
        "subscription_id": rollup.subscription_id,
        "meter": rollup.meter,
        "month": rollup.month,
        "aggregation": rollup.aggregation.value,
        "buckets": encode_buckets(rollup.buckets),
        **_late_fields(rollup),
        "closed_until": rollup.closed_until,
        "used": quantity,
        MARK: mark_of(rollup.id, quantity),
        "schema_version": SCHEMA_VERSION,
    }


def _late_fields(rollup: UsageRollup) -> Fields:
    """The late part and what was billed of it, a map each, as a list of maps stays in order."""
    return {
        "late": encode_buckets(rollup.late),
        "late_billed": [
            {"invoice_id": each.invoice_id, "buckets": encode_buckets(each.buckets)} for each in rollup.late_billed
        ],
    }


def _late_bills(fields: Any) -> tuple[LateBill, ...]:  # noqa: ANN401 - a document's map
    return tuple(
        LateBill(invoice_id=str(each["invoice_id"]), buckets=decode_buckets(each["buckets"]))
        for each in fields.get("late_billed", ())
    )


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
            late_billed=_late_bills(fields),
        )
    except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise BrokenDocument(UsageRollup, error) from error
    return Stored(rollup, document.version)
