"""Invoices and payments as a billing record lists them."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final, assert_never

import orjson

from billing.api.job import Members
from billing.api.json_amount import json_amount
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.payment import Payment, PaymentSource
from billing.usecases.billing_accounts import BillingAccount

TRANSFERS: Final = frozenset({"ach", "bank_transfer", "wire", "sepa"})
"""What clients call a payment that came by the bank."""

_METHODS = {
    PaymentSource.CARD: "credit_card",
    PaymentSource.BANK_TRANSFER: "ach",
    PaymentSource.CREDIT_BALANCE: "credit_balance",
    PaymentSource.MANUAL: "manual",
}


def invoice_entries(account: BillingAccount, *, today: date) -> list[Members]:
    """Every invoice of the account, the first due first, each with the payments that were applied to it."""
    return [_invoice(each, account, today=today) for each in account.invoices]


def payment_entries(account: BillingAccount) -> list[Members]:
    """Every payment of the account, as they came; `invoiceId` is the first invoice that it paid of."""
    return [
        _payment(each, amount=each.amount, invoice_id=each.applications[0].invoice_id if each.applications else None)
        for each in account.payments
    ]


def shown_status(invoice: Invoice, *, today: date) -> str:
    """One of pending, paid, overdue and cancelled, on a local day; what was given up is cancelled too."""
    match invoice.status:
        case InvoiceStatus.DRAFT:
            return "pending"
        case InvoiceStatus.ISSUED:
            return "overdue" if invoice.due_on < today else "pending"
        case InvoiceStatus.OVERDUE:
            return "overdue"
        case InvoiceStatus.PAID:
            return "paid"
        case InvoiceStatus.VOID | InvoiceStatus.UNCOLLECTIBLE:
            return "cancelled"
        case _:
            assert_never(invoice.status)


def instant(at: datetime) -> str:
    """An instant as this surface writes it: ISO 8601 in UTC, to the second."""
    return at.isoformat(timespec="seconds")


def _invoice(invoice: Invoice, account: BillingAccount, *, today: date) -> Members:
    """`invoiceNumber` is the number by which whoever made it knows it; `documentNumber` the one on the document."""
    is_paid = invoice.status is InvoiceStatus.PAID
    paid_at = invoice.paid_at or (invoice.issued_at if is_paid else None)  # nothing was due of one of 0
    applied = [(each, part) for each in account.payments for part in each.applications if part.invoice_id == invoice.id]
    return {
        "invoiceId": invoice.id,
        "invoiceNumber": invoice.given_number or invoice.number or None,
        "documentNumber": invoice.number or None,
        "amount": json_amount(invoice.total, invoice.currency),
        "currency": invoice.currency,
        "status": shown_status(invoice, today=today),
        "dueDate": invoice.due_on.isoformat(),
        "paidDate": None if paid_at is None else instant(paid_at),
        "lineItems": list(_lines(invoice)),
        "payments": [_payment(each, amount=part.amount, invoice_id=invoice.id) for each, part in applied],
    }


def _lines(invoice: Invoice) -> Iterator[Members]:
    """The lines, and the tax that is not in them as one more, so that they add up to the amount."""
    for line in invoice.lines:
        yield {
            "description": line.description,
            "quantity": orjson.Fragment(f"{line.quantity:f}"),
            "unitPrice": orjson.Fragment(f"{line.unit_price:f}"),
            "total": json_amount(line.amount, invoice.currency),
        }
    tax = invoice.total - sum(line.amount for line in invoice.lines)
    if tax:
        amount = json_amount(tax, invoice.currency)
        yield {"description": "Tax", "quantity": 1, "unitPrice": amount, "total": amount}


def _payment(payment: Payment, *, amount: int, invoice_id: str | None) -> Members:
    is_said = payment.source is PaymentSource.MANUAL or payment.method.lower() in TRANSFERS
    return {
        "paymentId": payment.id,
        "invoiceId": invoice_id,
        "amount": json_amount(amount, payment.currency),
        "method": (payment.method if is_said else "") or _METHODS[payment.source],
        "status": "refunded" if payment.refunded >= payment.amount else payment.status.value,
        "transactionId": _transaction_id(payment),
        "paidAt": instant(payment.received_at),
    }


def _transaction_id(payment: Payment) -> str | None:
    """What its maker knows the payment by: the gateway's own id, or what was said of it; nothing of credit used."""
    if payment.source is PaymentSource.CREDIT_BALANCE:
        return None
    return payment.gateway_id or payment.reference or None
