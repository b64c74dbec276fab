"""A billing record as older clients read it: a view of a customer, its service, its invoices and its payments.

Amounts are JSON numbers in the major unit with the digits of the exact decimal, days ISO dates, instants ISO in UTC,
`null` where there is nothing.
"""

from datetime import date, datetime
from decimal import Decimal

import orjson

from billing.api.customer_billing.invoice_entries import instant, invoice_entries, payment_entries, shown_status
from billing.api.customer_billing.record_times import record_times
from billing.api.job import Members
from billing.api.json_amount import json_amount
from billing.domain.customer import Customer
from billing.domain.customer_preferences import CustomerPreferences
from billing.domain.invoice import CollectionMethod
from billing.domain.invoice_payment import is_collectible
from billing.domain.payment import PaymentSource
from billing.domain.service_seen import service_seen
from billing.usecases.billing_accounts import BillingAccount

_NOBODY = CustomerPreferences(created_at=datetime.min, updated_at=datetime.min)  # noqa: DTZ901 - never shown


def billing_record(account: BillingAccount, *, tenant_id: str, today: date) -> Members:
    """The record of an account, whose invoices are overdue from the local day after the one they were due on."""
    customer = account.customer
    return {
        "customerId": customer.id,
        "tenantId": tenant_id,
        **_service(account),
        "paymentMethod": customer.payment_method_kind.value,
        "invoicePreferences": {"delivery": _preferences(customer).delivery.value},
        "invoices": invoice_entries(account, today=today),
        "paymentHistory": payment_entries(account),
        "balance": _balance(account, today=today),
        "autoPay": _auto_pay(customer),
        "sla": _sla(customer),
        "dunning": _dunning(account),
        **record_times(account, today=today),
    }


def exact_number(value: Decimal | None) -> orjson.Fragment | None:
    """A JSON number with the digits of a decimal; null for None."""
    return None if value is None else orjson.Fragment(f"{value:f}")


def _service(account: BillingAccount) -> Members:
    if account.service is None or account.plan is None:
        return {"servicePlan": None, "billingCycle": None}
    seen = service_seen(account.service, account.plan)
    return {
        "servicePlan": {
            "planName": seen.name,
            "monthlyFee": exact_number(seen.monthly_fee),
            "setupFee": exact_number(_preferences(account.customer).setup_fee),
            "prorationEnabled": seen.prorated,
        },
        "billingCycle": {
            "type": seen.cycle.value,
            "dayOfMonth": seen.day_of_month,
            "nextBillingDate": None if seen.next_billing_on is None else seen.next_billing_on.isoformat(),
        },
    }


def _auto_pay(customer: Customer) -> Members:
    return {
        "enabled": customer.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY,
        "paymentMethodId": customer.auto_pay_method or None,
    }


def _sla(customer: Customer) -> Members | None:
    level = _preferences(customer).service_level
    if level is None:
        return None
    return {
        "responseTimeHours": exact_number(level.response_time_hours),
        "uptimePercent": exact_number(level.uptime_percent),
        "notes": level.notes,
    }


def _balance(account: BillingAccount, *, today: date) -> Members:
    """What is owed less what the customer has to its credit, so that below 0 it is the customer's."""
    customer, owed = account.customer, [each for each in account.invoices if is_collectible(each)]
    overdue = [each for each in owed if shown_status(each, today=today) == "overdue"]
    due = sum(each.amount_due for each in owed) - customer.credit_balance
    received = [each.received_at for each in account.payments if each.source is not PaymentSource.CREDIT_BALANCE]
    return {
        "current": json_amount(due, customer.currency),
        "overdue": json_amount(sum(each.amount_due for each in overdue), customer.currency),
        "lastPaymentDate": instant(max(received)) if received else None,
    }


def _dunning(account: BillingAccount) -> Members:
    """The notices of the cases that are open, all invoices together, and since when the service is suspended."""
    cases = [each.dunning for each in account.invoices if each.dunning is not None and not each.dunning.state.is_over]
    sent = [record.at for case in cases for record in case.history if record.notice]
    suspended = account.customer.suspended_at
    return {
        "reminderCount": sum(len(case.reminded_on) for case in cases),
        "lastReminderAt": instant(max(sent)) if sent else None,
        "suspendedAt": None if suspended is None else instant(suspended),
        "suspensionReason": (account.customer.suspension_reason or None) if suspended is not None else None,
    }


def _preferences(customer: Customer) -> CustomerPreferences:
    return customer.preferences or _NOBODY
