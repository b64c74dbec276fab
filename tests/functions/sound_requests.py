"""A sound request for every write of the API, about things that stand, and which of its fields name such things."""

from collections.abc import Mapping
from typing import Any

IBAN = "DE89370400440532013000"
"""The account of the tenants that `things_of` furnishes."""

_WHY = {"reason": "as agreed"}

KINDS = {
    "coupon_id": "coupon",
    "coupons": "coupon",
    "customerId": "customer",
    "customer_id": "customer",
    "entity": "entity",
    "event_id": "event",
    "id_or_number": "invoice",
    "invoice": "invoice",
    "invoiceId": "invoice",
    "invoice_id": "invoice",
    "invoice_ids": "invoice",
    "invoices": "invoice",
    "key_id": "key",
    "line_id": "line",
    "member_id": "member",
    "number": "number",
    "payment_id": "payment",
    "plan": "plan",
    "plan_version": "plan",
    "replaces": "usage_event",
    "review_id": "review",
    "right": "plan",
    "run_id": "run",
    "subscription_id": "subscription",
    "subscription_ids": "subscription",
    "tenantIds": "tenant",
    "transaction_id": "transaction",
}
"""The kind of thing that a parameter or a field of a body names, by the field's name."""

_KINDS_BELOW: dict[tuple[str, str], str | None] = {
    ("/api/billing/payments/{payment_id}/refunds", "id"): None,
    ("/api/billing/subscriptions/{subscription_id}/charges", "id"): None,
    ("/api/billing/usage/events/", "event_id"): "usage_event",
    ("/api/billing/credit-notes", "id_or_number"): "credit_note",
    ("/api/billing/credit-notes", "number"): "credit_number",
    ("/api/billing/customers", "id"): "customer",
    ("/api/billing/payments", "id"): "payment",
    ("/api/billing/subscriptions", "id"): "subscription",
    ("/api/billing/usage", "id"): "usage_event",
    ("/api/billing/dunning/", "id_or_number"): "case",
    ("/api/billing/invoices/approve", "invoice_ids"): "held",
    ("/api/billing/invoices/{invoice_id}/approve", "invoice_id"): "held",
    ("/api/billing/invoices/{invoice_id}/reject", "invoice_id"): "other_held",
    ("/api/billing/invoices/{id_or_number}/reissue", "id_or_number"): "spare",
    ("/api/billing/invoices/{id_or_number}/void", "id_or_number"): "spare",
    ("/api/billing/invoices/{id_or_number}/write-off", "id_or_number"): "other_spare",
    ("/api/billing/payments/", "invoice"): "case",
    ("/api/billing/plan-drafts/{plan_id}/publish", "plan_id"): "finished_draft",
    ("/api/billing/plan-drafts/", "plan_id"): "draft",
    ("/api/billing/plans/{plan_version}/correct", "plan_version"): "other_plan",
    ("/api/customer-billing", "customer_id"): "record",
    ("/api/customer-billing", "after"): "record",
    ("/api/customer-billing", "customerId"): "record",
    ("/api/customer-billing", "invoiceId"): "record_invoice",
}


def kind_of_field(path: str, name: str) -> str | None:
    """What kind of thing the field names on that path; None where it names none."""
    for (place, field), kind in _KINDS_BELOW.items():
        if field == name and path.startswith(place):
            return kind
    return KINDS.get(name)


def sound_bodies(ids: Mapping[str, str]) -> dict[str, Any]:
    """By operation, a body that is taken as things stand when `things_of` has made these ids; bytes are a file."""
    return {**_access(ids), **_catalog(ids), **_lives(ids), **_money(ids), **_dunning(), **_records(ids)}


def a_plan_body(plan_id: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a plan
    """A plan of 77.00 a month with calls at a cent and seats at 5.00."""
    return {
        "plan_id": plan_id,
        "name": "Monthly",
        "currency": "USD",
        "cycle": {"unit": "month"},
        "fees": [{"fee_id": f"{plan_id}-fee", "name": "Base", "price": "77.00"}],
        "usage": [{"metric": "calls", "name": "Calls", "model": "per_unit", "unit_price": "0.01"}],
        "addons": [{"addon_id": "seat", "name": "Seat", "price": "5.00"}],
        **changes,
    }


def a_statement(*, reference: str) -> bytes:
    """A bank's CSV file with one transfer of 12.34 that names no invoice."""
    return (
        "booked_on,direction,amount,currency,payer,remittance,bank_reference,account\n"
        f"2026-02-25,credit,12.34,USD,{reference},thank you,{reference},{IBAN}\n"
    ).encode()


def _access(ids: Mapping[str, str]) -> dict[str, Any]:
    template = {"subject": "Invoice {{ invoice_number }}", "body": "Thank you."}
    return {
        "settings_change_settings": {"settings": {"footer": "Thank you"}},
        "members_create_member": {"identity": "grace@own.test", "role": "viewer"},
        "members_change_member": {"role": "staff"},
        "events_retry_many": {"since": "2026-03-01T00:00:00Z"},
        "api_keys_make_api_key": {"name": "reports", "role": "viewer", "scopes": ["reports:read"]},
        "mail_templates_put_template": template,
        "customer_billing_generate_invoices": {},
        "customer_billing_run_dunning": {},
        "internal_daily_billing": {"tenantIds": [ids["tenant"]]},
    }


def _catalog(ids: Mapping[str, str]) -> dict[str, Any]:
    party = {"name": "Nova GmbH", "country": "DE", "email": "ap@nova.test"}
    return {
        "plans_publish_plan": a_plan_body("nova"),
        "plans_check_plan": a_plan_body("nova"),
        "plans_correct": {"right": ids["plan"], "since": "2026-03-01", "subscription_ids": [ids["subscription"]]},
        "plan_drafts_put_draft": {"name": "Monthly", "currency": "USD"},
        "customers_create": {"party": party, "currency": "USD"},
        "customers_change": {"party": {"city": "Berlin"}},
        "customers_restore": _WHY,
        "customers_assign": {"dunning_policy": "default"},
        "usage_record_events": {
            "events": [
                {
                    "id": "use-1",
                    "subscription_id": ids["subscription"],
                    "meter": ids["meter"],
                    "occurred_at": "2026-03-01T00:00:00Z",
                }
            ]
        },
        "usage_record_reports": {
            "reports": [
                {
                    "id": "report-1",
                    "subscription_id": ids["subscription"],
                    "meter": ids["meter"],
                    "days": [{"day": "2026-03-01", "quantity": "3"}],
                }
            ]
        },
    }


def _lives(ids: Mapping[str, str]) -> dict[str, Any]:
    new = {
        "customer_id": ids["customer"],
        "plan": ids["plan"],
        "start": "2026-03-01T00:00:00Z",
        "items": {ids["addon"]: "2"},
        "coupons": [ids["coupon"]],
        "backdated": True,
    }
    return {
        "subscriptions_create": new,
        "subscriptions_preview_new": new,
        "subscriptions_add_charge": {"name": "Set-up", "unit_price": "5.00"},
        "subscriptions_add_coupon": {"coupon_id": ids["coupon"]},
        "subscriptions_preview_change": {"change": "plan", "plan": ids["other_plan"], "at": "period_end"},
        "subscriptions_change_items": {"quantities": {ids["addon"]: "3"}},
        "subscriptions_change_plan": {"plan": ids["other_plan"], "at": "period_end"},
        "subscriptions_pause": {},
        "subscriptions_resume": {},
        "subscriptions_cancel": {},
    }


def _money(ids: Mapping[str, str]) -> dict[str, Any]:
    money = {"amount": 500, "currency": "USD", "received_at": "2026-03-02T00:00:00Z"}
    line = {"line_id": ids["line"], "amount": 100}
    one_off = {
        "customer_id": ids["customer"],
        "lines": [{"description": "Set-up", "unit_price": "250.00"}],
        "due_on": "2026-12-31",
    }
    return {
        "invoices_create": one_off,
        "invoices_preview_one_off": one_off,
        "invoices_approve": {"invoice_ids": [ids["held"]]},
        "invoices_reject": _WHY,
        "invoices_send": {"to": "books@nova.test"},
        "invoices_void": _WHY,
        "invoices_write_off": _WHY,
        "payments_record": {**money, "customer_id": ids["customer"], "invoices": [ids["invoice"]]},
        "payments_refund": {"amount": 100, "refund_to": "balance", "invoice": ids["case"], **_WHY},
        "payments_reverse": _WHY,
        "credit_notes_issue": {"invoice": ids["invoice"], "what": {"kind": "lines", "lines": [line]}, **_WHY},
        "bank_statements_upload": a_statement(reference="again"),
        "bank_statements_match": {"invoices": [ids["invoice"]], "note": "as agreed"},
        "bank_statements_unmatch": _WHY,
        "bank_statements_ignore": _WHY,
    }


def _dunning() -> dict[str, Any]:
    steps = [
        {"day": 3, "state": "reminder_sent", "template": "payment_reminder"},
        {"day": 14, "state": "manual_review"},
    ]
    return {
        "dunning_pause": {"reason": "dispute"},
        "dunning_resume": {},
        "dunning_resolve": {"decision": "write_off", **_WHY},
        "dunning_put_policies": {"policies": [{"name": "default", "steps": steps}]},
    }


def _records(ids: Mapping[str, str]) -> dict[str, Any]:
    service = {"planName": "Care", "monthlyFee": "20.00"}
    return {
        "customer_billing_save_record": {"customerId": ids["record"], "servicePlan": service},
        "customer_billing_update_record": {"servicePlan": service},
        "customer_billing_make_invoice": {"invoiceNumber": "M-1", "amount": "20.00", "dueDate": "2026-04-01"},
        "customer_billing_take_payment": {"amount": "5.00", "method": "check", "invoiceId": ids["record_invoice"]},
    }
