"""What the routes do, over HTTP, on the books of `acme`: lumen owes 49.00 and 19 % VAT = 58.31 for February."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from billing.domain.credit_request import AmountCredit, CreditRequest
from billing.domain.member import Role
from billing.store.customers import Customers
from billing.usecases.call import Call
from billing.usecases.issue_credit_note import issue_credit_note
from tests.builders import a_tenant, utc
from tests.changing_plans import void_year
from tests.functions.api_books import ApiBooks, running_api
from tests.functions.pay_pages import CARD, opens_checkout
from tests.functions.proxy import owes
from tests.sandbox_client import browse
from tests.world import World

A_PLAN: dict[str, Any] = {
    "plan_id": "all",
    "name": "All",
    "currency": "USD",
    "cycle": {"unit": "month"},
    "fees": [{"fee_id": "base", "name": "Base", "price": "30"}],
}
INVOICE = "/api/billing/invoices/INV-2026-02-0001"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiBooks]:
    with running_api(tmp_path) as running:
        yield running


def posted(api: ApiBooks, path: str, body: object, *, status: int = 201, **sent: str) -> Any:  # noqa: ANN401 - JSON
    headers = {name.replace("_", "-"): value for name, value in sent.items()}
    answered = api.ask("POST", f"/api/billing/{path}", body=body, role=Role.STAFF, sent=headers)
    assert answered.status == status, answered.body
    return json.loads(answered.body)


def pages_of_two(api: ApiBooks, path: str, *, name: str) -> Iterator[list[str]]:
    """A member of what each page of a list has."""
    cursor: str | None = ""
    while cursor is not None:
        page = api.read(f"{path}?limit=2{cursor and f'&cursor={cursor}'}")
        yield [each[name] for each in page["data"]]
        cursor = page["next_cursor"]


def test_an_invoice_is_read_by_its_number_in_minor_units(api: ApiBooks) -> None:
    invoice = api.read(INVOICE)
    assert (invoice["subtotal"], invoice["tax"], invoice["total"], invoice["amount_due"]) == (4900, 931, 5831, 5831)
    assert invoice["currency"] == "USD"
    assert invoice["period"]["start"] == "2026-02-01T00:00:00Z"
    assert invoice["tax_lines"][0]["percent"] == "19"


def test_invoices_are_found_by_status_customer_month_and_number(api: ApiBooks) -> None:
    found = "?status=issued&customer_id=lumen&month=2026-02&number=INV-2026-02-0001"
    assert [each["number"] for each in api.read(f"/api/billing/invoices{found}")["data"]] == ["INV-2026-02-0001"]
    for nothing in ("?status=paid", "?customer_id=nobody", "?month=2026-03", "?number=INV-2026-02-0002"):
        assert api.read(f"/api/billing/invoices{nothing}") == {"data": [], "next_cursor": None}


def test_a_pdf_is_sent_and_an_explanation_comes_out(api: ApiBooks) -> None:
    pdf = api.ask("GET", f"{INVOICE}/pdf", role=Role.VIEWER)
    assert (pdf.status, pdf.headers["content-type"], pdf.body[:5]) == (200, "application/pdf", b"%PDF-")
    explained = api.read(f"{INVOICE}/explanation")
    assert explained["differences"] == []
    assert explained["lines"][0]["amount"] == 4900


def test_a_pdf_is_had_without_a_key_for_ten_minutes(api: ApiBooks) -> None:
    link = api.read(f"{INVOICE}/pdf-link")
    assert api.proxy.get(link["url"]).body[:5] == b"%PDF-"
    assert api.proxy.get(link["url"][:-1]).status == 404
    api.proxy.clock.at += timedelta(minutes=10)
    assert api.proxy.get(link["url"]).status == 404


def test_a_payment_in_part_leaves_the_rest_due_and_its_reversal_all_of_it(api: ApiBooks) -> None:
    money = {"amount": 2000, "currency": api.read(INVOICE)["currency"], "received_at": "2026-03-02T00:00:00Z"}
    paid = posted(api, "payments", {**money, "invoices": ["INV-2026-02-0001"]})
    assert paid["payment"]["applications"][0]["amount"] == 2000
    assert api.read(INVOICE)["amount_due"] == 3831
    payment_id = paid["payment"]["id"]
    posted(api, f"payments/{payment_id}/reverse", {"reason": "another client's"}, status=200)
    assert api.read(INVOICE)["amount_due"] == 5831
    assert api.read(f"/api/billing/payments/{payment_id}")["status"] == "reversed"


def test_money_that_is_still_to_come_is_not_booked(api: ApiBooks) -> None:
    """A day ahead at most, as zones differ; it is 1 March 2026."""
    money = {"amount": 2000, "currency": api.read(INVOICE)["currency"], "invoices": ["INV-2026-02-0001"]}
    refused = posted(api, "payments", {**money, "received_at": "2026-03-03T00:00:00Z"}, status=422)
    assert [each["field"] for each in refused["errors"]] == ["received_at"]
    assert api.read(INVOICE)["amount_due"] == 5831


def test_a_write_with_one_key_is_done_once_and_another_body_is_refused(api: ApiBooks) -> None:
    money = {"amount": 1000, "currency": api.read(INVOICE)["currency"], "received_at": "2026-03-02T00:00:00Z"}
    body = {**money, "customer_id": "lumen", "invoices": ["INV-2026-02-0001"]}
    first = posted(api, "payments", body, Idempotency_Key="march-1")
    assert posted(api, "payments", body, Idempotency_Key="march-1") == first
    assert api.read(INVOICE)["amount_due"] == 4831
    posted(api, "payments", {**body, "amount": 1001}, status=409, Idempotency_Key="march-1")


def test_a_void_invoice_can_not_be_paid_on_its_page_any_more(api: ApiBooks) -> None:
    page = opens_checkout(api.proxy)
    posted(api, "invoices/INV-2026-02-0001/void", {"reason": "wrong address"}, status=200)
    assert (browse(page, CARD).status, api.proxy.invoice().checkout_id) == (410, "")


def test_a_void_invoice_keeps_its_number_and_its_period_gets_another(api: ApiBooks) -> None:
    assert posted(api, "invoices/INV-2026-02-0001/void", {"reason": "wrong address"}, status=200)["status"] == "void"
    again = posted(api, "invoices/INV-2026-02-0001/reissue", None)
    assert again["invoice"]["number"] == "INV-2026-02-0002"
    assert again["invoice"]["replaces"] == "INV-2026-02-0001"
    assert again["unsettled"] == []
    events = [each["event"] for each in api.read("/api/billing/audit?event=invoice")["data"]]
    assert "invoice.voided" in events


def test_a_void_bill_that_comes_out_below_zero_is_made_again_as_a_credit_note(api: ApiBooks) -> None:
    engine = api.proxy.engine
    bill = void_year(World(documents=engine.documents, objects=engine.objects, tenant=a_tenant()))
    answered = api.ask("POST", f"/api/billing/invoices/{bill}/reissue", role=Role.STAFF)
    assert (answered.status, answered.json["invoice"], answered.json["unsettled"]) == (201, None, [])
    note = answered.json["credit_note"]
    assert (note["number"], note["total"], note["balance_added"]) == ("CN-2026-04-0001", 2000, 2000)
    assert api.read(answered.headers["location"]) == note
    again = posted(api, f"invoices/{bill}/reissue", None, status=409)
    assert "was replaced by credit note CN-2026-04-0001: go on with that one" in again["detail"]


def test_a_credit_note_lowers_what_is_due(api: ApiBooks) -> None:
    wanted = {"invoice": "INV-2026-02-0001", "what": {"kind": "amount", "amount": 1190}, "reason": "an outage"}
    note = posted(api, "credit-notes", wanted)["credit_note"]
    assert (note["subtotal"], note["tax"], note["total"]) == (1000, 190, 1190)  # 10.00 and 19 %
    assert api.read(INVOICE)["amount_due"] == 4641
    assert api.read("/api/billing/credit-notes?invoice_id=" + note["invoice_id"])["data"][0]["id"] == note["id"]


def test_what_is_paid_beyond_what_is_owed_is_seen_until_it_went_back(api: ApiBooks) -> None:
    """58.31 came, 11.90 of it are credited, and the note is not settled yet."""
    engine, invoice_id = api.proxy.engine, api.read(INVOICE)["id"]
    money = {"amount": 5831, "currency": "USD", "received_at": "2026-03-02T00:00:00Z"}
    posted(api, "payments", {**money, "invoices": [invoice_id]})
    assert api.read(INVOICE)["overpaid"] == 0
    call = Call(tenant_id="acme", actor="t", recorded_at=utc("2026-03-02"))
    note = CreditRequest(key="k", what=AmountCredit(amount=1190), reason="an outage")
    issue_credit_note(engine.documents, invoice_id, note, call=call)
    assert [api.read(INVOICE)[name] for name in ("amount_due", "overpaid", "status")] == [0, 1190, "paid"]
    assert api.read("/api/billing/invoices")["data"][0]["overpaid"] == 1190


def test_settings_change_over_the_version_that_was_read_and_no_other(api: ApiBooks) -> None:
    read = api.ask("GET", "/api/billing/settings", role=Role.VIEWER)
    sent = {"If-Match": read.headers["etag"]}
    body = {"settings": {"payment_terms_days": 14, "footer": "Thank you"}}
    changed = api.ask("PATCH", "/api/billing/settings", body=body, sent=sent)
    assert json.loads(changed.body)["settings"]["payment_terms_days"] == 14
    assert api.ask("PATCH", "/api/billing/settings", body={"settings": {"footer": None}}, sent=sent).status == 412
    api.proxy.clock.at += timedelta(seconds=1)
    fresh = {"If-Match": changed.headers["etag"]}
    assert api.ask("PATCH", "/api/billing/settings", body={"settings": {"footer": None}}, sent=fresh).status == 200
    fixed = api.ask("PATCH", "/api/billing/settings", body={"settings": {"currency": "JPY"}})
    assert json.loads(fixed.body)["code"] == "fixed_setting"


def test_a_plans_prices_are_exact_to_the_last_digit(api: ApiBooks) -> None:
    text = (
        '{"plan_id": "api", "name": "API", "currency": "USD", "cycle": {"unit": "month"}, "usage":'
        ' [{"metric": "calls", "name": "Calls", "model": "per_unit", "unit_price": 0.000000123456}]}'
    )
    published = api.ask("POST", "/api/billing/plans", body=text.encode(), sent={"Content-Type": "application/json"})
    assert published.status == 201, published.body
    assert api.read("/api/billing/plans/api@1")["usage"][0]["unit_price"] == "0.000000123456"
    other = json.loads(text) | {"name": "Another"}
    assert api.ask("POST", "/api/billing/plans", body=other).status == 409


def test_a_plan_that_was_read_can_be_published_as_the_next_version(api: ApiBooks) -> None:
    tiers = [{"name": "", "up_to": "10", "unit_price": "1", "flat_fee": "2"}, {"up_to": None, "unit_price": "0.5"}]
    models: list[dict[str, Any]] = [
        *({"model": model, "tiers": tiers} for model in ("graduated", "volume")),
        {"model": "stairstep", "tiers": [{"up_to": "10", "flat_fee": "2"}, {"up_to": None, "flat_fee": "5"}]},
        {"model": "per_unit", "unit_price": "0.01"},
        {"model": "package", "package_size": "100", "package_price": "9"},
    ]
    usage = [
        {"meter": f"m{n}", "name": "Calls", "aggregation": "max", "included": "3", **model}
        for n, model in enumerate(models)
    ]
    cycle = {"every": 3, "unit": "month", "anchor_day": 15, "billed": "in_advance"}
    seat = {"addon_id": "seat", "name": "Seat", "price": "9", "prorate": "none", "tax_inclusive": True}
    plan = {**A_PLAN, "cycle": cycle, "usage": usage, "addons": [seat], "trial_days": 14}
    published = api.ask("POST", "/api/billing/plans", body=plan)
    assert published.status == 201, published.body
    first = json.loads(published.body)
    second = {name: value for name, value in first.items() if name != "id"} | {"version": 2}
    checked = posted(api, "plans/check", second, status=200)["plan"]
    assert checked == first | {"id": "all@2", "version": 2}
    assert posted(api, "plans/check", second | {"version": 1}, status=200)["published"]
    assert [each["model"] for each in first["usage"]] == [each["model"] for each in models]


def test_a_plan_that_charges_nothing_is_refused(api: ApiBooks) -> None:
    refused = api.ask("POST", "/api/billing/plans", body={**A_PLAN, "fees": []})
    assert (refused.status, [each["field"] for each in json.loads(refused.body)["errors"]]) == (422, ["fees"])


def test_what_is_wrong_with_a_plan_is_said_field_by_field(api: ApiBooks) -> None:
    tiers = [{"up_to": "10", "unit_price": "1"}, {"up_to": "5", "unit_price": "1"}, {"up_to": None, "unit_price": "1"}]
    usage = [{"metric": "calls", "name": "Calls", "model": "graduated", "tiers": tiers}]
    plan = {"plan_id": "api", "name": "API", "currency": "USD", "cycle": {"unit": "month"}, "usage": usage}
    refused = posted(api, "plans/check", plan, status=422)
    assert [each["field"] for each in refused["errors"]] == ["usage[0].tiers[1].up_to"]


def test_a_field_that_is_missing_is_named(api: ApiBooks) -> None:
    refused = posted(api, "payments", {"currency": "USD", "received_at": "2026-03-01T00:00:00Z"}, status=422)
    assert [each["field"] for each in refused["errors"]] == ["amount"]


def test_a_list_is_read_page_by_page(api: ApiBooks) -> None:
    for version in (2, 3):
        plan = {**A_PLAN, "plan_id": "monthly", "version": version}
        assert api.ask("POST", "/api/billing/plans", body=plan).status == 201
    assert list(pages_of_two(api, "/api/billing/plans", name="id")) == [["monthly@1", "monthly@2"], ["monthly@3"]]


def test_a_subscription_is_opened_previewed_and_cancelled(api: ApiBooks) -> None:
    wanted = {"id": "second", "customer_id": "lumen", "plan": "monthly@1", "start": "2026-03-01T00:00:00Z"}
    assert posted(api, "subscriptions/preview", wanted, status=200)["data"][0]["invoice"]["total"] == 5831
    assert posted(api, "subscriptions", wanted)["next_billing_at"] == "2026-04-01T00:00:00Z"
    seen = posted(api, "subscriptions/second/preview", {"change": "cancel"}, status=200)
    assert seen["subscription"]["end"] == "2026-04-01T00:00:00Z"
    assert api.read("/api/billing/subscriptions/second")["end"] is None
    posted(api, "subscriptions/second/cancel", {}, status=200)
    assert api.read("/api/billing/subscriptions/second")["end"] == "2026-04-01T00:00:00Z"
    assert posted(api, "subscriptions/second/cancel/undo", None, status=200)["subscription"]["end"] is None


def test_a_subscription_in_a_time_zone_of_its_own_has_its_days_there(api: ApiBooks) -> None:
    wanted = {"id": "west", "customer_id": "lumen", "plan": "monthly@1", "start": "2026-03-01"}
    opened = posted(api, "subscriptions", {**wanted, "time_zone": "America/New_York"})
    assert (opened["time_zone"], opened["start"]) == ("America/New_York", "2026-03-01T05:00:00Z")
    paused = posted(api, "subscriptions/west/pause", {"at": "2026-03-07", "until": "2026-03-09"}, status=200)
    assert paused["subscription"]["pauses"] == [{"start": "2026-03-07T05:00:00Z", "end": "2026-03-09T04:00:00Z"}]
    charge = {"id": "visit", "name": "Visit", "unit_price": "5", "charged_at": "2026-03-20"}
    [charged] = posted(api, "subscriptions/west/charges", charge)["one_time"]
    assert charged["charged_at"] == "2026-03-20T04:00:00Z"
    refused = posted(api, "subscriptions", {**wanted, "id": "east", "time_zone": "Mars"}, status=422)
    assert "zone: expected an IANA time zone such as Europe/Berlin, got 'Mars'" in refused["detail"]


def test_outstanding_is_one_figure_as_json_and_a_table_as_csv(api: ApiBooks) -> None:
    [section] = api.read("/api/billing/outstanding?as_of=2026-03-05T00:00:00Z")["sections"]
    assert (section["amount"], section["buckets"][0]["bucket"]) == (5831, "current")
    for path, accept in (("?format=csv", "*/*"), ("", "text/csv")):
        sent = {"Accept": accept}
        told = api.ask("GET", f"/api/billing/outstanding{path}", role=Role.VIEWER, sent=sent)
        assert told.headers["content-type"].startswith("text/csv")
        assert told.body.decode().splitlines()[0] == "date,currency,days_past_due,invoices,amount,share_percent"


def test_a_report_is_as_of_a_day_in_the_seller_s_zone_or_of_an_instant(api: ApiBooks) -> None:
    day, instant = (api.read(f"/api/billing/outstanding?as_of={at}") for at in ("2026-03-05", "2026-03-05T00:00:00Z"))
    assert day == instant
    for wrong in ("2026-03-05T00:00:00", "yesterday", "2026-02-30", "1815-06-18"):
        told = api.ask("GET", f"/api/billing/mrr?as_of={wrong}", role=Role.VIEWER)
        [flaw] = json.loads(told.body)["errors"]
        assert (told.status, flaw["field"]) == (422, "as_of")
        assert wrong in flaw["detail"] or "with its offset" in flaw["detail"]


def test_a_file_that_is_no_statement_is_said_to_be_none(api: ApiBooks) -> None:
    answered = api.ask("POST", "/api/billing/bank-statements", body=b"%PDF-1.7", role=Role.STAFF)
    assert answered.status == 400
    assert "no statement that can be read" in json.loads(answered.body)["detail"]


def test_usage_that_no_plan_meters_is_rejected_and_stops_no_other(api: ApiBooks) -> None:
    event = {"id": "e-1", "subscription_id": "sub-lumen", "meter": "calls", "occurred_at": "2026-03-01T00:00:00Z"}
    told = posted(api, "usage/events", {"events": [event, {**event, "id": "e-2"}]}, status=200)
    assert (told["accepted"], told["rejected"]) == (0, 2)
    assert [each["status"] for each in told["data"]] == ["rejected", "rejected"]


def test_what_is_wrong_with_one_event_of_many_names_it(api: ApiBooks) -> None:
    event = {"id": "e-1", "subscription_id": "sub-lumen", "meter": "calls", "occurred_at": "2026-03-01T00:00:00Z"}
    refused = posted(
        api, "usage/events", {"events": [event, {**event, "occurred_at": "2026-03-01T00:00:00"}]}, status=422
    )
    assert refused["errors"][0]["field"] == "events[1].occurred_at"
    report = {
        "id": "r-1",
        "subscription_id": "sub-lumen",
        "meter": "calls",
        "days": [{"day": "1026-03-01", "quantity": 1}],
    }
    refused = posted(api, "usage/reports", {"reports": [report]}, status=422)
    assert refused["errors"][0]["field"] == "reports[0].days[0].day"


def test_a_customer_is_opened_once_and_changed_over_what_was_read(api: ApiBooks) -> None:
    party = {"name": "Nova GmbH", "country": "DE", "email": "ap@nova.test", "tax_id": "DE136695976"}
    wanted = {"id": "nova", "party": party, "currency": "USD", "tax": {"vat_id_valid": True}}
    assert posted(api, "customers", wanted)["tax"]["vat_id_valid"] is True
    posted(api, "customers", wanted)
    assert posted(api, "customers", wanted | {"currency": "EUR"}, status=409)["code"] == "other_customer"
    read = api.ask("GET", "/api/billing/customers/nova", role=Role.VIEWER)
    sent = {"If-Match": read.headers["etag"]}
    contradiction = {"party": {"tax_id": ""}, "tax": {"vat_id_valid": True}}
    assert api.ask("PATCH", "/api/billing/customers/nova", body=contradiction, sent=sent).status == 422
    body = {"party": {"city": "Berlin", "tax_id": "DE129273398"}}
    changed = api.ask("PATCH", "/api/billing/customers/nova", body=body, sent=sent, role=Role.STAFF)
    told = json.loads(changed.body)
    assert (told["party"]["name"], told["party"]["city"]) == ("Nova GmbH", "Berlin")
    assert told["tax"]["vat_id_valid"] is False  # nobody asked the register about the new one
    assert api.ask("PATCH", "/api/billing/customers/nova", body=body, sent=sent, role=Role.STAFF).status == 412
    [record] = api.read("/api/billing/audit?event=customer.changed")["data"]
    assert record["after"] == "party.city, party.tax_id, tax"


def test_a_suspended_customer_gets_its_service_back_by_hand_with_a_reason(api: ApiBooks) -> None:
    customers = Customers.of(api.proxy.engine.documents, "acme")
    [lumen] = customers.get(["lumen"])
    assert lumen is not None
    suspended = customers.serviced(lumen, suspended_at=api.proxy.clock.at, reason="INV-2026-02-0001 is unpaid")
    api.proxy.engine.documents.commit([suspended])
    assert api.read("/api/billing/customers/lumen")["suspended_at"] is not None
    posted(api, "customers/lumen/restore", {"reason": " "}, status=422)
    for _ in range(2):
        restored = posted(api, "customers/lumen/restore", {"reason": "pays on Friday"}, status=200)
        assert (restored["suspended_at"], restored["suspension_reason"]) == (None, "")
    [record] = api.read("/api/billing/audit?event=customer.restored")["data"]
    assert "pays on Friday" in record["reason"]
    assert api.read(INVOICE)["amount_due"] == 5831


def test_dunning_cases_come_in_full_pages_whatever_lies_between_them(api: ApiBooks) -> None:
    for customer_id in ("a", "b", "c", "d"):
        owes(api.proxy, customer_id)
    for paid in ("b", "d"):
        invoice = api.proxy.invoice(paid)
        money = {"amount": 5831, "currency": invoice.currency, "received_at": "2026-03-01T00:00:00Z"}
        posted(api, "payments", {**money, "invoices": [invoice.number]})
    api.proxy.clock.at = utc("2026-04-05")
    ran = api.ask("POST", "/api/customer-billing/dunning/run")
    assert ran.status == 200, ran.body
    assert list(pages_of_two(api, "/api/billing/dunning/cases", name="customer_id")) == [["a", "c"], ["lumen"]]
    assert api.read("/api/billing/dunning/cases?customer_id=b")["data"] == []
    assert api.read("/api/billing/dunning/cases?in_review=true")["data"] == []
    assert len(api.read("/api/billing/dunning/cases?in_review=false")["data"]) == 3


def test_a_customer_in_the_us_needs_a_state_that_there_is(api: ApiBooks) -> None:
    wanted = {"party": {"name": "Nova Inc", "country": "US", "state": "Newyork"}, "currency": "USD"}
    refused = posted(api, "customers", wanted, status=422)
    assert [each["field"] for each in refused["errors"]] == ["party.state"]


def test_a_customer_without_an_id_gets_one_and_a_repeat_the_same(api: ApiBooks) -> None:
    wanted = {"party": {"name": "Nova", "country": "DE"}, "currency": "USD"}
    first = posted(api, "customers", wanted, Idempotency_Key="signup-9")
    assert first["id"].startswith("cus_")
    assert posted(api, "customers", wanted, Idempotency_Key="signup-9")["id"] == first["id"]
    assert posted(api, "customers", wanted)["id"] != first["id"]


def test_a_customer_follows_the_policy_that_it_is_given(api: ApiBooks) -> None:
    path = "/api/billing/customers/lumen/dunning-policy"
    told = api.ask("PUT", path, body={"dunning_policy": "default", "segment": "large"}, role=Role.STAFF)
    assert json.loads(told.body) == {"customer_id": "lumen", "policy": "default", "earlier": 0}
    assert api.read("/api/billing/customers/lumen")["segment"] == "large"
    assert api.ask("PUT", path, body={"dunning_policy": "gentle"}, role=Role.STAFF).status == 422
