"""The proxy: the HTTP application behind `apiProxy`, with the API, the webhooks' door, the pay pages and health."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from billing.api.asgi import Watch, problem_answer
from billing.api.call_log import CallLog
from billing.api.caller import KEY_HEADER, TOKEN_HEADER, authenticate
from billing.api.cors import Cors
from billing.api.customer_billing.all_routes import CUSTOMER_BILLING
from billing.api.event_tasks import event_task_routes
from billing.api.file_door import file_routes
from billing.api.head import Head
from billing.api.health import full_health, public_health
from billing.api.in_flight import MOST_IN_FLIGHT, InFlight
from billing.api.one_slash import OneSlash
from billing.api.pay_engine import Door
from billing.api.pay_page import error_page, page_headers, pay_routes
from billing.api.problem import Answer
from billing.api.reference import reference_routes
from billing.api.routes.all_routes import billing_routes
from billing.api.webhooks import webhook_routes
from billing.ports.trace import Spans

NAME = "api_proxy"
_PAGES = "/pay/"


def proxy_app(door: Door, *, log: CallLog, most_in_flight: int = MOST_IN_FLIGHT, spans: Spans | None = None) -> FastAPI:
    """The application. It connects to nothing before its first request."""
    refusals: dict[int | type[Exception], Any] = {HTTPException: _pass_on, RequestValidationError: _pass_on}
    app = FastAPI(openapi_url=None, redirect_slashes=False, exception_handlers=refusals)
    app.state.door = door
    app.include_router(webhook_routes(door))
    app.include_router(event_task_routes(door))
    app.include_router(pay_routes(door))
    app.include_router(file_routes(door))
    app.routes.extend(billing_routes())
    for router in CUSTOMER_BILLING:
        app.include_router(router)
    app.include_router(reference_routes(app.routes))

    # Cloud Run keeps some paths that end in z to itself: /healthz is for other places.
    @app.api_route("/health", methods=["GET", "HEAD"], include_in_schema=False)
    @app.api_route("/healthz", methods=["GET", "HEAD"], include_in_schema=False)
    def health(request: Request) -> Response:
        answer = _health(request, door)
        return Response(answer.body, answer.status, answer.headers)

    app.add_middleware(Head)
    app.add_middleware(InFlight, most=most_in_flight)
    app.add_middleware(Watch, name=NAME, log=log, new_id=door.new_id, failure=_failure, spans=spans)
    app.add_middleware(Cors, door=door)
    app.add_middleware(OneSlash)
    return app


def _health(request: Request, door: Door) -> Answer:
    """That the configuration can be read, to anybody; how the parts are, to a part of our own."""
    parts = door.parts()
    if KEY_HEADER not in request.headers and TOKEN_HEADER not in request.headers:
        return public_health()
    secrets = parts.engine.secrets
    caller = authenticate(request.headers, tokens=parts.trusted.machines, secrets=secrets, now=door.clock.now())
    request.state.noted["caller"] = caller.kind
    return full_health(parts.engine.counted(), secrets=secrets, revision=parts.revision)


async def _pass_on(_request: Request, error: Exception) -> Response:
    """Let the framework's own refusals (no such path, a field that breaks a rule) be answered where all errors are."""
    raise error


def _failure(path: str, error: Exception, request_id: str) -> Answer:
    answer = problem_answer(path, error, request_id)
    if not path.startswith(_PAGES) or answer.status not in (404, 409, 422, 503):
        return answer
    page, status = error_page(error)
    headers = {"Content-Type": "text/html; charset=utf-8", **page_headers(page, checkout_origin="")}
    return Answer(page.html.encode(), status, headers)
