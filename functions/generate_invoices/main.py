"""The door of the billing run, for Cloud Scheduler, cron and calls by hand (docs/guides/generate-invoices.md)."""

import time
from dataclasses import replace
from functools import cache
from threading import Lock
from uuid import uuid4

import flask
import functions_framework

from billing.adapters.counting import CountingDocuments, CountingObjects
from billing.adapters.system_clock import SystemClock
from billing.api.call_log import json_lines
from billing.api.job_door import JobDoor, JobParts
from billing.api.oidc import TokenVerifier
from billing.config import load_settings
from billing.wiring import connect

_CLOCK = SystemClock()
_CONNECTING = Lock()


@functions_framework.http
def generate_invoices(request: flask.Request) -> flask.Response:
    """Invoice every subscription that is due, of one tenant or of all."""
    return _DOOR(request)


def _parts() -> JobParts:
    with _CONNECTING:  # two first requests at once connect once
        return _connected()


@cache
def _connected() -> JobParts:
    """Connect at the first request and keep the connections; a configuration that is refused is read again."""
    settings = load_settings()
    engine = connect(settings, clock=_CLOCK)
    return JobParts(
        tokens=TokenVerifier(settings.oidc),
        secrets=engine.secrets,
        engine=lambda: replace(
            engine, documents=CountingDocuments(engine.documents), objects=CountingObjects(engine.objects)
        ),
        max_body_bytes=settings.max_body_bytes,
        run_deadline_seconds=settings.run_deadline_seconds,
        revision=settings.revision,
    )


_DOOR = JobDoor(
    name="generate_invoices",
    parts=_parts,
    clock=_CLOCK,
    monotonic=time.monotonic,
    new_id=lambda: uuid4().hex,
    log=json_lines(),
)
