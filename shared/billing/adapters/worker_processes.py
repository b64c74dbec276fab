"""Worker processes of this machine, each with a line to the process that started it.

They are started afresh (`spawn`) and not forked: a fork copies locks that other threads hold. A worker whose starter is
gone finds its line closed and ends; one that ends before its time is heard of by its own line.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

_SECONDS_TO_END = 5.0


class WorkerProcesses:
    """Running workers, known by their numbers from 0 on."""

    def __init__(self, lines: Sequence["Connection[Any, Any]"]) -> None:
        self._lines = dict(enumerate(lines))

    @property
    def running(self) -> Sequence[int]:
        """The workers that are still there, as far as was heard."""
        return list(self._lines)

    def send(self, worker: int, message: object) -> None:
        """Tell a worker something. That it is gone meanwhile is heard of by `hear`."""
        try:
            self._lines[worker].send(message)
        except OSError:
            return

    def hear(self, *, seconds: float) -> Iterator[tuple[int, Any]]:
        """What workers said, waiting so long for the first of them; None from one that has ended."""
        numbers = {id(line): number for number, line in self._lines.items()}
        for line in wait(list(self._lines.values()), timeout=seconds):
            number = numbers[id(line)]
            try:
                yield number, self._lines[number].recv()
            except (EOFError, OSError):  # also the half of a message that a killed worker left
                self._lines.pop(number).close()
                yield number, None

    def close(self) -> None:
        """Hang up: each worker ends as soon as it looks at its line."""
        while self._lines:
            self._lines.popitem()[1].close()


@contextmanager
def worker_processes(
    count: int, work: Callable[["Connection[Any, Any]", Any], None], *, knowing: object
) -> Iterator[WorkerProcesses]:
    """So many workers that each call `work(line, knowing)`; they are ended, and waited for, with the block."""
    spawn = multiprocessing.get_context("spawn")
    lines: list[Connection[Any, Any]] = []
    processes: list[BaseProcess] = []
    for _ in range(count):
        ours, theirs = spawn.Pipe()
        process: BaseProcess = spawn.Process(target=_run, args=(work, theirs, knowing), daemon=True)
        process.start()
        theirs.close()  # else a dead worker's line would never end
        lines.append(ours)
        processes.append(process)
    workers = WorkerProcesses(lines)
    try:
        yield workers
    finally:
        workers.close()
        for process in processes:
            process.join(_SECONDS_TO_END)
            if process.is_alive():
                process.terminate()
                process.join()
            process.close()


def _run(work: Callable[["Connection[Any, Any]", Any], None], line: "Connection[Any, Any]", knowing: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the starter's to deal with
    try:
        work(line, knowing)
    except (EOFError, BrokenPipeError, ConnectionResetError):  # nobody is at the other end any more
        return
