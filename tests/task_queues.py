"""Queues of tasks before a function that keeps what it is asked: in threads, and Cloud Tasks by its own client."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Condition
from typing import ClassVar

import pytest

from billing.adapters.cloud_tasks import CloudTasks
from billing.adapters.job_credentials import key_credential
from billing.adapters.local_tasks import LocalTasks, Retries
from billing.adapters.system_clock import SystemClock
from billing.adapters.task_place import TaskPlace
from billing.adapters.task_posts import TaskPosts
from billing.ports.tasks import FunctionName, Task, Tasks
from tests.cloud_tasks_server import ACCOUNT, LOCATION, CloudTasksServer
from tests.local_server import QuietHandler, serving
from tests.oidc_issuer import OidcIssuer

__all__ = ["ATTEMPTS", "TASK", "Function", "cloud", "function", "issuer", "place", "server", "tasks"]

KEY = "0123456789abcdef0123456789abcdef"
ATTEMPTS = 3
TASK = Task(name="bill-acme", queue="runs", function="generate_invoices")


@dataclass(kw_only=True)
class Arrived:
    """One call as the function got it; names of headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: datetime

    @property
    def name(self) -> str:
        return self.headers["x-cloudtasks-taskname"]

    @property
    def tries(self) -> int:
        return int(self.headers["x-cloudtasks-taskretrycount"])


@dataclass(kw_only=True)
class Function:
    """A function that keeps what it is asked and answers as it was told: 200 once `statuses` is used up."""

    url: str = ""
    arrived: list[Arrived] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)

    def wait_for(self, calls: int) -> list[Arrived]:
        """What arrived, once so many calls did."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.arrived) >= calls, timeout=10), self.arrived
        return self.arrived


@pytest.fixture
def function() -> Iterator[Function]:
    function = Function()

    class Handler(QuietHandler):
        asked: ClassVar[Function] = function

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with function.changed:
                call = Arrived(path=self.path, headers=headers, body=body, at=datetime.now(UTC))
                function.arrived.append(call)
                status = function.statuses.pop(0) if function.statuses else 200
                function.changed.notify_all()
            self.answer(status)

    with serving(Handler) as url:
        function.url = url
        yield function


@pytest.fixture(scope="module")
def issuer() -> Iterator[OidcIssuer]:
    with OidcIssuer() as issuer:
        yield issuer


def place(url: str) -> TaskPlace:
    urls: dict[FunctionName, str] = {
        "generate_invoices": f"{url}/generate_invoices",
        "run_dunning": f"{url}/run_dunning",
        "apiProxy": url,
    }
    return TaskPlace(location=LOCATION, urls=urls, service_account=ACCOUNT, seconds=540)


@pytest.fixture
def server(issuer: OidcIssuer) -> Iterator[CloudTasksServer]:
    with CloudTasksServer(issuer, max_attempts=ATTEMPTS) as server:
        yield server


@pytest.fixture
def cloud(server: CloudTasksServer, function: Function) -> CloudTasks:
    return CloudTasks(place(function.url), client=server.client())


@pytest.fixture(params=["threads", "Cloud Tasks"])
def tasks(request: pytest.FixtureRequest, function: Function) -> Iterator[Tasks]:
    """A queue before the function, which tries three times."""
    if request.param == "Cloud Tasks":
        yield request.getfixturevalue("cloud")
        return
    posts = TaskPosts(
        urls=place(function.url).urls, credential=key_credential("x-internal-key", lambda: [KEY]), seconds=10
    )
    retries = Retries(attempts=ATTEMPTS, shortest=timedelta(milliseconds=50))
    with LocalTasks(posts, clock=SystemClock(), retries=retries) as local:
        yield local
