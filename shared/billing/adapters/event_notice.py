"""Has events delivered at once: after a commit that wrote some, a task for their tenant goes into the queue.

The outbox is what counts. Where the queue is away nothing is lost: the daily run delivers what waits all the same.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

from billing.adapters.read_through import ReadThrough
from billing.domain.stamp import stamp
from billing.ports import Create, Documents, Write
from billing.ports.tasks import Task, Tasks, TasksUnavailable, task_name

EVENTS_PATH: Final = "/tasks/events"
"""The route of apiProxy that delivers a tenant's events."""

_TENANT_HEADER = "X-Tenant-ID"
_EVENT = re.compile("tenants/(?P<tenant>[^/]+)/events/(?P<id>[^/]+)")
_SILENT_SECONDS = timedelta(minutes=1).total_seconds()
"""So long a queue that was away is not asked again: each commit would wait for it."""


class EventQueue:
    """Asks a queue for passes over tenants' outboxes; never fails, as what asks has been written already.

    `log` writes one line: the event, and the fields beside it.
    """

    def __init__(self, tasks: Tasks, *, log: Callable[[str, dict[str, Any]], None]) -> None:
        self._tasks = tasks
        self._log = log
        self._away_until = 0.0

    def ask(self, tenant_id: str, *, why: str, due: datetime | None = None) -> None:
        """Have a tenant's events delivered, now or at a UTC instant; asked twice for the same `why` it is done once."""
        if monotonic() < self._away_until:
            return
        task = Task(
            name=task_name("events", tenant_id, why, "" if due is None else stamp(due)),
            queue="events",
            function="apiProxy",
            path=EVENTS_PATH,
            headers={_TENANT_HEADER: tenant_id},
            due=due,
        )
        try:
            self._tasks.enqueue([task])
        except TasksUnavailable as error:
            self._away_until = monotonic() + _SILENT_SECONDS
            said = {"tenant": tenant_id, "code": error.code, "reason": str(error)}
            message = "the queue is away: events wait for the next run"
            self._log("event_queue", {"severity": "WARNING", "message": message, **said})


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
