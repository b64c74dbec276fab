"""Both jobs' doors in this process, over one SQLite file, with a queue in threads that calls them."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition
from time import monotonic
from typing import Any
from uuid import uuid4

import flask
from werkzeug.test import EnvironBuilder

from billing.adapters.environment_secrets import EnvironmentSecrets
from billing.adapters.local_tasks import LocalTasks, Retries
from billing.adapters.system_clock import SystemClock
from billing.api.billing_job import BILLING
from billing.api.dunning_job import DUNNING
from billing.api.job import Job
from billing.api.job_door import JobDoor, JobParts
from billing.api.oidc import OidcTrust, TokenVerifier
from billing.api.task_part import RunQueue
from billing.api.verify_job import VERIFY
from billing.engine import Engine
from billing.ports import Documents, Task, Tasks
from billing.ports.jobs import RunName, place_of
from billing.ports.tasks import TASK_HEADER, TRIES_HEADER
from billing.store.invoices import Invoices
from billing.wiring import local_engine
from tests.functions.running_door import KEY

_JOBS: dict[RunName, Job[Any, Any]] = {each.name: each for each in (BILLING, DUNNING, VERIFY)}

NIGHT = datetime(2026, 3, 1, 0, 5, 30, tzinfo=UTC)


class NightClock:
    """Stands at five past midnight until it is moved."""

    def __init__(self) -> None:
        self.instant = NIGHT

    def now(self) -> datetime:
        return self.instant


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What a door answered."""

    status: int
    json: Any


@dataclass(frozen=True, kw_only=True)
class Done:
    """A task that was called: whose it was, which part and slice of it, after how many tries, and the answer."""

    tenant: str
    part: str
    slice: int
    tries: int
    status: int


@dataclass(kw_only=True)
class FannedOut:
    """The doors, and what the queue did. `ticks` is the clock of deadlines; `before_try` hears of each call first."""

    engine: Engine
    clock: NightClock = field(default_factory=NightClock)
    ticks: Callable[[], float] = monotonic
    attempts: int = 3
    slice_seconds: int = 240
    before_try: Callable[[int], object] = bool
    queue: Tasks | None = None
    tasks: dict[str, Task] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)

    @property
    def documents(self) -> Documents:
        return self.engine.documents

    def post(
        self,
        body: object,
        *,
        job: RunName = "generate_invoices",
        tenant: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answered:
        """A call of a door with the internal key."""
        sent = {"x-internal-key": KEY, **({"X-Tenant-ID": tenant} if tenant else {}), **(headers or {})}
        builder = EnvironBuilder(method="POST", headers=list(sent.items()), data=json.dumps(body).encode())
        response = self._door(job)(flask.Request(builder.get_environ()))
        return Answered(status=response.status_code, json=json.loads(response.data))

    def enqueue(self, tasks: Sequence[Task]) -> int:
        """The queue as the doors have it: it notes what it took."""
        assert self.queue is not None
        with self.changed:
            new = [each for each in tasks if each.name not in self.tasks]
            self.tasks |= {each.name: each for each in new}
        assert self.queue.enqueue(tasks) == len(new)
        return len(new)

    def deliver(self, task: Task, tries: int) -> bool:
        """What the queue does with a task: it calls the door."""
        self.before_try(tries)
        headers = {**task.headers, TASK_HEADER: task.name, TRIES_HEADER: str(tries)}
        answered = self.post(task.body, job=_job_of(task), headers=headers)
        told = task.body["task"]
        part = f"shard {told['shard']}" if told["part"] == "shard" else told["part"]
        with self.changed:
            tenant = task.headers["X-Tenant-ID"]
            self.done.append(Done(tenant=tenant, part=part, slice=told["slice"], tries=tries, status=answered.status))
            self.changed.notify_all()
        return answered.status == 200

    def wait(self, *, seconds: float = 20) -> list[Done]:
        """What was done, once every task that the queue took is done or given up."""

        def is_over() -> bool:
            return sum(each.status == 200 or each.tries + 1 == self.attempts for each in self.done) == len(self.tasks)

        with self.changed:
            assert self.changed.wait_for(is_over, timeout=seconds), self.done[-5:]
            return list(self.done)

    def invoices(self, tenant_id: str) -> list[str]:
        """The numbers of the tenant's invoices, of which each has to be settled."""
        found = [*Invoices.of(self.documents, tenant_id).all()]
        assert all(not each.pending for each in found)
        return sorted(each.number for each in found)

    def _door(self, name: RunName) -> Callable[[flask.Request], flask.Response]:
        return self._door_of(_JOBS[name])

    def _door_of(self, job: Job[Any, Any]) -> JobDoor[Any, Any]:
        queue = RunQueue(tasks=self, attempts=self.attempts, slice_seconds=self.slice_seconds)
        parts = JobParts(
            tokens=TokenVerifier(OidcTrust()),
            secrets=EnvironmentSecrets({"INTERNAL_API_KEY": KEY}),
            engine=self.engine.counted,
            max_body_bytes=100_000,
            run_deadline_seconds=540,
            revision="r1",
            queue=queue if self.queue is not None else None,
        )
        return JobDoor(
            job=job,
            parts=lambda: parts,
            clock=self.clock,
            monotonic=self.ticks,
            new_id=lambda: uuid4().hex,
            log=lambda event, fields: self.log.append({"event": event, **fields}),
        )


def _job_of(task: Task) -> RunName:
    return next(each for each in _JOBS if place_of(each) == (task.function, task.path))


@contextmanager
def fanned_out(folder: Path, *, threads: int = 1, **changed: Any) -> Iterator[FannedOut]:  # noqa: ANN401
    """The doors while the block runs. One thread takes tasks in the order in which they came."""
    made = FannedOut(engine=local_engine(folder, payment_link_base="http://127.0.0.1:8080"), **changed)
    made.engine = replace(made.engine, clock=made.clock)
    retries = Retries(attempts=made.attempts, shortest=made.clock.instant - made.clock.instant)
    with LocalTasks(made.deliver, clock=SystemClock(), retries=retries, threads=threads) as queue:
        made.queue = queue
        yield made
