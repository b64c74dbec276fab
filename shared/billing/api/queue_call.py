"""Who may spread a run over tasks, and who may do a part of one: the functions' own callers, and the queue."""

from collections.abc import Callable
from typing import Final, TypeAlias

from billing.api.job_request import InvalidFields, JobRequest
from billing.api.task_part import RunQueue
from billing.domain.errors import InvalidInput
from billing.ports.jobs import ACTOR_HEADER
from billing.ports.tasks import TASK_HEADER, TRIES_HEADER

Header: TypeAlias = Callable[[str], str | None]
"""A call's header by its name, None where it was not sent."""

_FUNCTIONS_OWN: Final = "a call of the function itself, by the Scheduler or by hand, and not through the API"
_FROM_QUEUE: Final = "to come from the queue, for one tenant"
_A_QUEUE: Final = "a queue: this function has none (set BILLING_TASKS, docs/guides/fan-out.md)"


def queue_for(request: JobRequest, header: Header, queue: RunQueue | None) -> RunQueue:
    """The queue for a request that asks to be spread, or that is a part. InvalidFields where that can't be.

    The API passes on what its users send, and says for whom; only the queue's own calls do so as well.
    """
    is_task = header(TASK_HEADER) is not None
    if not is_task and header(ACTOR_HEADER) is not None:
        refuse_tasks(request)
    if request.part is not None and (not is_task or request.tenant_id is None):
        raise _refusal("task", expected=_FROM_QUEUE)
    if queue is None:
        raise _refusal("fan_out" if request.fan_out else "task", expected=_A_QUEUE)
    return queue


def refuse_tasks(request: JobRequest) -> None:
    """InvalidFields for what has no place in a call through the API."""
    if request.fan_out:
        raise _refusal("fan_out", expected=_FUNCTIONS_OWN)
    if request.part is not None:
        raise _refusal("task", expected=_FROM_QUEUE)


def tries_of(header: Header) -> int:
    """How often the queue tried a task before this call."""
    given = header(TRIES_HEADER) or ""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _refusal(field: str, *, expected: str) -> InvalidFields:
    return InvalidFields([InvalidInput(field, expected=expected, given=True)])
