"""The public door, deployed as apiProxy: the API (docs/guides/access.md), webhooks and pay pages."""

from functools import cache
from threading import Lock
from uuid import uuid4

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from billing.adapters.system_clock import SystemClock
from billing.api.app import NAME, proxy_app
from billing.api.asgi import response_of
from billing.api.call_log import json_lines
from billing.api.front_door import limits_of, trusted_by
from billing.api.job_places import jobs_at
from billing.api.pay_engine import Door, DoorParts
from billing.config import load_settings, load_threshold
from billing.connections import open_spans
from billing.wiring import connect

_CLOCK, _THRESHOLD = SystemClock(), load_threshold()
_LOG = json_lines(project=_THRESHOLD.project)
_CONNECTING = Lock()


@functions_framework.aio.http
async def api_proxy(request: Request) -> Response:
    """Hand a request to the application."""
    return await response_of(_APP, request)


def _parts() -> DoorParts:
    with _CONNECTING:  # two first requests at once connect once
        return _connected()


@cache
def _connected() -> DoorParts:
    """Connect at the first request and keep the connections; a configuration that is refused is read again."""
    settings = load_settings()
    engine = connect(settings, clock=_CLOCK)
    return DoorParts(
        engine=engine,
        max_body_bytes=settings.max_body_bytes,
        trusted=trusted_by(settings.front_door, oidc=settings.oidc),
        limits=limits_of(settings.front_door),
        cors_origins=settings.front_door.cors_origins,
        jobs=jobs_at(settings.jobs, secrets=engine.secrets),
        run_deadline_seconds=settings.run_deadline_seconds,
        revision=settings.revision,
    )


_APP = proxy_app(
    Door(parts=_parts, clock=_CLOCK, new_id=lambda: uuid4().hex, log=_LOG),
    log=_LOG,
    most_in_flight=_THRESHOLD.most_in_flight,
    spans=open_spans(_THRESHOLD.traces, service=NAME, revision=_THRESHOLD.revision),
)
