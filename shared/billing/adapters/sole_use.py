"""The sole use of a place on this machine: whoever comes second is told who has it.

The system frees it with the process that had it, however that dies.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from billing.domain.errors import Unavailable


class InUse(Unavailable):
    """Another process has the place. `holder` is what that process said of itself."""

    code: ClassVar[str] = "in_use"

    def __init__(self, path: Path, *, holder: str) -> None:
        self.path = path
        self.holder = holder
        super().__init__(f"{path.parent} is in use by {holder or 'another process'}")


@contextmanager
def sole_use(path: Path, *, holder: str) -> Iterator[None]:
    """Have the place of this file alone while the block runs; `holder` is told those who come meanwhile.

    Raises InUse.
    """
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise InUse(path, holder=file.read()) from None
        file.truncate(0)
        file.write(holder)
        file.flush()
        yield
