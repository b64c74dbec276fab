"""Words of the older clients' surface: statuses of invoices, days as clients write them, and what may be sent back."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.api.customer_billing.bodies import local_day
from billing.api.customer_billing.invoice_entries import payment_entries, shown_status
from billing.api.customer_billing.kept import RecordIsKept, require_kept
from billing.domain.errors import InvalidInput
from billing.domain.invoice import InvoiceStatus
from billing.domain.payment import Payment, PaymentSource
from billing.usecases.billing_accounts import BillingAccount
from tests.builders import a_customer, utc
from tests.golden.sample_invoices import ACCOUNT_1047


@pytest.mark.parametrize(
    ("status", "due", "shown"),
    [
        (InvoiceStatus.DRAFT, "2026-03-01", "pending"),
        (InvoiceStatus.ISSUED, "2026-03-10", "pending"),
        (InvoiceStatus.ISSUED, "2026-03-09", "overdue"),
        (InvoiceStatus.OVERDUE, "2026-03-09", "overdue"),
        (InvoiceStatus.PAID, "2026-03-01", "paid"),
        (InvoiceStatus.VOID, "2026-03-01", "cancelled"),
        (InvoiceStatus.UNCOLLECTIBLE, "2026-03-01", "cancelled"),
    ],
)
def test_each_status_has_one_of_the_clients_four_words(status: InvoiceStatus, due: str, shown: str) -> None:
    invoice = replace(ACCOUNT_1047, status=status, due_on=date.fromisoformat(due))

    assert shown_status(invoice, today=date(2026, 3, 10)) == shown


@pytest.mark.parametrize(
    ("source", "said", "shown"),
    [
        (PaymentSource.CARD, {"reference": "INV-2026-02-0047", "gateway_id": "pi_1"}, "pi_1"),
        (PaymentSource.MANUAL, {"reference": "tx-9"}, "tx-9"),
        (PaymentSource.BANK_TRANSFER, {"reference": "INV-2026-02-0047"}, "INV-2026-02-0047"),
        (PaymentSource.BANK_TRANSFER, {}, None),
        (PaymentSource.CREDIT_BALANCE, {"reference": "INV-2026-02-0047"}, None),
    ],
)
def test_a_transaction_is_known_by_its_maker_s_id(
    source: PaymentSource, said: dict[str, Any], shown: str | None
) -> None:
    payment = Payment(
        id="p-1",
        customer_id="acme",
        currency="EUR",
        amount=100,
        source=source,
        received_at=utc("2026-03-01"),
        to_balance=100,
        **said,
    )
    account = BillingAccount(customer=a_customer(), service=None, plan=None, invoices=(), payments=(payment,))

    assert [each["transactionId"] for each in payment_entries(account)] == [shown]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01T00:00:00Z", "2026-03-01"),  # how a client in a browser writes a day
        ("2026-03-01T00:00:00.000Z", "2026-03-01"),
        ("2026-03-01T02:00:00Z", "2026-02-28"),  # still the evening before in New York
        ("2026-03-01T23:30:00-05:00", "2026-03-01"),
    ],
)
def test_a_day_is_read_as_it_was_meant(text: str, day: str) -> None:
    assert local_day("dueDate", text, zone="America/New_York") == date.fromisoformat(day)


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30", "1999-12-31", "2026-03-01T00:00:00", "20260301"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="dueDate"):
        local_day("dueDate", text, zone="UTC")


RECORD: dict[str, Any] = {
    "invoices": [
        {"invoiceId": "a", "amount": Decimal("10.00"), "dueDate": "2026-03-01", "lineItems": [{"total": 10}]},
        {"invoiceId": "b", "amount": Decimal("5.00"), "dueDate": "2026-03-02", "lineItems": []},
    ],
    "paymentHistory": [{"paymentId": "p", "amount": Decimal(7)}],
    "balance": {"current": Decimal("8.00"), "lastPaymentDate": "2026-03-01T08:00:00+00:00"},
}


@pytest.mark.parametrize(
    "given",
    [
        {},
        RECORD,
        {"invoices": list(reversed(RECORD["invoices"]))},
        {
            "invoices": [
                {"invoiceId": "a", "amount": 10, "dueDate": "2026-03-01T00:00:00.000Z", "_id": 1},
                {"amount": 5},
            ]
        },
        {"balance": {"current": 8, "lastPaymentDate": "2026-03-01T09:00:00+01:00", "currency": "USD"}},
        {"invoices": None, "paymentHistory": None, "balance": None},
    ],
)
def test_what_says_the_same_in_other_words_may_be_sent_back(given: dict[str, Any]) -> None:
    require_kept(given, RECORD)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"invoices": RECORD["invoices"][:1]}, "invoices"),
        ({"invoices": [{"invoiceId": "a", "amount": Decimal("10.01")}, {"invoiceId": "b"}]}, r"invoices\[0\]"),
        ({"invoices": [{"invoiceId": "a"}, {"invoiceId": "b", "lineItems": [{"total": 5}]}]}, r"invoices\[1\]"),
        ({"invoices": [{"invoiceId": "a", "lineItems": [{"total": 9}]}, {"invoiceId": "b"}]}, r"invoices\[0\]"),
        ({"paymentHistory": [{"paymentId": "q"}]}, r"paymentHistory\[0\]"),
        ({"balance": {"lastPaymentDate": None}}, "balance"),
    ],
)
def test_what_says_anything_else_is_refused_by_its_place(given: dict[str, Any], field: str) -> None:
    with pytest.raises(RecordIsKept, match=f"^{field} can't be overwritten"):
        require_kept(given, RECORD)
