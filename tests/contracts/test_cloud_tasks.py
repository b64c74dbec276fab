"""Cloud Tasks by its own client: whose token its calls carry, how long it waits, and what is told where it refuses."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import grpc
import pytest

from billing.adapters.cloud_tasks import CloudTasks
from billing.api.oidc import OidcTrust, TokenVerifier
from billing.ports.tasks import Task, TasksUnavailable
from tests.cloud_tasks_server import ACCOUNT, LOCATION, CloudTasksServer, Unpleasant, deadline_seconds
from tests.oidc_issuer import OidcIssuer
from tests.task_queues import TASK, Function, cloud, function, issuer, place, server

__all__ = ["cloud", "function", "issuer", "server"]


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
