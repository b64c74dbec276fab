"""The daily steps as older clients start them: here, or by the functions that are deployed for them."""

from time import monotonic
from typing import Annotated, Final

import orjson
from fastapi import Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from billing.api.access import ALL_TENANTS, Access, door_of
from billing.api.call_log import error_fields
from billing.api.customer_billing.cron import CronRun, cron_call
from billing.api.customer_billing.run_access import NeedsMachine, NeedsToRun, named_tenants
from billing.api.customer_billing.run_answers import (
    CRON,
    CRON_ASKED,
    DUNNED,
    GENERATED,
    RUN_ASKED,
    VERIFIED,
    VERIFY_ASKED,
)
from billing.api.customer_billing.verify_books import in_turn, verified_answer, verify_scope
from billing.api.job_failure import job_failure
from billing.api.job_request import JobRequest
from billing.api.job_run import JobRun
from billing.api.logged_run import logged
from billing.api.routes.noun import noun
from billing.api.verify_job import verify_job
from billing.domain.errors import BillingError
from billing.domain.member import Role
from billing.domain.stamp import stamp
from billing.ports.jobs import JobCall, JobName
from billing.store.tenants import Tenants

LONGEST_MARGIN_SECONDS: Final = 60
"""What is under way when time is up still has to be answered."""

Running = Annotated[Access, Depends(NeedsToRun(role=Role.STAFF, scope="runs:write"))]
Machines = Annotated[Access, Depends(NeedsMachine(role=Role.ADMIN, scope=None))]

run_router = noun("customer-billing", at="/api/customer-billing")
cron_router = noun("internal", at="/api/internal/cron")


@run_router.post("/generate-invoices", responses=GENERATED, openapi_extra=RUN_ASKED)
async def generate_invoices(request: Request, access: Running) -> Response:
    """Invoice what is due: of the tenant, or with the internal key and without X-Tenant-ID of all."""
    return await run_in_threadpool(_run, request, access, "generate_invoices", await request.body())


@run_router.post("/dunning/run", responses=DUNNED, openapi_extra=RUN_ASKED)
async def run_dunning(request: Request, access: Running) -> Response:
    """Chase what is unpaid: reminders, charges, suspensions; of the tenant, or with the internal key of all."""
    return await run_in_threadpool(_run, request, access, "run_dunning", await request.body())


@cron_router.post("/billing", responses=CRON, openapi_extra=CRON_ASKED)
async def daily_billing(request: Request, access: Machines) -> Response:
    """Both steps for each tenant of X-Tenant-ID or `tenantIds`, or for all; one that fails does not stop the others."""
    return await run_in_threadpool(_daily, request, access, await request.body())


@cron_router.post("/verify", responses=VERIFIED, openapi_extra=VERIFY_ASKED)
async def verify_all_books(request: Request, access: Machines) -> Response:
    """Compute the running month and the one before again, for the tenant of X-Tenant-ID or for all: what differs."""
    return await run_in_threadpool(_verify, request, access, await request.body())


def _run(request: Request, access: Access, job: JobName, body: bytes) -> Response:
    asked = JobCall(
        job=job,
        tenant_id=None if access.tenant_id == ALL_TENANTS else access.tenant_id,
        body=body,
        actor=access.caller.name,
        request_id=access.request_id,
        seconds=_seconds(request),
    )
    try:
        return _json(door_of(request).jobs().call(asked))
    except BillingError as error:
        request.state.noted.update(error_fields(error))
        answer = job_failure(error, request_id=access.request_id)
        return Response(answer.body, answer.status, answer.headers)


def _daily(request: Request, access: Access, body: bytes) -> Response:
    door = door_of(request)
    asked = cron_call(named_tenants(request), body, now=door.clock.now())
    ids = Tenants(door.parts().engine.documents).ids() if asked.tenant_ids is None else asked.tenant_ids
    ends = monotonic() + _seconds(request)
    run = CronRun(
        jobs=door.jobs(),
        actor=access.caller.name,
        request_id=access.request_id,
        seconds_left=lambda: ends - monotonic(),
    )
    answer = run.run(ids, asked.body)
    request.state.noted["failed_tenants"] = len(run.failures)
    return _json(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))


def _verify(request: Request, access: Access, body: bytes) -> Response:
    door = door_of(request)
    engine, now, started = door.parts().engine.counted(), door.clock.now(), monotonic()
    scope, ends = verify_scope(body), started + _seconds(request)
    tenant_ids = in_turn(named_tenants(request) or Tenants(engine.documents).ids(), now=now)
    run = JobRun(
        job=verify_job(scope),
        engine=engine,
        request=JobRequest(tenant_id=None),
        run_id=f"{stamp(now)}-{door.new_id()[:8]}",
        actor=access.caller.name,
        request_id=access.request_id,
        now=now,
        out_of_time=lambda: monotonic() >= ends,
    )
    done = logged(run, lambda: run.of_each(tenant_ids), seconds=lambda: monotonic() - started, log=door.log)
    answer = verified_answer(done)
    request.state.noted.update(findings=answer["findings"], complete=answer["complete"])
    return _json(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))


def _seconds(request: Request) -> float:
    seconds = door_of(request).parts().run_deadline_seconds
    return seconds - min(LONGEST_MARGIN_SECONDS, seconds / 4)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
