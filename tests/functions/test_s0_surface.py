"""The surface that older clients speak, call by call: what is sent, and what comes back to the letter."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.adapters.firestore import FirestoreDocuments
from billing.domain.member import Role
from billing.ports import Documents
from billing.store.customers import Customers
from billing.store.tenants import Tenants
from tests.builders import GERMAN_VAT, a_customer, a_fee, a_meter, a_party, a_plan, a_tenant, utc
from tests.firestore_emulator import firestore, fresh_project
from tests.functions.api_books import ApiBooks, running_api
from tests.functions.laptop import laptop_environment
from tests.functions.proxy import Proxy, running_proxy
from tests.functions.running_door import Answered, running_door
from tests.functions.s0_client import S0Client
from tests.functions.small_tenants import add_tenant

__all__ = ["firestore"]

FIBER = {
    "customerId": "lumen",
    "servicePlan": {"planName": "fiber", "monthlyFee": 49.00, "setupFee": 20, "prorationEnabled": True},
    "billingCycle": {"type": "monthly", "dayOfMonth": 1, "nextBillingDate": "2026-03-01T00:00:00.000Z"},
    "sla": {"responseTimeHours": 4, "uptimePercent": 99.9},
}
NUMBER = "INV-2026-03-0001"


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """The proxy on 1 March 2026 with the customer `lumen`, who has no service and pays 19 % of VAT."""
    with running_proxy(tmp_path, tenant=a_tenant(mail_sender="billing@acme.test")) as running:
        running.world.customer("lumen", party=a_party(email="ap@lumen.test"))
        yield running


@pytest.fixture
def client(proxy: Proxy) -> S0Client:
    def send(method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answered:
        return proxy.call(method, path, body=body, sent=headers)

    return S0Client(send=send)


def errors(answered: Answered) -> tuple[int, str]:
    assert answered.headers["content-type"] == "application/problem+json"
    return answered.status, answered.json["error"]


# the record


def test_a_customer_without_a_record_is_null_and_in_no_list(client: S0Client) -> None:
    assert client.gets("/lumen") is None
    assert client.gets("/nobody") is None
    assert client.gets("") == []


def test_a_record_is_created_and_answered_whole(client: S0Client) -> None:
    record = client.posts("", FIBER, status=201)

    assert record == {
        "customerId": "lumen",
        "tenantId": "acme",
        "servicePlan": {
            "planName": "fiber",
            "monthlyFee": Decimal("49.00"),
            "setupFee": Decimal("20.00"),
            "prorationEnabled": True,
        },
        "billingCycle": {"type": "monthly", "dayOfMonth": 1, "nextBillingDate": "2026-03-01"},
        "paymentMethod": "none",
        "invoicePreferences": {"delivery": "email"},
        "invoices": [],
        "paymentHistory": [],
        "balance": {"current": 0, "overdue": 0, "lastPaymentDate": None},
        "autoPay": {"enabled": False, "paymentMethodId": None},
        "sla": {"responseTimeHours": 4, "uptimePercent": Decimal("99.9"), "notes": ""},
        "dunning": {"reminderCount": 0, "lastReminderAt": None, "suspendedAt": None, "suspensionReason": None},
        "createdAt": "2026-03-01T08:00:00+00:00",
        "updatedAt": "2026-03-01T08:00:00+00:00",
    }
    assert client.gets("/lumen") == record
    assert client.gets("") == client.gets("?customerId=lumen") == [record]
    assert client.gets("?customerId=nobody") == []


def test_the_same_record_again_is_200_and_changes_nothing(proxy: Proxy, client: S0Client) -> None:
    record = client.posts("", FIBER, status=201)
    before = proxy.world.everything()

    assert client.posts("", FIBER) == record
    assert client.posts("", {"customerId": "lumen"}) == record

    assert proxy.world.everything() == before


def test_what_is_posted_again_is_merged_field_by_field(client: S0Client) -> None:
    client.posts("", FIBER, status=201)

    record = client.posts("", {"customerId": "lumen", "sla": {"notes": "gold"}, "servicePlan": {"monthlyFee": 59}})

    assert record["sla"] == {"responseTimeHours": 4, "uptimePercent": Decimal("99.9"), "notes": "gold"}
    assert (record["servicePlan"]["planName"], record["servicePlan"]["monthlyFee"]) == ("fiber", 59)


def test_a_record_of_an_unknown_customer_is_404(client: S0Client) -> None:
    assert errors(client.calls("POST", "", {**FIBER, "customerId": "nobody"})) == (404, "no customer 'nobody'")


def test_a_customer_that_was_imported_has_a_record_at_once(proxy: Proxy, client: S0Client) -> None:
    plan = proxy.world.plan(
        a_plan(plan_id="pro", name="Pro", fees=[a_fee("300.00")], metered=[a_meter("0.01")], anchor_day=5)
    )
    proxy.world.subscribes("book", to=plan, on="2026-02-05")

    record = client.gets("/book")

    assert record["servicePlan"]["monthlyFee"] == Decimal("300.00")
    assert record["billingCycle"] == {"type": "monthly", "dayOfMonth": 5, "nextBillingDate": "2026-03-05"}
    assert [each["customerId"] for each in client.gets("")] == ["book"]
    assert client.calls("PUT", "/book", {"servicePlan": {"monthlyFee": 200}}).status == 409
    assert client.calls("PUT", "/book", json.loads(json.dumps(record, default=float))).status == 200


def test_a_long_list_goes_on_where_its_link_says(proxy: Proxy, client: S0Client) -> None:
    for name in ("a", "b", "c"):
        proxy.world.customer(name)
        client.posts("", {"customerId": name, "sla": {"notes": name}}, status=201)

    first = client.calls("GET", "?limit=2")

    assert [each["customerId"] for each in first.json] == ["a", "b"]
    link = first.headers["link"]
    assert link == '</api/customer-billing?limit=2&after=b>; rel="next"'
    assert [each["customerId"] for each in client.gets(link[1 : link.index(">")])] == ["c"]


def test_a_page_of_records_takes_five_reads_however_many_customers_it_has(proxy: Proxy, client: S0Client) -> None:
    plan = proxy.world.plan(a_plan(plan_id="pro", fees=[a_fee("300.00")]))
    proxy.world.book(40, to=plan, on="2026-02-01")
    before = proxy.engine.documents.counts.queries

    assert len(client.gets("")) == 40

    assert proxy.engine.documents.counts.queries - before == 4  # customers, subscriptions, invoices, payments


# invoices and payments


def test_an_invoice_run_answers_what_it_made(client: S0Client) -> None:
    """49.00 and 20.00 with 19 % of VAT: 82.11."""
    client.posts("", FIBER, status=201)

    answer = client.posts("/generate-invoices")

    assert answer["generated"] == 1
    [made] = answer["invoices"]
    assert {name: made[name] for name in ("customerId", "invoiceNumber", "amount")} == {
        "customerId": "lumen",
        "invoiceNumber": NUMBER,
        "amount": Decimal("82.11"),
    }
    assert answer["totals"]["USD"]["tax"] == Decimal("13.11")  # our own report stands beside it
    assert client.posts("/generate-invoices")["generated"] == 0


def test_an_issued_invoice_is_in_the_record_with_lines_that_add_up(client: S0Client) -> None:
    client.posts("", FIBER, status=201)
    client.posts("/generate-invoices")

    record = client.gets("/lumen")

    [invoice] = record["invoices"]
    assert invoice == {
        "invoiceId": "lumen.service.20260301T000000Z.r0",
        "invoiceNumber": NUMBER,
        "documentNumber": NUMBER,
        "amount": Decimal("82.11"),
        "currency": "USD",
        "status": "pending",
        "dueDate": "2026-03-31",
        "paidDate": None,
        "lineItems": [
            {"description": "fiber (monthly)", "quantity": 1, "unitPrice": Decimal("49.00"), "total": Decimal("49.00")},
            {"description": "fiber - setup", "quantity": 1, "unitPrice": Decimal("20.00"), "total": Decimal("20.00")},
            {"description": "Tax", "quantity": 1, "unitPrice": Decimal("13.11"), "total": Decimal("13.11")},
        ],
        "payments": [],
    }
    assert record["balance"] == {"current": Decimal("82.11"), "overdue": 0, "lastPaymentDate": None}
    assert record["billingCycle"]["nextBillingDate"] == "2026-04-01"


def test_an_invoice_is_overdue_from_the_day_after_it_was_due(proxy: Proxy, client: S0Client) -> None:
    client.posts("", FIBER, status=201)
    client.posts("/generate-invoices")

    proxy.clock.at = utc("2026-03-31T23:59")
    assert client.gets("/lumen")["invoices"][0]["status"] == "pending"
    proxy.clock.at = utc("2026-04-01")
    record = client.gets("/lumen")

    assert record["invoices"][0]["status"] == "overdue"
    assert record["balance"]["overdue"] == Decimal("82.11")


def test_an_invoice_made_by_a_client_is_of_our_series_and_known_by_the_client_s_number(client: S0Client) -> None:
    body = {
        "invoiceNumber": "A-17",
        "amount": 119.00,
        "dueDate": "2026-03-20",
        "lineItems": [{"description": "Installation", "quantity": 2, "unitPrice": 59.5, "total": 119}],
    }

    record = client.posts("/lumen/invoices", body, status=201)

    [invoice] = record["invoices"]
    assert (invoice["invoiceNumber"], invoice["documentNumber"]) == ("A-17", NUMBER)
    assert (invoice["amount"], invoice["dueDate"], invoice["status"]) == (Decimal("119.00"), "2026-03-20", "pending")
    assert invoice["lineItems"] == [
        {"description": "Installation", "quantity": 2, "unitPrice": Decimal("59.5"), "total": Decimal("119.00")}
    ]
    assert client.posts("/lumen/invoices", body, status=201) == record


def test_an_invoice_can_be_made_paid(client: S0Client) -> None:
    body = {"invoiceNumber": "A-18", "amount": 50, "dueDate": "2026-03-20", "status": "paid"}

    record = client.posts("/lumen/invoices", body, status=201)

    assert record["invoices"][0]["status"] == "paid"
    assert record["invoices"][0]["paidDate"] == "2026-03-01T08:00:00+00:00"
    assert [each["amount"] for each in record["paymentHistory"]] == [50]
    assert client.posts("/lumen/invoices", body, status=201) == record


@pytest.mark.parametrize(
    ("changed", "status", "sentence"),
    [
        ({"amount": -1}, 422, "amount"),
        ({"amount": 10.005}, 422, "at most 2 decimals"),
        ({"dueDate": "tomorrow"}, 422, "dueDate"),
        ({"status": "cancelled"}, 422, "status"),
        ({"lineItems": [{"description": "x", "quantity": 1, "unitPrice": 9}]}, 422, "add up to the amount"),
        ({"lineItems": [{"description": "x", "quantity": 2, "unitPrice": 5, "total": 9}]}, 422, "lineItems.0.total"),
        ({"lineItems": [{"description": "x"}]}, 422, "lineItems.0.unitPrice"),
        ({"invoiceNumber": ""}, 422, "invoiceNumber"),
    ],
)
def test_an_invoice_that_is_none_is_refused_by_its_field(
    client: S0Client, changed: dict[str, Any], status: int, sentence: str
) -> None:
    body = {"invoiceNumber": "A-19", "amount": 10, "dueDate": "2026-03-20"} | changed

    answered = client.calls("POST", "/lumen/invoices", body)

    assert answered.status == status, answered.body
    assert sentence in answered.json["error"]
    assert client.gets("/lumen") is None


def test_a_payment_pays_the_invoice_that_it_names_and_is_recorded_once(client: S0Client) -> None:
    client.posts("", FIBER, status=201)
    client.posts("/generate-invoices")
    body = {"amount": 82.11, "method": "credit_card", "invoiceId": NUMBER, "transactionId": "tx-1"}

    record = client.posts("/lumen/payments", body, status=201)

    [payment] = record["paymentHistory"]
    assert {name: payment[name] for name in payment if name != "paymentId"} == {
        "invoiceId": "lumen.service.20260301T000000Z.r0",
        "amount": Decimal("82.11"),
        "method": "credit_card",
        "status": "succeeded",
        "transactionId": "tx-1",
        "paidAt": "2026-03-01T08:00:00+00:00",
    }
    [invoice] = record["invoices"]
    assert (invoice["status"], invoice["payments"]) == ("paid", [payment])
    assert record["balance"] == {"current": 0, "overdue": 0, "lastPaymentDate": "2026-03-01T08:00:00+00:00"}
    assert client.posts("/lumen/payments", body, status=201) == record
    assert client.calls("POST", "/lumen/payments", {**body, "amount": 5}).status == 409


def test_a_payment_without_an_invoice_pays_what_is_due_first_and_leaves_the_rest_as_credit(client: S0Client) -> None:
    for number, day in (("late", "2026-03-20"), ("soon", "2026-03-10")):
        client.posts("/lumen/invoices", {"invoiceNumber": number, "amount": 50, "dueDate": day}, status=201)

    record = client.posts("/lumen/payments", {"amount": 70}, status=201)
    assert [(each["invoiceNumber"], each["status"]) for each in record["invoices"]] == [
        ("soon", "paid"),
        ("late", "pending"),
    ]
    assert record["balance"]["current"] == 30

    record = client.posts("/lumen/payments", {"amount": 70}, status=201)
    assert record["balance"]["current"] == -40
    assert len(record["paymentHistory"]) == 2


def test_a_payment_of_nothing_or_for_nobody_is_refused(client: S0Client) -> None:
    assert client.calls("POST", "/lumen/payments", {"amount": 0}).status == 422
    assert client.calls("POST", "/lumen/payments", {"amount": 1, "invoiceId": "X-1"}).status == 404
    assert client.calls("POST", "/nobody/payments", {"amount": 1}).status == 404


# changes


def test_a_record_is_changed_part_by_part(client: S0Client) -> None:
    client.posts("", FIBER, status=201)
    change = {
        "servicePlan": {"monthlyFee": 59},
        "billingCycle": {"dayOfMonth": 15},
        "paymentMethod": "ach",
        "autoPay": {"enabled": True, "paymentMethodId": "pm_1"},
        "invoicePreferences": {"delivery": "both"},
        "sla": {"notes": "gold"},
    }

    answered = client.calls("PUT", "/lumen", change)

    assert answered.status == 200
    record = answered.json
    assert record["servicePlan"]["monthlyFee"] == 59
    assert record["billingCycle"] == {"type": "monthly", "dayOfMonth": 15, "nextBillingDate": "2026-03-01"}
    assert (record["paymentMethod"], record["autoPay"]) == ("ach", {"enabled": True, "paymentMethodId": "pm_1"})
    assert (record["invoicePreferences"], record["sla"]["notes"]) == ({"delivery": "both"}, "gold")


def test_a_record_that_was_read_can_be_sent_back_whole(client: S0Client) -> None:
    client.posts("", FIBER, status=201)
    client.posts("/generate-invoices")
    client.posts("/lumen/payments", {"amount": 80}, status=201)
    record = json.loads(client.calls("GET", "/lumen").body)

    assert json.loads(client.calls("PUT", "/lumen", record | {"_id": "65f0"}).body) == record


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"balance": {"current": 0}}, "balance"),
        ({"invoices": []}, "invoices"),
        ({"invoices": [{"invoiceId": "lumen.service.20260301T000000Z.r0", "status": "paid"}]}, "invoices[0]"),
        ({"invoices": [{"invoiceId": "made-up", "amount": 1}]}, "invoices[0]"),
        ({"paymentHistory": [{"paymentId": "p-1", "amount": 82.11}]}, "paymentHistory"),
    ],
)
def test_what_is_issued_or_recorded_is_not_overwritten(client: S0Client, change: dict[str, Any], field: str) -> None:
    client.posts("", FIBER, status=201)
    client.posts("/generate-invoices")
    record = client.gets("/lumen")

    status, sentence = errors(client.calls("PUT", "/lumen", {**change, "sla": {"notes": "gone"}}))

    assert (status, sentence.partition(" ")[0]) == (409, field)
    assert client.gets("/lumen") == record


def test_a_change_of_nobody_s_record_is_404(client: S0Client) -> None:
    assert client.calls("PUT", "/nobody", {"sla": {}}).status == 404
    assert errors(client.calls("PUT", "/lumen", {"sla": {}})) == (404, "no billing record 'lumen'")


# the daily steps


def test_a_dunning_run_answers_what_it_did_for_whom(proxy: Proxy, client: S0Client) -> None:
    """Due on 25 February, so that 1 March is the third day after the first one overdue: the first reminder."""
    client.posts("", FIBER | {"billingCycle": {"nextBillingDate": "2026-06-01"}}, status=201)
    client.posts("/lumen/invoices", {"invoiceNumber": "A-1", "amount": 50, "dueDate": "2026-02-25"}, status=201)

    answer = client.posts("/dunning/run")

    assert answer["processed"] == 2
    overdue, detail = answer["details"]
    assert (overdue["action"], overdue["reminderCount"]) == ("overdue", 0)
    assert (detail["customerId"], detail["action"], detail["reminderCount"]) == ("lumen", "reminder", 1)
    dunning = client.gets("/lumen")["dunning"]
    assert (dunning["reminderCount"], dunning["suspendedAt"]) == (1, None)
    assert dunning["lastReminderAt"] is not None

    for day, action in (("2026-03-12", "manual_review"), ("2026-03-19", "suspended")):  # days 14 and 21
        proxy.clock.at = utc(f"{day}T08:00")
        assert client.posts("/dunning/run")["details"][-1]["action"] == action
    dunning = client.gets("/lumen")["dunning"]
    assert dunning["suspendedAt"] is not None
    assert "INV-2026-03-0001" in dunning["suspensionReason"]


def test_with_the_internal_key_the_steps_run_for_all_tenants_without_a_header(proxy: Proxy, client: S0Client) -> None:
    add_tenant(proxy.engine.documents, "other")
    client.posts("", FIBER, status=201)

    answer = client.without("X-Tenant-ID").posts("/generate-invoices")

    assert (answer["tenants"], answer["generated"]) == (2, 2)
    assert {each["tenantId"] for each in answer["invoices"]} == {"acme", "other"}
    assert client.without("X-Tenant-ID").posts("/dunning/run")["tenants"] == 2


def test_a_run_takes_what_its_function_takes_and_refuses_the_rest(client: S0Client) -> None:
    client.posts("", FIBER, status=201)

    assert client.posts("/generate-invoices", {"dry_run": True})["generated"] == 1
    status, sentence = errors(client.calls("POST", "/generate-invoices", {"dryRun": True}))
    assert (status, sentence.partition(":")[0]) == (422, "dryRun")
    assert client.posts("/generate-invoices")["generated"] == 1


@pytest.mark.parametrize(
    ("header", "body", "tenants"),
    [("acme", None, 1), ("acme, other", None, 2), (None, {"tenantIds": ["other", "acme"]}, 2), (None, None, 3)],
)
def test_the_cron_route_runs_both_steps_for_one_tenant_a_list_or_all(
    proxy: Proxy, client: S0Client, header: str | None, body: object, tenants: int
) -> None:
    for name in ("other", "third"):
        add_tenant(proxy.engine.documents, name)
    client.posts("", FIBER, status=201)
    client.posts("/lumen/invoices", {"invoiceNumber": "A-1", "amount": 50, "dueDate": "2026-02-25"}, status=201)
    cron = client.without("X-Tenant-ID") if header is None else client.sending(X_Tenant_ID=header)

    answer = cron.posts("/api/internal/cron/billing", body)

    assert answer == {
        "tenants": tenants,
        "invoicesGenerated": tenants,
        "dunningProcessed": 2,  # overdue, and the reminder of its third day
        "complete": True,
        "errors": [],
    }


def test_a_tenant_that_fails_does_not_stop_the_others(proxy: Proxy, client: S0Client) -> None:
    add_tenant(proxy.engine.documents, "other")
    client.posts("", FIBER, status=201)
    cron = client.without("X-Tenant-ID")

    answer = cron.posts("/api/internal/cron/billing", {"tenantIds": ["nowhere", "a/b", "acme", "other"]})

    assert (answer["tenants"], answer["invoicesGenerated"]) == (4, 2)
    assert [(each["tenantId"], each["code"]) for each in answer["errors"]] == [
        ("nowhere", "not_found"),
        ("a/b", "invalid_input"),
    ]
    assert answer["errors"][0]["message"] == "no tenant 'nowhere'"


@pytest.mark.parametrize("body", [{"tenantIds": []}, {"tenantIds": "acme"}, {"tenants": ["acme"]}, [1]])
def test_a_cron_call_that_names_no_list_runs_nothing(client: S0Client, body: object) -> None:
    client.posts("", FIBER, status=201)

    assert client.without("X-Tenant-ID").calls("POST", "/api/internal/cron/billing", body).status == 422

    assert client.gets("/lumen")["invoices"] == []


DEEP = json.loads("[" * 500 + "]" * 500)


@pytest.mark.parametrize(
    "body",
    [
        {"as_of": {"day": []}},
        {"as_of": DEEP},
        {"as_of": 10**30},
        {"as_of": "\ud800"},
        {"as_of": "2026-02-30"},
        {"as_of": None},
        {"dry_run": "yes"},
        {"tenantIds": DEEP},
        {"tenantIds": ["\ud800"]},
        {"\ud800": 1},
    ],
    ids=[
        "object",
        "deep",
        "huge",
        "half a character",
        "no day",
        "null",
        "no flag",
        "deep ids",
        "half an id",
        "half a name",
    ],
)
def test_a_cron_call_that_no_step_could_take_runs_nothing(client: S0Client, body: object) -> None:
    client.posts("", FIBER, status=201)

    assert client.without("X-Tenant-ID").calls("POST", "/api/internal/cron/billing", body).status == 422

    assert client.gets("/lumen")["invoices"] == []


# who may


CALLS = (
    ("GET", ""),
    ("GET", "/lumen"),
    ("POST", ""),
    ("PUT", "/lumen"),
    ("POST", "/lumen/invoices"),
    ("POST", "/lumen/payments"),
    ("POST", "/generate-invoices"),
    ("POST", "/dunning/run"),
)


@pytest.mark.parametrize(("method", "path"), [*CALLS, ("POST", "/api/internal/cron/billing")])
def test_without_a_credential_or_with_a_wrong_one_nobody_gets_in(client: S0Client, method: str, path: str) -> None:
    for stranger in (client.without("x-internal-key"), client.sending(x_internal_key="x" * 32)):
        status, sentence = errors(stranger.calls(method, path, {}))
        assert (status, sentence.endswith("is missing or invalid")) == (401, True)


@pytest.mark.parametrize(("method", "path"), CALLS[:6])
def test_without_a_tenant_nothing_is_done(client: S0Client, method: str, path: str) -> None:
    status, sentence = errors(client.without("X-Tenant-ID").calls(method, path, {}))
    assert (status, sentence.partition(":")[0]) == (400, "X-Tenant-ID")


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_tenant_that_is_not_the_caller_s_is_403(client: S0Client, method: str, path: str) -> None:
    assert client.sending(X_Tenant_ID="nowhere").calls(method, path, {}).status == 403


def test_staff_run_the_steps_of_their_tenant_alone_and_viewers_none(tmp_path: Path) -> None:
    with running_api(tmp_path) as api:
        ask = _asker(api, "POST", "/api/customer-billing/generate-invoices")
        assert ask(Role.STAFF, {"X-Tenant-ID": "acme"}) == 200
        assert ask(Role.STAFF, {"X-Tenant-ID": "umbra"}) == 403
        assert ask(Role.VIEWER, {"X-Tenant-ID": "acme"}) == 403
        cron = _asker(api, "POST", "/api/internal/cron/billing")
        assert cron(Role.ADMIN, {"X-Tenant-ID": "acme"}) == 403


def _asker(api: ApiBooks, method: str, path: str) -> Any:  # noqa: ANN401 - asks, and tells the status
    return lambda role, sent: api.ask(method, path, role=role, sent=sent).status


def test_who_asked_stands_in_the_audit_log(proxy: Proxy, client: S0Client) -> None:
    client.sending(X_Request_ID="req-from-afar").posts("", FIBER, status=201)

    [record] = [
        each
        for batch in proxy.world.collection("audit")
        for each in batch.fields["records"]  # type: ignore[union-attr]
        if each["event"] == "subscription.created"  # type: ignore[index, call-overload]
    ]
    assert (record["actor"], record["request_id"]) == ("internal-key", "req-from-afar")  # type: ignore[index, call-overload]


# on the other store, through functions-framework


@pytest.mark.emulator
@pytest.mark.slow
def test_on_firestore_and_through_the_framework_it_is_the_same(tmp_path: Path, firestore: str) -> None:
    project = fresh_project()
    environ = laptop_environment(tmp_path) | {
        "BILLING_STORE": "firestore",
        "FIRESTORE_EMULATOR_HOST": firestore,
        "GOOGLE_CLOUD_PROJECT": project,
    }
    with (
        closing(FirestoreDocuments(project)) as documents,
        running_door(environ, folder=tmp_path, function="api_proxy") as door,
    ):
        _stand_up(documents)
        client = S0Client(send=lambda method, path, body, sent: door.call(method, path=path, body=body, sent=sent))
        due = {**FIBER, "billingCycle": {"type": "monthly", "dayOfMonth": 1, "nextBillingDate": "2026-11-01"}}
        client.posts("", due, status=201)
        client.posts("/lumen/invoices", {"invoiceNumber": "A-1", "amount": 50, "dueDate": "2026-01-10"}, status=201)

        answer = client.posts("/api/internal/cron/billing")
        assert (answer["invoicesGenerated"], answer["errors"]) == (1, [])
        record = client.posts("/lumen/payments", {"amount": 132.11, "transactionId": "tx-1"}, status=201)

        assert sorted(each["amount"] for each in record["invoices"]) == [50, Decimal("82.11")]
        assert {each["status"] for each in record["invoices"]} == {"paid"}
        assert record["balance"]["current"] == 0
        assert client.calls("PUT", "/lumen", {"balance": {"current": 5}}).status == 409
        assert client.gets("") == [record]


def _stand_up(documents: Documents) -> None:
    tenant = a_tenant()
    documents.commit(
        [
            Tenants(documents).saving(tenant),
            Tenants(documents).saving_taxes(tenant.id, GERMAN_VAT),
            Customers.of(documents, tenant.id).creation(a_customer(id="lumen")),
        ]
    )
