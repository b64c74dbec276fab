"""One task of a fanned-out run: a part of one tenant's work, for a slice of time; what is left queues up behind."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic

from billing.api.job import Engine, Job, Report, TenantWork
from billing.api.job_request import TENANT_HEADER
from billing.api.task_part import A_BATCH, PartKind, RunQueue, TaskPart
from billing.domain.errors import BillingError
from billing.domain.stamp import stamp
from billing.ports import Delete, Task
from billing.ports.jobs import ACTOR_HEADER, RunName, place_of
from billing.ports.tasks import TasksUnavailable, task_name
from billing.ports.trace import trace_headers
from billing.store.fan_outs import LONGEST_TRY, WHOLE, DeadLetter, PartRecords, TenantParts
from billing.store.open_batches import OpenBatches
from billing.store.tenants import Tenants

OTHERS_MAY_TAKE = timedelta(minutes=5)
"""When a part is looked at again that stopped for another reason than its time, such as a case that a run is at."""

_MOST_SLICES = 2_000
_BATCHES_AT_ONCE = 100


class NoEndInSight(BillingError):
    """A part was continued so often that something must be wrong with it."""

    code: ClassVar[str] = "no_end_in_sight"

    def __init__(self, part: TaskPart) -> None:
        super().__init__(f"{part.name} was continued {part.slice} times and is not at its end")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFor:
    """Makes the tasks of one fan-out: `as_of` and `actor` as they were asked for, `request_id` for the log."""

    job: RunName
    as_of: str
    actor: str
    request_id: str

    def part(self, part: TaskPart, *, tenant_id: str, due: datetime | None = None) -> Task:
        """The task that does a part of a tenant's run. Its name stands for all of that."""
        function, path = place_of(self.job)
        body: dict[str, Any] = {"as_of": self.as_of, "task": part.members}
        if path != "/":  # a release that went back does another job there, and must not take it for its own
            body["job"] = self.job
        return Task(
            name=task_name(self.job, part.fan_out, tenant_id, part.name, str(part.slice), *filter(None, [part.after])),
            queue="runs",
            function=function,
            path=path,
            body=body,
            headers={
                TENANT_HEADER: tenant_id,
                ACTOR_HEADER: self.actor,
                "X-Request-ID": self.request_id,
                **trace_headers(),
            },
            due=due,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRun(Generic[Engine, Report]):
    """Does a part in place of the job's whole run.

    `records` notes how far the tenant's parts are, and `batches` which of its batches are open. At the `last_try` of
    its task it is noted that the part may be given up, until its work is done.
    """

    job: Job[Engine, Report]
    part: TaskPart
    queue: RunQueue
    tasks: TaskFor
    records: PartRecords
    batches: OpenBatches
    last_try: bool

    def run(self, engine: Engine, work: TenantWork) -> Report:
        """Work for a slice of time, then enqueue what follows: PDFs and charges, the rest of the part, the end.

        Done again, by a task that comes twice or a call that died, it finds less to do and enqueues nothing new. That a
        last try went well is noted last: whatever fails or dies before leaves a dead letter.
        """
        if self.part.slice > _MOST_SLICES:
            raise NoEndInSight(self.part)
        if self.part.kind is PartKind.CLOSING and not self._may_close(work):
            if self.last_try:
                self._take_back()
            return self.job.nothing(engine, work)
        work = replace(work, fan_out=self.part.fan_out, sweep_from=self.part.sweep_from)
        watch = _Watch(work)
        work = replace(work, out_of_time=watch)
        part = self._spread(engine, work)
        report = self._report(engine, work, part)
        is_at_its_end = report.complete and not watch.said
        self._settle_apart(part, report, work)
        if is_at_its_end:
            self._finish(part, work)
        else:
            due = None if watch.said else work.now + OTHERS_MAY_TAKE
            rest = replace(part, slice=part.slice + 1, sweep_from=report.sweep_from)
            self.queue.tasks.enqueue([self.tasks.part(rest, tenant_id=work.tenant_id, due=due)])
        if self.last_try and not (is_at_its_end and part is self.part):
            self._take_back()
        return report

    def begin_last_try(self, *, tenant_id: str, now: datetime) -> bool:
        """Note that the last try begins, so that one which dies without a word is known to have been given up.

        The first one counts, however often the queue tries on: it stays noted, and so does its dead letter. The answer
        says whether what became of the part is known already.
        """
        name, parts = self.part.name, self.records.find()
        if parts is not None and name in parts.trying:
            return False
        if parts is not None and (
            name in parts.dead or (name in parts.done and self.part.kind is not PartKind.CLOSING)
        ):
            return True
        if self.part.kind is PartKind.SHARD:
            self._close_without_this(tenant_id=tenant_id, now=now)
        self.records.last_try(name, at=now)
        return False

    def _take_back(self) -> None:
        """Note that the last try went well; if the part came to its end meanwhile, by calls beside this one, it has."""
        if self.part.name not in self._done:
            self.records.waiting(self.part.name)

    @property
    def _done(self) -> frozenset[str]:
        parts = self.records.find()
        return frozenset() if parts is None else parts.done

    def _spread(self, engine: Engine, work: TenantWork) -> TaskPart:
        """Of a tenant in shards: enqueue those that are not done but for the first, which is done here."""
        if self.part.kind is not PartKind.TENANT or not self.job.by_shard:
            return self.part
        shards = Tenants(engine.documents).get(work.tenant_id).shards
        if shards == 1:
            return self.part
        parts = self.records.find()
        self.records.begin(shards=shards)
        if self.last_try and _is_first_to_spread(parts, at=work.now):
            self._close_without_this(tenant_id=work.tenant_id, now=work.now)
        first, *others = (replace(self.part, kind=PartKind.SHARD, shard=shard) for shard in range(shards))
        done = frozenset[str]() if parts is None else parts.done
        left = [each for each in others if each.name not in done]
        self.queue.tasks.enqueue([self.tasks.part(each, tenant_id=work.tenant_id) for each in left])
        return first

    def _report(self, engine: Engine, work: TenantWork, part: TaskPart) -> Report:
        match part.kind:
            case PartKind.TENANT:
                return self.job.run(engine, work)
            case PartKind.SHARD:
                return self.job.run(engine, replace(work, shards=(part.shard,)))
            case PartKind.SETTLE if self.job.settle is not None:
                return self.job.settle(engine, work, part.invoice_ids)
            case _:
                return self.job.close(engine, work)

    def _settle_apart(self, part: TaskPart, report: Report, work: TenantWork) -> None:
        ids = self.job.left(report) if part.kind is PartKind.SHARD else ()
        starts = range(0, len(ids), A_BATCH)
        batches = [_batch(part.fan_out, ids[start : start + A_BATCH]) for start in starts]
        self.batches.note({each.name: each.invoice_ids for each in batches})
        self.queue.tasks.enqueue([self.tasks.part(each, tenant_id=work.tenant_id) for each in batches])

    def _finish(self, part: TaskPart, work: TenantWork) -> None:
        match part.kind:
            case PartKind.SHARD:
                self.records.done(part.name, at=work.now)
                self.close_after_shards(tenant_id=work.tenant_id, now=work.now)
                if part.shard == 0 and (parts := self.records.find()) is not None and WHOLE in parts.dead:
                    self.records.waiting(WHOLE)  # a slice before this one died when its work was done
            case PartKind.SETTLE if not self.last_try:
                self.batches.documents.commit(self._taking_off)
            case PartKind.TENANT if not self.last_try and (part.slice == 0 or self.records.find() is None):
                pass  # nothing was noted of it
            case _:
                self.records.done(part.name, at=work.now, besides=self._taking_off)

    def give_up(self, letter: DeadLetter, *, now: datetime) -> None:
        """Note that the task of this part will not be tried again; the others of the tenant end without it."""
        self.records.dead(letter, besides=self._taking_off)
        if self.part.kind in (PartKind.TENANT, PartKind.SHARD):
            self.close_after_shards(tenant_id=letter.tenant_id, now=now)

    def close_after_shards(self, *, tenant_id: str, now: datetime) -> None:
        """Enqueue what comes once at the end, if no shard is left: a slice later, when batches have been settled."""
        parts = self.records.find()
        if parts is None or parts.shards == 1 or not parts.shards_finished(at=now):
            return
        due = now + timedelta(seconds=self.queue.slice_seconds) if self.job.settle is not None else None
        self._enqueue_closing(parts.ending, tenant_id=tenant_id, due=due)

    def _close_without_this(self, *, tenant_id: str, now: datetime) -> None:
        """Should a shard's last try die without a word, the end comes once it must have died."""
        after, due = f"{self.part.name}_{self.part.slice}_{stamp(now)}", now + LONGEST_TRY + OTHERS_MAY_TAKE
        with suppress(TasksUnavailable):  # which is no reason not to try
            self._enqueue_closing(after, tenant_id=tenant_id, due=due)

    def _enqueue_closing(self, after: str, *, tenant_id: str, due: datetime | None) -> None:
        closing = TaskPart(fan_out=self.part.fan_out, kind=PartKind.CLOSING, after=after)
        self.queue.tasks.enqueue([self.tasks.part(closing, tenant_id=tenant_id, due=due)])

    def _may_close(self, work: TenantWork) -> bool:
        """Whether all shards and batches are at their end. Batches are handed in again, lest one was lost, and awaited.

        A shard that is not at its end enqueues a closing of its own then, so this one need not come again for it.
        """
        parts = self.records.find()
        if parts is None or not parts.shards_finished(at=work.now):
            return False
        found = [_batch(self.part.fan_out, ids) for ids in self.batches.first(limit=_BATCHES_AT_ONCE)]
        lost = [each for each in found if each.name in parts.lost(at=work.now)]
        if lost:
            self.batches.documents.commit([self.batches.taking_off(each.name) for each in lost])
        batches = [each for each in found if each not in lost]
        if not batches and len(found) < _BATCHES_AT_ONCE:
            return True
        again = self.tasks.part(
            replace(self.part, slice=self.part.slice + 1), tenant_id=work.tenant_id, due=work.now + OTHERS_MAY_TAKE
        )
        self.queue.tasks.enqueue([*(self.tasks.part(each, tenant_id=work.tenant_id) for each in batches), again])
        return False

    @property
    def _taking_off(self) -> list[Delete]:
        """What says of a batch that nobody has to wait for it any more."""
        return [self.batches.taking_off(self.part.name)] if self.part.kind is PartKind.SETTLE else []


def _is_first_to_spread(parts: TenantParts | None, *, at: datetime) -> bool:
    """Of last tries of the whole: the one that was noted, or the first one after it that knows of shards."""
    return parts is None or parts.shards == 1 or (WHOLE in parts.dead and parts.dead[WHOLE].at == at)


def _batch(fan_out: str, invoice_ids: Sequence[str]) -> TaskPart:
    return TaskPart(fan_out=fan_out, kind=PartKind.SETTLE, invoice_ids=tuple(invoice_ids))


class _Watch:
    """Whether the time is up, and whether it has ever said so: what was not begun then has to be continued.

    The first page is always begun, so that a part gets on however short its slices are; of one that has to go on with
    the settlement too, the first page of that as well.
    """

    def __init__(self, work: TenantWork) -> None:
        self._out_of_time = work.out_of_time
        self._free = 2 if work.sweep_from else 1
        self.said = False

    def __call__(self) -> bool:
        self._free -= 1
        self.said = self.said or (self._free < 0 and self._out_of_time())
        return self.said
