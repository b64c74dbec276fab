"""Both jobs' doors with a queue in the test's own thread: it can be interrupted at every step, and time stands still.

A step is a commit or a task that is handed to the queue: a test may act just before or just after each of them, such
as by ending the instance there, or by calling the same task a second time meanwhile.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from billing.adapters.counting import CountingDocuments
from billing.adapters.local_tasks import KNOWN_FOR
from billing.ports import Task, Write
from billing.ports.jobs import JobName
from billing.ports.tasks import TASK_HEADER, TRIES_HEADER, TasksUnavailable
from billing.wiring import local_engine
from tests.functions.fanned_out import FannedOut
from tests.watched_documents import WatchedDocuments


class Died(BaseException):
    """The instance ended in the middle of a call; nobody answers."""


@dataclass(order=True)
class _Waiting:
    due: datetime
    number: int
    tries: int = field(compare=False)
    task: Task = field(compare=False)


@dataclass(kw_only=True)
class SteppedDoors(FannedOut):
    """`at_step` is called with each step's number from 1 on, while a task is worked on, `before_commit` before each.

    The queue takes no more than so many tasks of one call (`takes`), and tries each so often (`tries_on`) after the
    doors' last try, as one does whose retry duration is not over.
    """

    at_step: Callable[[int], object] = bool
    before_commit: Callable[[Sequence[Write]], object] = bool
    takes: int = 1000
    tries_on: int = 0
    retry_after: timedelta = timedelta(seconds=10)
    steps: int = 0
    under_way: Task | None = None
    statuses: list[tuple[str, int]] = field(default_factory=list)
    waiting: list[_Waiting] = field(default_factory=list)
    ended: dict[str, datetime] = field(default_factory=dict)

    def enqueue(self, tasks: Sequence[Task]) -> int:
        taken = 0
        for task in tasks:
            self.step()
            if taken == self.takes:
                raise TasksUnavailable("runs", reason="Queue does not exist - make the queue", taken=taken)
            if task.name not in self.tasks or self._is_forgotten(task):
                self.tasks[task.name] = task
                self._put(task, due=max(task.due or self.clock.instant, self.clock.instant))
                taken += 1
            self.step()
        return taken

    def step(self) -> None:
        if self.under_way is not None:
            self.steps += 1
            self.at_step(self.steps)

    def run_all(self, *, before: Callable[[_Waiting], object] = bool) -> None:
        """Call what waits in the order in which it is due, moving the clock, until all is done or given up."""
        while self.waiting:
            self.waiting.sort()
            call = self.waiting.pop(0)
            self.clock.instant = max(self.clock.instant, call.due)
            before(call)
            status = self.call(call.task, tries=call.tries)
            self.ended[call.task.name] = self.clock.instant
            if status != 200 and call.tries + 1 < self.attempts + self.tries_on:
                self._put(call.task, due=self.clock.instant + self.retry_after, tries=call.tries + 1)

    def call(self, task: Task, *, tries: int = 0) -> int:
        """One delivery of a task; the status, 0 where the instance died."""
        headers = {**task.headers, TASK_HEADER: task.name, TRIES_HEADER: str(tries)}
        outer, self.under_way = self.under_way, task
        try:
            status = self.post(task.body, job=cast("JobName", task.function), headers=headers).status
        except Died:
            status = 0
        finally:
            self.under_way = outer
        told = task.body["task"]
        self.statuses.append((told["part"] + (f" {told['shard']}" if told["part"] == "shard" else ""), status))
        return status

    def _is_forgotten(self, task: Task) -> bool:
        """As a queue forgets the names of tasks that are done or given up."""
        is_waiting = any(each.task.name == task.name for each in self.waiting)
        return not is_waiting and self.ended.get(task.name, self.clock.instant) < self.clock.instant - KNOWN_FOR

    def _put(self, task: Task, *, due: datetime, tries: int = 0) -> None:
        self.waiting.append(_Waiting(due=due, number=len(self.statuses), tries=tries, task=task))


def stepped_doors(folder: Path, *, attempts: int = 3, slice_seconds: int = 240) -> SteppedDoors:
    """The doors over the books of a folder."""
    made = SteppedDoors(
        engine=local_engine(folder, payment_link_base="http://127.0.0.1:8080"),
        attempts=attempts,
        slice_seconds=slice_seconds,
    )

    def before(writes: Sequence[Write]) -> None:
        made.before_commit(writes)
        made.step()

    watched = WatchedDocuments(made.engine.documents, before=before, after=lambda _writes: made.step())
    made.engine = replace(made.engine, clock=made.clock, documents=CountingDocuments(watched))
    made.queue = made
    return made
