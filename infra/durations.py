"""Lengths of time as the declaration writes them: 30s, 10m, 24h, 7d, 14w, 10y (years of 365 days)."""

import re
from datetime import timedelta
from typing import Annotated, cast

from pydantic import BeforeValidator, StrictInt

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}
_FORM = re.compile(r"([1-9][0-9]{0,6})([smhdwy])")
EXPECTED = "a length such as 30s, 10m, 24h, 7d, 14w or 10y"


def seconds(text: object) -> int:
    """The length in seconds. Raises ValueError for what is none."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(EXPECTED)
    return int(found[1]) * _SECONDS[found[2]]


Seconds = Annotated[StrictInt, BeforeValidator(seconds)]
"""A whole number of seconds, written as a length."""


def whole(length: object) -> int:
    """The seconds of a duration as the client libraries give it, which say it were another type."""
    return int(cast("timedelta", length).total_seconds())


def duration(length: int) -> timedelta:
    """The length for Google's client libraries."""
    return timedelta(seconds=length)
