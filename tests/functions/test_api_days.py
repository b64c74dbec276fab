"""Wherever an instant is asked for, a date is the start of that day in the tenant's zone, or the subscription's own."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from billing.store.tenants import Tenants
from tests.functions.api_books import ApiBooks, running_api
from tests.functions.api_things import things_of
from tests.functions.sound_requests import a_plan_body

API = "/api/billing"
MARCH = "2026-02-28T23:00:00Z"
"""The start of 1 March in Berlin."""
PAYMENT = {"amount": 100, "currency": "USD", "customer_id": "own-customer"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiBooks]:
    with running_api(tmp_path_factory.mktemp("api")) as running:
        documents = running.proxy.engine.documents
        documents.commit([Tenants(documents).saving(replace(Tenants(documents).get("acme"), zone="Europe/Berlin"))])
        things_of(running, "acme", named="own")
        assert running.ask("POST", f"{API}/plans", body=a_plan_body("days")).status == 201
        yield running


@pytest.mark.parametrize(
    ("method", "path", "body", "at"),
    [
        ("GET", "invoices/preview?customer_id=own-customer&at={}", None, ("at",)),
        ("GET", "mrr?as_of={}", None, ("as_of",)),
        ("POST", "payments", PAYMENT | {"received_at": "{}"}, ("payment", "received_at")),
        (
            "POST",
            "subscriptions",
            {"customer_id": "own-customer", "plan": "days@1", "start": "{}", "backdated": True},
            ("start",),
        ),
        (
            "POST",
            "subscriptions/own-customer-sub/charges",
            {"name": "Set-up", "unit_price": "1", "charged_at": "{}"},
            ("one_time", -1, "charged_at"),
        ),
    ],
)
def test_a_date_is_the_start_of_the_tenants_day(
    api: ApiBooks, method: str, path: str, body: Mapping[str, Any] | None, at: tuple[str | int, ...]
) -> None:
    for given in ("2026-03-01", "2026-03-01T00:00:00%2B01:00" if body is None else "2026-03-01T00:00:00+01:00"):
        answered = api.ask(method, f"{API}/{path.format(given)}", body=_with(body, given))
        assert answered.status in (200, 201), answered.body
        found = answered.json
        for step in at:
            found = found[step]
        assert found == MARCH


@pytest.mark.parametrize("path", ["audit?since={}", "audit?until={}", "events?since={}", "events?until={}"])
def test_a_condition_of_time_takes_a_date_too(api: ApiBooks, path: str) -> None:
    by_day, by_instant = (api.read(f"{API}/{path.format(each)}")["data"] for each in ("2026-03-01", MARCH))
    assert by_day == by_instant


def test_what_is_still_to_come_takes_a_date_too(api: ApiBooks) -> None:
    for at in ("2026-04-01", "2026-04-01T00:00:00+02:00"):
        asked = api.ask("POST", f"{API}/subscriptions/own-customer-sub/preview", body={"change": "cancel", "at": at})
        assert asked.json["subscription"]["end"] == "2026-03-31T22:00:00Z"
        made = api.ask("POST", f"{API}/api-keys", body={"name": "reports", "role": "viewer", "expires_at": at})
        assert made.json["expires_at"] == "2026-03-31T22:00:00Z"


@pytest.mark.parametrize(
    "given", ["2026-02-30", "2026-03-02T00:00:00", "1772352000", "yesterday", "2026-03-02 00:00Z "]
)
def test_what_is_neither_is_refused_as_it_came(api: ApiBooks, given: str) -> None:
    expected = "expected a date such as 2026-03-01, or an instant with its offset such as 2026-03-01T00:00:00Z"
    refused = api.ask("POST", f"{API}/payments", body=PAYMENT | {"received_at": given})
    assert (refused.status, refused.json["errors"]) == (
        422,
        [{"field": "received_at", "detail": f"received_at: {expected}, got {given!r}"}],
    )


def test_a_year_that_can_be_none_is_refused(api: ApiBooks) -> None:
    for given in ("1066-10-14", "9999-12-31T23:59:59-14:00"):
        refused = api.ask("GET", f"{API}/audit?since={given}")
        assert (refused.status, [each["field"] for each in refused.json["errors"]]) == (422, ["since"])


def _with(body: Mapping[str, Any] | None, given: str) -> dict[str, Any] | None:
    return None if body is None else {name: given if each == "{}" else each for name, each in body.items()}
