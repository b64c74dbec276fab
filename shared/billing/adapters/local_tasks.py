"""A queue in threads of this process, as on a laptop: what waits when the process ends is forgotten.

Nothing is lost by that: what a task would have done is found again by the next run, as after a crash.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from threading import Condition, Thread
from typing import Self, TypeAlias

from billing.ports import Clock
from billing.ports.tasks import Task, TasksUnavailable

Deliver: TypeAlias = Callable[[Task, int], bool]
"""Does a task, after so many tries before, and says whether it was taken; an exception says no as well."""

KNOWN_FOR = timedelta(hours=1)
"""How long the name of a task that is done is kept."""

_WHERE = "in this process"
_THREADS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often a task is tried, and how long a queue waits in between: twice as long each time, up to `longest`."""

    attempts: int = 5
    shortest: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=1)

    def wait_after(self, tries: int) -> timedelta:
        """How long to wait once a task was tried so often."""
        return min(self.shortest * (1 << min(tries - 1, 32)), self.longest)


@dataclass(order=True, slots=True)
class _Waiting:
    due: datetime
    number: int
    tries: int = field(compare=False)
    task: Task = field(compare=False)


class LocalTasks:
    """The Tasks port in threads: `with LocalTasks(...) as tasks:`; the block's end waits for what is under way."""

    def __init__(
        self, deliver: Deliver, *, clock: Clock, retries: Retries | None = None, threads: int = _THREADS
    ) -> None:
        self._deliver = deliver
        self._clock = clock
        self._retries = retries or Retries()
        self._waiting: list[_Waiting] = []
        self._known: dict[tuple[str, str], datetime | None] = {}
        self._numbers = count()
        self._changed = Condition()
        self._ended = False
        self._threads = [Thread(target=self._work, name=f"tasks-{number}", daemon=True) for number in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._ended = True
            self._waiting.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def enqueue(self, tasks: Sequence[Task]) -> int:
        """Take the tasks whose names are not known. TasksUnavailable once the process ends."""
        with self._changed:
            if self._ended:
                raise TasksUnavailable(_WHERE, reason="it is ending")
            now = self._clock.now()
            self._forget(now)
            return sum(self._take(task, now=now) for task in tasks)

    def _take(self, task: Task, *, now: datetime) -> bool:
        key = (task.queue, task.name)
        if key in self._known:
            return False
        self._known[key] = None
        self._put(task, due=max(task.due or now, now), tries=0)
        return True

    def _put(self, task: Task, *, due: datetime, tries: int) -> None:
        heappush(self._waiting, _Waiting(due=due, number=next(self._numbers), tries=tries, task=task))
        self._changed.notify()

    def _forget(self, now: datetime) -> None:
        """Forget the names of tasks that are long done; None stands for one that is not."""
        self._known = {key: until for key, until in self._known.items() if until is None or until > now}

    def _work(self) -> None:
        while (waiting := self._next()) is not None:
            tries = waiting.tries + 1
            was_taken = self._try(waiting)
            with self._changed:
                now = self._clock.now()
                if was_taken or tries >= self._retries.attempts:
                    self._known[waiting.task.queue, waiting.task.name] = now + KNOWN_FOR
                elif not self._ended:
                    self._put(waiting.task, due=now + self._retries.wait_after(tries), tries=tries)

    def _next(self) -> _Waiting | None:
        """The next task that is due, waiting for one; None at the end."""
        with self._changed:
            while not self._ended:
                seconds = (self._waiting[0].due - self._clock.now()).total_seconds() if self._waiting else None
                if seconds is not None and seconds <= 0:
                    return heappop(self._waiting)
                self._changed.wait(seconds)
        return None

    def _try(self, waiting: _Waiting) -> bool:
        try:
            return self._deliver(waiting.task, waiting.tries)
        except Exception:  # noqa: BLE001 - whatever a task met, the others have their turn
            return False
