"""The Tasks port that keeps what it is given, for tests that say themselves when a task is done."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from billing.ports.tasks import Task, TasksUnavailable


@dataclass
class KeptTasks:
    """Each name once, as every queue; `away` one refuses, and counts how often it was asked."""

    tasks: dict[str, Task] = field(default_factory=dict)
    away: bool = False
    asked: int = 0

    def enqueue(self, tasks: Sequence[Task]) -> int:
        self.asked += 1
        if self.away:
            raise TasksUnavailable("events", reason="503")
        new = {each.name: each for each in tasks if each.name not in self.tasks}
        self.tasks |= new
        return len(new)
