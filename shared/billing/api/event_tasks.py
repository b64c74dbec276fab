"""The queue's door for events: `POST /tasks/events` delivers what waits of one tenant (docs/adr/0020)."""

from time import monotonic

import orjson
from fastapi import APIRouter, Request, Response

from billing.adapters.event_notice import EVENTS_PATH
from billing.api.caller import authenticate
from billing.api.job_request import TENANT_HEADER
from billing.api.pay_engine import Door
from billing.api.problem import Forbidden, MalformedRequest
from billing.ports.tasks import TASK_HEADER
from billing.usecases.event_turn import LAST


def event_task_routes(door: Door) -> APIRouter:
    """The route, to be included into the proxy."""
    router = APIRouter(include_in_schema=False)

    @router.post(EVENTS_PATH)
    def deliver(request: Request) -> Response:
        """One pass for the tenant of X-Tenant-ID: 200 whatever its receiver said, as another try is a task of its own.

        The queue itself tries again where the store was away (503).
        """
        parts = door.parts()
        caller = authenticate(
            request.headers, tokens=parts.trusted.machines, secrets=parts.engine.secrets, now=door.clock.now()
        )
        tenant_id = request.headers.get(TENANT_HEADER, "")
        if not tenant_id:
            raise MalformedRequest(_NO_TENANT)
        if caller.tenants is not None and tenant_id not in caller.tenants:
            raise Forbidden(reason=f"{caller.kind} may not deliver anything of tenant {tenant_id!r}")
        seconds = parts.run_deadline_seconds
        ends = monotonic() + max(seconds - LAST.total_seconds(), seconds / 4)  # with the least deadline too it goes on
        call = door.call(tenant_id, actor=caller.name, request_id=request.state.request_id)
        task = request.headers.get(TASK_HEADER, "")
        report = parts.engine.deliver_events(call, out_of_time=lambda: monotonic() > ends, task=task)
        counts = {"delivered": report.delivered, "failed": len(report.failures)}
        request.state.noted.update(caller=caller.kind, tenant=tenant_id, **counts)
        return Response(orjson.dumps(counts), media_type="application/json")

    return router


_NO_TENANT = f"{TENANT_HEADER}: the header is missing; it names the tenant whose events are to be delivered"
