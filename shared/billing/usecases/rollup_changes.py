"""Roll-ups with usage added to them, to be written over exactly what was read."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from billing.domain.errors import InvalidInput
from billing.domain.rollup import UsageRollup, Used, with_usage
from billing.domain.subscription import Subscription
from billing.ports import Write
from billing.store.codec import BrokenDocument
from billing.store.collection import Stored
from billing.store.usage import UsageRollups, decode_rollup

ReadRollup = Stored[UsageRollup] | BrokenDocument | None


@dataclass(slots=True)
class RollupChanges:
    """What one commit changes of a tenant's roll-ups, by path."""

    rollups: UsageRollups
    empty: Mapping[str, UsageRollup]
    read: Mapping[str, ReadRollup]
    changed: dict[str, UsageRollup] = field(default_factory=dict)

    @classmethod
    def over(cls, rollups: UsageRollups, empty: Mapping[str, UsageRollup]) -> "RollupChanges":
        """No changes yet, over these roll-ups as they stand; they are given as empty ones by path."""
        found = rollups.collection.documents.get_many(list(empty)) if empty else []
        read: dict[str, ReadRollup] = {}
        for path, document in zip(empty, found, strict=True):
            try:
                read[path] = None if document is None else decode_rollup(document)
            except BrokenDocument as error:
                read[path] = error
        return cls(rollups, empty, read)

    def add(self, path: str, used: Used, *, subscription: Subscription) -> bool:
        """Add usage to a roll-up that was read; whether it came late. It raises InvalidInput or BrokenDocument."""
        before = self.changed.get(path) or _value(self.read[path], empty=self.empty[path])
        after = with_usage(before, used, subscription=subscription)
        self.changed[path] = after
        return after.late is not before.late

    def late(self) -> dict[str, list[str]]:
        """The ids of the roll-ups whose late part grew, by subscription."""
        grown = defaultdict[str, list[str]](list)
        for path, rollup in self.changed.items():
            stored = self.read[path]
            if rollup.late and (not isinstance(stored, Stored) or stored.value.late is not rollup.late):
                grown[rollup.subscription_id].append(rollup.id)
        return grown

    def writes(self) -> Iterator[Write]:
        """The writes of what changed, each expecting what was read."""
        for path, rollup in self.changed.items():
            stored = self.read[path]
            yield self.rollups.saving(rollup, read=stored if isinstance(stored, Stored) else None)


def _value(read: ReadRollup, *, empty: UsageRollup) -> UsageRollup:
    if isinstance(read, BrokenDocument):
        raise read
    if read is None:
        return empty
    own, other = (empty.subscription_id, empty.meter), (read.value.subscription_id, read.value.meter)
    if own != other:  # "a.b" + "c" and "a" + "b.c" make one id: nobody adds to another's usage
        expected = f"a meter whose usage is not kept as {other[1]} of {other[0]}"
        raise InvalidInput("meter", expected=expected, given=f"{own[1]} of {own[0]}")
    return read.value
