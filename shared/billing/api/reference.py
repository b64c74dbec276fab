"""`/api/openapi.json` and `/api/docs`: what the API says of itself. It names no tenant, so that anybody may read it."""

from collections.abc import Sequence
from functools import cache

import orjson
from fastapi import APIRouter, Response
from starlette.routing import BaseRoute

from billing.api.openapi import openapi_document
from billing.render.api_reference.page import ReferencePage, reference_page

DOCUMENT = "/api/openapi.json"
PAGE = "/api/docs"


def reference_routes(routes: Sequence[BaseRoute]) -> APIRouter:
    """The two places. Made from these routes when they are first asked for, and kept."""
    router = APIRouter(include_in_schema=False)

    @cache
    def document() -> bytes:
        return orjson.dumps(openapi_document(routes))

    @cache
    def page() -> ReferencePage:
        return reference_page(openapi_document(routes))

    @router.get(DOCUMENT)
    def openapi() -> Response:
        return Response(document(), media_type="application/json")

    @router.get(PAGE)
    def reference() -> Response:
        made = page()
        own = f"style-src '{made.style_hash}'; script-src '{made.script_hash}'"
        policy = f"default-src 'none'; {own}; base-uri 'none'; frame-ancestors 'none'"
        return Response(made.html, media_type="text/html", headers={"content-security-policy": policy})

    return router
