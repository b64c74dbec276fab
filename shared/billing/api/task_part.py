"""What a task of a fanned-out run is asked to do, as it stands in the task's body."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from billing.domain.errors import InvalidInput
from billing.ports.tasks import Tasks
from billing.store.fan_outs import CLOSING, WHOLE, shard_part
from billing.store.ids import checked_id

A_BATCH = 100
"""Invoices that are settled by one task: seconds of work, so that one which fails costs little."""

_FAN_OUT = re.compile("[0-9TZ]{1,30}-[0-9a-f]{8}")
_AFTER = re.compile("[0-9A-Za-z_]{0,80}")
_SWEEP_FROM = re.compile(r"(?:(?:invoices|credit_notes|payments)/(?P<after>.*)|verify/[^\x00-\x1f]{1,2000})?")
_MOST_SHARDS, _MOST_SLICES = 10_000, 1_000_000


class PartKind(StrEnum):
    """A tenant's whole run, one of its shards, a batch of its invoices to settle, or what comes once at the end."""

    TENANT = "tenant"
    SHARD = "shard"
    SETTLE = "settle"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQueue:
    """The queue for parts of runs: a task is tried `attempts` times; a part ends after `slice_seconds` and queues up.

    So a large tenant's rest goes behind what the others still wait for.
    """

    tasks: Tasks
    attempts: int
    slice_seconds: int


def run_queue(tasks: Tasks | None, *, attempts: int, slice_seconds: int) -> RunQueue | None:
    """The queue for parts of runs; None where there is no queue."""
    return None if tasks is None else RunQueue(tasks=tasks, attempts=attempts, slice_seconds=slice_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPart:
    """A part of the run `fan_out`. `slice` counts how often the part was continued.

    `after` is what a closing comes after: each end of the shards has a closing of its own. `sweep_from` is where the
    slice before says that the settlement of what is left goes on.
    """

    fan_out: str
    kind: PartKind
    shard: int = 0
    invoice_ids: tuple[str, ...] = ()
    slice: int = 0
    after: str = ""
    sweep_from: str = ""

    @property
    def name(self) -> str:
        """The part's name among those of its tenant, fit for a field."""
        match self.kind:
            case PartKind.TENANT:
                return WHOLE
            case PartKind.SHARD:
                return shard_part(self.shard)
            case PartKind.SETTLE:
                return f"settle_{sha256(' '.join(self.invoice_ids).encode()).hexdigest()[:32]}"
            case PartKind.CLOSING:
                return CLOSING

    @property
    def members(self) -> dict[str, object]:
        """What stands in a task's body."""
        members: dict[str, object] = {"fan_out": self.fan_out, "part": self.kind.value, "slice": self.slice}
        match self.kind:
            case PartKind.SHARD:
                return members | {"shard": self.shard}
            case PartKind.SETTLE:
                return members | {"invoices": list(self.invoice_ids)}
            case _:
                told = {"after": self.after, "sweep_from": self.sweep_from}
                return members | {name: value for name, value in told.items() if value}


def read_part(value: object) -> TaskPart:
    """The part in a task's body. InvalidInput for what we never wrote."""
    match value:
        case {"fan_out": str(fan_out), "part": "tenant" | "closing" as kind, "slice": int(slices), **rest}:
            after, sweep_from = _told(value, rest)
            part = TaskPart(fan_out=fan_out, kind=PartKind(kind), slice=slices, after=after, sweep_from=sweep_from)
        case {"fan_out": str(fan_out), "part": "shard", "slice": int(slices), "shard": int(shard), **rest} if not rest:
            part = TaskPart(fan_out=fan_out, kind=PartKind.SHARD, slice=slices, shard=shard)
        case {"fan_out": str(fan_out), "part": "settle", "slice": 0, "invoices": list(ids), **rest} if not rest:
            part = TaskPart(fan_out=fan_out, kind=PartKind.SETTLE, invoice_ids=tuple(map(_invoice_id, ids)))
        case _:
            raise _not_ours(value)
    if not (_FAN_OUT.fullmatch(part.fan_out) and 0 <= part.shard < _MOST_SHARDS and 0 <= part.slice < _MOST_SLICES):
        raise _not_ours(value)
    if part.kind is PartKind.SETTLE and not 0 < len(part.invoice_ids) <= A_BATCH:
        raise _not_ours(value)
    return part


def _told(value: object, rest: Mapping[Any, Any]) -> tuple[str, str]:
    """What a closing comes after, and where the sweep goes on; each "" where nothing is told."""
    after, sweep_from = rest.get("after", ""), rest.get("sweep_from", "")
    if rest.keys() - {"after", "sweep_from"} or not isinstance(after, str) or not isinstance(sweep_from, str):
        raise _not_ours(value)
    found = _SWEEP_FROM.fullmatch(sweep_from)
    if not _AFTER.fullmatch(after) or found is None:
        raise _not_ours(value)
    if found["after"]:
        checked_id("task", found["after"])
    return after, sweep_from


def _invoice_id(value: object) -> str:
    if not isinstance(value, str):
        raise _not_ours(value)
    return checked_id("task", value)


def _not_ours(value: object) -> InvalidInput:
    given = "an object" if isinstance(value, Mapping) else type(value).__name__
    return InvalidInput("task", expected="a part of a run as this service enqueued it", given=given)
