"""Cloud Tasks for tests: the real client's protocol, and real HTTP calls with the tokens of an issuer of ours.

It follows https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2, and can be as unpleasant as the
real one may be: calls that come twice, late and in any order.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Condition, Thread
from typing import NoReturn, Self, cast

import grpc
import urllib3
from google.cloud.tasks_v2 import CloudTasksClient
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport
from google.cloud.tasks_v2.types import CreateTaskRequest, Task

from tests.google_servers import Method, grpc_service
from tests.oidc_issuer import OidcIssuer

LOCATION = "projects/acme-billing/locations/europe-west3"
ACCOUNT = "tasks@acme-billing.iam.gserviceaccount.com"

_NO_QUEUE = "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One try of a task: its name, how often it had been tried before, and the answer (0: none came)."""

    name: str
    tries: int
    status: int


@dataclass(kw_only=True)
class Unpleasant:
    """How often, out of a hundred, a task is called twice or late; out of order is then every one of them."""

    twice: int = 0
    late: int = 0
    random: Random = field(default_factory=lambda: Random(7))

    def happens(self, share: int) -> bool:
        """Whether what happens so often happens now."""
        return self.random.randrange(100) < share


@dataclass(kw_only=True)
class _Call:
    task: Task
    due: datetime
    tries: int = 0


class CloudTasksServer:
    """`with CloudTasksServer(issuer) as server:`; its address for a setting is `server.endpoint`."""

    def __init__(
        self,
        issuer: OidcIssuer,
        *,
        max_attempts: int = 5,
        back_off_seconds: float = 0.05,
        at_once: int = 4,
        unpleasant: Unpleasant | None = None,
    ) -> None:
        self.queues = {"runs", "events"}
        self.created: list[Task] = []
        self.deliveries: list[Delivery] = []
        self.aborts: list[tuple[grpc.StatusCode, str]] = []
        self._issuer = issuer
        self._max_attempts = max_attempts
        self._back_off = timedelta(seconds=back_off_seconds)
        self._unpleasant = unpleasant
        self._names: set[str] = set()
        self._calls: list[_Call] = []
        self._under_way = 0
        self._ended = self._held = False
        self._changed = Condition()
        self._threads = [Thread(target=self._dispatch, daemon=True) for _ in range(at_once)]
        self._channels: list[grpc.Channel] = []
        self._server = grpc.server(ThreadPoolExecutor(8))
        self._port = self._server.add_insecure_port("127.0.0.1:0")
        methods: dict[str, Method] = {"CreateTask": (CreateTaskRequest, self._create)}
        self._server.add_generic_rpc_handlers([grpc_service("google.cloud.tasks.v2.CloudTasks", methods)])

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._server.start()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        for channel in self._channels:
            channel.close()
        self._server.stop(grace=None).wait()

    def client(self) -> CloudTasksClient:
        """The real client, over a channel to this server."""
        channel = grpc.insecure_channel(f"127.0.0.1:{self._port}")
        self._channels.append(channel)
        return CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Call nobody while the block runs: the queue is paused."""
        self._held = True
        try:
            yield
        finally:
            with self._changed:
                self._held = False
                self._changed.notify_all()

    def wait_until_idle(self, *, seconds: float) -> None:
        """Wait until no task waits or is under way; AssertionError where that takes longer."""
        with self._changed:
            is_idle = self._changed.wait_for(lambda: not self._calls and not self._under_way, timeout=seconds)
        assert is_idle, f"{len(self._calls)} tasks still wait after {seconds} s"

    def _create(self, request: CreateTaskRequest, context: grpc.ServicerContext) -> Task:
        with self._changed:
            if self.aborts:
                _abort(context, *self.aborts.pop(0))
            task = request.task
            self._check(request.parent, task, context)
            self._names.add(task.name)
            self.created.append(task)
            due = max(datetime.now(UTC), schedule_time(task))
            times = 2 if self._unpleasant and self._unpleasant.happens(self._unpleasant.twice) else 1
            self._calls += [_Call(task=task, due=due + self._delay()) for _ in range(times)]
            self._changed.notify_all()
        return task

    def _check(self, parent: str, task: Task, context: grpc.ServicerContext) -> None:
        location, _, queue = parent.partition("/queues/")
        if location != LOCATION:
            region = location.rpartition("/")[2]
            text = f"Location '{region}' is not a valid location. Use ListLocations to list valid locations."
            _abort(context, grpc.StatusCode.INVALID_ARGUMENT, text)
        if queue not in self.queues:
            _abort(context, grpc.StatusCode.NOT_FOUND, _NO_QUEUE)
        if not re.fullmatch(f"{re.escape(parent)}/tasks/[A-Za-z0-9_-]{{1,500}}", task.name):
            _abort(context, grpc.StatusCode.INVALID_ARGUMENT, f"Invalid task name {task.name}")
        if not 15 <= deadline_seconds(task) <= 1800:
            _abort(context, grpc.StatusCode.INVALID_ARGUMENT, "The deadline must be in the interval [15s, 30m].")
        if task.name in self._names:
            _abort(context, grpc.StatusCode.ALREADY_EXISTS, "Requested entity already exists")

    def _delay(self) -> timedelta:
        trouble = self._unpleasant
        return timedelta(seconds=0.5) if trouble and trouble.happens(trouble.late) else timedelta()

    def _dispatch(self) -> None:
        with urllib3.PoolManager(retries=False) as pool:
            while (call := self._next()) is not None:
                status = self._post(pool, call)
                with self._changed:
                    name = call.task.name.rpartition("/")[2]
                    self.deliveries.append(Delivery(name=name, tries=call.tries, status=status))
                    if not 200 <= status < 300 and call.tries + 1 < self._max_attempts:
                        wait = self._back_off * 2**call.tries
                        self._calls.append(_Call(task=call.task, due=datetime.now(UTC) + wait, tries=call.tries + 1))
                    self._under_way -= 1
                    self._changed.notify_all()

    def _next(self) -> _Call | None:
        with self._changed:
            while not self._ended:
                now = datetime.now(UTC)
                due = [] if self._held else [each for each in self._calls if each.due <= now]
                if due:
                    chosen = self._unpleasant.random.choice(due) if self._unpleasant else due[0]
                    self._calls.remove(chosen)
                    self._under_way += 1
                    return chosen
                first = min((each.due for each in self._calls), default=None)
                self._changed.wait(None if first is None or self._held else (first - now).total_seconds())
        return None

    def _post(self, pool: urllib3.PoolManager, call: _Call) -> int:
        """One call as the service makes it (https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler)."""
        request = call.task.http_request
        queue, _, name = call.task.name.partition("/queues/")[2].partition("/tasks/")
        token = self._issuer.token(
            audience=request.oidc_token.audience or request.url,
            email=request.oidc_token.service_account_email,
            now=datetime.now(UTC),
        )
        headers = {
            **dict(request.headers),
            "Authorization": f"Bearer {token}",
            "User-Agent": "Google-Cloud-Tasks",
            "X-CloudTasks-QueueName": queue,
            "X-CloudTasks-TaskName": name,
            "X-CloudTasks-TaskRetryCount": str(call.tries),
            "X-CloudTasks-TaskExecutionCount": str(call.tries),
            "X-CloudTasks-TaskETA": str(call.due.timestamp()),
        }
        seconds = deadline_seconds(call.task)
        try:
            method = request.http_method.name
            answer = pool.request(method, request.url, body=request.body, headers=headers, timeout=seconds)
        except urllib3.exceptions.HTTPError:
            return 0
        return answer.status


def schedule_time(task: Task) -> datetime:
    """When a task is due; the library gives a datetime for what its type says is a Timestamp."""
    return cast("datetime | None", task.schedule_time) or datetime.min.replace(tzinfo=UTC)


def deadline_seconds(task: Task) -> float:
    """How long a task waits for its answer; the library gives a timedelta for what its type says is a Duration."""
    return cast("timedelta", task.dispatch_deadline).total_seconds()


def _abort(context: grpc.ServicerContext, code: grpc.StatusCode, text: str) -> NoReturn:
    context.abort(code, text)
    raise AssertionError
