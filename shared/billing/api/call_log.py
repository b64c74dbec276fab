"""JSON lines on standard output, in the fields that Cloud Logging reads; no secret, nobody's address.

https://cloud.google.com/logging/docs/structured-logging#special-payload-fields
"""

import json
import re
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Any, TextIO

import orjson

from billing.adapters.system_clock import SystemClock
from billing.api.job_run import RunFailed
from billing.api.problem import Forbidden, InvalidRequest, Unauthenticated
from billing.domain.errors import BillingError, InvalidInput, NotFound
from billing.ports import BadSignature
from billing.ports.trace import current_trace

CallLog = Callable[[str, dict[str, Any]], None]
"""Writes one line: the event, and the fields beside it."""

_GOOGLE = "logging.googleapis.com"
_LABELS = ("tenant", "run_id", "request_id")
"""Fields that Cloud Logging finds entries by at once; they stand among the others too."""

_CLOCK = SystemClock()
_WRITING = Lock()
_LONGEST_TEXT = 8000
_SOMEBODY = re.compile(r"[^\s@'\"<>]+@(?![\w.-]*\.gserviceaccount\.com\b)[\w.-]+")


def json_lines(file: TextIO | None = None, *, project: str = "", now: Callable[[], datetime] = _CLOCK.now) -> CallLog:
    """A log that writes to standard output, or to a file; it says of each line which trace it belongs to.

    `project` is the one whose traces they are. Without it the trace stands as its id alone.
    """
    out = file or sys.stdout

    def log(event: str, fields: dict[str, Any]) -> None:
        at = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = _as_json({"time": at, **_trace_fields(project), **_labels(fields), **fields, "event": event})
        with _WRITING:
            out.write(f"{line}\n")
            out.flush()

    return log


def call_fields(
    name: str, *, method: str, route: str, status: int, seconds: float, request_id: str, noted: dict[str, Any]
) -> dict[str, Any]:
    """The fields of a call's line: `name` is the function's, `route` never an address, `noted` what else is known."""
    return {
        "severity": "INFO" if status < 400 else "WARNING" if status < 500 else "ERROR",
        "message": f"{name} answered {int(status)}",
        "httpRequest": {
            "requestMethod": method,
            "requestUrl": route,
            "status": int(status),
            "latency": f"{seconds:.6f}s",
        },
        "request_id": request_id,
        "method": method,
        "route": route,
        "status": int(status),
        "seconds": round(seconds, 3),
        **noted,
    }


def error_fields(error: Exception) -> dict[str, str]:
    """What the log says of an error: its code and reason; of one that is not ours the whole trace.

    The values that break a rule are not said, nor is a path that leads nowhere: either may be somebody's.
    """
    code = error.code if isinstance(error, BillingError) else "internal_error"
    return {"code": code, "reason": without_people(_reason(error))}


def _reason(error: Exception) -> str:
    match error:
        case Unauthenticated() | Forbidden() | BadSignature():
            return error.reason
        case InvalidRequest():
            return f"these fields break rules: {', '.join(each['field'] for each in error.errors)}"
        case InvalidInput():
            return f"{error.field}: expected {error.expected}"
        case NotFound(kind="path"):
            return "no such path"
        case RunFailed():
            return f"the run of tenant {error.tenant_id!r} could not proceed: {_reason(error.error)}"
        case BillingError():
            return str(error)
        case _:
            return "".join(traceback.format_exception(error))


def without_people(text: str) -> str:
    """The end of a text with every e-mail address masked but those of service accounts, which are no person's."""
    return _SOMEBODY.sub("***@***", text[-_LONGEST_TEXT:])


def _trace_fields(project: str) -> dict[str, Any]:
    trace = current_trace()
    if trace is None:
        return {}
    return {
        f"{_GOOGLE}/trace": f"projects/{project}/traces/{trace.trace_id}" if project else trace.trace_id,
        f"{_GOOGLE}/spanId": trace.span_id,
        f"{_GOOGLE}/trace_sampled": trace.sampled,
    }


def _labels(fields: dict[str, Any]) -> dict[str, Any]:
    labels = {name: str(fields[name]) for name in _LABELS if fields.get(name)}
    return {f"{_GOOGLE}/labels": labels} if labels else {}


def _as_json(members: dict[str, Any]) -> str:
    try:
        return orjson.dumps(members, default=str).decode()
    except TypeError:  # half a character, as a field that somebody sent may be named
        return json.dumps(members, default=str)
