"""What is asked of a queue: to make a call of one of our functions later, at least once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar, Final, Literal, Protocol, TypeAlias

from billing.domain.errors import InvalidInput, Unavailable
from billing.ports.trace import trace_headers

FunctionName: TypeAlias = Literal["generate_invoices", "run_dunning", "apiProxy"]

QueueName: TypeAlias = Literal["runs", "events"]
"""`runs` holds the parts of billing and dunning runs, `events` what a tenant's own system is told."""

TASK_HEADER: Final = "x-cloudtasks-taskname"
"""The task that a call comes from; its presence says that the queue called, and the token who it was."""

TRIES_HEADER: Final = "x-cloudtasks-taskretrycount"
"""How often the call was tried before (https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler)."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,500}")
_LONGEST_PART = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A call to come: a POST of `body` as JSON to a `path` of a function, not before `due` (a UTC instant).

    `name` follows from what the task is for: a queue takes a name once, be the task waiting or done within the hour,
    so that a doubled trigger does nothing. It has letters, digits, `-` and `_`, 500 of them at most.
    `headers` are passed on as they are, such as `X-Tenant-ID`; the queue's own credential stands beside them, and so
    does the trace that the task was made in.
    """

    name: str
    queue: QueueName
    function: FunctionName
    path: str = "/"
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    due: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a name that no queue takes, and take the trace along."""
        if not _NAME.fullmatch(self.name):
            raise InvalidInput("name", expected="1 to 500 letters, digits, - or _", given=self.name)
        object.__setattr__(self, "headers", trace_headers() | dict(self.headers))


def task_name(*parts: str) -> str:
    """The name of the task that all of these parts, and they alone, stand for: readable, and spread by a hash.

    Cloud Tasks slows down where names begin alike or count up
    (https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create).
    """
    digest = sha256("\0".join(parts).encode()).hexdigest()[:24]
    return "-".join([digest, *(re.sub("[^A-Za-z0-9_]+", "-", part)[:_LONGEST_PART] for part in parts[:4] if part)])


class Tasks(Protocol):
    """A queue that calls until it is answered with a 2xx status: often once, sometimes twice, in any order."""

    def enqueue(self, tasks: Sequence[Task]) -> int:
        """Take tasks whose names are not known, and say how many those were. Raises TasksUnavailable."""
        ...


class TasksUnavailable(Unavailable):
    """The queue took not every task, but `taken` of them; the same tasks may be handed in again.

    `reason` names the remedy where it is known.
    """

    code: ClassVar[str] = "tasks_unavailable"

    def __init__(self, queue: str, *, reason: str, taken: int = 0) -> None:
        self.queue = queue
        self.taken = taken
        self.reason = reason
        super().__init__(f"the queue {queue} did not take the tasks: {reason}")
