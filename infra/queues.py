"""The queues of Cloud Tasks (https://cloud.google.com/tasks/docs/configuring-queues)."""

from collections.abc import Iterator, Sequence
from functools import partial

from google.cloud.tasks_v2.types import Queue
from google.protobuf.field_mask_pb2 import FieldMask

from infra import declaration as declared
from infra.cloud import Cloud, refusals
from infra.declaration import Declaration
from infra.durations import duration, whole
from infra.errors import NotThere
from infra.resource import Call, Difference, Resource, Settings, Step

_SERVICE = "Cloud Tasks"
_LOGGED = 1.0
"""Which share of its operations a queue logs; they are few, and a task that was given up is found there."""


def queues(declaration: Declaration) -> Iterator[Resource]:
    """Each with its rates and retries, and running."""
    for name, queue in declaration.queues.items():
        wanted = _settings(queue)
        path = queue_name(declaration, name)
        yield Resource(
            kind="queue",
            name=name,
            api="cloudtasks.googleapis.com",
            wanted=wanted,
            live=partial(_live, name=path),
            create=(Call(f"{_SERVICE}: create the queue {path}", partial(_create, queue=_queue(path, queue))),),
            update=partial(_update, queue=_queue(path, queue)),
            delete=(Call(f"{_SERVICE}: delete the queue {path} and its tasks", partial(_delete, name=path)),),
        )


def queue_name(declaration: Declaration, queue: str) -> str:
    """What Cloud Tasks calls it."""
    variables = declaration.variables
    return f"projects/{variables.project}/locations/{variables.tasks_region}/queues/{queue}"


def _settings(queue: declared.Queue) -> dict[str, object]:
    return {
        "rate_limits.max_dispatches_per_second": queue.max_per_second,
        "rate_limits.max_concurrent_dispatches": queue.max_concurrent,
        "retry_config.max_attempts": queue.max_attempts,
        "retry_config.max_retry_duration": queue.no_longer_than,
        "retry_config.min_backoff": queue.min_backoff,
        "retry_config.max_backoff": queue.max_backoff,
        "retry_config.max_doublings": queue.max_doublings,
        "stackdriver_logging_config.sampling_ratio": _LOGGED,
        "state": "RUNNING",
    }


def _queue(path: str, queue: declared.Queue) -> Queue:
    return Queue(
        name=path,
        rate_limits={
            "max_dispatches_per_second": queue.max_per_second,
            "max_concurrent_dispatches": queue.max_concurrent,
        },
        retry_config={
            "max_attempts": queue.max_attempts,
            "max_retry_duration": duration(queue.no_longer_than),
            "min_backoff": duration(queue.min_backoff),
            "max_backoff": duration(queue.max_backoff),
            "max_doublings": queue.max_doublings,
        },
        stackdriver_logging_config={"sampling_ratio": _LOGGED},
    )


def _live(cloud: Cloud, *, name: str) -> Settings | None:
    try:
        with refusals(_SERVICE, f"{_SERVICE}: read the queue {name}", project=cloud.project):
            queue = cloud.tasks.get_queue(request={"name": name})
    except NotThere:
        return None
    rates, retries = queue.rate_limits, queue.retry_config
    return {
        "rate_limits.max_dispatches_per_second": rates.max_dispatches_per_second,
        "rate_limits.max_concurrent_dispatches": rates.max_concurrent_dispatches,
        "retry_config.max_attempts": retries.max_attempts,
        "retry_config.max_retry_duration": whole(retries.max_retry_duration),
        "retry_config.min_backoff": whole(retries.min_backoff),
        "retry_config.max_backoff": whole(retries.max_backoff),
        "retry_config.max_doublings": retries.max_doublings,
        "stackdriver_logging_config.sampling_ratio": queue.stackdriver_logging_config.sampling_ratio,
        "state": Queue.State(queue.state).name,
    }


def _create(cloud: Cloud, *, queue: Queue) -> None:
    parent = queue.name.partition("/queues/")[0]
    with refusals(_SERVICE, f"{_SERVICE}: create the queue {queue.name}", project=cloud.project):
        cloud.tasks.create_queue(request={"parent": parent, "queue": queue})


def _update(differences: Sequence[Difference], *, queue: Queue) -> Sequence[Step]:
    fields = [each.field for each in differences if each.field != "state"]
    steps: list[Step] = []
    if fields:
        says = f"{_SERVICE}: set {', '.join(fields)} of the queue {queue.name}"
        steps.append(Call(says, partial(_set, queue=queue, fields=fields)))
    if len(fields) < len(differences):
        steps.append(Call(f"{_SERVICE}: resume the queue {queue.name}", partial(_resume, name=queue.name)))
    return steps


def _set(cloud: Cloud, *, queue: Queue, fields: Sequence[str]) -> None:
    with refusals(_SERVICE, f"{_SERVICE}: change the queue {queue.name}", project=cloud.project):
        cloud.tasks.update_queue(request={"queue": queue, "update_mask": FieldMask(paths=fields)})


def _resume(cloud: Cloud, *, name: str) -> None:
    with refusals(_SERVICE, f"{_SERVICE}: resume the queue {name}", project=cloud.project):
        cloud.tasks.resume_queue(request={"name": name})


def _delete(cloud: Cloud, *, name: str) -> None:
    with refusals(_SERVICE, f"{_SERVICE}: delete the queue {name}", project=cloud.project):
        cloud.tasks.delete_queue(request={"name": name})
