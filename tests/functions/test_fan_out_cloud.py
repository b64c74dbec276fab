"""Scheduler, queue, functions: jobs from their triggers to every tenant billed, chased and verified, as deployed."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from billing.adapters.firestore import FirestoreDocuments
from billing.domain.invoice import InvoiceStatus
from billing.ports import Query
from billing.ports.jobs import RunName, place_of
from billing.store.fan_outs import FanOuts
from billing.store.invoices import Invoices
from tests.cloud_tasks_server import ACCOUNT, LOCATION, CloudTasksServer
from tests.firestore_emulator import firestore, fresh_project
from tests.functions.cloud import BUCKET
from tests.functions.queued_cloud import SCHEDULER, queue_settings, scheduler_headers
from tests.functions.running_door import KEY, Answered, RunningDoor, running_door
from tests.functions.small_tenants import AS_OF, add_tenant
from tests.object_server import ObjectServer
from tests.oidc_issuer import OidcIssuer

__all__ = ["firestore"]  # a fixture

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

TENANTS = {"acme": 2, "beta": 1, "gamma": 3, "large": 8}


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The functions, each in a process of functions-framework, and what lies around them."""

    doors: dict[str, RunningDoor]
    documents: FirestoreDocuments
    storage: ObjectServer
    queue: CloudTasksServer
    issuer: OidcIssuer

    def scheduled(self, job: RunName, body: object, *, due: str) -> Answered:
        """The Scheduler's call of a job, and then all that follows from it."""
        function, path = place_of(job)
        door, headers = self.doors[function], {"Content-Type": "application/json"}
        headers |= scheduler_headers(self.issuer, door, due=due)
        answered = door.call("POST", path=path, body=json.dumps(body).encode(), sent=headers)
        self.queue.wait_until_idle(seconds=60)
        return answered


@pytest.fixture
def deployed(tmp_path: Path, firestore: str) -> Iterator[Deployed]:
    project = fresh_project()
    with ExitStack() as running:
        storage, issuer = running.enter_context(ObjectServer()), running.enter_context(OidcIssuer())
        queue = running.enter_context(CloudTasksServer(issuer))
        environ = {
            "FIRESTORE_EMULATOR_HOST": firestore,
            "GOOGLE_CLOUD_PROJECT": project,
            "BILLING_STORE": "firestore",
            "BILLING_OBJECTS": f"gs://{BUCKET}",
            "BILLING_OBJECTS_ENDPOINT": storage.url,
            "INTERNAL_API_KEY": KEY,
            "RUN_SLICE_SECONDS": "1",
        }
        doors = {
            job: running.enter_context(
                running_door(environ, folder=tmp_path, function=job, command=_served(job, queue, issuer))
            )
            for job in ("generate_invoices", "run_dunning")
        }
        documents = running.enter_context(closing(FirestoreDocuments(project)))
        yield Deployed(doors=doors, documents=documents, storage=storage, queue=queue, issuer=issuer)


def _served(job: str, queue: CloudTasksServer, issuer: OidcIssuer) -> Callable[[int], Sequence[str]]:
    """functions-framework as it is deployed; a function's tasks call the function itself."""

    def command(port: int) -> list[str]:
        told = queue_settings(queue, issuer, billing=port, dunning=port)
        framework = [
            sys.executable,
            "-m",
            "functions_framework",
            "--target",
            job,
            "--source",
            f"functions/{job}/main.py",
        ]
        return ["env", *(f"{name}={value}" for name, value in told.items()), *framework, "--port", str(port)]

    return command


def test_the_schedulers_calls_bill_and_chase_every_tenant_through_the_queue_once_it_is_there(
    deployed: Deployed,
) -> None:
    documents, queue, night = deployed.documents, deployed.queue, "2026-03-01T00:05:00Z"
    for tenant_id, accounts in TENANTS.items():
        add_tenant(documents, tenant_id, accounts=accounts, shards=4 if tenant_id == "large" else 1)

    queue.queues.discard("runs")
    refused = deployed.scheduled("generate_invoices", {"fan_out": True, "as_of": AS_OF}, due=night)
    assert (refused.status, refused.json["code"]) == (503, "tasks_unavailable")
    line = deployed.doors["generate_invoices"].log[-1]
    assert line["severity"] == "ERROR"
    assert f"make the queue {LOCATION}/queues/runs (`python -m infra apply` does)" in line["reason"]

    queue.queues.add("runs")
    answered = deployed.scheduled("generate_invoices", {"fan_out": True, "as_of": AS_OF}, due=night)

    assert (answered.status, answered.json["tenants"], answered.json["enqueued"]) == (202, 4, 4)
    for tenant_id, accounts in TENANTS.items():
        _assert_billed(documents, tenant_id, accounts=accounts)
    files = [key for _, key in deployed.storage.entries if key.endswith(".pdf")]
    assert len(files) == sum(TENANTS.values())
    assert {each.status for each in queue.deliveries} == {200}
    [first, *_] = queue.created
    assert first.name.startswith(f"{LOCATION}/queues/runs/tasks/")
    assert first.http_request.oidc_token.service_account_email == ACCOUNT
    actors = {each.fields["actor"] for each in _runs(documents, "acme")}
    assert actors == {f"{SCHEDULER} via {ACCOUNT}"}

    deployed.scheduled("run_dunning", {"fan_out": True, "as_of": "2026-04-02"}, due="2026-04-02T01:00:00Z")

    for tenant_id in TENANTS:
        assert {each.status for each in Invoices.of(documents, tenant_id).all()} == {InvoiceStatus.OVERDUE}
    deployed.scheduled("verify", {"fan_out": True, "as_of": "2026-03-02"}, due="2026-03-02T03:15:00Z")

    _assert_verified(documents)
    _assert_nothing_given_up(documents)


def _assert_nothing_given_up(documents: FirestoreDocuments) -> None:
    jobs = [(each.job, each.tenants, each.enqueued) for each in FanOuts(documents).latest(limit=5)]
    assert jobs == [("run_dunning", 4, 4), ("verify", 4, 4), ("generate_invoices", 4, 4)]
    assert [FanOuts(documents).dead_letters(each.id) for each in FanOuts(documents).latest(limit=5)] == [[], [], []]


def _assert_billed(documents: FirestoreDocuments, tenant_id: str, *, accounts: int) -> None:
    invoices = [*Invoices.of(documents, tenant_id).all()]
    assert sorted(each.number for each in invoices) == [f"INV-2026-02-{n:04}" for n in range(1, accounts + 1)]
    assert all(not each.pending for each in invoices)


def _assert_verified(documents: FirestoreDocuments) -> None:
    for tenant_id, accounts in TENANTS.items():
        [record] = [each.fields for each in _runs(documents, tenant_id) if each.fields.get("kind") == "verification"]
        assert (record["complete"], record["invoices"], record["findings"]) == (True, accounts, 0)


def _runs(documents: FirestoreDocuments, tenant_id: str) -> list:
    return documents.query(Query(f"tenants/{tenant_id}/runs"))
