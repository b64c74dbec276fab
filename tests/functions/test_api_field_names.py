"""A rule of the books that a body breaks names the field of the body, and not what the rule calls it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import a_fee, a_plan
from tests.functions.api_books import ApiBooks, running_api
from tests.functions.api_things import things_of
from tests.functions.running_door import Answered

POLICY = {"dunning_policy": "none"}
ADA = {"id": "ada", "party": {"name": "Ada", "country": "DE"}, "currency": "USD"}
START = "2026-03-01T08:00:00Z"
WANTED = {"customer_id": "lumen", "plan": "seats@1", "start": START}
INVOICE = "INV-2026-02-0001"
MONEY = {"amount": 100, "currency": "USD", "received_at": "2026-02-28T00:00:00Z"}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiBooks]:
    """The customer lumen owes INV-2026-02-0001 and is on `seats@1` by s-1 from March on."""
    with running_api(tmp_path) as running:
        running.proxy.world.plan(
            a_plan(plan_id="seats", version=1, fees=[a_fee("40.00")], addons=[a_fee("5.00", "seat")])
        )
        assert posted(running, "subscriptions", {**WANTED, "id": "s-1"}).status == 201
        yield running


def posted(api: ApiBooks, path: str, body: object) -> Answered:
    api.proxy.clock.at += timedelta(seconds=1)
    return api.ask("POST", f"/api/billing/{path}", body=body)


def refuses(answered: Answered, field: str, *, code: str = "invalid_input") -> str:
    """That this field alone is refused, and what is said of it."""
    assert (answered.status, answered.json["code"]) == (422, code), answered.body
    assert [each["field"] for each in answered.json["errors"]] == [field]
    detail = str(answered.json["detail"])
    assert detail.startswith(f"{field}: expected ")
    return detail


def test_a_policy_is_refused_by_its_field(api: ApiBooks) -> None:
    refuses(posted(api, "customers", {**ADA, **POLICY}), "dunning_policy")
    refuses(api.ask("PUT", "/api/billing/customers/lumen/dunning-policy", body=POLICY), "dunning_policy")


def test_a_change_of_a_subscription_is_refused_by_its_fields_and_so_is_its_preview(api: ApiBooks) -> None:
    pause = {"at": "2026-03-20T00:00:00Z", "until": "2026-03-10T00:00:00Z"}
    for change, body, field in (
        ("pause", pause, "until"),
        ("pause", {**pause, "at": "2020-01-01T00:00:00Z"}, "at"),
        ("cancel", {"at": START}, "at"),
    ):
        refuses(posted(api, f"subscriptions/s-1/{change}", body), field)
        refuses(posted(api, "subscriptions/s-1/preview", {"change": change, **body}), field)
    for path in ("items", "preview"):
        items = {"change": "items", "quantities": {"seat": 1, "zzz": 2}}
        detail = refuses(posted(api, f"subscriptions/s-1/{path}", items), "quantities.zzz", code="unknown_addon")
        assert detail.endswith("got 'zzz'")
    for path in ("subscriptions", "subscriptions/preview"):
        refuses(posted(api, path, {**WANTED, "items": {"zzz": 2}}), "items.zzz", code="unknown_addon")


def test_a_payment_and_a_transfer_are_refused_by_their_invoices(api: ApiBooks) -> None:
    ids = things_of(api, "acme", named="own")
    refuses(posted(api, "payments", {**MONEY, "invoices": [ids["held"]]}), "invoices")
    refuses(posted(api, "payments", {**MONEY, "invoices": [INVOICE, ids["invoice"]]}), "invoices")
    refuses(posted(api, "payments", {**MONEY, "invoices": [INVOICE], "customer_id": ids["customer"]}), "customer_id")
    match = f"bank-statements/transactions/{ids['transaction']}/match"
    refuses(posted(api, match, {"invoices": [INVOICE, ids["invoice"]]}), "invoices")
    refuses(posted(api, match, {"invoices": [ids["held"]]}), "invoices")


def test_a_credit_note_is_refused_by_the_part_of_what_is_credited(api: ApiBooks) -> None:
    [line] = api.read(f"/api/billing/invoices/{INVOICE}")["lines"]
    one, other = {"line_id": line["id"], "amount": 1}, {"line_id": "nope"}
    for what, field in (
        ({"kind": "amount", "amount": 99_999_999}, "what.amount"),
        ({"kind": "lines", "lines": [other]}, "what.lines[0].line_id"),
        ({"kind": "lines", "lines": [one, other]}, "what.lines[1].line_id"),
        ({"kind": "lines", "lines": [one, one]}, "what.lines[1].line_id"),
        ({"kind": "lines", "lines": [{**one, "amount": 99_999_999}]}, "what.lines[0].amount"),
        ({"kind": "lines", "lines": [{"line_id": line["id"], "quantity": "99"}]}, "what.lines[0].quantity"),
    ):
        refuses(posted(api, "credit-notes", {"invoice": INVOICE, "what": what, "reason": "an outage"}), field)


def test_a_refund_that_is_too_much_is_told_in_one_unit(api: ApiBooks) -> None:
    paid = posted(api, "payments", {**MONEY, "amount": 3698, "invoices": [INVOICE]}).json["payment"]
    given = {"amount": 99_999_999, "refund_to": "balance", "invoice": INVOICE, "reason": "too much"}
    detail = refuses(posted(api, f"payments/{paid['id']}/refunds", given), "amount")
    assert detail.endswith("at most 36.98 USD, what is left of it, got '999999.99 USD'")
