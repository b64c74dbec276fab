"""What GET on a door says: to anybody that it is up and which version, to a known caller how its parts are."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

import orjson

from billing.api.caller import internal_keys
from billing.api.job import JobEngine
from billing.api.problem import RETRY_AFTER_SECONDS, Answer
from billing.api.version import VERSION
from billing.domain.errors import BillingError
from billing.ports import Secrets

PROBE = "health"
"""A document and an object that need not exist: to be told so proves that the store answers."""


def public_health() -> Answer:
    """The configuration could be read; nothing else is told to a stranger, nor asked for one."""
    return _answer({"status": "ok", "version": VERSION}, status=HTTPStatus.OK)


def full_health(engine: JobEngine, *, secrets: Secrets, revision: str) -> Answer:
    """Whether the stores and the secrets can be reached: 200, or 503 naming what can't."""
    parts = {
        "documents": _state(lambda: engine.documents.get_many([f"tenants/{PROBE}"], fields=("schema_version",))),
        "objects": _state(lambda: engine.objects.exists(PROBE)),
        "secrets": _state(lambda: internal_keys(secrets)),
    }
    well = set(parts.values()) == {"ok"}
    members = {
        "status": "ok" if well else "unavailable",
        "version": VERSION,
        "revision": revision,
        "parts": parts,
    }
    return _answer(members, status=HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE)


def _state(probe: Callable[[], object]) -> str:
    try:
        probe()
    except BillingError as error:
        return error.code
    return "ok"


def _answer(members: Mapping[str, object], *, status: HTTPStatus) -> Answer:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return Answer(orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE), status, headers)
