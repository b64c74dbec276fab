"""A job as a function of functions-framework: its door, connected at the first request."""

import time
from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any, TypeAlias
from uuid import uuid4

import flask

from billing.adapters.system_clock import SystemClock
from billing.api.call_log import json_lines
from billing.api.job import Job
from billing.api.job_door import JobDoor, JobParts
from billing.api.oidc import TokenVerifier
from billing.api.task_part import run_queue
from billing.config import load_settings, load_threshold
from billing.connections import open_spans
from billing.engine import Engine
from billing.wiring import connect

JobFunction: TypeAlias = Callable[[flask.Request], flask.Response]


def job_function(job: Job[Engine, Any], *beside: Job[Engine, Any]) -> JobFunction:
    """The door of a job, and of others beside it, each at a path that ends in its name; none connects before a call."""
    clock, connecting, threshold = SystemClock(), Lock(), load_threshold()

    @cache
    def connected() -> JobParts[Engine]:
        """Connect and keep the connections; a configuration that is refused is read again."""
        settings = load_settings()
        engine = connect(settings, clock=clock)
        return JobParts(
            tokens=TokenVerifier(settings.oidc),
            secrets=engine.secrets,
            engine=engine.counted,
            max_body_bytes=settings.max_body_bytes,
            run_deadline_seconds=settings.run_deadline_seconds,
            revision=settings.revision,
            queue=run_queue(engine.tasks, attempts=settings.task_attempts, slice_seconds=settings.run_slice_seconds),
        )

    def parts() -> JobParts[Engine]:
        with connecting:  # two first requests at once connect once
            return connected()

    def door(job: Job[Engine, Any]) -> JobDoor[Engine, Any]:
        return JobDoor(
            job=job,
            parts=parts,
            clock=clock,
            monotonic=time.monotonic,
            new_id=lambda: uuid4().hex,
            log=log,
            spans=spans,
        )

    log = json_lines(project=threshold.project)
    spans = open_spans(threshold.traces, service=job.name, revision=threshold.revision)
    own, others = door(job), {str(each.name): door(each) for each in beside}
    return lambda request: others.get(request.path.removesuffix("/").rpartition("/")[2], own)(request)
