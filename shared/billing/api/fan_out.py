"""A call that is spread over tasks: one for each tenant, named so that a doubled trigger does nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Generic

from billing.api.job import Engine, Members, Report
from billing.api.job_run import JobRun
from billing.api.part_run import TaskFor
from billing.api.task_part import PartKind, RunQueue, TaskPart
from billing.domain.stamp import stamp
from billing.ports.tasks import TasksUnavailable
from billing.store.fan_outs import FanOut, FanOuts
from billing.store.tenants import Tenants

SCHEDULE_HEADER = "X-CloudScheduler-ScheduleTime"
"""When a job of the Scheduler was due; the same for every try of one trigger.

https://cloud.google.com/scheduler/docs/reference/rpc/google.cloud.scheduler.v1#httptarget
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreading(Generic[Engine, Report]):
    """Spreads a call over tasks. `trigger` is the UTC instant that stands for it: two calls that share it are one."""

    run: JobRun[Engine, Report]
    queue: RunQueue
    trigger: datetime

    def enqueue(self) -> Members:
        """Enqueue a task for the tenant, or for each; what is answered.

        Raises NotFound for an unknown tenant, InvalidFields for a day that has begun nowhere, and TasksUnavailable:
        called again it enqueues the rest.
        """
        run, documents = self.run, self.run.engine.documents
        run.refuse_what_is_to_come()
        tenants, only = Tenants(documents), run.request.tenant_id
        tenant_ids = tenants.ids() if only is None else [tenants.get(only).id]
        as_of = (run.request.as_of or run.now).isoformat()
        records, fan_out_id = FanOuts(documents), self._id
        records.begin(
            FanOut(
                id=fan_out_id,
                job=run.job.name,
                actor=run.actor,
                recorded_at=run.now,
                as_of=as_of,
                tenants=len(tenant_ids),
            )
        )
        tasks = TaskFor(job=run.job.name, as_of=as_of, actor=run.actor, request_id=run.request_id)
        whole = TaskPart(fan_out=fan_out_id, kind=PartKind.TENANT)
        try:
            enqueued = self.queue.tasks.enqueue([tasks.part(whole, tenant_id=each) for each in tenant_ids])
        except TasksUnavailable as error:
            records.note_enqueued(fan_out_id, taken=error.taken, of=len(tenant_ids))
            raise
        records.note_enqueued(fan_out_id, taken=len(tenant_ids), of=len(tenant_ids))
        return {"fan_out": fan_out_id, "tenants": len(tenant_ids), "enqueued": enqueued, "as_of": as_of}

    @property
    def _id(self) -> str:
        """Of the trigger and of what was asked for, so that a doubled trigger names the same tasks."""
        request = self.run.request
        asked = (self.run.job.name, request.as_of.isoformat() if request.as_of else "", request.tenant_id or "")
        return f"{stamp(self.trigger)}-{sha256('|'.join(asked).encode()).hexdigest()[:8]}"


def trigger_of(schedule_time: str | None, *, now: datetime) -> datetime:
    """The instant that stands for a call: when the Scheduler's job was due, else the minute that it came in."""
    try:
        due = datetime.fromisoformat(schedule_time or "")
    except ValueError:
        return now.replace(second=0, microsecond=0)
    return due.astimezone(UTC) if due.tzinfo else due.replace(tzinfo=UTC)
