"""Stripe's webhooks: `POST /webhooks/stripe/{tenant_id}` (docs/guides/webhooks.md)."""

import orjson
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from billing.api.asgi import body_of
from billing.api.pay_engine import Door, DoorParts, hosted_pages
from billing.domain.errors import InvalidInput
from billing.domain.tenant import Tenant
from billing.ports import BadSignature, GatewayEvent
from billing.store.tenants import Tenants
from billing.usecases.apply_gateway_event import Applied, apply_gateway_event

ACTOR = "webhook:stripe"
SIGNATURE_HEADER = "stripe-signature"
WEBHOOK_SECRET = "STRIPE_WEBHOOK_SECRET"  # noqa: S105 - its name; a tenant's own account's has `_ACCOUNT` behind it
WITHIN_SECONDS = 10
"""How long a body may take, which has to be here before it is known who sends it; Stripe's are some kilobytes."""


def webhook_routes(door: Door) -> APIRouter:
    """The route, to be included into the proxy."""
    router = APIRouter(include_in_schema=False)

    @router.post("/webhooks/stripe/{tenant_id}")
    async def stripe_webhook(tenant_id: str, request: Request) -> Response:
        """Take one event: 200 once its effect stands, 400 for a stranger, 5xx where it should come again."""
        parts = door.parts()
        body = await body_of(request, limit=parts.max_body_bytes, within=WITHIN_SECONDS)
        signature = request.headers.get(SIGNATURE_HEADER, "")
        applied = await run_in_threadpool(_take, door, parts, request, tenant_id, body, signature)
        return Response(orjson.dumps({"received": True, "outcome": applied.value}), media_type="application/json")

    return router


def _take(door: Door, parts: DoorParts, request: Request, tenant_id: str, body: bytes, signature: str) -> Applied:
    tenant, event = _verified(door, parts, tenant_id, body, signature)
    request.state.noted.update(tenant=tenant.id, event_id=event.id, event_type=event.type)
    gateway = parts.engine.gateway(tenant)
    if gateway is None:
        return Applied.IGNORED
    call = door.call(tenant.id, actor=ACTOR, request_id=request.state.request_id)
    pages = hosted_pages(parts.engine.documents, gateway, call=call)
    applied = apply_gateway_event(parts.engine.documents, pages, event, call=call)
    request.state.noted.update(outcome=applied.value)
    return applied


def _verified(door: Door, parts: DoorParts, tenant_id: str, body: bytes, signature: str) -> tuple[Tenant, GatewayEvent]:
    """The tenant and its event. For a tenant that there is none of, the answer is that of a wrong signature."""
    from billing.adapters.stripe_events import stripe_event  # noqa: PLC0415 - loads stripe

    tenant = _tenant(parts, tenant_id)
    account = "" if tenant is None or not tenant.gateway_account else f"_{tenant.gateway_account}"
    secrets = () if tenant is None else parts.engine.secrets.get(f"{WEBHOOK_SECRET}{account}")
    event = stripe_event(body, signature, secrets=secrets, now=door.clock.now())
    if tenant is None:
        raise BadSignature(reason="no secret of a tenant that there is none of can have signed it")
    return tenant, event


def _tenant(parts: DoorParts, tenant_id: str) -> Tenant | None:
    try:
        return Tenants(parts.engine.documents).find(tenant_id)
    except InvalidInput:  # an id that none can have
        return None
