"""A queue in Google Cloud Tasks (https://cloud.google.com/tasks/docs): each task a POST to one of our functions.

The account of the function needs roles/cloudtasks.enqueuer on the queue and roles/iam.serviceAccountUser on the account
that the tasks call as. The client costs half a second to import, so that is done at the first task.
"""

import json
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Lock
from typing import TYPE_CHECKING

from billing.adapters.task_place import TASKS, TASKS_ACCOUNT, TaskPlace
from billing.ports.tasks import Task, TasksUnavailable

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.cloud import tasks_v2

ANSWER_WITHIN_SECONDS = 10
TRY_FOR_SECONDS = 30
SHORTEST_SECONDS, LONGEST_SECONDS = 15, 1800
"""How long Cloud Tasks may be told to wait for an answer, for a task of HTTP."""

_AT_ONCE = 16
"""There is no call that takes many tasks, so that many calls are under way side by side."""


class CloudTasks:
    """The Tasks port over the queues of one place."""

    def __init__(self, place: TaskPlace, *, client: "tasks_v2.CloudTasksClient | None" = None) -> None:
        """`client` is made at the first task if none is given."""
        self._place = place
        self._client = client
        self._connecting = Lock()

    def enqueue(self, tasks: Sequence[Task]) -> int:
        """Add the tasks whose names the queue does not know. Raises TasksUnavailable, which names the remedy."""
        if len(tasks) <= 1:
            return sum(map(self._create, tasks))
        with ThreadPoolExecutor(min(_AT_ONCE, len(tasks)), thread_name_prefix="enqueue") as pool:
            calls = [pool.submit(self._create, task) for task in tasks]
            wait(calls, return_when=FIRST_EXCEPTION)
            pool.shutdown(cancel_futures=True)  # the first that fails takes back those not begun
        ended = [each for each in calls if not each.cancelled()]
        taken = sum(each.result() for each in ended if each.exception() is None)
        for error in filter(None, (each.exception() for each in ended)):
            raise _counted(error, taken=taken)
        return taken

    def _create(self, task: Task) -> bool:
        """Whether the queue took the task, and did not know it yet: a call that is tried again finds its own task."""
        from google.api_core.exceptions import AlreadyExists, GoogleAPICallError, RetryError  # noqa: PLC0415
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

        queue = f"{self._place.location}/queues/{task.queue}"
        try:
            self._connected().create_task(
                parent=queue, task=self._message(task, queue), retry=_retry(), timeout=ANSWER_WITHIN_SECONDS
            )
        except AlreadyExists:
            return False
        except (GoogleAPICallError, RetryError, GoogleAuthError) as error:
            raise TasksUnavailable(queue, reason=_reason(error, place=self._place, queue=queue)) from error
        return True

    def _message(self, task: Task, queue: str) -> "tasks_v2.Task":
        from google.cloud import tasks_v2  # noqa: PLC0415
        from google.protobuf.duration_pb2 import Duration  # noqa: PLC0415

        url = self._place.urls[task.function]
        return tasks_v2.Task(
            name=f"{queue}/tasks/{task.name}",
            http_request=tasks_v2.HttpRequest(
                http_method=tasks_v2.HttpMethod.POST,
                url=url if task.path == "/" else f"{url}{task.path}",
                headers={**task.headers, "Content-Type": "application/json"},
                body=json.dumps(dict(task.body)).encode(),
                oidc_token=tasks_v2.OidcToken(service_account_email=self._place.service_account, audience=url),
            ),
            schedule_time=task.due,
            dispatch_deadline=Duration(seconds=min(max(self._place.seconds, SHORTEST_SECONDS), LONGEST_SECONDS)),
        )

    def _connected(self) -> "tasks_v2.CloudTasksClient":
        with self._connecting:
            if self._client is None:
                self._client = _client(self._place.endpoint)
            return self._client


def _counted(error: BaseException, *, taken: int) -> BaseException:
    if isinstance(error, TasksUnavailable):
        error.taken = taken
    return error


def _client(endpoint: str | None) -> "tasks_v2.CloudTasksClient":
    from google.cloud import tasks_v2  # noqa: PLC0415

    if endpoint is None:
        return tasks_v2.CloudTasksClient()
    import grpc  # noqa: PLC0415
    from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport  # noqa: PLC0415

    return tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=grpc.insecure_channel(endpoint)))


def _retry() -> "Retry":
    """Try again what may pass. That a try before took the task is then no error: it has a name."""
    from google.api_core import exceptions  # noqa: PLC0415
    from google.api_core.retry import Retry, if_exception_type  # noqa: PLC0415

    passing = (
        exceptions.ServiceUnavailable,
        exceptions.DeadlineExceeded,
        exceptions.InternalServerError,
        exceptions.ResourceExhausted,
        exceptions.Aborted,
    )
    return Retry(if_exception_type(*passing), initial=0.1, maximum=5.0, timeout=TRY_FOR_SECONDS)


def _reason(error: Exception, *, place: TaskPlace, queue: str) -> str:
    """What Google says, and what to do about it where that is known."""
    said = str(getattr(error, "message", "") or error)
    remedy = _remedy(error, said, place=place, queue=queue)
    return f"{said} - {remedy}" if remedy else said


def _remedy(error: Exception, said: str, *, place: TaskPlace, queue: str) -> str:
    from google.api_core import exceptions  # noqa: PLC0415
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

    match error:
        case exceptions.PermissionDenied() if "has not been used" in said or "is disabled" in said:
            return "run `gcloud services enable cloudtasks.googleapis.com`"
        case exceptions.PermissionDenied() if "actas" in said.lower():
            return f"give this function's account roles/iam.serviceAccountUser on {place.service_account}{_APPLIED}"
        case exceptions.PermissionDenied():
            roles = f"roles/cloudtasks.enqueuer on {queue}, and roles/iam.serviceAccountUser on {place.service_account}"
            return f"give this function's account {roles}{_APPLIED}"
        case exceptions.NotFound() | exceptions.FailedPrecondition() if "queue" in said.lower():
            return f"make the queue {queue} (`python -m infra apply` does), or correct {TASKS}"
        case exceptions.InvalidArgument() if "location" in said.lower():
            return f"correct the region in {TASKS}, which is {place.location}"
        case exceptions.InvalidArgument() | exceptions.NotFound() if "account" in said.lower():
            return f"correct {TASKS_ACCOUNT}, which is {place.service_account}, or make the account{_APPLIED}"
        case exceptions.Unauthenticated() | GoogleAuthError():
            return "run as a service account, or log in with `gcloud auth application-default login`"
        case _:
            return ""


_APPLIED = " (`python -m infra apply` does)"
