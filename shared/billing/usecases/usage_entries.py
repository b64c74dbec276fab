"""Write usage of one id that changes several roll-ups, or another entry, in one commit: whole or not at all."""

from collections.abc import Callable
from dataclasses import dataclass

from billing.domain.catalog import Aggregation
from billing.domain.errors import InvalidInput
from billing.domain.rollup import Used
from billing.domain.subscription import Subscription
from billing.ports import Write, WriteConflict
from billing.store.codec import BrokenDocument
from billing.usecases.rollup_changes import RollupChanges
from billing.usecases.usage_writes import ATTEMPTS, CrowdedRollup, UsageWriter, Written, empty_rollup


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEntry:
    """The writes of an entry's own documents, and the parts that it adds to its meter's roll-ups."""

    id: str
    subscription: Subscription
    meter: str
    parts: tuple[tuple[Aggregation, Used], ...]
    documents: tuple[Write, ...]


def write_entry(
    writer: UsageWriter, entry_id: str, prepare: Callable[[], UsageEntry | None], *, result: Written
) -> None:
    """Commit an entry and its roll-ups; what it comes to stands on the result.

    `prepare` reads what the entry rests on, at each attempt anew. It gives None where it has put on the result that
    the id is known, and raises InvalidInput or BrokenDocument for an entry to refuse. Raises CrowdedRollup and
    StoreUnavailable: sending the entry again is then safe.
    """
    for _ in range(ATTEMPTS):
        try:
            entry = prepare()
            if entry is None:
                return
            is_late = _committed(writer, entry)
        except WriteConflict:
            continue
        except (InvalidInput, BrokenDocument) as error:
            result.refused[entry_id] = error
        else:
            result.late.update((entry_id,) if is_late else ())
        return
    raise CrowdedRollup([entry_id])


def _committed(writer: UsageWriter, entry: UsageEntry) -> bool:
    """Commit it; whether a part of it came late."""
    placed = [
        (empty_rollup(entry.subscription, entry.meter, used.occurred_at, aggregation), used)
        for aggregation, used in entry.parts
    ]
    changes = RollupChanges.over(writer.rollups, {writer.rollups.path(empty): empty for empty, _ in placed})
    late = [changes.add(writer.rollups.path(empty), used, subscription=entry.subscription) for empty, used in placed]
    marks = writer.marks.writes(changes.late())
    writer.documents.commit([*entry.documents, *changes.writes(), *marks])
    return any(late)
