"""The server of `billing serve`: the proxy, and beside it the doors of the jobs, in one process."""

import time
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from starlette.types import ASGIApp
from uvicorn import Config, Server

from billing.adapters.system_clock import SystemClock
from billing.api.app import proxy_app
from billing.api.billing_job import BILLING
from billing.api.call_log import CallLog
from billing.api.dunning_job import DUNNING
from billing.api.front_door import limits_of
from billing.api.identity import Trusted
from billing.api.job import Job, Report, TenantWork
from billing.api.job_app import Beside, JobApp
from billing.api.job_door import JobDoor, JobParts
from billing.api.jobs_in_process import JobsInProcess
from billing.api.pay_engine import Door, DoorParts
from billing.api.task_part import run_queue
from billing.api.verify_job import VERIFY
from billing.config import RUN_SLICE_SECONDS, TASK_ATTEMPTS, local_front_door
from billing.engine import Engine

_LARGEST_BODY = 1024 * 1024
_RUN_DEADLINE_SECONDS = 3600
_VERIFY = f"{BILLING.name}/{VERIFY.name}"
_PATIENCE_SECONDS = 20
"""For requests that are under way when the server is told to stop; runs end after their page."""


def local_server(engine: Engine, *, trusted: Trusted, log: CallLog) -> Server:
    """A server that answers as the three functions do: the jobs at `/generate_invoices` and `/run_dunning`.

    Once it is told to stop, runs that are under way end early, as they do when their time is up.
    """

    def is_ending() -> bool:
        return server.should_exit

    def job_app(job: Job[Engine, Report]) -> ASGIApp:
        return _job_app(_until(job, is_ending), engine, trusted=trusted, log=log)

    jobs = JobsInProcess(
        engine=engine.counted,
        clock=SystemClock(),
        monotonic=time.monotonic,
        new_id=_new_id,
        log=log,
        is_ending=is_ending,
    )
    parts = _parts(engine, jobs, trusted=trusted)
    proxy = proxy_app(Door(parts=lambda: parts, clock=SystemClock(), new_id=_new_id, log=log), log=log)
    server = Server(
        Config(
            Beside({BILLING.name: job_app(BILLING), DUNNING.name: job_app(DUNNING), _VERIFY: job_app(VERIFY)}, proxy),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE_SECONDS,
        )
    )
    return server


def _parts(engine: Engine, jobs: JobsInProcess, *, trusted: Trusted) -> DoorParts:
    front = local_front_door()
    return DoorParts(
        engine=engine,
        max_body_bytes=_LARGEST_BODY,
        trusted=trusted,
        limits=limits_of(front),
        cors_origins=front.cors_origins,
        jobs=jobs,
    )


def _job_app(job: Job[Engine, Report], engine: Engine, *, trusted: Trusted, log: CallLog) -> JobApp:
    parts = JobParts(
        tokens=trusted.machines,
        secrets=engine.secrets,
        engine=engine.counted,
        max_body_bytes=_LARGEST_BODY,
        run_deadline_seconds=_RUN_DEADLINE_SECONDS,
        revision="local",
        queue=run_queue(engine.tasks, attempts=TASK_ATTEMPTS, slice_seconds=RUN_SLICE_SECONDS),
    )
    door = JobDoor(job=job, parts=lambda: parts, clock=SystemClock(), monotonic=time.monotonic, new_id=_new_id, log=log)
    return JobApp(door=door, largest_body=_LARGEST_BODY)


def _until(job: Job[Engine, Report], is_ending: Callable[[], bool]) -> Job[Engine, Report]:
    """The job, whose runs stop early when the server ends."""

    def ending(work: TenantWork) -> TenantWork:
        return replace(work, out_of_time=lambda: work.out_of_time() or is_ending())

    return replace(
        job,
        run=lambda engine, work: job.run(engine, ending(work)),
        close=lambda engine, work: job.close(engine, ending(work)),
    )


def _new_id() -> str:
    return uuid4().hex
