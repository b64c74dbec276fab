"""Whose turn it is to deliver a tenant's events: one document, which is there while somebody does."""

from dataclasses import dataclass, replace
from datetime import datetime

from billing.ports import Create, Delete, Documents, Put
from billing.store.codec import decode, encode
from billing.store.collection import Collection, Stored

_ID = "events"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTurn:
    """Who delivers, until which UTC instant at most; `wanted` where somebody else came meanwhile and was sent away."""

    holder: str
    until: datetime
    wanted: bool = False


@dataclass(frozen=True, slots=True)
class EventTurns:
    """The turn of one tenant's outbox; every write loses to any other in between."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "EventTurns":
        """The turn of one tenant."""
        return cls(Collection(documents, tenant_id, "turns"))

    def read(self) -> Stored[EventTurn] | None:
        """The turn that is taken, None where nobody delivers."""
        [document] = self.collection.get([_ID])
        return None if document is None else Stored(decode(document.fields, EventTurn), document.version)

    def taking(self, turn: EventTurn, *, over: Stored[EventTurn] | None) -> Create | Put:
        """The write that takes the turn, where nobody has it or `over` one that was left behind."""
        path = self.collection.document(_ID)
        return Create(path, encode(turn)) if over is None else Put(path, encode(turn), over.version)

    def wanting(self, taken: Stored[EventTurn]) -> Put:
        """The write that tells the holder to look once more."""
        return Put(self.collection.document(_ID), encode(replace(taken.value, wanted=True)), taken.version)

    def ending(self, version: str) -> Delete:
        """The write that ends the turn taken at a version; it fails where somebody came meanwhile."""
        return Delete(self.collection.document(_ID), version)
