"""An instant as a part of an id."""

from datetime import datetime
from functools import lru_cache


@lru_cache(maxsize=4096)
def stamp(instant: datetime) -> str:
    """A UTC instant as 20260201T000000Z, with microseconds only where it has any, so that no two share a stamp."""
    fraction = f"{instant.microsecond:06}" if instant.microsecond else ""
    return f"{instant:%Y%m%dT%H%M%S}{fraction}Z"
