"""Has events delivered at once: after a commit that wrote some, a task for their tenant goes into the queue.

The outbox is what counts. Where the queue is away nothing is lost: the daily run delivers what waits all the same.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from billing.adapters.read_through import ReadThrough
from billing.domain.stamp import stamp
from billing.ports import Create, Documents, Write
from billing.ports.tasks import Task, Tasks, TasksUnavailable, task_name

EVENTS_PATH: Final = "/tasks/events"
"""The route of apiProxy that delivers a tenant's events."""

_TENANT_HEADER = "X-Tenant-ID"
_EVENT = re.compile("tenants/(?P<tenant>[^/]+)/events/(?P<id>[^/]+)")
_SILENT = timedelta(minutes=1)
"""So long a queue that was away is not asked again: each commit would wait for it."""


class EventQueue:
    """Asks a queue for passes over tenants' outboxes; never fails, as what asks has been written already.

    `now` tells the time in UTC; `log` writes one line: the event, and the fields beside it.
    """

    def __init__(
        self, tasks: Tasks, *, now: Callable[[], datetime], log: Callable[[str, dict[str, Any]], None]
    ) -> None:
        self._tasks = tasks
        self._now = now
        self._log = log
        self._away_until: datetime | None = None

    def ask(self, tenant_id: str, *, why: str) -> None:
        """Have a tenant's events delivered now; asked twice for the same `why` it is done once."""
        self._enqueue(tenant_id, name=task_name("events", tenant_id, why), due=None)

    def ask_again(self, tenant_id: str, *, due: datetime, task: str = "") -> None:
        """Have them delivered at a UTC instant, once however many ask; `task` is the one that asks, if it is a task.

        A task of that very instant came before it, by our clock or out of time. The queue knows its name for an hour
        and would drop it, so the next has another name, which follows from it.
        """
        name = task_name("events", tenant_id, "again", stamp(due))
        if _behind_the_hash(name) == _behind_the_hash(task):
            name = task_name("events", tenant_id, "again", stamp(due), task)
        self._enqueue(tenant_id, name=name, due=due)

    def _enqueue(self, tenant_id: str, *, name: str, due: datetime | None) -> None:
        if self._away_until is not None and self._now() < self._away_until:
            return
        task = Task(
            name=name,
            queue="events",
            function="apiProxy",
            path=EVENTS_PATH,
            headers={_TENANT_HEADER: tenant_id},
            due=due,
        )
        try:
            self._tasks.enqueue([task])
        except TasksUnavailable as error:
            self._away_until = self._now() + _SILENT
            said = {"tenant": tenant_id, "code": error.code, "reason": str(error)}
            message = "the queue is away: events wait for the next run"
            self._log("event_queue", {"severity": "WARNING", "message": message, **said})


def _behind_the_hash(name: str) -> str:
    """What a task is for, as its name says it to the eye (`task_name`): of which tenant, and when."""
    return name.partition("-")[2]


class EventNotice(ReadThrough):
    """Passes everything on to a document store, and asks for a pass after each commit that wrote events."""

    def __init__(self, inner: Documents, queue: EventQueue) -> None:
        super().__init__(inner)
        self._queue = queue

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """As Documents.commit; one task a tenant, named by the first of its events."""
        versions = self._inner.commit(writes)
        first: dict[str, str] = {}
        for write in writes:
            if isinstance(write, Create) and (event := _EVENT.fullmatch(write.path)):
                first.setdefault(event["tenant"], event["id"])
        for tenant_id, event_id in first.items():
            self._queue.ask(tenant_id, why=event_id)
        return versions
