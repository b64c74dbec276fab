"""The older clients' records: read, created and changed, and what comes back to the letter."""

import json
from decimal import Decimal
from typing import Any

import pytest

from billing.ports import Put
from billing.store.codec import encode
from tests.builders import a_customer, a_fee, a_meter, a_plan, utc
from tests.functions.proxy import Proxy
from tests.functions.s0_client import S0Client
from tests.functions.s0_surface import FIBER, client, errors, proxy

__all__ = ["client", "proxy"]


def test_a_customer_without_a_record_is_null_and_in_no_list(client: S0Client) -> None:
    assert client.gets("/lumen") is None
    assert client.gets("/nobody") is None
    for impossible in ("/_x", "/ab%20c", "/%C3%BC"):
        assert client.gets(impossible) is None
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


def test_one_slash_at_the_end_of_an_address_means_nothing(client: S0Client) -> None:
    record = client.posts("/", FIBER, status=201)

    assert client.gets("/lumen/") == client.gets("/?customerId=lumen")[0] == record
    assert client.calls("PUT", "/lumen/", {"sla": {"notes": ""}}).json == record
    assert client.posts("/generate-invoices/")["generated"] == 1
    assert client.posts("/dunning/run/")["processed"] == 0
    assert client.posts("/api/internal/cron/billing/")["tenants"] == 1
    assert len(client.posts("/lumen/payments/", {"amount": 5}, status=201)["paymentHistory"]) == 1
    for nowhere in ("//", "/lumen//", "/lumen%2F"):
        assert client.calls("GET", nowhere).status == 404


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


def test_an_imported_record_that_is_sent_back_whole_is_left_as_it_was(proxy: Proxy, client: S0Client) -> None:
    """Nothing is written, the method that it saved is not taken for one that was named, and it is no older or newer."""
    plan = proxy.world.plan(a_plan(plan_id="pro", name="Pro", fees=[a_fee("300.00")]))
    proxy.world.subscribes("book", to=plan, on="2026-02-05")
    imported = a_customer(id="book", created_on="2026-01-20", payment_method_id="pm_9", active_subscriptions=1)
    proxy.world.documents.commit([Put("tenants/acme/customers/book", encode(imported))])
    record = json.loads(client.calls("GET", "/book").body)
    before = proxy.world.everything()

    assert json.loads(client.calls("PUT", "/book", record).body) == record
    assert proxy.world.everything() == before
    assert (record["createdAt"], record["paymentMethod"]) == ("2026-01-20T00:00:00+00:00", "credit_card")
    assert record["autoPay"]["paymentMethodId"] == "pm_9"

    changed = client.posts("", {"customerId": "book", "sla": {"notes": "gold"}})  # 200: it stood
    assert (changed["createdAt"], changed["updatedAt"]) == (record["createdAt"], "2026-03-01T08:00:00+00:00")


def test_a_record_says_when_what_it_shows_changed_last(proxy: Proxy, client: S0Client) -> None:
    """A service, an invoice, a part payment, the day from which it is overdue, a refund, the rest."""
    client.posts("", FIBER, status=201)
    said = []
    for at, path, body in (
        ("2026-03-02T09:00", "", {"customerId": "lumen", "servicePlan": {"monthlyFee": 59}}),
        ("2026-03-03T09:00", "/lumen/invoices", {"invoiceNumber": "A-1", "amount": 50, "dueDate": "2026-03-10"}),
        ("2026-03-04T09:00", "/lumen/payments", {"amount": 20, "transactionId": "t-1"}),
    ):
        proxy.clock.at = utc(at)
        client.calls("POST", path, body)
        said.append(client.gets("/lumen")["updatedAt"])
    proxy.clock.at = utc("2026-03-20T09:00")
    said.append(client.gets("/lumen")["updatedAt"])
    client.posts(
        "/lumen/invoices", {"invoiceNumber": "A-1", "amount": 50, "dueDate": "2026-03-10", "status": "paid"}, status=201
    )
    proxy.clock.at = utc("2026-03-25T09:00")
    said.append(client.gets("/lumen")["updatedAt"])

    days = ["2026-03-02T09", "2026-03-03T09", "2026-03-04T09", "2026-03-11T00", "2026-03-20T09"]
    assert said == [f"{each}:00:00+00:00" for each in days]
    assert client.gets("/lumen")["createdAt"] == "2026-03-01T08:00:00+00:00"


def test_a_customer_with_nothing_but_an_invoice_has_a_record_that_stood(proxy: Proxy, client: S0Client) -> None:
    made = a_customer(id="made", created_on="")
    proxy.world.documents.commit([Put("tenants/acme/customers/made", encode(made))])
    client.posts("/made/invoices", {"invoiceNumber": "A-1", "amount": 50, "dueDate": "2026-03-10"}, status=201)
    proxy.clock.at = utc("2026-03-02T09:00")

    record = client.posts("", {"customerId": "made", "sla": {"notes": "gold"}}, status=200)

    assert record["createdAt"] == "2026-03-01T08:00:00+00:00"


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
