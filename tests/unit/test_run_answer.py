"""What the door answers of invoices that wait: counted and named apart from those that were made."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from billing.api.billing_job import BILLING
from billing.api.job_answer import all_tenants_answer, tenant_answer
from billing.api.job_request import JobRequest
from billing.api.job_run import JobRun
from billing.domain.run_report import RunReport, Settled
from billing.ports import Documents, Objects, OperationCounts
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.run_context import RunRequest
from tests.builders import a_fee, a_plan, a_tenant, utc
from tests.world import World


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine on a world's store."""

    documents: Documents
    objects: Objects
    operations: OperationCounts = field(default_factory=OperationCounts)

    def generate_invoices(self, request: RunRequest, *, out_of_time: Callable[[], bool]) -> RunReport:
        return generate_invoices(self.documents, request, RunOptions(out_of_time=out_of_time))

    def settle(self, tenant_id: str, invoice_ids: Sequence[str]) -> Settled:
        raise NotImplementedError

    def settle_rest(self, tenant_id: str, *, out_of_time: Callable[[], bool], sweep_from: str) -> Settled:
        raise NotImplementedError


def a_run(world: World, *, limit: int | None = None) -> JobRun[Engine, RunReport]:
    return JobRun(
        job=BILLING,
        engine=Engine(documents=world.documents, objects=world.objects),
        request=JobRequest(tenant_id=None, as_of=date(2026, 2, 1), limit=limit),
        run_id="run-1",
        actor="scheduler",
        request_id="req-1",
        now=utc("2026-02-01"),
        out_of_time=lambda: False,
    )


def a_world(*customers: str) -> World:
    world = World(tenant=a_tenant(approval=True))
    plan = world.plan(a_plan(fees=[a_fee("49.00")], anchor_day=1))
    for each in customers:
        world.subscribes(each, to=plan, on="2026-01-01")
    return world


def test_a_held_invoice_is_counted_and_named_apart() -> None:
    run = a_run(a_world("ada"))
    answer = json.loads(tenant_answer(run, run.of("acme", limit=None), seconds=0))
    assert (answer["generated"], answer["invoices"], answer["totals"], answer["held"]) == (0, [], {}, 1)
    assert answer["heldInvoices"] == [
        {
            "customerId": "ada",
            "amount": 49.00,
            "currency": "USD",
            "invoiceId": "sub-ada.20260101T000000Z.r0",
            "subscriptionId": "sub-ada",
            "kind": "approval",
            "reason": "every invoice waits for approval",
        }
    ]


def test_the_limit_of_a_call_for_all_counts_held_invoices_too() -> None:
    run = a_run(a_world("ada", "bob", "cal"), limit=2)
    done = run.of_all()
    assert (done.reports[0].invoices, done.complete) == ([], False)
    [result] = json.loads(all_tenants_answer(run, done, seconds=0))["results"]
    assert result["held"] == 2
