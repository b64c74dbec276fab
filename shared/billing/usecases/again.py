"""What is done anew where somebody else wrote in between."""

from collections.abc import Callable
from typing import TypeVar

from billing.ports import WriteConflict

_ATTEMPTS = 8

T = TypeVar("T")


def again_while_others_write(work: Callable[[], T]) -> T:
    """What `work` comes to; it is done anew after each lost race. Raises WriteConflict after too many."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return work()
        except WriteConflict:
            continue
    return work()
