"""Write usage events and their roll-ups in the same commits: each event once, whoever else is writing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import ClassVar

from billing.domain.billing_cycle import usage_bucket
from billing.domain.catalog import Aggregation
from billing.domain.errors import BillingError, Conflict, InvalidInput
from billing.domain.rollup import UsageRollup, Used, month_of
from billing.domain.subscription import Subscription
from billing.domain.usage import UsageEvent, bucket_of
from billing.domain.usage_report import UsageReport
from billing.ports import CommitTooLarge, Documents, DocumentTooLarge, Write, WriteConflict
from billing.store.codec import BrokenDocument
from billing.store.usage import UsageEvents, UsageRollups
from billing.usecases.late_marks import LateMarks
from billing.usecases.rollup_changes import RollupChanges

_MOST_WRITES = 400
ATTEMPTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredEvent:
    """An event that its subscription meters, and how it is kept."""

    event: UsageEvent
    aggregation: Aggregation
    subscription: Subscription


@dataclass(slots=True)
class Written:
    """What became of entries by id: what is neither known nor refused was written now; `late` is for closed time."""

    known: dict[str, UsageEvent | UsageReport | BrokenDocument] = field(default_factory=dict)
    refused: dict[str, BillingError] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)


class CrowdedRollup(Conflict):
    """So many others wrote to the same roll-ups that this call's turn never came; sending it again is safe."""

    code: ClassVar[str] = "crowded_rollup"

    def __init__(self, rollup_ids: Sequence[str]) -> None:
        names = ", ".join(sorted(set(rollup_ids))[:3])
        super().__init__(f"usage of {names} changed {ATTEMPTS} times while it was being written; send it again")


@dataclass(frozen=True, slots=True)
class UsageWriter:
    """Writes events of one tenant. `expires_at` says until when an event's id is kept (None: for ever)."""

    documents: Documents
    events: UsageEvents
    rollups: UsageRollups
    marks: LateMarks
    expires_at: Callable[[UsageEvent], datetime | None]

    @classmethod
    def of(
        cls,
        documents: Documents,
        tenant_id: str,
        *,
        expires_at: Callable[[UsageEvent], datetime | None],
        recorded_at: datetime,
        actor: str,
    ) -> "UsageWriter":
        """A writer of one tenant's usage; `actor` is who records it at `recorded_at`."""
        events, rollups = UsageEvents.of(documents, tenant_id), UsageRollups.of(documents, tenant_id)
        marks = LateMarks.of(documents, tenant_id, recorded_at=recorded_at, actor=actor)
        return cls(documents, events, rollups, marks, expires_at)

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
        """The events with their empty roll-ups, those of one roll-up beside each other, and those of one shard."""
        placed = []
        for each in events:
            rollup = empty_rollup(each.subscription, each.event.meter, each.event.occurred_at, each.aggregation)
            try:
                path = self.rollups.path(rollup)
            except InvalidInput as error:  # its parts are fit for an id, and together they are too long
                result.refused[each.event.id] = error
            else:
                placed.append(_Placed(path, rollup, each.event, each.subscription))
        return sorted(placed, key=attrgetter("subscription.shard", "path"))

    def _write_chunk(self, chunk: Sequence["_Placed"], result: Written) -> None:
        """Commit until it holds. Only a conflict makes it read the events: most are new, and a read costs money."""
        left = list(chunk)
        for attempt in range(ATTEMPTS):
            left = self._without_known(left, result) if attempt else left
            writes, late, left = self._writes(left, result)
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
                result.late |= late
                return
        raise CrowdedRollup([each.rollup.id for each in left])

    def _without_known(self, events: Sequence["_Placed"], result: Written) -> list["_Placed"]:
        found = self.events.get([each.event.id for each in events])
        pairs = list(zip(events, found, strict=True))
        result.known.update((each.event.id, known) for each, known in pairs if known is not None)
        return [each for each, known in pairs if known is None]

    def _writes(self, events: Sequence["_Placed"], result: Written) -> tuple[list[Write], set[str], list["_Placed"]]:
        """The writes of one commit, which events are late, and all that are in it.

        An event that its roll-up can't take is put on the result.
        """
        changes = RollupChanges.over(self.rollups, {each.path: each.rollup for each in events})
        taken, late = list[_Placed](), set[str]()
        for each in events:
            used = Used(occurred_at=each.event.occurred_at, bucket=bucket_of(each.rollup.aggregation, each.event))
            try:
                is_late = changes.add(each.path, used, subscription=each.subscription)
            except (InvalidInput, BrokenDocument) as error:
                result.refused[each.event.id] = error
            else:
                taken.append(each)
                late.update((each.event.id,) if is_late else ())
        creations = [self.events.creation(each.event, expires_at=self.expires_at(each.event)) for each in taken]
        return [*creations, *changes.writes(), *self.marks.writes(changes.late())], late, taken

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
    subscription: Subscription


def empty_rollup(
    subscription: Subscription, meter: str, occurred_at: datetime, aggregation: Aggregation
) -> UsageRollup:
    """The roll-up, still empty, that usage of a meter at a UTC instant is added to."""
    month = month_of(usage_bucket(subscription, occurred_at=occurred_at), zone=subscription.zone)
    return UsageRollup(subscription_id=subscription.id, meter=meter, month=month, aggregation=aggregation)


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


def _without_full(events: Sequence[_Placed], error: DocumentTooLarge, result: Written) -> list[_Placed]:
    """Without the events of the roll-up that would outgrow a document."""
    full = [each for each in events if each.path == error.given]
    if not full:
        raise error
    result.refused.update((each.event.id, error) for each in full)
    return [each for each in events if each.path != error.given]
