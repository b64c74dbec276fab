"""The older clients' invoices and payments, run or made by hand, as their records show them."""

from decimal import Decimal
from typing import Any

import pytest

from tests.builders import utc
from tests.functions.proxy import Proxy
from tests.functions.s0_client import S0Client
from tests.functions.s0_surface import FIBER, NUMBER, client, proxy

__all__ = ["client", "proxy"]


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


def test_a_discount_is_a_line_below_0(client: S0Client) -> None:
    lines = [
        {"description": "Installation", "quantity": 2, "unitPrice": 60},
        {"description": "Neighbours", "quantity": 1, "unitPrice": -20, "total": -20},
        {"description": "Voucher", "total": -1.5},
    ]
    body = {"invoiceNumber": "A-1", "amount": 98.5, "dueDate": "2026-03-20", "lineItems": lines}

    [invoice] = client.posts("/lumen/invoices", body, status=201)["invoices"]

    assert invoice["amount"] == Decimal("98.5")
    assert [each["total"] for each in invoice["lineItems"]] == [120, -20, Decimal("-1.5")]


def test_an_invoice_of_nothing_was_paid_when_it_was_made(client: S0Client) -> None:
    body = {"invoiceNumber": "A-1", "amount": 0, "dueDate": "2026-03-20"}

    [invoice] = client.posts("/lumen/invoices", body, status=201)["invoices"]

    assert (invoice["status"], invoice["paidDate"]) == ("paid", "2026-03-01T08:00:00+00:00")


def test_instants_are_to_the_second_whatever_the_clock_says(proxy: Proxy, client: S0Client) -> None:
    proxy.clock.at = utc("2026-03-02T09:30:15.123456")
    client.posts("", FIBER, status=201)
    body = {"invoiceNumber": "A-1", "amount": 10, "dueDate": "2026-03-20", "status": "paid"}

    record = client.posts("/lumen/invoices", body, status=201)

    said = "2026-03-02T09:30:15+00:00"
    assert record["invoices"][0]["paidDate"] == record["balance"]["lastPaymentDate"] == said
    assert record["createdAt"] == record["updatedAt"] == record["paymentHistory"][0]["paidAt"] == said


def test_an_invoice_made_paid_has_a_payment_of_its_own_and_leaves_the_credit_alone(
    proxy: Proxy, client: S0Client
) -> None:
    client.posts("/lumen/payments", {"amount": 100}, status=201)
    body = {"invoiceNumber": "Q1", "amount": 100, "dueDate": "2026-12-01", "status": "paid"}

    record = client.posts("/lumen/invoices", body, status=201)

    [invoice] = record["invoices"]
    assert invoice["status"] == "paid"
    assert [(each["amount"], each["method"]) for each in invoice["payments"]] == [(100, "manual")]
    assert record["balance"]["current"] == -100
    before = proxy.world.everything()
    assert client.posts("/lumen/invoices", body, status=201) == record
    assert proxy.world.everything() == before


def test_an_open_invoice_is_paid_by_its_number_once(client: S0Client) -> None:
    body = {"invoiceNumber": "Q1", "amount": 100, "dueDate": "2026-12-01"}
    client.posts("/lumen/invoices", body, status=201)
    client.posts("/lumen/payments", {"amount": 30, "invoiceId": "Q1"}, status=201)

    record = client.posts("/lumen/invoices", {**body, "status": "paid"}, status=201)

    assert sorted(each["amount"] for each in record["invoices"][0]["payments"]) == [30, 70]
    assert client.posts("/lumen/invoices", {**body, "status": "paid"}, status=201) == record


def test_an_invoice_can_be_made_cancelled_and_cancelled_by_its_number(client: S0Client) -> None:
    client.posts("/lumen/payments", {"amount": 100}, status=201)
    body = {"invoiceNumber": "Q1", "amount": 100, "dueDate": "2026-12-01", "status": "cancelled"}

    record = client.posts("/lumen/invoices", body, status=201)

    [invoice] = record["invoices"]
    assert (invoice["status"], invoice["documentNumber"], invoice["payments"]) == ("cancelled", NUMBER, [])
    assert record["balance"]["current"] == -100
    assert client.posts("/lumen/invoices", body, status=201) == record
    assert client.calls("POST", "/lumen/invoices", {**body, "status": "paid"}).status == 409

    other = {**body, "invoiceNumber": "Q2", "amount": 200}
    client.posts("/lumen/invoices", {**other, "status": "pending"}, status=201)
    assert client.calls("POST", "/lumen/invoices", other).status == 409  # the credit paid a part of it
    third = {**body, "invoiceNumber": "Q3", "amount": 300}
    client.posts("/lumen/invoices", {**third, "status": "pending"}, status=201)
    record = client.posts("/lumen/invoices", third, status=201)
    assert [each["status"] for each in record["invoices"]] == ["cancelled", "pending", "cancelled"]


@pytest.mark.parametrize(
    ("changed", "status", "sentence"),
    [
        ({"amount": -1}, 422, "amount"),
        ({"amount": 10.005}, 422, "at most 2 decimals"),
        ({"dueDate": "tomorrow"}, 422, "dueDate"),
        ({"status": "refunded"}, 422, "status"),
        (
            {"lineItems": [{"description": "x", "quantity": 1, "unitPrice": 9}]},
            422,
            "lineItems: expected lines that add up to the amount, 10.00 USD, got '9.00 USD'",
        ),
        (
            {"lineItems": [{"description": "x", "total": 10.001}]},
            422,
            "lineItems[0].total: expected at most 2 decimals",
        ),
        ({"lineItems": [{"description": "x", "quantity": 2, "unitPrice": 5, "total": 9}]}, 422, "lineItems[0].total"),
        ({"lineItems": [{"description": "x"}]}, 422, "lineItems[0].unitPrice"),
        ({"lineItems": [{"description": " ", "total": 10}]}, 422, "lineItems[0].description"),
        (
            {"lineItems": [{"description": "x", "total": 10, "quantity": 10**13}]},
            422,
            "lineItems[0].quantity: input should be less than or equal to 1000000000000, got 10000000000000",
        ),
        ({"invoiceNumber": ""}, 422, "invoiceNumber"),
        ({"invoiceNumber": "  "}, 422, "invoiceNumber"),
        ({"invoiceNumber": "A\n1"}, 422, "invoiceNumber"),
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


def test_a_payment_without_an_invoice_is_recorded_once_too_whatever_is_open_by_then(client: S0Client) -> None:
    given = {"invoiceNumber": "A", "amount": 50, "dueDate": "2026-03-20"}
    client.posts("/lumen/invoices", given, status=201)
    body = {"amount": 50, "transactionId": "tx-9"}
    record = client.posts("/lumen/payments", body, status=201)
    assert client.posts("/lumen/payments", body, status=201) == record
    client.posts("/lumen/invoices", {**given, "invoiceNumber": "B"}, status=201)

    again = client.posts("/lumen/payments", body, status=201)

    assert {each["invoiceNumber"]: each["status"] for each in again["invoices"]} == {"A": "paid", "B": "pending"}
    assert again["paymentHistory"] == record["paymentHistory"]
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


@pytest.mark.parametrize("method", ["wire", "SEPA", "ach", "cheque", None])
def test_a_payment_has_the_method_that_it_was_sent_with(client: S0Client, method: str | None) -> None:
    record = client.posts("/lumen/payments", {"amount": 5, "method": method}, status=201)

    assert [each["method"] for each in record["paymentHistory"]] == [method or "manual"]


def test_a_payment_of_nothing_or_for_nobody_is_refused(client: S0Client) -> None:
    assert client.calls("POST", "/lumen/payments", {"amount": 0}).status == 422
    assert client.calls("POST", "/lumen/payments", {"amount": 1, "invoiceId": "X-1"}).status == 404
    assert client.calls("POST", "/nobody/payments", {"amount": 1}).status == 404
