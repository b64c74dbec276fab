"""One task of a fanned-out run: a part of one tenant's work, for a slice of time; what is left queues up behind."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Generic

from billing.api.job import Engine, Job, Report, TenantWork
from billing.api.job_request import TENANT_HEADER
from billing.api.task_part import A_BATCH, PartKind, RunQueue, TaskPart
from billing.domain.errors import BillingError
from billing.ports import Task
from billing.ports.jobs import ACTOR_HEADER, JobName
from billing.ports.tasks import task_name
from billing.ports.trace import trace_headers
from billing.store.fan_outs import DeadLetter, PartRecords
from billing.store.tenants import Tenants

OTHERS_MAY_TAKE = timedelta(minutes=5)
"""When a part is looked at again that stopped for another reason than its time, such as a case that a run is at."""

_MOST_SLICES = 2_000


class NoEndInSight(BillingError):
    """A part was continued so often that something must be wrong with it."""

    code: ClassVar[str] = "no_end_in_sight"

    def __init__(self, part: TaskPart) -> None:
        super().__init__(f"{part.name} was continued {part.slice} times and is not at its end")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFor:
    """Makes the tasks of one fan-out: `as_of` and `actor` as they were asked for, `request_id` for the log."""

    job: JobName
    as_of: str
    actor: str
    request_id: str

    def part(self, part: TaskPart, *, tenant_id: str, due: datetime | None = None) -> Task:
        """The task that does a part of a tenant's run. Its name stands for all of that."""
        return Task(
            name=task_name(self.job, part.fan_out, tenant_id, part.name, str(part.slice)),
            queue="runs",
            function=self.job,
            body={"as_of": self.as_of, "task": part.members},
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
    """Does a part in place of the job's whole run. `records` notes how far the tenant's parts are.

    At the `last_try` of its task it is noted that the part may be given up, until its work is done.
    """

    job: Job[Engine, Report]
    part: TaskPart
    queue: RunQueue
    tasks: TaskFor
    records: PartRecords
    last_try: bool

    def run(self, engine: Engine, work: TenantWork) -> Report:
        """Work for a slice of time, then enqueue what follows: PDFs and charges, the rest of the part, the end.

        Done again, by a task that comes twice or a call that died, it finds less to do and enqueues nothing new.
        """
        if self.part.slice > _MOST_SLICES:
            raise NoEndInSight(self.part)
        watch = _Watch(work)
        work = replace(work, out_of_time=watch, fan_out=self.part.fan_out)
        part = self._spread(engine, work)
        report = self._report(engine, work, part)
        if self.last_try:
            self.records.waiting(self.part.name)
        follow_up = [*self._settling(part, report, work), *self._rest(part, report, work, is_out_of_time=watch.said)]
        self.queue.tasks.enqueue(follow_up)
        if report.complete and not watch.said:
            self._finish(part, work)
        return report

    def _spread(self, engine: Engine, work: TenantWork) -> TaskPart:
        """Of a tenant in shards: enqueue all but the first, which is done here."""
        if self.part.kind is not PartKind.TENANT:
            return self.part
        shards = Tenants(engine.documents).get(work.tenant_id).shards
        if shards == 1:
            return self.part
        self.records.begin(shards=shards)
        first, *others = (replace(self.part, kind=PartKind.SHARD, shard=shard) for shard in range(shards))
        self.queue.tasks.enqueue([self.tasks.part(each, tenant_id=work.tenant_id) for each in others])
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

    def _settling(self, part: TaskPart, report: Report, work: TenantWork) -> Iterator[Task]:
        ids = self.job.left(report) if part.kind is PartKind.SHARD else ()
        for start in range(0, len(ids), A_BATCH):
            batch = TaskPart(
                fan_out=part.fan_out, kind=PartKind.SETTLE, invoice_ids=tuple(ids[start : start + A_BATCH])
            )
            yield self.tasks.part(batch, tenant_id=work.tenant_id)

    def _rest(self, part: TaskPart, report: Report, work: TenantWork, *, is_out_of_time: bool) -> Iterator[Task]:
        if is_out_of_time or not report.complete:
            due = None if is_out_of_time else work.now + OTHERS_MAY_TAKE
            yield self.tasks.part(replace(part, slice=part.slice + 1), tenant_id=work.tenant_id, due=due)

    def _finish(self, part: TaskPart, work: TenantWork) -> None:
        match part.kind:
            case PartKind.SHARD:
                self.records.done(part.name, at=work.now)
                self.close_after_shards(tenant_id=work.tenant_id, now=work.now)
            case PartKind.CLOSING:
                self.records.done(part.name, at=work.now)
            case _ if self.last_try:
                self.records.done(part.name, at=work.now)
            case _:
                pass

    def give_up(self, letter: DeadLetter, *, now: datetime) -> None:
        """Note that the task of this part will not be tried again; the others of the tenant end without it."""
        self.records.dead(letter)
        self.close_after_shards(tenant_id=letter.tenant_id, now=now)

    def close_after_shards(self, *, tenant_id: str, now: datetime) -> None:
        """Enqueue what comes once at the end, if no shard is left: a slice later, when batches have been settled."""
        parts = self.records.find()
        if parts is None or parts.shards == 1 or not parts.shards_finished:
            return
        closing = TaskPart(fan_out=self.part.fan_out, kind=PartKind.CLOSING)
        due = now + timedelta(seconds=self.queue.slice_seconds) if self.job.settle is not None else None
        self.queue.tasks.enqueue([self.tasks.part(closing, tenant_id=tenant_id, due=due)])


class _Watch:
    """Whether the time is up, and whether it has ever said so: what was not begun then has to be continued.

    The first page is always begun, so that a part gets on however short its slices are.
    """

    def __init__(self, work: TenantWork) -> None:
        self._out_of_time = work.out_of_time
        self._was_asked = False
        self.said = False

    def __call__(self) -> bool:
        self.said = self.said or (self._was_asked and self._out_of_time())
        self._was_asked = True
        return self.said
