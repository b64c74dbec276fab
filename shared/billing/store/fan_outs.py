"""Runs that are spread over tasks: what was enqueued, and of each tenant which parts are done or were given up.

The record of a tenant's parts stands among its runs, under the id of the whole. It is made for a tenant in shards, and
for any other once a task is at its last try, so that a small tenant's run writes no more than without a queue.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from billing.ports import Create, Delete, Document, Documents, Fields, Order, Put, Query, Update, Write, WriteConflict
from billing.store.codec import SCHEMA_VERSION
from billing.store.collection import Collection
from billing.store.ids import checked_id
from billing.store.runs import KEPT

FAN_OUTS = "fan_outs"
KIND = "fan_out"
WHOLE = "tenant"
CLOSING = "closing"

_PART = "part_"
_SHARD = "shard_"
_DONE, _DEAD, _LAST_TRY = "done", "dead", "last_try"
_WAITING = "waiting"
_STATES = (_DONE, _DEAD, _LAST_TRY, _WAITING)
_NO_ANSWER = "no_answer"

LONGEST_TRY = timedelta(minutes=35)
"""No try of a task lasts longer: a queue waits half an hour for an answer at most, and clocks differ by a little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A task that was given up: of which tenant and part, why, and since when."""

    tenant_id: str
    part: str
    code: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOut:
    """A call that was spread over tasks; `as_of` is the day or instant that was asked for."""

    id: str
    job: str
    actor: str
    recorded_at: datetime
    as_of: str
    tenants: int
    enqueued: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantParts:
    """What became of the parts of one tenant's run so far."""

    shards: int
    done: frozenset[str]
    dead: Mapping[str, DeadLetter]
    trying: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()

    def lost(self, *, at: datetime) -> frozenset[str]:
        """The parts whose last try must have died without a word."""
        return frozenset(part for part in self.trying if at - self.dead[part].at >= LONGEST_TRY)

    def shards_finished(self, *, at: datetime) -> bool:
        """Whether nothing more comes from any shard; the first is worked on by the task of the whole.

        A shard at its last try (`trying`) may still be continued, unless no try lasts that long.
        """
        ended = self.done | (self.dead.keys() - self.trying) | self.lost(at=at)
        first = shard_part(0) in ended or WHOLE in ended
        return first and all(shard_part(shard) in ended for shard in range(1, self.shards))

    @property
    def ending(self) -> str:
        """Stands for what became of the parts: a later end is another one."""
        states = dict.fromkeys(self.done, _DONE) | dict.fromkeys(self.dead, _DEAD)
        states |= dict.fromkeys(self.trying, _LAST_TRY)
        told = sorted(f"{part}:{state}" for part, state in states.items() if part == WHOLE or is_shard(part))
        return sha256(" ".join(told).encode()).hexdigest()[:16]

    @property
    def complete(self) -> bool:
        """Whether every part came to its end."""
        parts = {WHOLE} if self.shards == 1 else {CLOSING, *map(shard_part, range(self.shards))}
        return parts <= self.done and not self.dead


def shard_part(shard: int) -> str:
    """The name of a shard's part."""
    return f"{_SHARD}{shard}"


def is_shard(part: str) -> bool:
    """Whether that is the name of a shard's part."""
    return part.startswith(_SHARD)


@dataclass(frozen=True, slots=True)
class FanOuts:
    """The record of every call that was spread over tasks; only entry points authorised for all tenants read them."""

    documents: Documents

    def begin(self, fan_out: FanOut) -> None:
        """Record what is about to be enqueued; a doubled trigger finds its record."""
        record: Fields = {
            "id": fan_out.id,
            "job": fan_out.job,
            "actor": fan_out.actor,
            "recorded_at": fan_out.recorded_at,
            "expires_at": fan_out.recorded_at + KEPT,
            "as_of": fan_out.as_of,
            "tenants": fan_out.tenants,
            "enqueued": 0,
            "schema_version": SCHEMA_VERSION,
        }
        with suppress(WriteConflict):
            self.documents.commit([Create(_path(fan_out.id), record)])

    def note_enqueued(self, fan_out_id: str, *, taken: int, of: int) -> None:
        """Count tasks that the queue took of so many; of a call that it took whole, all, whoever handed them in.

        So it is right after a call that died before it counted, one that came twice, and one that found more tenants.
        """
        while (read := self.documents.get_many([_path(fan_out_id)])[0]) is not None:
            noted = _fan_out(read)
            enqueued, tenants = max(noted.enqueued, min(noted.enqueued + taken, of)), max(noted.tenants, of)
            if (enqueued, tenants) == (noted.enqueued, noted.tenants):
                return
            fields: Fields = {"enqueued": enqueued, "tenants": tenants}
            with suppress(WriteConflict):  # another call counted at the same time
                self.documents.commit([Update(_path(fan_out_id), fields, expected=read.version)])
                return

    def latest(self, *, limit: int) -> list[FanOut]:
        """The latest of them, the last first: their ids begin with the time."""
        found = self.documents.query(Query(FAN_OUTS, order=(Order("id", descending=True),), limit=limit))
        return [_fan_out(each) for each in found]

    def dead_letters(self, fan_out_id: str) -> list[DeadLetter]:
        """The tasks that were given up, by tenant."""
        return [_letter(each.fields) for each in self.documents.query(Query(f"{_path(fan_out_id)}/dead_letters"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRecords:
    """What is noted of the parts of one tenant's run; `base` is what the record says besides."""

    documents: Documents
    tenant_id: str
    fan_out_id: str
    base: Fields

    def begin(self, *, shards: int) -> None:
        """Make the record. One that a last try made before the shards were known learns of them."""
        try:
            self.documents.commit([self._creation(shards=shards)])
        except WriteConflict:
            if shards > 1:
                self.documents.commit([Update(self._runs.document(self.fan_out_id), {"shards": shards})])

    def find(self) -> TenantParts | None:
        """How far the parts are, or None where nothing was noted."""
        [found] = self._runs.get([self.fan_out_id])
        return None if found is None else tenant_parts(found)

    def last_try(self, part: str, *, at: datetime) -> None:
        """Note that the last try begins: should it end without a word, then the part has been given up."""
        message = f"the last try, begun at {at:%Y-%m-%d %H:%M:%S} UTC, has not come to an end"
        letter = DeadLetter(tenant_id=self.tenant_id, part=part, code=_NO_ANSWER, message=message, at=at)
        self._note(part, {"state": _LAST_TRY, **_fields(letter)}, [self._putting(letter)])

    def dead(self, letter: DeadLetter, *, besides: Sequence[Write] = ()) -> None:
        """Note that a part has been given up."""
        self._note(letter.part, {"state": _DEAD, **_fields(letter)}, [self._putting(letter), *besides])

    def lost(self, letter: DeadLetter) -> None:
        """The same of a tenant that is not there: it is noted with the whole alone, and nothing with the tenant."""
        self.documents.commit([self._putting(letter), Delete(self._runs.document(self.fan_out_id))])

    def waiting(self, part: str) -> None:
        """Take back that a part may be given up: its last try went well, and what is left of it was enqueued."""
        self._note(part, {"state": _WAITING}, [self._taking_back(part)])

    def done(self, part: str, *, at: datetime, besides: Sequence[Write] = ()) -> None:
        """Note that a part came to its end, whatever became of an earlier try."""
        self._note(part, {"state": _DONE, "at": at.isoformat()}, [self._taking_back(part), *besides])

    @property
    def _runs(self) -> Collection:
        return Collection(self.documents, self.tenant_id, "runs")

    def _note(self, part: str, state: Fields, besides: Sequence[Write]) -> None:
        """Each part has a field of its own, so that no two tasks wait for each other."""
        noted = Update(self._runs.document(self.fan_out_id), {f"{_PART}{part}": state})
        try:
            self.documents.commit([noted, *besides])
        except WriteConflict:  # nothing was noted of this tenant before
            self.begin(shards=1)
            self.documents.commit([noted, *besides])

    def _creation(self, *, shards: int) -> Create:
        fields: Fields = {"kind": KIND, **self.base, "shards": shards, "schema_version": SCHEMA_VERSION}
        return Create(self._runs.document(self.fan_out_id), fields)

    def _putting(self, letter: DeadLetter) -> Put:
        return Put(
            self._letter_path(letter.part),
            {**_fields(letter), "expires_at": letter.at + KEPT, "schema_version": SCHEMA_VERSION},
        )

    def _taking_back(self, part: str) -> Delete:
        return Delete(self._letter_path(part))

    def _letter_path(self, part: str) -> str:
        return f"{_path(self.fan_out_id)}/dead_letters/{checked_id('dead_letters.id', f'{self.tenant_id}.{part}')}"


def tenant_parts(document: Document) -> TenantParts:
    """A record of parts as it was read."""
    fields: dict[str, Any] = document.fields
    states = {name.removeprefix(_PART): state for name, state in fields.items() if name.startswith(_PART)}
    at_state = {name: frozenset(part for part, it in states.items() if it["state"] == name) for name in _STATES}
    dead = {part: _letter(states[part]) for part in states if part in at_state[_DEAD] | at_state[_LAST_TRY]}
    return TenantParts(
        shards=fields["shards"],
        done=at_state[_DONE],
        dead=dead,
        trying=at_state[_LAST_TRY],
        waiting=at_state[_WAITING] - ({WHOLE} if fields["shards"] > 1 else set()),  # its first shard goes on instead
    )


def _path(fan_out_id: str) -> str:
    return f"{FAN_OUTS}/{checked_id('fan_outs.id', fan_out_id)}"


def _fields(letter: DeadLetter) -> Fields:
    return {
        "tenant_id": letter.tenant_id,
        "part": letter.part,
        "code": letter.code,
        "message": letter.message,
        "at": letter.at.isoformat(),
    }


def _letter(fields: dict[str, Any]) -> DeadLetter:
    names = ("tenant_id", "part", "code", "message")
    return DeadLetter(at=datetime.fromisoformat(fields["at"]), **{name: fields[name] for name in names})


def _fan_out(document: Document) -> FanOut:
    fields: dict[str, Any] = document.fields
    names = ("job", "actor", "recorded_at", "as_of", "tenants", "enqueued")
    return FanOut(id=document.id, **{name: fields[name] for name in names})
