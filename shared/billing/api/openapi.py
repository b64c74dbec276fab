"""The API's OpenAPI 3.1 document, made from the routes: what they take and answer, who may, and every refusal."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute

from billing.api.openapi_access import AUTHENTICATION, complete_access
from billing.api.openapi_answers import PROBLEM, header_refs, headers, headers_of, is_versioned, refusals, refusals_of
from billing.api.openapi_examples import BODIES, PARAMETERS, QUERIES
from billing.api.openapi_links import add_links
from billing.api.openapi_tags import TAGS
from billing.api.rest import IDEMPOTENCY_HEADER, RestRoute, needs_of
from billing.api.routes.conditions import IF_MATCH, IF_NONE_MATCH
from billing.api.version import VERSION

_TITLE = "Billing API"
_ABOUT = (
    "Amounts are whole minor units of the `currency` beside them, exact decimals are text, instants ISO 8601 in UTC. "
    "Lists come in pages: `next_cursor` of an answer is the `cursor` of the next. A write may carry an "
    "`Idempotency-Key`: the same request with it is done once. Refusals are problem details (RFC 9457).\n\n"
    f"{AUTHENTICATION}"
)
_SERVERS = [
    {"url": "/", "description": "Where this document is served"},
    {"url": "http://localhost:8080", "description": "`billing serve` on this machine"},
]
_WRITES = ("post", "put", "patch", "delete")
_METHODS = ("get", *_WRITES)
_PLACES = re.compile(r":path(?=\})")
_NOTHING: Final = {"type": "null"}

_IDEMPOTENCY = {
    "name": IDEMPOTENCY_HEADER,
    "in": "header",
    "required": False,
    "description": (
        "Made up by the caller, one for each thing to be done: a repeat gets the first one's answer. "
        "A run for all tenants keeps no answer: its repeat does what is left to do."
    ),
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "example": "wire-17-of-2026-03-02",
}

_TAGS: Final = {"in": "header", "required": False, "schema": {"type": "string"}}
_OF_A_READ: Final = (
    {**_TAGS, "name": IF_MATCH, "description": "The ETag to read and no other (412)."},
    {**_TAGS, "name": IF_NONE_MATCH, "description": "The ETag of what is known already: 304 while it stands."},
)


def openapi_document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The document of these routes, those alone that are in the schema."""
    document = get_openapi(
        title=_TITLE, version=VERSION, openapi_version="3.1.0", description=_ABOUT, routes=[*routes], servers=_SERVERS
    )
    document["paths"] = {_PLACES.sub("", path): operations for path, operations in document["paths"].items()}
    components = document.setdefault("components", {})
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    components["schemas"]["Problem"] = PROBLEM
    components["responses"] = refusals()
    components["headers"] = headers()
    components["parameters"] = {"IdempotencyKey": _IDEMPOTENCY}
    known = {each.unique_id: each for each in _rest_routes(routes)}
    operations = [*_operations(document)]
    for method, operation in operations:
        _complete(operation, route=known[operation["operationId"]], is_write=method in _WRITES)
    used = {tag for _, operation in operations for tag in operation["tags"]}
    document["tags"] = [{"name": tag, "description": about} for tag, about in TAGS.items() if tag in used]
    add_links(document)
    return document


def _rest_routes(routes: Sequence[BaseRoute]) -> Iterator[RestRoute]:
    for each in iter_route_contexts(routes):
        if isinstance(each.original_route, RestRoute):
            yield each.original_route


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operations in document["paths"].values():
        for method in _METHODS:
            if method in operations:
                yield method, operations[method]


def _complete(operation: dict[str, Any], *, route: APIRoute, is_write: bool) -> None:
    """What no route says of itself: who may, examples, the key of a write, headers and refusals."""
    name = operation["operationId"]
    complete_access(operation, needs_of(route.dependant, path=route.path))
    for each in operation.get("parameters", []):
        _plain(each, examples=PARAMETERS if each["in"] == "path" else QUERIES.get(name, {}))
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content["example"] = BODIES[name]
    for response in (operation["responses"][status] for status in operation["responses"] if status < "400"):
        response["headers"] = header_refs(headers_of(name, is_write=is_write))
    if not is_write and is_versioned(name):
        operation.setdefault("parameters", []).extend(_OF_A_READ)
        operation["responses"]["304"] = {
            "description": "It is the version that `If-None-Match` names; there is no body",
            "headers": header_refs(headers_of(name, is_write=False)),
        }
    if is_write:
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IdempotencyKey"})
    for status in refusals_of(operation, is_write=is_write, reads_json=route.body_field is not None):
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/Refused{status}"}


def _plain(parameter: dict[str, Any], *, examples: Mapping[str, str]) -> None:
    """A parameter as it can be sent, with its example: left out, it is none, but nobody can send a null."""
    schema = parameter["schema"]
    ways = [each for each in schema.get("anyOf", ()) if each != _NOTHING]
    if len(ways) == 1:
        del schema["anyOf"]
        parameter["schema"] = {**ways[0], **schema}
    if parameter["name"] in examples:
        parameter["example"] = examples[parameter["name"]]
