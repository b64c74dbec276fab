"""Numbers as JavaScript clients of the older surface compute them."""

from decimal import Decimal

import pytest

from tests.functions.s0_client import S0Client
from tests.functions.s0_surface import client, proxy

__all__ = ["client", "proxy"]


def test_numbers_that_a_client_computed_in_binary_are_what_they_mean(client: S0Client) -> None:
    """3 x 19.9 is 59.699999999999996 in JavaScript, 0.1 + 0.2 is 0.30000000000000004, and 1.1 x 3 has a 3 too much."""
    lines = [
        {"description": "Routers", "quantity": 3, "unitPrice": 19.9, "total": 3 * 19.9},
        {"description": "Cable", "quantity": 1.1 * 3, "unitPrice": 0.1 + 0.2, "total": 0.99},
        {"description": "Voucher", "total": -(0.1 + 0.7)},
    ]
    body = {"invoiceNumber": "A-20", "amount": 3 * 19.9 + 0.19, "dueDate": "2026-03-20", "lineItems": lines}
    [made] = client.posts("/lumen/invoices", body, status=201)["invoices"]
    assert made["amount"] == Decimal("59.89")
    assert [(each["quantity"], each["unitPrice"], each["total"]) for each in made["lineItems"]] == [
        (3, Decimal("19.9"), Decimal("59.70")),
        (Decimal("3.3"), Decimal("0.3"), Decimal("0.99")),
        (1, Decimal("-0.8"), Decimal("-0.80")),
    ]
    payment = {"amount": 59.589999999999996 + (0.1 + 0.2), "transactionId": "tx-20"}
    record = client.posts("/lumen/payments", payment, status=201)
    assert (record["invoices"][0]["status"], record["balance"]["current"]) == ("paid", 0)
    service = {"customerId": "lumen", "servicePlan": {"planName": "fiber", "monthlyFee": 4.35 * 100}}
    assert client.posts("", service)["servicePlan"]["monthlyFee"] == 435


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        (12345678.12345679, "amount: expected at most 2 decimals"),  # as it was meant
        (10.004999999999999, "amount: expected at most 2 decimals"),  # 10.005 is meant: a third decimal
        (9_999_999.005000002, "amount: expected at most 2 decimals"),  # 9,999,999.005 is meant, however large
        (33.333333333333336, "amount: "),  # a third of a hundred
        ("10.000000000000002", "amount: "),  # text is exact
        (0.1 + 0.2 - 0.3, "amount: "),  # 5.551115123125783e-17 is near nothing
    ],
)
def test_a_number_that_means_no_whole_cents_is_refused(client: S0Client, amount: float | str, sentence: str) -> None:
    body = {"invoiceNumber": "A-21", "amount": amount, "dueDate": "2026-03-20"}

    answered = client.calls("POST", "/lumen/invoices", body)

    assert answered.status == 422, answered.body
    assert answered.json["error"].startswith(sentence)
    assert client.gets("/lumen") is None


def test_a_computed_number_of_whole_hundreds_is_whole(client: S0Client) -> None:
    body = {"invoiceNumber": "A-22", "amount": 4.35 * 100 + 65 + 2**-43, "dueDate": "2026-03-20"}
    [made] = client.posts("/lumen/invoices", body, status=201)["invoices"]
    assert made["amount"] == 500
