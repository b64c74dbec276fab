"""Every list of the API is read to its end, by the cursor of its own pages alone; conditions take several values."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from billing.api.openapi import openapi_document
from billing.api.routes.all_routes import billing_routes
from billing.api.routes.paging import cursor_of
from tests.functions.api_books import ApiBooks, running_api
from tests.functions.api_things import things_of
from tests.functions.operations import Asked, operations
from tests.functions.sound_requests import a_statement

API = "/api/billing"
WHOLE = {
    "me_get_me": "a key's scopes",
    "invoices_preview_next": "the next bill of each of a customer's subscriptions",
    "invoices_get_explanation": "the figures of one invoice",
    "dunning_get_policies": "the policies are one document",
    "dunning_preview_policy": "the days of one policy",
    "mail_templates_list_templates": "each kind of mail in each language",
    "reports_get_mrr": "a section a currency",
    "reports_get_outstanding": "a section a currency",
    "reports_get_revenue": "the top of a ranking, a section a currency",
    "reports_get_churn_risk": "who is at risk, of one moment",
}
"""What is answered in one piece, and what there is of it."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiBooks]:
    with running_api(tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest.fixture(scope="module")
def own(api: ApiBooks) -> Mapping[str, str]:
    """The ids of what is there; two transfers wait, and no event was delivered."""
    ids = things_of(api, "acme", named="own")
    assert api.ask("POST", f"{API}/bank-statements", body=a_statement(reference="another")).status == 200
    return ids


@pytest.fixture(scope="module")
def lists(api: ApiBooks, own: Mapping[str, str]) -> list[Asked]:
    """A sound request of every list that comes in pages."""
    paged = {name for name, _, operation in _reads() if {"cursor", "limit"} <= _parameters(operation)}
    return [each.sound for each in operations(api, own) if each.sound.operation in paged]


def test_every_list_of_the_document_has_a_cursor() -> None:
    """A list that is added without one hides what does not fit into one answer."""
    document = openapi_document(billing_routes())
    listed = dict[str, bool]()
    for name, path, operation in _reads():
        content = operation["responses"]["200"].get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        answered = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
        arrays = [field for field, each in answered.get("properties", {}).items() if each.get("type") == "array"]
        known = _parameters(operation)
        if "data" in arrays or (arrays and not path.endswith("}")) or {"limit", "cursor"} & known:
            listed[name] = {"limit", "cursor"} <= known and "next_cursor" in answered["required"]
    assert {name for name, pages in listed.items() if not pages} == {*WHOLE}
    assert len(listed) > len(WHOLE) + 15


def test_every_list_is_read_to_its_end_one_by_one(api: ApiBooks, lists: list[Asked]) -> None:
    longer = set[str]()
    for asked in lists:
        whole = _read(api, asked, limit="200")
        assert whole["next_cursor"] is None, asked.operation
        assert [*_one_by_one(api, asked)] == whole["data"], asked.operation
        if len(whole["data"]) > 1:
            longer.add(asked.operation)
    assert {"events_list_events", "audit_find_records", "usage_get_usage", "bank_statements_list_unmatched"} <= longer


def test_one_call_lists_the_invoices_that_are_open(api: ApiBooks, own: Mapping[str, str]) -> None:
    listed = {status: _ids(api, f"invoices?limit=200&status={status}") for status in ("draft", "issued", "overdue")}
    both = _ids(api, "invoices?limit=200&status=overdue&status=issued&status=issued")
    assert both == sorted(listed["issued"] + listed["overdue"])
    assert own["case"] in listed["overdue"]
    assert min(map(len, listed.values())) > 0
    refused = api.ask("GET", f"{API}/invoices?status=issued&status=late")
    assert (refused.status, [each["field"] for each in refused.json["errors"]]) == (422, ["status"])


def test_a_cursor_goes_on_under_the_same_conditions_alone(api: ApiBooks, own: Mapping[str, str]) -> None:
    asked = f"invoices?status=overdue&customer_id={own['customer']}"
    cursor = api.read(f"{API}/{asked}&limit=1")["next_cursor"]
    assert api.read(f"{API}/{asked}&limit=2&cursor={cursor}")["data"]
    for path in (f"invoices?customer_id={own['customer']}", "invoices?status=overdue", "invoices?", "customers?"):
        refused = api.ask("GET", f"{API}/{path}&cursor={cursor}")
        assert (refused.status, [each["field"] for each in refused.json["errors"]]) == (422, ["cursor"])
    foreign = cursor_of("no instant", place=f"{API}/events")
    assert api.ask("GET", f"{API}/events?cursor={foreign}").status == 422


@pytest.mark.usefixtures("own")
def test_events_are_found_by_when_they_happened(api: ApiBooks) -> None:
    """`until` is not included, and a date is the start of that day."""
    times = [each["occurred_at"] for each in api.read(f"{API}/events?limit=200")["data"]]
    assert times == sorted(times, reverse=True)
    assert len({*times}) > 2
    middle = sorted({*times})[1]
    assert _times(api, f"since={middle}") == [each for each in times if each >= middle]
    assert _times(api, f"until={middle}&status=undelivered&status=not_wanted") == [
        each for each in times if each < middle
    ]
    day = times[0][:10]
    assert _times(api, f"since={day}") == [each for each in times if each >= day]


def _reads() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in openapi_document(billing_routes())["paths"].items():
        if path.startswith(API) and "get" in methods:
            yield methods["get"]["operationId"], path, methods["get"]


def _ids(api: ApiBooks, path: str) -> list[str]:
    return [each["id"] for each in api.read(f"{API}/{path}")["data"]]


def _times(api: ApiBooks, conditions: str) -> list[str]:
    return [each["occurred_at"] for each in api.read(f"{API}/events?limit=200&{conditions}")["data"]]


def _parameters(operation: dict[str, Any]) -> set[str]:
    return {each["name"] for each in operation.get("parameters", []) if each.get("in") == "query"}


def _read(api: ApiBooks, asked: Asked, **query: str) -> Any:  # noqa: ANN401 - any JSON
    answered = replace(asked, query={**asked.query, **query}).of(api)
    assert answered.status == 200, answered.body
    return json.loads(answered.body)


def _one_by_one(api: ApiBooks, asked: Asked) -> Iterator[dict[str, Any]]:
    page = _read(api, asked, limit="1")
    while True:
        yield from page["data"]
        if page["next_cursor"] is None:
            return
        page = _read(api, asked, limit="1", cursor=page["next_cursor"])
