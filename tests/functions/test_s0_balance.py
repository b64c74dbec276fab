"""What older clients' records say is owed, what a payment that names no invoice pays, and what came last."""

import json
from typing import Any

import pytest

from tests.builders import utc
from tests.functions.proxy import Proxy
from tests.functions.s0_client import S0Client
from tests.functions.s0_surface import FIBER, client, errors, proxy

__all__ = ["client", "proxy"]


def invoices(client: S0Client, number: str, amount: int, due: str) -> Any:  # noqa: ANN401 - any JSON
    body = {"invoiceNumber": number, "amount": amount, "dueDate": due}
    record = client.posts("/lumen/invoices", body, status=201)
    return next(each for each in record["invoices"] if each["invoiceNumber"] == number)


@pytest.fixture
def given_up(client: S0Client) -> None:
    """W-1 of 50.00 was due first and is written off; W-2 of 80.00 is open."""
    first = invoices(client, "W-1", 50, "2026-03-10")
    invoices(client, "W-2", 80, "2026-03-20")
    client.posts(f"/api/billing/invoices/{first['invoiceId']}/write-off", {"reason": "insolvent"})


def shown(record: Any) -> dict[str, tuple[str, list[int]]]:  # noqa: ANN401
    return {
        each["invoiceNumber"]: (each["status"], [part["amount"] for part in each["payments"]])
        for each in record["invoices"]
    }


@pytest.mark.usefixtures("given_up")
def test_a_payment_without_an_invoice_pays_what_is_owed_and_not_what_was_given_up(client: S0Client) -> None:
    assert client.gets("/lumen")["balance"]["current"] == 80

    record = client.posts("/lumen/payments", {"amount": 80}, status=201)

    assert shown(record) == {"W-1": ("cancelled", []), "W-2": ("paid", [80])}
    assert record["balance"]["current"] == 0


@pytest.mark.usefixtures("given_up")
def test_what_is_over_is_credit_and_what_was_given_up_is_paid_by_its_number(client: S0Client) -> None:
    record = client.posts("/lumen/payments", {"amount": 100}, status=201)
    assert (shown(record)["W-1"], record["balance"]["current"]) == (("cancelled", []), -20)

    record = client.posts("/lumen/payments", {"amount": 50, "invoiceId": "W-1"}, status=201)
    assert (shown(record)["W-1"], record["balance"]["current"]) == (("paid", [50]), -20)


@pytest.mark.usefixtures("given_up")
def test_the_api_s_balance_counts_nothing_that_was_given_up(client: S0Client) -> None:
    balance = client.gets("/api/billing/customers/lumen/balance")

    assert (balance["amount_due"], balance["open_invoices"]) == (8000, 1)


def test_credit_that_an_invoice_uses_is_no_payment_that_came(proxy: Proxy, client: S0Client) -> None:
    client.posts("/lumen/payments", {"amount": 100}, status=201)
    proxy.clock.at = utc("2026-03-05T08:00")

    invoices(client, "C-1", 30, "2026-03-20")

    record = client.gets("/lumen")
    assert shown(record) == {"C-1": ("paid", [30])}
    assert record["balance"]["lastPaymentDate"] == "2026-03-01T08:00:00+00:00"


@pytest.mark.parametrize("change", [{"servicePlan": {"monthlyFee": 59}}, {"billingCycle": {"dayOfMonth": 15}}])
def test_a_service_that_ends_with_its_next_bill_is_changed_no_more(client: S0Client, change: dict[str, Any]) -> None:
    client.posts("", FIBER, status=201)
    client.posts("/generate-invoices")
    client.posts("/api/billing/subscriptions/lumen.service/cancel", {})
    record = json.loads(client.calls("GET", "/lumen").body)

    status, sentence = errors(client.calls("PUT", "/lumen", change))

    way_out = "take that back first (POST /api/billing/subscriptions/lumen.service/cancel/undo)"
    said = f"subscription lumen.service ends on 2026-04-01 with its last bill, which no change follows: {way_out}"
    assert (status, sentence) == (409, said)
    assert client.calls("PUT", "/lumen", record).status == 200  # what it says already is no change
    assert json.loads(client.calls("GET", "/lumen").body) == record
    client.posts("/api/billing/subscriptions/lumen.service/cancel/undo", {})
    assert client.calls("PUT", "/lumen", change).status == 200


def test_a_service_that_ends_later_is_changed_until_then(client: S0Client) -> None:
    client.posts("", FIBER, status=201)
    client.posts("/generate-invoices")
    client.posts("/api/billing/subscriptions/lumen.service/cancel", {"at": "2026-05-01"})

    client.calls("PUT", "/lumen", {"servicePlan": {"monthlyFee": 59}})

    made = client.posts("/generate-invoices", {"as_of": "2026-04-01"})["invoices"]
    assert [str(each["amount"]) for each in made] == ["70.21"]  # 59.00 and 19 %
