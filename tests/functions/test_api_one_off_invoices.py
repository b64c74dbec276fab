"""One-off invoices over HTTP, on the books of `acme`: lumen in Germany is taxed with 19 %."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billing.domain.member import Role
from tests.functions.api_books import ApiBooks, running_api

INVOICES = "/api/billing/invoices"
SET_UP = {"description": "Set-up", "quantity": "2", "unit_price": "125.00"}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiBooks]:
    with running_api(tmp_path) as running:
        yield running


def one_off(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    return {"customer_id": "lumen", "lines": [SET_UP], **changes}


def posted(api: ApiBooks, body: object, path: str = "", *, status: int = 201, key: str = "") -> Any:  # noqa: ANN401
    sent = {"Idempotency-Key": key} if key else {}
    answered = api.ask("POST", f"{INVOICES}{path}", body=body, role=Role.STAFF, sent=sent)
    assert answered.status == status, answered.body
    return json.loads(answered.body)


def test_it_is_issued_listed_explained_and_has_its_pdf(api: ApiBooks) -> None:
    """Two at 125.00 are 250.00, and 19 % of that 47.50."""
    body = one_off(reference="PO-7", note="Thank you", due_on="2026-12-31")
    preview = posted(api, body, "/preview", status=200)
    made = posted(api, body)
    invoice = made["invoice"]
    assert (invoice["subtotal"], invoice["tax"], invoice["total"]) == (25000, 4750, 29750)
    assert (invoice["status"], invoice["due_on"], invoice["buyer_reference"]) == ("issued", "2026-12-31", "PO-7")
    assert (invoice["notes"][-1], invoice["pending"], made["unsettled"]) == ("Thank you", [], [])
    assert (preview["number"], preview["total"], preview["lines"]) == ("", 29750, invoice["lines"])
    assert [
        each["number"] for each in api.read(f"{INVOICES}?subscription_id={invoice['subscription_id']}")["data"]
    ] == [invoice["number"]]
    assert api.ask("GET", f"{INVOICES}/{invoice['number']}/pdf").body[:5] == b"%PDF-"
    explained = api.read(f"{INVOICES}/{invoice['number']}/explanation")
    assert (explained["differences"], explained["lines"][0]["amount"]) == ([], 25000)


def test_a_repeat_with_its_key_is_the_same_invoice(api: ApiBooks) -> None:
    first = posted(api, one_off(), key="april-1")
    assert posted(api, one_off(), key="april-1") == first
    assert posted(api, one_off(note="other"), key="april-1", status=409)["code"] == "idempotency_key_reused"
    assert posted(api, one_off())["invoice"]["number"] != first["invoice"]["number"]


def test_a_draft_waits_for_review_and_is_approved_or_discarded(api: ApiBooks) -> None:
    drafts = [posted(api, one_off(draft=True))["invoice"] for _ in range(2)]
    assert [(each["status"], each["number"]) for each in drafts] == [("draft", ""), ("draft", "")]
    waiting = api.read("/api/billing/reviews?status=open")["data"]
    assert {each["invoice_id"] for each in waiting} == {each["id"] for each in drafts}
    approved, discarded = (each["id"] for each in drafts)

    issued = posted(api, None, f"/{approved}/approve", status=200)["invoice"]
    assert (issued["status"], issued["number"][:4], issued["total"]) == ("issued", "INV-", 29750)
    assert posted(api, {"reason": "agreed otherwise"}, f"/{discarded}/reject", status=200)["resolution"] == "rejected"
    assert api.ask("GET", f"{INVOICES}/{discarded}").status == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lines": []}, "lines"),
        ({"lines": [SET_UP] * 201}, "lines"),
        ({"lines": [{**SET_UP, "quantity": "0"}]}, "quantity"),
        ({"lines": [{**SET_UP, "unit_price": "1.0000000000001"}]}, "unit_price"),
        ({"lines": [{**SET_UP, "unit_price": "-1"}]}, "total of 0 or more"),
        ({"due_on": "2020-01-01"}, "due_on"),
        ({"draft": "perhaps"}, "draft"),
        ({"given_number": "x"}, "given_number"),
    ],
)
def test_what_can_not_be_invoiced_is_named(api: ApiBooks, changes: dict[str, Any], field: str) -> None:
    for path in ("", "/preview"):
        answered = api.ask("POST", f"{INVOICES}{path}", body=one_off(**changes), role=Role.STAFF)
        assert 400 <= answered.status < 423, answered.body
        assert field in answered.body.decode()


def test_an_unknown_customer_is_not_found_and_a_viewer_may_not(api: ApiBooks) -> None:
    assert posted(api, one_off(customer_id="nobody"), status=404)["code"] == "not_found"
    assert api.ask("POST", INVOICES, body=one_off(), role=Role.VIEWER).status == 403
