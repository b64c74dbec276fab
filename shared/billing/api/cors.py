"""Pages in browsers that may call the API, by configuration; without one no other origin may (the fetch standard)."""

from dataclasses import dataclass
from functools import lru_cache

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from billing.api.asgi import REQUEST_ID_HEADER
from billing.api.caller import KEY_HEADER
from billing.api.identity import API_KEY_HEADER
from billing.api.job_request import TENANT_HEADER
from billing.api.pay_engine import Door
from billing.api.rest import IDEMPOTENCY_HEADER, REPLAYED_HEADER
from billing.domain.errors import BillingError

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ASKED = (
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "traceparent",
    TENANT_HEADER,
    API_KEY_HEADER,
    IDEMPOTENCY_HEADER,
    REQUEST_ID_HEADER,
)
_ANSWERED = ("Content-Disposition", "ETag", "Link", "Location", "Retry-After", REQUEST_ID_HEADER, REPLAYED_HEADER)
_PREFLIGHT_KEPT_SECONDS = 600
_API = "/api/"

assert KEY_HEADER not in _ASKED  # noqa: S101 - the internal key has no business in a browser


@dataclass(frozen=True, slots=True)
class Cors:
    """The application, with the headers that let configured origins read its answers. No cookie is ever taken."""

    app: ASGIApp
    door: Door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a browser's preflight, or pass the request on."""
        is_api = scope["type"] == "http" and scope["path"].startswith(_API)
        has_origin = is_api and any(name == b"origin" for name, _ in scope["headers"])
        origins = self._origins() if has_origin else ()
        app = _with_headers(self.app, origins) if origins else self.app
        await app(scope, receive, send)

    def _origins(self) -> tuple[str, ...]:
        try:
            return self.door.parts().cors_origins
        except BillingError:  # the request is answered with the very same error further in
            return ()


@lru_cache(maxsize=8)
def _with_headers(app: ASGIApp, origins: tuple[str, ...]) -> ASGIApp:
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=_ASKED,
        expose_headers=_ANSWERED,
        max_age=_PREFLIGHT_KEPT_SECONDS,
    )
