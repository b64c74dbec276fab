"""Write usage events and their roll-ups in the same commits: each event once, whoever else is writing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import ClassVar

from billing.domain.catalog import Aggregation
from billing.domain.errors import BillingError, Conflict, InvalidInput
from billing.domain.period import Schedule
from billing.domain.rollup import UsageRollup, month_of, with_event
from billing.domain.usage import UsageEvent, bucket_start
from billing.ports import CommitTooLarge, Documents, DocumentTooLarge, Write, WriteConflict
from billing.store.codec import BrokenDocument
from billing.store.collection import Stored
from billing.store.usage import UsageEvents, UsageRollups, decode_rollup

_MOST_WRITES = 400
_ATTEMPTS = 50

ReadRollup = Stored[UsageRollup] | BrokenDocument | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredEvent:
    """An event that a subscription meters: how it is kept, and by which periods its bucket is cut."""

    event: UsageEvent
    aggregation: Aggregation
    schedule: Schedule
    trial_end: datetime | None = None


@dataclass(slots=True)
class Written:
    """What became of events by id; those not named here were written now."""

    known: dict[str, UsageEvent | BrokenDocument] = field(default_factory=dict)
    refused: dict[str, BillingError] = field(default_factory=dict)


class CrowdedRollup(Conflict):
    """So many others wrote to the same roll-ups that this call's turn never came; sending it again is safe."""

    code: ClassVar[str] = "crowded_rollup"

    def __init__(self, rollup_ids: Sequence[str]) -> None:
        names = ", ".join(sorted(set(rollup_ids))[:3])
        super().__init__(f"usage of {names} changed {_ATTEMPTS} times while it was being written; send it again")


@dataclass(frozen=True, slots=True)
class UsageWriter:
    """Writes events of one tenant. `expires_at` says until when an event's id is kept (None: for ever)."""

    documents: Documents
    events: UsageEvents
    rollups: UsageRollups
    expires_at: Callable[[UsageEvent], datetime | None]

    @classmethod
    def of(
        cls, documents: Documents, tenant_id: str, *, expires_at: Callable[[UsageEvent], datetime | None]
    ) -> "UsageWriter":
        """A writer of one tenant's usage."""
        events, rollups = UsageEvents.of(documents, tenant_id), UsageRollups.of(documents, tenant_id)
        return cls(documents, events, rollups, expires_at)

    def write(
        self, events: Sequence[MeteredEvent], *, progress: Callable[[int], None] = lambda _events: None
    ) -> Written:
        """Write each event that is new and add it to its roll-up; `progress` hears how many a commit dealt with.

        No two events may have the same id. Raises CrowdedRollup and StoreUnavailable; then some are written, and a
        repeated call finds those as known.
        """
        result = Written()
        for chunk in _chunks(self._placed(events, result)):
            self._write_chunk(chunk, result)
            progress(len(chunk))
        return result

    def _placed(self, events: Sequence[MeteredEvent], result: Written) -> list["_Placed"]:
        """The events with their empty roll-ups, those of one roll-up beside each other."""
        placed = []
        for each in events:
            rollup = _empty_rollup(each)
            try:
                placed.append(_Placed(self.rollups.path(rollup), rollup, each.event, each.schedule, each.trial_end))
            except InvalidInput as error:  # its parts are fit for an id, and together they are too long
                result.refused[each.event.id] = error
        return sorted(placed, key=attrgetter("path"))

    def _write_chunk(self, chunk: Sequence["_Placed"], result: Written) -> None:
        """Commit until it holds. Only a conflict makes it read the events: most are new, and a read costs money."""
        left = list(chunk)
        for attempt in range(_ATTEMPTS):
            left = self._without_known(left, result) if attempt else left
            writes, left = self._writes(left, result)
            if not left:
                return
            try:
                self.documents.commit(writes)
            except WriteConflict:
                continue
            except DocumentTooLarge as error:
                left = _without_full(left, error, result)
            except CommitTooLarge as error:
                self._halve(left, error, result)
                return
            else:
                return
        raise CrowdedRollup([each.rollup.id for each in left])

    def _without_known(self, events: Sequence["_Placed"], result: Written) -> list["_Placed"]:
        found = self.events.get([each.event.id for each in events])
        pairs = list(zip(events, found, strict=True))
        result.known.update((each.event.id, known) for each, known in pairs if known is not None)
        return [each for each, known in pairs if known is None]

    def _writes(self, events: Sequence["_Placed"], result: Written) -> tuple[list[Write], list["_Placed"]]:
        """The writes of one commit and the events in it; an event that its roll-up can't take is put on the result."""
        read = self._read({each.path: each.rollup for each in events})
        changed: dict[str, UsageRollup] = {}
        taken = []
        for each in events:
            try:
                before = changed.get(each.path) or _value(read[each.path], empty=each.rollup)
                changed[each.path] = with_event(before, each.event, schedule=each.schedule, trial_end=each.trial_end)
            except (InvalidInput, BrokenDocument) as error:
                result.refused[each.event.id] = error
            else:
                taken.append(each)
        writes: list[Write] = [
            self.events.creation(each.event, expires_at=self.expires_at(each.event)) for each in taken
        ]
        for path, rollup in changed.items():
            stored = read[path]
            writes.append(self.rollups.saving(rollup, read=stored if isinstance(stored, Stored) else None))
        return writes, taken

    def _read(self, rollups: Mapping[str, UsageRollup]) -> dict[str, ReadRollup]:
        found = self.documents.get_many(list(rollups)) if rollups else []
        read: dict[str, ReadRollup] = {}
        for path, document in zip(rollups, found, strict=True):
            try:
                read[path] = None if document is None else decode_rollup(document)
            except BrokenDocument as error:
                read[path] = error
        return read

    def _halve(self, events: Sequence["_Placed"], error: CommitTooLarge, result: Written) -> None:
        middle = len(events) // 2
        if not middle:
            result.refused[events[0].event.id] = error
            return
        self._write_chunk(events[:middle], result)
        self._write_chunk(events[middle:], result)


@dataclass(frozen=True, slots=True)
class _Placed:
    path: str
    rollup: UsageRollup
    event: UsageEvent
    schedule: Schedule
    trial_end: datetime | None


def _empty_rollup(metered: MeteredEvent) -> UsageRollup:
    return UsageRollup(
        subscription_id=metered.event.subscription_id,
        meter=metered.event.meter,
        month=_month(metered.event.occurred_at, metered.schedule),
        aggregation=metered.aggregation,
    )


@lru_cache(maxsize=4096)  # a book has many events of one midnight
def _month(occurred_at: datetime, schedule: Schedule) -> str:
    return month_of(bucket_start(occurred_at, schedule), zone=schedule.zone)


def _chunks(events: Sequence[_Placed]) -> Iterator[list[_Placed]]:
    """Parts of at most 400 writes, an event one and a roll-up one."""
    chunk: list[_Placed] = []
    paths: set[str] = set()
    for each in events:
        if len(chunk) + len(paths | {each.path}) + 1 > _MOST_WRITES:
            yield chunk
            chunk, paths = [], set()
        chunk.append(each)
        paths.add(each.path)
    if chunk:
        yield chunk


def _value(read: ReadRollup, *, empty: UsageRollup) -> UsageRollup:
    if isinstance(read, BrokenDocument):
        raise read
    return empty if read is None else read.value


def _without_full(events: Sequence[_Placed], error: DocumentTooLarge, result: Written) -> list[_Placed]:
    """Without the events of the roll-up that would outgrow a document."""
    full = [each for each in events if each.path == error.given]
    if not full:
        raise error
    result.refused.update((each.event.id, error) for each in full)
    return [each for each in events if each.path != error.given]
