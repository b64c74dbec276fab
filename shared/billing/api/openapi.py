"""The API's OpenAPI 3.1 document, made from the routes themselves: what they take and answer, and every refusal."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from billing.api.openapi_links import add_links
from billing.api.problem import phrase_of
from billing.api.version import VERSION

_TITLE = "Billing API"
_ABOUT = (
    "Amounts are whole minor units of the `currency` beside them, exact decimals are text, instants ISO 8601 in UTC. "
    "Lists come in pages: `next_cursor` of an answer is the `cursor` of the next. A write may carry an "
    "`Idempotency-Key`: the same request with it is done once. Refusals are problem details (RFC 9457)."
)
_PROBLEM = "application/problem+json"
_REFUSALS = (400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503)
_WRITES = ("post", "put", "patch", "delete")
_METHODS = ("get", *_WRITES)
_PLACES = re.compile(r":path(?=\})")

_FLAW = {
    "type": "object",
    "required": ["field", "detail"],
    "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
}
_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "Why a request was refused: `detail` is for a person, `code` never changes.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "error": {"type": "string", "description": "The same sentence as `detail`"},
        "code": {"type": "string"},
        "errors": {"type": "array", "items": _FLAW},
        "request_id": {"type": "string"},
    },
}
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Made up by the caller, one for each thing to be done: a repeat gets the first one's answer.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


def openapi_document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The document of these routes, those alone that are in the schema."""
    document = get_openapi(title=_TITLE, version=VERSION, openapi_version="3.1.0", description=_ABOUT, routes=[*routes])
    document["paths"] = {_PLACES.sub("", path): operations for path, operations in document["paths"].items()}
    components = document.setdefault("components", {})
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    components["schemas"]["Problem"] = _PROBLEM_SCHEMA
    components["responses"] = {f"Refused{status}": _refusal(status) for status in _REFUSALS}
    components["parameters"] = {"IdempotencyKey": _IDEMPOTENCY}
    for method, operation in _operations(document):
        _complete(operation, method=method)
    add_links(document)
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operations in document["paths"].values():
        for method in _METHODS:
            if method in operations:
                yield method, operations[method]


def _complete(operation: dict[str, Any], *, method: str) -> None:
    """What every operation has and no route says: the key of a write, the refusals."""
    if method in _WRITES:
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IdempotencyKey"})
    for status in _REFUSALS:
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/Refused{status}"}


def _refusal(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": phrase_of(status), "content": {_PROBLEM: {"schema": schema}}}
