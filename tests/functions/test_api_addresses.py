"""Addresses over HTTP: HEAD wherever GET goes, which methods a path takes, parameters that nobody reads, cursors."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from billing.api.routes.paging import cursor_of
from tests.functions.api_books import ApiBooks, running_api
from tests.functions.running_door import Answered

API = "/api/billing"
POLICIES = f"{API}/dunning/policies"
STRICT = json.loads(Path("samples/dunning/strict.json").read_text())


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiBooks]:
    with running_api(tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest.mark.parametrize(
    "path", [f"{API}/customers/lumen", f"{API}/mrr?format=csv", f"{API}/invoices/INV-2026-02-0001/pdf"]
)
def test_head_answers_with_the_headers_of_get_and_no_body(api: ApiBooks, path: str) -> None:
    got, headed = api.ask("GET", path), api.ask("HEAD", path)
    assert (headed.status, headed.body) == (200, b"")
    assert _told(headed) == _told(got)
    assert headed.headers["content-length"] == str(len(got.body))


def test_head_is_refused_as_get_is_and_logged_as_what_it_was(api: ApiBooks) -> None:
    assert api.ask("HEAD", f"{API}/customers/nobody").status == 404
    line = api.proxy.logged(method="HEAD", status=404)
    assert line["route"] == f"{API}/customers/{{customer_id}}"
    refused = api.ask("HEAD", f"{API}/usage/events")
    assert (refused.status, refused.headers["allow"], refused.body) == (405, "POST", b"")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "customers", "GET, HEAD, POST"),
        ("DELETE", "customers/lumen", "GET, HEAD, PATCH"),
        ("POST", "dunning/policies", "GET, HEAD, PUT"),
        ("PUT", "subscriptions/preview", "GET, HEAD, POST"),
        ("GET", "usage/events", "POST"),
        ("PROPFIND", "me", "GET, HEAD"),
    ],
)
def test_a_method_that_a_path_does_not_take_is_told_all_that_it_does(
    api: ApiBooks, method: str, path: str, allowed: str
) -> None:
    refused = api.ask(method, f"{API}/{path}")
    assert (refused.status, refused.headers["allow"]) == (405, allowed)
    assert refused.json["detail"] == f"{method} is not allowed here, only {allowed}"


@pytest.mark.parametrize(
    ("method", "path", "field", "rule"),
    [
        ("GET", "customers?Limit=1", "Limit", "expected one of cursor, limit, got an unknown one"),
        ("GET", "mrr?asof=2026-01-01", "asof", "expected one of as_of, format, got an unknown one"),
        ("GET", "customers?limit=1&limit=2", "limit", "expected once, got it 2 times"),
        (
            "GET",
            "customers/lumen?expand=invoices",
            "expand",
            "expected no parameter in the address, got an unknown one",
        ),
        ("PUT", "dunning/policies?dryrun=true", "dryrun", "expected one of dry_run, got an unknown one"),
    ],
)
def test_a_parameter_that_nobody_reads_is_refused_before_anything_is_done(
    api: ApiBooks, method: str, path: str, field: str, rule: str
) -> None:
    before = api.read(POLICIES)
    refused = api.ask(method, f"{API}/{path}", body=STRICT if method == "PUT" else None)
    assert (refused.status, [each["field"] for each in refused.json["errors"]]) == (422, [field])
    assert refused.json["detail"].startswith(f"{field}: {rule}")
    assert api.read(POLICIES) == before


def test_a_parameter_that_would_not_be_read_runs_nothing_but_older_clients_may_add_theirs_to_records(
    api: ApiBooks,
) -> None:
    older = "/api/customer-billing"
    assert api.ask("POST", f"{older}/generate-invoices?dry_run=true").status == 422
    assert api.ask("GET", f"{older}/lumen?_=1772352000").status == 200


def test_a_cursor_is_worth_nothing_in_another_list(api: ApiBooks) -> None:
    for customer_id in ("zeta", "zulu"):
        party = {"name": customer_id, "country": "DE"}
        api.ask("POST", f"{API}/customers", body={"id": customer_id, "party": party, "currency": "USD"})
    cursor = api.read(f"{API}/customers?limit=2")["next_cursor"]
    assert [each["id"] for each in api.read(f"{API}/customers?cursor={cursor}")["data"]] == ["zulu"]
    for path in (f"invoices?cursor={cursor}", "customers?cursor=lumen", "customers?cursor="):
        refused = api.ask("GET", f"{API}/{path}")
        assert (refused.status, [each["field"] for each in refused.json["errors"]]) == (422, ["cursor"])


def test_the_audit_log_is_read_on_within_one_instant(api: ApiBooks) -> None:
    whole = api.read(f"{API}/audit?limit=200")
    assert len(whole["data"]) > 1
    assert (whole["more"], whole["next_cursor"]) == (False, None)
    page = api.read(f"{API}/audit?limit=1")
    read = page["data"]
    while page["next_cursor"]:
        page = api.read(f"{API}/audit?limit=1&cursor={page['next_cursor']}")
        read += page["data"]
    assert read == whole["data"]
    for place in ("no batch:1", "20260301T000000.000000Z-x:one", "x"):
        cursor = cursor_of(place, place=f"{API}/audit")
        assert api.ask("GET", f"{API}/audit?cursor={cursor}").status == 422


def test_a_report_is_csv_where_the_caller_would_rather_have_it(api: ApiBooks) -> None:
    for accept, expected in (("text/csv;q=0.5, application/json", "application/json"), ("text/csv, */*", "text/csv")):
        answered = api.ask("GET", f"{API}/mrr", sent={"Accept": accept})
        assert answered.headers["content-type"].partition(";")[0] == expected
        assert answered.headers["vary"] == "Accept"


def _told(answered: Answered) -> dict[str, str]:
    return {name: value for name, value in answered.headers.items() if name not in ("date", "x-request-id")}
