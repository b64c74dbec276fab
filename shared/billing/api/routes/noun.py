"""The router of one noun: its place, its name in the reference, and how its requests are read."""

from fastapi import APIRouter

from billing.api.rest import RestRoute
from billing.api.routes.exact_request import ExactRoute


class _Route(RestRoute, ExactRoute):
    """The manners of the API around a request with exact numbers."""


def noun(name: str, *, at: str | None = None) -> APIRouter:
    """The routes below `/api/billing/NAME`, or `at` another place there."""
    return APIRouter(prefix=f"/{name}" if at is None else at, tags=[name], route_class=_Route)
