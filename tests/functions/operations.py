"""Every operation of the API's document with a sound request, and the places of every text that one may hold."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import quote, urlencode

from tests.functions.api_books import ApiBooks
from tests.functions.running_door import Answered
from tests.functions.sound_requests import kind_of_field, sound_bodies

Place = tuple[str | int, ...]
"""Where a text stands: `("path", NAME)`, `("query", NAME)`, or `("body", ...)` with the names and numbers below it."""

_TEMPLATE = {"kind": "invoice_issued", "language": "en"}
_QUERIES = {"invoices_preview_next": {"customer_id": "own-customer"}}
"""What a request without a parameter would be refused for."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request: an operation, with the values of its parameters and its body."""

    operation: str
    method: str
    path: str
    named: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None

    def of(self, api: ApiBooks, **sent: str) -> Answered:
        """What the API answers to the admin of `acme`, a second after the request before; `sent` are headers."""
        api.proxy.clock.at += timedelta(seconds=1)
        path = self.path
        for name, value in self.named.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        return api.ask(self.method.upper(), f"{path}?{urlencode(self.query)}", body=self.body, sent=sent)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation as the document tells of it: a sound request, and every text that one may hold."""

    sound: Asked
    texts: tuple[Place, ...]


def operations(api: ApiBooks, own: Mapping[str, str]) -> Iterator[Operation]:
    """Each operation, with a request about the things of `acme` with these ids (`things_of`)."""
    document: dict[str, Any] = json.loads(api.proxy.get("/api/openapi.json").body)
    bodies = sound_bodies(own)
    for path, methods in document["paths"].items():
        for method, given in methods.items():
            parameters = [each for each in given.get("parameters", []) if "name" in each]
            named = {each["name"]: _own(own, path, each) for each in parameters if each["in"] == "path"}
            sound = Asked(
                operation=given["operationId"],
                method=method,
                path=path,
                named=named,
                query=_QUERIES.get(given["operationId"], {}),
                body=bodies.get(given["operationId"], {} if "requestBody" in given else None),
            )
            schemas = [each["schema"] for each in given.get("requestBody", {}).get("content", {}).values()]
            inside = [("body", *place) for schema in schemas for place in _texts(document, schema)]
            outside = [(each["in"], each["name"]) for each in parameters if _holds_text(document, each)]
            yield Operation(sound=sound, texts=tuple(dict.fromkeys([*outside, *inside])))


def _own(own: Mapping[str, str], path: str, parameter: dict[str, Any]) -> str:
    kind = kind_of_field(path, parameter["name"])
    return _TEMPLATE[parameter["name"]] if kind is None else own[kind]


def _holds_text(document: dict[str, Any], parameter: dict[str, Any]) -> bool:
    return parameter["in"] == "path" or (parameter["in"] == "query" and bool([*_texts(document, parameter["schema"])]))


def _texts(document: dict[str, Any], schema: dict[str, Any], seen: frozenset[str] = frozenset()) -> Iterator[Place]:
    """The places of every text in what the schema describes; the first element stands for all of a list."""
    if (ref := schema.get("$ref")) is not None:
        if ref not in seen:
            yield from _texts(document, document["components"]["schemas"][ref.rpartition("/")[2]], seen | {ref})
        return
    ways = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if any(way.get("type") == "number" for way in ways):
        return  # an exact number, which may be sent as text
    for way in ways:
        yield from _texts(document, way, seen)
    for name, each in schema.get("properties", {}).items():
        yield from ((name, *rest) for rest in _texts(document, each, seen))
    if isinstance(items := schema.get("items"), dict):
        yield from ((0, *rest) for rest in _texts(document, items, seen))
    if schema.get("type") == "string" and not {"enum", "const", "format", "contentMediaType"} & schema.keys():
        yield ()


def name_of(place: Place) -> str:
    """The name of the parameter or field."""
    return next(each for each in reversed(place) if isinstance(each, str))


def with_value(sound: Asked, place: Place, value: object) -> Asked:
    """The request with another value in one place."""
    match place:
        case ("path", str(name)):
            return replace(sound, named=sound.named | {name: str(value)})
        case ("query", str(name)):
            return replace(sound, query={name: str(value)})
        case _:
            body = deepcopy(sound.body)
            inner = body
            for step, below in pairwise(place[1:]):
                inner = _below(inner, step, empty=[] if isinstance(below, int) else {})
            if inner == []:
                inner.append(value)
            else:
                inner[place[-1]] = value
            return replace(sound, body=body)


def _below(outer: Any, step: Any, *, empty: Any) -> Any:  # noqa: ANN401 - any JSON
    """What stands there, or the empty one that is put there."""
    if isinstance(outer, list):
        outer += [] if outer else [empty]
    else:
        outer.setdefault(step, empty)
    return outer[step]
