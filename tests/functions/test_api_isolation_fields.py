"""Every parameter and field that names a thing is given another tenant's; none that is added can be forgotten.

Each request is sound but for that one name (`sound_requests`), so that nothing else refuses it.
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.functions.api_books import OTHER, ApiBooks, running_api
from tests.functions.api_things import things_of
from tests.functions.running_door import Answered
from tests.functions.sound_requests import kind_of_field, sound_bodies

Place = tuple[str | int, ...]

_WORDS = """
    actor addon_id as_of body button buyer_reference city country currency cursor decline description
    dueDate dunning_policy electronic_address email event exemption_reason fee_id id identity invoiceNumber key kind
    language locale meter method metric month name nextBillingDate note notes paymentMethodId planName plan_id policy
    postal_code reason reference registration scopes segment state street subject tax_id time_zone to transactionId
    value
"""
NAMES_NOTHING = frozenset(_WORDS.split())
"""Fields of text that name no document, or one that the same request makes."""
TEMPLATE = {"kind": "invoice_issued", "language": "en"}
QUERIES = {"invoices_preview_next": {"customer_id": "own-customer"}}
"""What a request without a parameter would be refused for."""
NOT_NOW = {"dunning_resolve": [409], "internal_daily_billing": [403]}
"""A case that still follows its schedule waits for nobody; an API key starts no cron."""
LISTS = ("customers", "subscriptions", "invoices", "payments", "credit-notes", "plans", "members", "api-keys", "audit")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request: an operation, with the values of its parameters and its body."""

    operation: str
    method: str
    path: str
    named: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None

    def of(self, api: ApiBooks) -> Answered:
        api.proxy.clock.at += timedelta(seconds=1)
        path = self.path
        for name, value in self.named.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        return api.ask(self.method.upper(), f"{path}?{urlencode(self.query)}", body=self.body)


@dataclass(frozen=True, kw_only=True)
class Both:
    """The API with the things of each tenant, and what its document says."""

    api: ApiBooks
    own: dict[str, str]
    theirs: dict[str, str]
    document: dict[str, Any]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with running_api(tmp_path_factory.mktemp("api")) as api:
        own = things_of(api, "acme", named="own")
        theirs = things_of(api, OTHER, named="secret-b", since="2025-10")
        yield Both(api=api, own=own, theirs=theirs, document=_document(api))


def test_a_name_of_another_tenants_thing_is_as_good_as_a_made_up_one(both: Both) -> None:
    before = _books(both)
    tried = 0
    for sound, place, kind in _named_things(both):
        theirs = both.theirs[kind]
        assert theirs != both.own[kind], kind
        answered, unknown = _with(sound, place, theirs).of(both.api), _with(sound, place, f"x{theirs}").of(both.api)
        assert answered.status == unknown.status, (sound, place, answered.body, unknown.body)
        assert _told(answered, theirs) == _told(unknown, f"x{theirs}"), (sound, place)
        tried += 1
    assert tried > 90
    assert _books(both) == before


def test_every_text_of_a_request_is_known_to_name_a_thing_or_nothing(both: Both) -> None:
    """A field that is new fails here until it is said what it names, and then it is tried above."""
    for operation in _operations(both):
        for place in operation.texts:
            if kind_of_field(operation.sound.path, _name(place)) is None:
                assert _name(place) in NAMES_NOTHING, (operation.sound.operation, place)


def test_the_sound_requests_are_taken(tmp_path: Path) -> None:
    """So that above it is the name alone that is refused."""
    with running_api(tmp_path) as api:
        own = things_of(api, "acme", named="own")
        for operation in _operations(Both(api=api, own=own, theirs={}, document=_document(api))):
            answered = operation.sound.of(api)
            wanted = NOT_NOW.get(operation.sound.operation, range(200, 300))
            assert answered.status in wanted, (operation.sound, answered.body)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation as the document tells of it: a sound request, and every text that one may hold."""

    sound: Asked
    texts: tuple[Place, ...]


def _operations(both: Both) -> Iterator[Operation]:
    bodies = sound_bodies(both.own)
    for path, methods in both.document["paths"].items():
        for method, given in methods.items():
            parameters = [each for each in given.get("parameters", []) if "name" in each]
            named = {each["name"]: _own(both, path, each) for each in parameters if each["in"] == "path"}
            sound = Asked(
                operation=given["operationId"],
                method=method,
                path=path,
                named=named,
                query=QUERIES.get(given["operationId"], {}),
                body=bodies.get(given["operationId"]),
            )
            schemas = [each["schema"] for each in given.get("requestBody", {}).get("content", {}).values()]
            inside = [("body", *place) for schema in schemas for place in _texts(both.document, schema)]
            outside = [(each["in"], each["name"]) for each in parameters if _holds_text(both.document, each)]
            yield Operation(sound=sound, texts=tuple(dict.fromkeys([*outside, *inside])))


def _own(both: Both, path: str, parameter: dict[str, Any]) -> str:
    kind = kind_of_field(path, parameter["name"])
    return TEMPLATE[parameter["name"]] if kind is None else both.own[kind]


def _holds_text(document: dict[str, Any], parameter: dict[str, Any]) -> bool:
    return parameter["in"] == "path" or (parameter["in"] == "query" and bool([*_texts(document, parameter["schema"])]))


def _named_things(both: Both) -> list[tuple[Asked, Place, str]]:
    """Those that name what is made come last: after them an id of the other tenant is one of our own too."""
    found = [
        (operation.sound, place, kind)
        for operation in _operations(both)
        for place in operation.texts
        if (kind := kind_of_field(operation.sound.path, _name(place))) is not None
    ]
    return sorted(found, key=lambda each: _name(each[1]) == "id")


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


def _name(place: Place) -> str:
    return next(each for each in reversed(place) if isinstance(each, str))


def _with(sound: Asked, place: Place, value: str) -> Asked:
    match place:
        case ("path", str(name)):
            return replace(sound, named=sound.named | {name: value})
        case ("query", str(name)):
            return replace(sound, query={name: value})
        case _:
            body = deepcopy(sound.body)
            inner = body
            for step in place[1:-1]:
                inner = inner[step]
            inner[place[-1]] = value
            return replace(sound, body=body)


def _told(answered: Answered, name: str) -> Any:  # noqa: ANN401 - any JSON
    """The answer but for the name itself, and the request's own id."""
    text = answered.body.decode().replace(name, "NAME").replace(quote(name, safe=""), "NAME")
    text = re.sub(r"req-\d+", "FRESH", text)
    told = json.loads(text) if "json" in answered.headers["content-type"] else text
    return {each: told[each] for each in told if each != "request_id"} if isinstance(told, dict) else told


def _books(both: Both) -> list[object]:
    return [json.loads(both.api.ask("GET", f"/api/billing/{place}", tenant=OTHER).body) for place in LISTS]


def _document(api: ApiBooks) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(api.proxy.get("/api/openapi.json").body)
    return document
