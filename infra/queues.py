"""The queues of Cloud Tasks (https://cloud.google.com/tasks/docs/configuring-queues)."""

from collections.abc import Iterator
from functools import partial

from google.cloud.tasks_v2.types import Queue

from infra import declaration as declared
from infra.cloud import Cloud
from infra.declaration import Declaration
from infra.durations import duration, whole
from infra.errors import Refused
from infra.kept import STATE, Kept, left_paused
from infra.remedies import DELETED_QUEUE
from infra.resource import Allowed, Call, Resource, Settings, always

_LOGGED = 1.0
"""Which share of its operations a queue logs; they are few, and a task that was given up is found there."""

_LOOKS, _PAUSE_SECONDS = 3, 10.0


def queues(declaration: Declaration, allowed: Allowed) -> Iterator[Resource]:
    """Each with its rates and retries, and running unless somebody paused it."""
    for name, queue in declaration.queues.items():
        path = queue_name(declaration, name)
        kept = Kept(
            service="Cloud Tasks",
            noun="queue",
            name=path,
            client=lambda cloud: cloud.tasks,
            wanted=_queue(path, queue),
        )
        yield _resource(name, kept, allowed)


def queue_name(declaration: Declaration, queue: str) -> str:
    """What Cloud Tasks calls it."""
    variables = declaration.variables
    return f"projects/{variables.project}/locations/{variables.tasks_region}/queues/{queue}"


def _resource(name: str, kept: Kept, allowed: Allowed) -> Resource:
    def live(cloud: Cloud) -> Settings | None:
        queue = kept.read(cloud)
        return None if queue is None else {**_settings(queue), STATE: Queue.State(queue.state).name}

    return Resource(
        kind="queue",
        name=name,
        api="cloudtasks.googleapis.com",
        wanted={**_settings(kept.wanted), STATE: "RUNNING"},
        live=live,
        create=(_create(kept),),
        update=kept.update,
        left=partial(left_paused, allowed=allowed),
        delete=always(kept.delete(also=" and its tasks")),
    )


def _create(kept: Kept) -> Call:
    """Make it and look for it: where one of this name was deleted of late, Cloud Tasks may only say that it made it.

    https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues/delete
    """
    create = kept.create()

    def do(cloud: Cloud) -> None:
        create.run(cloud)
        for left in reversed(range(_LOOKS)):
            if kept.read(cloud) is not None:
                return
            if left:
                cloud.pause(_PAUSE_SECONDS)
        raise Refused(create.says, said="it says that it made it, and there is none", remedy=DELETED_QUEUE)

    return Call(create.says, do)


def _queue(path: str, queue: declared.Queue) -> Queue:
    return Queue(
        name=path,
        rate_limits={
            "max_dispatches_per_second": queue.max_per_second,
            "max_concurrent_dispatches": queue.max_concurrent,
        },
        retry_config={
            "max_attempts": queue.max_attempts,
            "max_retry_duration": duration(0),  # none: with one, a task is tried on until both are used up
            "min_backoff": duration(queue.min_backoff),
            "max_backoff": duration(queue.max_backoff),
            "max_doublings": queue.max_doublings,
        },
        stackdriver_logging_config={"sampling_ratio": _LOGGED},
    )


def _settings(queue: Queue) -> dict[str, object]:
    rates, retries = queue.rate_limits, queue.retry_config
    rate = rates.max_dispatches_per_second
    return {
        "rate_limits.max_dispatches_per_second": int(rate) if rate.is_integer() else rate,
        "rate_limits.max_concurrent_dispatches": rates.max_concurrent_dispatches,
        "retry_config.max_attempts": retries.max_attempts,
        "retry_config.max_retry_duration": whole(retries.max_retry_duration),
        "retry_config.min_backoff": whole(retries.min_backoff),
        "retry_config.max_backoff": whole(retries.max_backoff),
        "retry_config.max_doublings": retries.max_doublings,
        "stackdriver_logging_config.sampling_ratio": queue.stackdriver_logging_config.sampling_ratio,
    }
