"""Turns among the processes of one machine: who waits for a lock on a file goes on when nobody else holds it.

The system frees the lock of a process that dies, however it dies.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def file_turn(path: Path) -> Iterator[None]:
    """Have the turn while the block runs; `path` is a file that all of them may write."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
