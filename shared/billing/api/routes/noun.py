"""The router of one noun: its place, its name in the reference, and how its requests are read."""

from fastapi import APIRouter
from fastapi.routing import APIRoute

from billing.api.rest import RestRoute
from billing.api.routes.exact_request import ExactRoute


class _Route(RestRoute, ExactRoute):
    """The manners of the API around a request with exact numbers."""


def noun(name: str, *, at: str | None = None) -> APIRouter:
    """The routes below `/api/billing/NAME`, or `at` another place there."""
    place = f"/{name}" if at is None else at
    return APIRouter(prefix=place, tags=[name], route_class=_Route, generate_unique_id_function=_operation_id)


def _operation_id(route: APIRoute) -> str:
    """What generated clients call it: `invoices_void`."""
    return f"{route.tags[0]}_{route.name}".replace("-", "_")
