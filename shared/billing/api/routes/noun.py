"""The router of one noun: its place, its name in the reference, and how its requests are read."""

from fastapi import APIRouter
from fastapi.routing import APIRoute

from billing.api.rest import RestRoute
from billing.api.routes.exact_request import ExactRoute
from billing.api.routes.known_parameters import KnownParametersRoute


class _Route(RestRoute, ExactRoute):
    """The manners of the API around a request with exact numbers."""


class _StrictRoute(RestRoute, ExactRoute, KnownParametersRoute):
    """The same around one without parameters that nobody reads."""


def noun(name: str, *, at: str | None = None, strict: bool = True) -> APIRouter:
    """The routes below `/api/billing/NAME`, or `at` another place there.

    Those that are not `strict` leave parameters alone that they do not know, as older clients' servers did.
    """
    place, route = f"/{name}" if at is None else at, _StrictRoute if strict else _Route
    return APIRouter(prefix=place, tags=[name], route_class=route, generate_unique_id_function=_operation_id)


def _operation_id(route: APIRoute) -> str:
    """What generated clients call it: `invoices_void`."""
    return f"{route.tags[0]}_{route.name}".replace("-", "_")
