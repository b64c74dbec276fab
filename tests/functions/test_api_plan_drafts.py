"""Drafts of plans and corrections over HTTP, on the books of `acme`, where lumen is on monthly@1 since February."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from billing.domain.member import Role
from tests.functions.api_books import ApiBooks, running_api
from tests.functions.running_door import Answered

DRAFT = "/api/billing/plan-drafts/api"
WHOLE = {
    "name": "API",
    "currency": "USD",
    "cycle": {"unit": "month"},
    "usage": [{"metric": "calls", "name": "Calls", "model": "per_unit", "unit_price": "0.01"}],
}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiBooks]:
    with running_api(tmp_path) as running:
        yield running


def asks(api: ApiBooks, method: str, path: str, body: object = None, **sent: str) -> Answered:
    api.proxy.clock.at += timedelta(seconds=1)
    headers = {name.replace("_", "-"): value for name, value in sent.items()}
    return api.ask(method, path, body=body, sent=headers)


def told(answered: Answered, status: int = 200) -> Any:  # noqa: ANN401 - any JSON
    assert answered.status == status, answered.body
    return json.loads(answered.body)


def test_ids_of_the_products_own_plans_are_refused_however_they_come(api: ApiBooks) -> None:
    """Invoices made by hand are of plans that no tenant may put prices in."""
    mine = {**WHOLE, "plan_id": "by-hand.usd", "version": 1}
    assert "does not begin with by-hand." in str(told(asks(api, "POST", "/api/billing/plans", mine), 422))
    drafts = "/api/billing/plan-drafts/by-hand.usd"
    for refused in (asks(api, "PUT", drafts, WHOLE), asks(api, "POST", f"{drafts}/publish")):
        [error] = told(refused, 422)["errors"]
        assert (error["field"], "does not begin with by-hand." in error["detail"]) == ("plan_id", True)
    assert asks(api, "GET", drafts).status == 404
    assert "by-hand" not in json.dumps(api.read("/api/billing/plans"))
    assert asks(api, "PUT", "/api/billing/plan-drafts/by-handover", WHOLE).status == 200


def test_a_draft_is_saved_with_its_flaws_and_published_without(api: ApiBooks) -> None:
    tiers = [{"up_to": 10, "unit_price": "1"}, {"up_to": 5, "unit_price": "1"}]
    usage = [{"metric": "calls", "name": "Calls", "model": "graduated", "tiers": tiers}]
    saved = told(asks(api, "PUT", DRAFT, {**WHOLE, "usage": usage}))
    assert (saved["version"], [each["field"] for each in saved["flaws"]]) == (1, ["usage[0].tiers[1].up_to"])
    refused = told(asks(api, "POST", f"{DRAFT}/publish"), 422)
    assert (refused["code"], refused["errors"]) == ("invalid_input", saved["flaws"])
    empty = told(asks(api, "PUT", DRAFT, {}))
    assert {each["field"]: each["detail"] for each in empty["flaws"]} == {
        "name": "name: the key is missing",
        "currency": "currency: the key is missing",
        "cycle": "cycle: the key is missing",
    }
    assert told(asks(api, "PUT", DRAFT, WHOLE))["flaws"] == []
    assert api.read("/api/billing/plans")["data"][0]["id"] == "monthly@1"
    published = asks(api, "POST", f"{DRAFT}/publish")
    assert told(published, 201)["id"] == "api@1"
    assert api.read(published.headers["location"])["usage"][0]["unit_price"] == "0.01"
    assert asks(api, "GET", DRAFT).status == 404
    assert told(asks(api, "PUT", DRAFT, {**WHOLE, "plan_id": "api"}))["version"] == 2


def test_numbers_are_kept_to_the_last_digit(api: ApiBooks) -> None:
    text = '{"name": "A", "minimum_commitment": 0.000000123456, "trial_days": 123456789012345678901234567890}'
    saved = told(asks(api, "PUT", DRAFT, text.encode(), **JSON))
    assert saved["plan"] == json.loads(text) | {"minimum_commitment": "0.000000123456"}
    assert api.read(DRAFT) == saved


def test_a_draft_changes_over_the_version_that_was_read(api: ApiBooks) -> None:
    assert asks(api, "PUT", DRAFT, WHOLE, If_Match='"read"').status == 412
    assert asks(api, "PUT", DRAFT, {}, If_Match="*").status == 412
    first = asks(api, "PUT", DRAFT, {}, If_Match='"none"')
    assert asks(api, "PUT", DRAFT, WHOLE, If_Match='"none"').status == 412
    second = asks(api, "PUT", DRAFT, WHOLE, If_Match=first.headers["etag"])
    current = asks(api, "GET", DRAFT).headers["etag"]
    assert second.headers["etag"] == current != first.headers["etag"]
    for method, path, body in (("PUT", DRAFT, {}), ("POST", f"{DRAFT}/publish", None), ("DELETE", DRAFT, None)):
        assert asks(api, method, path, body, If_Match=first.headers["etag"]).status == 412
    assert api.read(DRAFT)["plan"] == WHOLE
    assert asks(api, "DELETE", DRAFT, If_Match=current).status == 204
    assert asks(api, "DELETE", DRAFT).status == 404


def test_publishing_again_with_the_same_key_is_the_same_answer_and_one_version(api: ApiBooks) -> None:
    asks(api, "PUT", DRAFT, WHOLE)
    first, again = (asks(api, "POST", f"{DRAFT}/publish", Idempotency_Key="next") for _ in range(2))
    assert (first.status, first.body, first.headers["location"]) == (
        again.status,
        again.body,
        again.headers["location"],
    )
    assert [each["id"] for each in api.read("/api/billing/plans")["data"]] == ["api@1", "monthly@1"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"plan_id": "other"}', "plan_id"),
        ('{"usage": ' + "[" * 12 + "]" * 12 + "}", "plan"),
        ('{"name": "\\ud800"}', "plan"),
        ('{"\\udfff": 1}', "plan"),
        ('{"a\\u0000": 1}', "plan"),
    ],
)
def test_what_can_not_be_kept_is_refused_and_changes_nothing(api: ApiBooks, body: str, field: str) -> None:
    refused = told(asks(api, "PUT", DRAFT, body.encode(), **JSON), 422)
    assert [each["field"] for each in refused["errors"]] == [field]
    assert len(refused["detail"]) < 300
    assert api.read("/api/billing/plan-drafts") == {"data": [], "next_cursor": None}


def test_drafts_are_listed_for_those_who_may_look_and_changed_by_admins_alone(api: ApiBooks) -> None:
    for plan_id in ("a", "b", "c"):
        asks(api, "PUT", f"/api/billing/plan-drafts/{plan_id}", {})
    page = api.read("/api/billing/plan-drafts?limit=2")
    rest = api.read(f"/api/billing/plan-drafts?cursor={page['next_cursor']}")
    assert [each["plan_id"] for each in [*page["data"], *rest["data"]]] == ["a", "b", "c"]
    assert api.ask("PUT", DRAFT, body={}, role=Role.STAFF).status == 403
    assert api.ask("POST", f"{DRAFT}/publish", role=Role.STAFF).status == 403
    assert api.ask("PUT", "/api/billing/plan-drafts/api@2", body={}).status == 422


def test_a_correction_is_looked_at_and_then_done(api: ApiBooks) -> None:
    fee = {"fee_id": "base", "name": "Base", "price": "59.00"}
    right = {"plan_id": "monthly", "version": 2, "name": "Monthly", "currency": "USD", "fees": [fee]}
    assert asks(api, "POST", "/api/billing/plans", {**right, "cycle": {"unit": "month"}}).status == 201
    second = {"id": "second", "customer_id": "lumen", "plan": "monthly@1", "start": "2026-03-01T00:00:00Z"}
    assert asks(api, "POST", "/api/billing/subscriptions", second).status == 201
    path, place = "/api/billing/plans/monthly@1/correct", "/api/billing/subscriptions/second"
    wanted, before = {"right": "monthly@2"}, api.read(place)
    looked = told(asks(api, "POST", f"{path}?dry_run=true", wanted))
    assert (looked["dry_run"], looked["corrected"], api.read(place)) == (True, ["second"], before)
    [left] = looked["failures"]  # it has had its last bill
    assert (left["subscription_id"], left["code"]) == ("sub-lumen", "invalid_input")
    done = told(asks(api, "POST", path, wanted))
    assert done == looked | {"dry_run": False}
    assert [each["plan"] for each in api.read(place)["phases"]] == ["monthly@2"]
    again = told(asks(api, "POST", path, wanted | {"subscription_ids": ["second"]}))
    assert (again["corrected"], again["failures"]) == ([], [])
    billed = told(asks(api, "POST", path, wanted | {"since": "2026-02-01"}))
    assert "INV-2026-02-0001 has, so void it first" in billed["failures"][0]["message"]
    for unknown in ({"right": "monthly@9"}, wanted | {"subscription_ids": ["nobody"]}):
        assert asks(api, "POST", path, unknown).status == 404
    assert asks(api, "POST", path, wanted | {"since": "yesterday"}).status == 422


def test_a_mails_text_is_replaced_over_the_one_that_was_read(api: ApiBooks) -> None:
    path, text = "/api/billing/mail-templates/receipt/en", {"subject": "Thank you", "body": "Thanks."}
    assert asks(api, "GET", path).headers["etag"] == '"built-in"'
    saved = asks(api, "PUT", path, text, If_Match='"built-in"')
    assert saved.headers["etag"] == asks(api, "GET", path).headers["etag"] != '"built-in"'
    for method, body in (("PUT", text | {"subject": "Other"}), ("DELETE", None)):
        assert asks(api, method, path, body, If_Match='"built-in"').status == 412
    again = asks(api, "PUT", path, text | {"subject": "Many thanks"}, If_Match=saved.headers["etag"])
    assert asks(api, "DELETE", path, If_Match=saved.headers["etag"]).status == 412
    assert api.read(path)["subject"] == "Many thanks"
    reset = asks(api, "DELETE", path, If_Match=again.headers["etag"])
    assert (reset.headers["etag"], told(reset)["own"]) == ('"built-in"', False)
    assert asks(api, "DELETE", path).headers["etag"] == '"built-in"'
