"""A job as a function of functions-framework: its door, connected at the first request."""

import time
from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import TypeAlias
from uuid import uuid4

import flask

from billing.adapters.system_clock import SystemClock
from billing.api.call_log import json_lines
from billing.api.job import Job, Report
from billing.api.job_door import JobDoor, JobParts
from billing.api.oidc import TokenVerifier
from billing.api.task_part import run_queue
from billing.config import Settings, load_settings, load_threshold
from billing.connections import open_spans
from billing.engine import Engine
from billing.wiring import connect

JobFunction: TypeAlias = Callable[[flask.Request], flask.Response]


def job_function(job: Job[Engine, Report]) -> JobFunction:
    """The door of a job. Nothing is read or connected before it is called."""
    clock, connecting, threshold = SystemClock(), Lock(), load_threshold()

    @cache
    def connected() -> JobParts[Engine]:
        """Connect and keep the connections; a configuration that is refused is read again."""
        settings = load_settings()
        return job_parts(settings, connect(settings, clock=clock), tokens=TokenVerifier(settings.oidc))

    def parts() -> JobParts[Engine]:
        with connecting:  # two first requests at once connect once
            return connected()

    return JobDoor(
        job=job,
        parts=parts,
        clock=clock,
        monotonic=time.monotonic,
        new_id=lambda: uuid4().hex,
        log=json_lines(project=threshold.project),
        spans=open_spans(threshold.traces, service=job.name, revision=threshold.revision),
    )


def job_parts(settings: Settings, engine: Engine, *, tokens: TokenVerifier) -> JobParts[Engine]:
    """What a job's door works with by the settings; `tokens` believes those of the Scheduler and of the queue."""
    return JobParts(
        tokens=tokens,
        secrets=engine.secrets,
        engine=engine.counted,
        max_body_bytes=settings.max_body_bytes,
        run_deadline_seconds=settings.run_deadline_seconds,
        revision=settings.revision,
        queue=run_queue(engine.tasks, attempts=settings.task_attempts, slice_seconds=settings.run_slice_seconds),
    )
