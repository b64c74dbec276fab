"""Every operation of the API's document is called by strangers, viewers, narrow keys and with another tenant's ids.

The operations are read from the document that the API serves, so none that is added can be forgotten here.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from billing.api.routes.paging import cursor_of
from billing.domain.member import Role
from tests.functions.api_books import OTHER, ApiBooks, running_api

LOOK_ONLY = {("post", "/api/billing/plans/check")}
"""What is sent as a POST and changes nothing, so that a viewer may."""


@dataclass(frozen=True)
class Operation:
    """A method and a path, as the document names them."""

    method: str
    path: str
    parameters: tuple[str, ...]

    def filled(self, values: dict[str, str]) -> str:
        """The path with a value for each parameter; those that have none are called `nobody`."""
        path = self.path
        for name in self.parameters:
            path = path.replace(f"{{{name}}}", values.get(name, "nobody"))
        return path


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiBooks]:
    with running_api(tmp_path_factory.mktemp("api")) as running:
        yield running


def operations(api: ApiBooks) -> list[Operation]:
    document = json.loads(api.proxy.get("/api/openapi.json").body)
    found = [
        Operation(method, path, tuple(_names(given, where="path")))
        for path, methods in document["paths"].items()
        for method, given in methods.items()
    ]
    assert len(found) > 60
    return found


def _names(operation: dict[str, Any], *, where: str) -> Iterator[str]:
    return (each["name"] for each in operation.get("parameters", []) if each.get("in") == where)


def test_nobody_gets_in_without_a_credential(api: ApiBooks) -> None:
    for each in operations(api):
        answered = api.ask(each.method.upper(), each.filled({}), role=None, body={})
        assert answered.status == 401, (each, answered.body)
        assert answered.headers["content-type"] == "application/problem+json"


def test_a_wrong_key_is_as_good_as_none(api: ApiBooks) -> None:
    forged = api.keys["acme", Role.ADMIN][:-1] + "?"
    for each in operations(api):
        sent = {"Authorization": f"Bearer {forged}"}
        assert api.ask(each.method.upper(), each.filled({}), role=None, body={}, sent=sent).status == 401, each


def test_a_viewer_changes_nothing(api: ApiBooks) -> None:
    for each in operations(api):
        if each.method == "get" or (each.method, each.path) in LOOK_ONLY:
            continue
        answered = api.ask(each.method.upper(), each.filled({}), role=Role.VIEWER, body={})
        assert answered.status == 403, (each, answered.body)


def test_a_key_of_one_tenant_opens_no_other(api: ApiBooks) -> None:
    for each in operations(api):
        answered = api.ask(each.method.upper(), each.filled({}), body={}, sent={"X-Tenant-ID": OTHER})
        assert answered.status == 403, (each, answered.body)


def test_another_tenants_ids_are_nobodys_ids(api: ApiBooks) -> None:
    """The answer is that for an id that there is none of, but for the id itself; a billing record is null there."""
    asked = 0
    for each in operations(api):
        if each.method != "get" or not set(each.parameters) & set(api.others):
            continue
        asked += 1
        answered = api.ask("GET", each.filled(dict(api.others)))
        unknown = api.ask("GET", each.filled({name: f"x{value}" for name, value in api.others.items()}))
        assert answered.status == unknown.status, (each, answered.body)
        assert answered.status == 404 or answered.body == b"null", (each, answered.body)
        assert _without_ids(answered.body, api) == _without_ids(unknown.body, api), each
    assert asked >= 8


def test_another_tenants_ids_can_not_be_written_to(api: ApiBooks) -> None:
    before = _other_books(api)
    for each in operations(api):
        if each.method == "get" or not set(each.parameters) & set(api.others):
            continue
        body = {"reason": "why", "note": "why", "decision": "write_off", "coupon_id": "c", "plan": "p@1"}
        for sent in ({}, {"reason": "why"}, {"note": "why"}, body):
            answered = api.ask(each.method.upper(), each.filled(dict(api.others)), body=sent)
            assert answered.status in (404, 422), (each, answered.body)
            assert b"Secret Ltd" not in answered.body
    assert _other_books(api) == before


def test_lists_show_nothing_of_another_tenant(api: ApiBooks) -> None:
    for each in operations(api):
        if each.method == "get" and not each.parameters:
            body = api.ask("GET", each.path).body
            assert b"secret-" not in body, each
            assert b"Secret Ltd" not in body, each


def test_a_cursor_of_another_tenant_shows_ones_own(api: ApiBooks) -> None:
    theirs = api.ask("GET", "/api/billing/customers?limit=1", tenant=OTHER)
    assert [each["id"] for each in json.loads(theirs.body)["data"]] == ["secret-customer"]
    behind_a = cursor_of("a", place="/api/billing/customers")
    answered = api.read(f"/api/billing/customers?cursor={behind_a}")
    assert [each["id"] for each in answered["data"]] == ["lumen"]


def _without_ids(body: bytes, api: ApiBooks) -> dict[str, Any]:
    text = body.decode()
    for value in sorted(api.others.values(), key=len, reverse=True):
        text = text.replace(f"x{value}", "ID").replace(value, "ID")
    told: dict[str, Any] = json.loads(text) or {}
    return {name: value for name, value in told.items() if name != "request_id"}


def _other_books(api: ApiBooks) -> list[object]:
    places = ("customers", "subscriptions", "invoices", "plans", "audit")
    return [json.loads(api.ask("GET", f"/api/billing/{place}", tenant=OTHER).body) for place in places]
