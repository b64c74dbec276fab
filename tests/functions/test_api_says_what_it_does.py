"""What the API's own text says of reviews, settings and approvals, tried on running books."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.functions.api_books import ApiBooks, running_api
from tests.functions.api_things import things_of

SETTINGS = "/api/billing/settings"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiBooks]:
    with running_api(tmp_path) as running:
        yield running


def test_what_is_listed_as_unpaid_is_found_by_its_id(api: ApiBooks) -> None:
    for _ in range(30):
        api.proxy.clock.at += timedelta(days=3)
        assert api.ask("POST", "/api/customer-billing/dunning/run", body={}).status == 200
    [listed] = api.read("/api/billing/reviews/unpaid")["data"]
    assert (listed["kind"], listed["customer_id"], listed["figures"]["due"]) == ("dunning", "lumen", "58.31")
    assert api.read(f"/api/billing/reviews/{listed['id']}") == listed
    assert api.ask("GET", "/api/billing/reviews/nobody").status == 404


def test_what_was_read_of_the_settings_can_be_sent_back(api: ApiBooks) -> None:
    read = api.ask("GET", SETTINGS)
    back = api.ask("PATCH", SETTINGS, body={"settings": read.json["settings"]})
    assert (back.status, back.json) == (200, read.json)
    assert back.headers["etag"] == read.headers["etag"]
    changed = api.ask("PATCH", SETTINGS, body={"settings": read.json["settings"] | {"footer": "Thank you"}})
    assert (changed.status, changed.json["settings"]) == (200, read.json["settings"] | {"footer": "Thank you"})


def test_a_setting_that_is_too_much_for_one_value_is_refused_with_the_route_that_sets_it(api: ApiBooks) -> None:
    refused = api.ask("PATCH", SETTINGS, body={"settings": {"dunning": "none", "footer": "Thank you"}})
    assert (refused.status, refused.json["code"]) == (422, "set_elsewhere")
    assert refused.json["detail"] == "dunning is not set by one value; use `PUT /api/billing/dunning/policies`"
    unknown = api.ask("PATCH", SETTINGS, body={"settings": {"logo": "x.png"}})
    assert (unknown.status, unknown.json["code"]) == (422, "unknown_setting")
    assert ("  logo_key: " in unknown.json["detail"], "  dunning: " in unknown.json["detail"]) == (True, True)
    assert not [each for each in ("--", "billing dunning", "FILE") if each in unknown.json["detail"]]
    assert api.read(SETTINGS)["settings"]["footer"] == ""


def test_an_invoice_that_can_t_be_approved_stops_no_other(api: ApiBooks) -> None:
    ids = things_of(api, "acme", named="own")
    done = api.ask("POST", "/api/billing/invoices/approve", body={"invoice_ids": ["nope", ids["held"]]})
    assert done.status == 200
    assert [each["id"] for each in done.json["approved"]] == [ids["held"]]
    assert done.json["failures"] == [{"invoice_id": "nope", "code": "not_found", "message": "no invoice 'nope'"}]
    assert api.ask("POST", "/api/billing/invoices/nope/approve").status == 404


def test_a_bank_s_file_is_refused_in_words_of_this_api_and_so_is_one_from_years_ahead(api: ApiBooks) -> None:
    account = {"bank.account_holder": "Acme", "bank.iban": "DE89370400440532013000"}
    assert api.ask("PATCH", SETTINGS, body={"settings": account}).status == 200
    statements, csv = "/api/billing/bank-statements", "booked_on,amount,currency,remittance\n"
    unknown = api.ask("POST", statements, body=b"day,sum\n2026-03-01,1.00\n")
    assert (unknown.status, "expected the columns booked_on" in unknown.json["detail"]) == (400, True)
    assert "--" not in unknown.json["detail"]
    ahead = api.ask("POST", statements, body=f"{csv}2036-03-02,58.31,USD,INV-2026-02-0001\n".encode())
    assert (ahead.status, [each["field"] for each in ahead.json["errors"]]) == (422, ["booked_on"])
    assert "58.31 USD 'INV-2026-02-0001'" in ahead.json["detail"]
    assert api.read("/api/billing/invoices/INV-2026-02-0001")["amount_due"] == 5831


def test_why_where_to_and_how_much_have_one_name_in_requests_answers_and_events(api: ApiBooks) -> None:
    """10.00 of 58.31 go onto the balance."""
    invoice, payment = "INV-2026-02-0001", "/api/billing/payments/cheque"
    money = {"id": "cheque", "amount": 5831, "currency": "USD", "received_at": "2026-02-28", "invoices": [invoice]}
    told_at = {"event_url": f"{api.proxy.base}/nowhere"}
    assert api.ask("PATCH", SETTINGS, body={"settings": told_at}).status == 200
    assert api.ask("POST", "/api/billing/payments", body=money).status == 201
    for given, field in (
        ({"reason": "goodwill", "target": "balance"}, "target"),
        ({"note": "goodwill", "refund_to": "balance"}, "reason"),
        ({"reason": "goodwill"}, "refund_to"),
    ):
        refused = api.ask("POST", f"{payment}/refunds", body={"amount": 1000, "invoice": invoice, **given})
        assert (refused.status, refused.json["errors"][0]["field"]) == (422, field)
    api.proxy.clock.at += timedelta(seconds=1)
    wanted = {"amount": 1000, "invoice": invoice, "reason": "goodwill", "refund_to": "balance"}
    assert api.ask("POST", f"{payment}/refunds", body=wanted).status == 201
    shown = api.read(payment)
    assert (shown["amount_refunded"], [each["refund_to"] for each in shown["refunds"]]) == (1000, ["balance"])
    [event] = [each for each in api.read("/api/billing/events")["data"] if each["type"] == "payment.refunded"]
    assert (event["data"]["amount_refunded"], event["data"]["refund_to"]) == (1000, "balance")
    for path in ("customers/lumen/restore", "dunning/cases/nope/resolve", "bank-statements/transactions/nope/ignore"):
        refused = api.ask("POST", f"/api/billing/{path}", body={"note": "why", "decision": "retry"})
        assert "note" in {each["field"] for each in refused.json["errors"]}


def test_a_plan_that_was_read_can_be_sent_back_whole(api: ApiBooks) -> None:
    plans, id_ = "/api/billing/plans", "monthly@1"
    read = api.read(f"{plans}/{id_}")
    logged = api.read("/api/billing/audit")
    back = api.ask("POST", plans, body=read)
    assert (back.status, back.json, api.read("/api/billing/audit")) == (201, read, logged)
    other = api.ask("POST", plans, body=read | {"version": 2})
    assert (other.status, other.json["errors"]) == (
        422,
        [{"field": "id", "detail": f"id: expected monthly@2, or nothing, got '{id_}'"}],
    )
    assert api.ask("POST", plans, body=read | {"id": "monthly@2", "version": 2}).status == 201
    draft = api.ask("PUT", "/api/billing/plan-drafts/monthly", body=read | {"id": "monthly@3", "version": 3})
    assert draft.status == 200
    assert api.ask("POST", "/api/billing/plan-drafts/monthly/publish").json["id"] == "monthly@3"


def test_what_is_wrong_with_a_mails_text_is_said_of_its_field(api: ApiBooks) -> None:
    path, text = "/api/billing/mail-templates/receipt/en", {"subject": "Thank you", "body": "Thanks."}
    for wrong, field, said in (
        ({"body": "Thanks.\n\n{{ nobody }}"}, "body", "body line 3: expected one of "),
        ({"subject": "\t "}, "subject", "subject: expected some text"),
        ({"body": "\n"}, "body", "body: expected some text"),
        ({"body": "Thanks.\x1b[2J"}, "body", "body: expected text without control characters"),
        ({"body": "b" * 8_001}, "body", "body: string should have at most 8000 characters"),
    ):
        refused = api.ask("PUT", path, body=text | wrong)
        assert (refused.status, [each["field"] for each in refused.json["errors"]]) == (422, [field])
        assert refused.json["errors"][0]["detail"].startswith(said)
    assert api.read(path)["own"] is False
    longest = text | {"button": "b" * 300, "body": "b" * 8_000}
    assert api.ask("PUT", path, body=longest).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("GET", "/api/billing/invoices?month=2026-13", None, "month: expected a month such as 2026-02, got '2026-13'"),
        (
            "GET",
            "/api/billing/audit?entity=INV",
            None,
            "entity: expected a kind and an id, such as invoices/INVOICE_ID",
        ),
        (
            "POST",
            "/api/customer-billing/lumen/invoices",
            {"invoiceNumber": " ", "amount": 1, "dueDate": "2026-04-01"},
            "invoiceNumber: expected one line of text that says something, got ' '",
        ),
    ],
)
def test_what_a_text_has_to_be_is_said_in_words(api: ApiBooks, method: str, path: str, body: object, said: str) -> None:
    refused = api.ask(method, path, body=body)
    assert (refused.status, refused.json["detail"].startswith(said)) == (422, True), refused.json["detail"]
