"""One JSON line a call on standard output, in the fields that Cloud Logging reads; no secret, nobody's address.

https://cloud.google.com/logging/docs/structured-logging#special-payload-fields
"""

import re
import traceback
from collections.abc import Callable
from typing import Any, TextIO

import structlog

from billing.api.problem import Forbidden, Unauthenticated
from billing.domain.errors import BillingError
from billing.ports import BadSignature

CallLog = Callable[[str, dict[str, Any]], None]
"""Writes one line: the event, and the fields beside it."""

_LONGEST_TEXT = 8000
_SOMEBODY = re.compile(r"[^\s@'\"<>]+@(?![\w.-]*\.gserviceaccount\.com\b)[\w.-]+")


def json_lines(file: TextIO | None = None) -> CallLog:
    """A log that writes to standard output, or to a file."""
    logger = structlog.wrap_logger(structlog.PrintLogger(file), processors=[structlog.processors.JSONRenderer()])
    return lambda event, fields: logger.msg(event, **fields)


def severity_of(status: int) -> str:
    """How much a call's answer matters: nothing below 400 does, and what is from 500 on is ours to mend."""
    return "INFO" if status < 400 else "WARNING" if status < 500 else "ERROR"


def error_fields(error: Exception) -> dict[str, str]:
    """What the log says of an error: its code and reason; of one that is not ours the whole trace."""
    match error:
        case Unauthenticated() | Forbidden() | BadSignature():
            return {"code": error.code, "reason": without_people(error.reason)}
        case BillingError():
            return {"code": error.code, "reason": without_people(str(error))}
        case _:
            return {"code": "internal_error", "reason": without_people("".join(traceback.format_exception(error)))}


def without_people(text: str) -> str:
    """The end of a text with every e-mail address masked but those of service accounts, which are no person's."""
    return _SOMEBODY.sub("***@***", text[-_LONGEST_TEXT:])
