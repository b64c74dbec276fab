"""A door of which the working process can be killed at any moment: gunicorn starts the next one at once."""

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tests.functions.cloud import Cloud, cloud_doors
from tests.functions.running_door import Answered

_PULSE = 0.001


@dataclass(kw_only=True)
class KilledDoor:
    """The door, and the monotonic seconds in which its process was killed."""

    cloud: Cloud
    master: Path
    kills: list[float] = field(default_factory=list)
    dead: set[int] = field(default_factory=set)

    def posts(self, body: dict[str, Any], *, tenant: str, kill_after: float | None = None) -> Answered | None:
        """A call as the Scheduler makes it; its process is killed so many seconds later, unless it has answered.

        None where the kill was quicker than the answer.
        """
        with ThreadPoolExecutor(1) as caller:
            worker, started = self._worker(), time.monotonic()
            call = caller.submit(self.cloud.door.post, body, key=None, token=self.cloud.token(), tenant=tenant)
            while kill_after is not None and not call.done():
                if time.monotonic() - started >= kill_after:
                    self._kill(worker)
                    self.kills.append(time.monotonic())
                    break
                time.sleep(_PULSE)
            try:
                return call.result()
            except (OSError, HTTPException):
                return None

    def starts_afresh(self) -> None:
        """The next call meets a process that has done nothing yet, as after a kill."""
        self._kill(self._worker())

    def _kill(self, worker: int) -> None:
        os.kill(worker, signal.SIGKILL)
        self.dead.add(worker)

    def _worker(self) -> int:
        """The process that works now; gunicorn's first child."""
        master = int(self.master.read_text())
        while True:
            children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split()
            for each in set(map(int, children)) - self.dead:  # a killed one is among them until it is reaped
                return each
            time.sleep(_PULSE)


@contextmanager
def killed_door(folder: Path, *, emulator: str, more: Mapping[str, str]) -> Iterator[KilledDoor]:
    """The door while the block runs, over an empty database and an empty bucket."""
    pid = folder / "master.pid"

    def command(port: int) -> list[str]:
        server = [sys.executable, "-m", "gunicorn", "--preload", "--workers=1", "--threads=8", f"--pid={pid}"]
        return [*server, "--log-level=critical", f"--bind=127.0.0.1:{port}", "tests.functions.warm_function:app"]

    with cloud_doors(folder, emulator=emulator, command=command, more=more) as cloud:
        yield KilledDoor(cloud=cloud, master=pid)
