"""An invoice that nobody pays: the example that a dunning policy is previewed with."""

from datetime import date, datetime, timedelta
from typing import assert_never

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.charging import with_attempt
from billing.domain.customer import Customer
from billing.domain.dunning_case import CaseCause
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus, Party
from billing.domain.invoice_payment import overdue, paid, taken_back
from billing.domain.period import Period, local_midnight
from billing.domain.tax import TaxParty

EXAMPLE_CUSTOMER = Customer(
    id="example",
    party=Party(name="Example"),
    tax=TaxParty(country="DE"),
    currency="EUR",
    active_subscriptions=1,
    payment_method_id="card",
)
"""Somebody with a saved card and a subscription that goes on."""

_AMOUNT = 100_00


def example_invoice(customer: Customer, *, started_on: date, zone: str, cause: CaseCause, code: str) -> Invoice:
    """An invoice of the customer with a case that starts with a day of an IANA zone.

    Its card is declined with `code`, or it was due the day before, or its payment is taken back.
    """
    at = local_midnight(started_on, zone)
    match cause:
        case CaseCause.PAYMENT_FAILED:
            issued = _issued(customer, due_on=started_on, at=at, zone=zone)
            return with_attempt(issued, _declined(customer, code=code, at=at), at=at)
        case CaseCause.OVERDUE:
            return overdue(_issued(customer, due_on=started_on - timedelta(days=1), at=at, zone=zone), at=at)
        case CaseCause.REVERSED:
            settled = paid(_issued(customer, due_on=started_on, at=at, zone=zone), _AMOUNT, at=at)
            return taken_back(settled, _AMOUNT, at=at)
        case _:
            assert_never(cause)


def _issued(customer: Customer, *, due_on: date, at: datetime, zone: str) -> Invoice:
    """An issued invoice without lines: what is chased is its amount."""
    return Invoice(
        id="example",
        number="EXAMPLE-1",
        revision=0,
        status=InvoiceStatus.ISSUED,
        customer_id=customer.id,
        subscription_id="example",
        currency=customer.currency,
        locale=customer.locale,
        zone=zone,
        period=Period(start=at - timedelta(days=30), end=at),
        bill_for_date=at,
        issued_at=at,
        issued_on=due_on,
        due_on=due_on,
        payment_terms_days=0,
        collection_method=CollectionMethod.SEND_INVOICE,
        seller=Party(name="Example"),
        buyer=customer.party,
        bank=None,
        lines=(),
        tax_lines=(),
        subtotal=_AMOUNT,
        tax=0,
        total=_AMOUNT,
    )


def _declined(customer: Customer, *, code: str, at: datetime) -> PaymentAttempt:
    return PaymentAttempt(
        number=1,
        attempted_at=at,
        amount=_AMOUNT,
        status=AttemptStatus.DECLINED,
        code=code,
        method_id=customer.payment_method_id,
    )
