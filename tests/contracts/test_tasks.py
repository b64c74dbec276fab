"""What every queue keeps: a named call is made once it is due, again until it is answered with 2xx, and named once."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from threading import Condition
from typing import ClassVar

import grpc
import pytest

from billing.adapters.cloud_tasks import CloudTasks
from billing.adapters.job_credentials import key_credential
from billing.adapters.local_tasks import LocalTasks, Retries
from billing.adapters.system_clock import SystemClock
from billing.adapters.task_place import TaskPlace
from billing.adapters.task_posts import TaskPosts
from billing.api.oidc import OidcTrust, TokenVerifier
from billing.domain.errors import InvalidInput
from billing.ports.tasks import FunctionName, Task, Tasks, TasksUnavailable, task_name
from tests.cloud_tasks_server import ACCOUNT, LOCATION, CloudTasksServer, Unpleasant, deadline_seconds
from tests.local_server import serving
from tests.oidc_issuer import OidcIssuer

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

    class Handler(BaseHTTPRequestHandler):
        asked: ClassVar[Function] = function

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with function.changed:
                call = Arrived(path=self.path, headers=headers, body=body, at=datetime.now(UTC))
                function.arrived.append(call)
                status = function.statuses.pop(0) if function.statuses else 200
                function.changed.notify_all()
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

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


def test_a_task_is_a_post_of_its_body_with_its_headers_and_its_name(tasks: Tasks, function: Function) -> None:
    headers = {"X-Tenant-ID": "acme", "X-Request-ID": "r-1"}
    body = {"as_of": "2026-03-01", "shards": [0, 1]}

    assert tasks.enqueue([replace(TASK, headers=headers, body=body)]) == 1

    [call] = function.wait_for(1)
    assert call.path == "/generate_invoices"
    assert json.loads(call.body) == body
    assert call.headers["content-type"] == "application/json"
    assert call.headers["x-tenant-id"] == "acme"
    assert call.headers["x-request-id"] == "r-1"
    assert (call.name, call.tries) == ("bill-acme", 0)


def test_each_function_is_called_at_its_own_address_and_path(tasks: Tasks, function: Function) -> None:
    tasks.enqueue(
        [
            Task(name="dun", queue="runs", function="run_dunning"),
            Task(name="tell", queue="events", function="apiProxy", path="/api/internal/events"),
        ]
    )

    assert sorted(call.path for call in function.wait_for(2)) == ["/api/internal/events", "/run_dunning"]


def test_a_name_is_taken_once_whether_the_task_waits_or_is_done(tasks: Tasks, function: Function) -> None:
    assert tasks.enqueue([TASK, TASK, replace(TASK, name="bill-other")]) == 2
    function.wait_for(2)

    assert tasks.enqueue([TASK]) == 0
    assert tasks.enqueue([replace(TASK, name="last")]) == 1

    assert Counter(call.name for call in function.wait_for(3)) == {"bill-acme": 1, "bill-other": 1, "last": 1}


def test_nothing_is_called_before_it_is_due(tasks: Tasks, function: Function) -> None:
    due = datetime.now(UTC) + timedelta(seconds=0.4)

    assert tasks.enqueue([replace(TASK, due=due), replace(TASK, name="at-once")]) == 2

    assert [call.name for call in function.wait_for(2)] == ["at-once", "bill-acme"]
    assert function.arrived[1].at >= due


def test_a_call_is_made_again_until_it_is_taken_and_says_how_often_it_was_tried(
    tasks: Tasks, function: Function
) -> None:
    function.statuses = [503, 302, 204]

    tasks.enqueue([TASK])

    assert [call.tries for call in function.wait_for(3)] == [0, 1, 2]


def test_after_the_last_try_a_queue_gives_up(tasks: Tasks, function: Function) -> None:
    function.statuses = [500] * ATTEMPTS

    tasks.enqueue([TASK])
    function.wait_for(ATTEMPTS)
    tasks.enqueue([replace(TASK, name="next", due=datetime.now(UTC) + timedelta(seconds=0.3))])

    assert [call.name for call in function.wait_for(ATTEMPTS + 1)] == ["bill-acme"] * ATTEMPTS + ["next"]


def test_a_task_without_a_name_that_queues_take_cannot_be_built() -> None:
    for name in ("", "a/b", "a.b", "ä", "x" * 501):
        with pytest.raises(InvalidInput, match="name: expected 1 to 500 letters"):
            Task(name=name, queue="runs", function="run_dunning")


def test_a_name_stands_for_its_parts_and_for_no_others() -> None:
    parts = [("ab", "c"), ("a", "bc"), ("a.b", "c"), ("a-b", "c"), ("ab", "c", ""), ("a" * 600, "b"), ("a" * 600, "c")]

    names = [task_name(*each) for each in parts]

    assert len(set(names)) == len(parts)
    assert names[0] == task_name("ab", "c")
    assert names[0].endswith("-ab-c")
    assert [Task(name=name, queue="runs", function="run_dunning").name for name in names] == names


def test_a_function_knows_the_queue_by_a_token_for_its_own_address(
    cloud: CloudTasks, function: Function, issuer: OidcIssuer
) -> None:
    cloud.enqueue([TASK, Task(name="tell", queue="events", function="apiProxy", path="/api/internal/events")])

    for call in function.wait_for(2):
        audience = function.url if call.path.startswith("/api") else f"{function.url}/generate_invoices"
        verifier = TokenVerifier(
            OidcTrust(
                audiences=(audience,),
                service_accounts=frozenset({ACCOUNT}),
                issuers=(issuer.url,),
                certs_url=issuer.certs_url,
            )
        )
        token = call.headers["authorization"].removeprefix("Bearer ")
        assert verifier.verify(token, now=datetime.now(UTC)) == ACCOUNT


def test_the_queue_waits_for_an_answer_as_long_as_a_function_may_take(
    cloud: CloudTasks, server: CloudTasksServer, function: Function
) -> None:
    cloud.enqueue([TASK])
    short = CloudTasks(replace(place(function.url), seconds=1), client=server.client())
    short.enqueue([replace(TASK, name="short")])
    long = CloudTasks(replace(place(function.url), seconds=3600), client=server.client())
    long.enqueue([replace(TASK, name="long")])

    assert [deadline_seconds(each) for each in server.created] == [540, 15, 1800]


def test_what_may_pass_is_tried_again_and_the_task_is_taken_once(
    cloud: CloudTasks, server: CloudTasksServer, function: Function
) -> None:
    server.aborts = [(grpc.StatusCode.UNAVAILABLE, "one moment"), (grpc.StatusCode.ABORTED, "and another")]

    assert cloud.enqueue([TASK]) == 1

    assert len(function.wait_for(1)) == 1
    assert len(server.created) == 1


@pytest.mark.parametrize(
    ("code", "said", "remedy"),
    [
        (
            grpc.StatusCode.PERMISSION_DENIED,
            'The principal lacks IAM permission "cloudtasks.tasks.create" for the resource',
            f"roles/cloudtasks.enqueuer on {LOCATION}/queues/runs, and roles/iam.serviceAccountUser on {ACCOUNT}",
        ),
        (
            grpc.StatusCode.PERMISSION_DENIED,
            'The principal lacks IAM permission "iam.serviceAccounts.actAs" for the resource',
            f"roles/iam.serviceAccountUser on {ACCOUNT} (`python -m infra apply` does)",
        ),
        (
            grpc.StatusCode.PERMISSION_DENIED,
            "Cloud Tasks API has not been used in project 1 before or it is disabled.",
            "gcloud services enable cloudtasks.googleapis.com",
        ),
        (
            grpc.StatusCode.FAILED_PRECONDITION,
            "The queue no longer exists, though a queue with this name existed recently.",
            f"make the queue {LOCATION}/queues/runs (`python -m infra apply` does), or correct BILLING_TASKS",
        ),
        (
            grpc.StatusCode.INVALID_ARGUMENT,
            "The service account does not exist",
            f"correct TASKS_SERVICE_ACCOUNT, which is {ACCOUNT}",
        ),
        (grpc.StatusCode.UNAUTHENTICATED, "Request had no credentials", "gcloud auth application-default login"),
    ],
)
def test_an_error_names_its_remedy(
    cloud: CloudTasks, server: CloudTasksServer, code: grpc.StatusCode, said: str, remedy: str
) -> None:
    server.aborts = [(code, said)]

    with pytest.raises(TasksUnavailable) as raised:
        cloud.enqueue([TASK])

    assert raised.value.queue == f"{LOCATION}/queues/runs"
    assert said in raised.value.reason
    assert remedy in raised.value.reason


def test_a_queue_that_is_not_there_is_named_with_what_makes_it(cloud: CloudTasks, server: CloudTasksServer) -> None:
    server.queues.discard("runs")

    with pytest.raises(TasksUnavailable, match=r"Queue does not exist.* - make the queue .*queues/runs \(`python -m"):
        cloud.enqueue([TASK])

    server.queues.add("runs")
    assert cloud.enqueue([TASK]) == 1  # the same task may be handed in again


def test_a_wrong_region_is_named(server: CloudTasksServer, function: Function) -> None:
    elsewhere = replace(place(function.url), location="projects/acme-billing/locations/europe-west99")

    with pytest.raises(TasksUnavailable, match="'europe-west99' is not a valid location.* - correct the region in"):
        CloudTasks(elsewhere, client=server.client()).enqueue([TASK])


def test_of_many_tasks_the_first_failure_is_told_and_all_can_be_handed_in_again(
    cloud: CloudTasks, server: CloudTasksServer, function: Function
) -> None:
    many = [replace(TASK, name=f"bill-{number}") for number in range(40)]
    server.aborts = [(grpc.StatusCode.PERMISSION_DENIED, "no")]

    with pytest.raises(TasksUnavailable):
        cloud.enqueue(many)
    taken = len(server.created)
    assert cloud.enqueue(many) == 40 - taken

    assert Counter(call.name for call in function.wait_for(40)) == dict.fromkeys((each.name for each in many), 1)


def test_the_server_of_the_tests_calls_twice_late_and_out_of_order_when_it_is_asked_to(
    issuer: OidcIssuer, function: Function
) -> None:
    names = [f"bill-{number}" for number in range(30)]
    with CloudTasksServer(issuer, unpleasant=Unpleasant(twice=40, late=20)) as server:
        queue = CloudTasks(place(function.url), client=server.client())
        with server.held():
            queue.enqueue([replace(TASK, name=name) for name in names])
        server.wait_until_idle(seconds=10)

    called = [call.name for call in function.arrived]
    assert set(called) == set(names)
    assert 35 <= len(called) <= 55
    assert list(dict.fromkeys(called)) != names


def test_a_queue_in_threads_ends_after_what_is_under_way_and_takes_nothing_more() -> None:
    begun, may_end = Condition(), Condition()
    done: list[str] = []

    def deliver(task: Task, _tries: int) -> bool:
        with begun:
            begun.notify_all()
        with may_end:
            may_end.wait(0.2)
        done.append(task.name)
        return True

    with ExitStack() as stack:
        tasks = stack.enter_context(LocalTasks(deliver, clock=SystemClock(), threads=1))
        with begun:
            tasks.enqueue(
                [TASK, replace(TASK, name="waits"), replace(TASK, name="later", due=datetime.max.replace(tzinfo=UTC))]
            )
            begun.wait(5)

    assert done == ["bill-acme"]
    with pytest.raises(TasksUnavailable, match="it is ending"):
        tasks.enqueue([TASK])


def test_a_name_is_free_again_an_hour_after_its_task_was_done() -> None:
    class Clock:
        instant = datetime(2026, 3, 1, tzinfo=UTC)

        def now(self) -> datetime:
            return self.instant

    clock, done, changed = Clock(), list[str](), Condition()

    def deliver(task: Task, _tries: int) -> bool:
        with changed:
            done.append(task.name)
            changed.notify_all()
        return True

    with LocalTasks(deliver, clock=clock) as tasks, changed:
        tasks.enqueue([TASK])
        assert changed.wait_for(lambda: len(done) == 1, timeout=5)
        clock.instant += timedelta(minutes=59)
        assert tasks.enqueue([TASK]) == 0
        clock.instant += timedelta(minutes=2)
        assert tasks.enqueue([TASK]) == 1
        assert changed.wait_for(lambda: len(done) == 2, timeout=5)


def test_what_raises_is_tried_again_after_a_wait_that_grows() -> None:
    retries = Retries(shortest=timedelta(seconds=1), longest=timedelta(seconds=5))
    assert [retries.wait_after(tries).total_seconds() for tries in (1, 2, 3, 4, 100)] == [1, 2, 4, 5, 5]

    tried, changed = list[int](), Condition()

    def deliver(_task: Task, tries: int) -> bool:
        with changed:
            tried.append(tries)
            changed.notify_all()
        raise RuntimeError

    with LocalTasks(deliver, clock=SystemClock(), retries=Retries(attempts=3, shortest=timedelta())) as tasks, changed:
        tasks.enqueue([TASK])
        assert changed.wait_for(lambda: len(tried) == 3, timeout=5)
    assert tried == [0, 1, 2]
