"""A call of the queue: a part of a run, tried until it is done, and a dead letter where that is never."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final, Generic

import orjson

from billing.api.call_log import CallLog, error_fields
from billing.api.job import Engine, Report
from billing.api.job_request import InvalidFields
from billing.api.job_run import JobRun, TenantFailure
from billing.api.logged_run import logged_run
from billing.api.part_run import NoEndInSight, PartRun, TaskFor
from billing.api.task_part import RunQueue, TaskPart
from billing.domain.errors import NotFound
from billing.ports import Fields
from billing.store.fan_outs import DeadLetter, PartRecords
from billing.store.open_batches import OpenBatches
from billing.store.runs import KEPT

DEAD_LETTER: Final = "dead_letter"
"""The event in the log; an alert stands on it."""

_FOR_GOOD = (InvalidFields, NotFound, NoEndInSight)
"""What no further try changes: the queue is told that the task is done, and the dead letter says why it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCall(Generic[Engine, Report]):
    """A task that calls for the `tries`-th time, the first being 0; `actor` is who asked for the whole run."""

    run: JobRun[Engine, Report]
    part: TaskPart
    tenant_id: str
    queue: RunQueue
    actor: str
    tries: int
    log: CallLog

    def answer(self, *, seconds: Callable[[], float]) -> bytes:
        """What the part did, as JSON. It raises what the run raises, so that the queue tries again.

        Where it won't, and where that is of no use, a dead letter is written: one, should it try on all the same, as a
        queue with a retry duration does until that is over too.
        """
        is_last = self.tries + 1 >= self.queue.attempts
        is_known = self.tries >= self.queue.attempts  # what became of it, as long as its record can't be read
        part_run = self._part_run(is_last=is_last)
        try:
            if is_last:
                is_known = part_run.begin_last_try(tenant_id=self.tenant_id, now=self.run.now)
            run = replace(self.run, job=replace(self.run.job, run=part_run.run))
            return logged_run(run, seconds=seconds, log=self.log)
        except _FOR_GOOD as error:
            letter = self._give_up(part_run, error)
            return orjson.dumps({DEAD_LETTER: asdict(letter)}, option=orjson.OPT_APPEND_NEWLINE)
        except Exception as error:
            if is_last and not is_known:
                self._give_up(part_run, error)
            raise

    def _part_run(self, *, is_last: bool) -> PartRun[Engine, Report]:
        run, as_of = self.run, self.run.request.as_of or self.run.now
        base: Fields = {
            "job": run.job.name,
            "actor": run.actor,
            "recorded_at": run.now,
            "expires_at": run.now + KEPT,
            "as_of": as_of if isinstance(as_of, datetime) else run.now,
        }
        return PartRun(
            job=run.job,
            part=self.part,
            queue=self.queue,
            tasks=TaskFor(job=run.job.name, as_of=as_of.isoformat(), actor=self.actor, request_id=run.request_id),
            records=PartRecords(
                documents=run.engine.documents, tenant_id=self.tenant_id, fan_out_id=self.part.fan_out, base=base
            ),
            batches=OpenBatches(
                documents=run.engine.documents,
                tenant_id=self.tenant_id,
                fan_out_id=self.part.fan_out,
                expires_at=run.now + KEPT,
            ),
            last_try=is_last,
        )

    def _give_up(self, part_run: PartRun[Engine, Report], error: Exception) -> DeadLetter:
        told = TenantFailure(tenant_id=self.tenant_id, error=error)
        letter = DeadLetter(
            tenant_id=self.tenant_id, part=self.part.name, code=told.code, message=told.message, at=self.run.now
        )
        message = f"{self.run.job.name} gave up {letter.part} of {letter.tenant_id}"
        about = {"fan_out": self.part.fan_out, "tenant": letter.tenant_id, "part": letter.part}
        self.log(DEAD_LETTER, {"severity": "ERROR", "message": message, **about, **error_fields(error)})
        if isinstance(error, NotFound) and error.kind == "tenant":
            part_run.records.lost(letter)
        else:
            part_run.give_up(letter, now=self.run.now)
        return letter
