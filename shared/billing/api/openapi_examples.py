"""An example of every body and every id in an address, for the API's document: each is sent to the API by a test.

They are about the book of the guides (docs/guides/api.md), where the customer lumen has an invoice of the plan
monthly@1, and about what the first of them make: the plan team@1, the customer nova and its subscription.
"""

from typing import Any, Final

_WHY = {"reason": "agreed with the customer on 2026-03-02"}

PARAMETERS: Final[dict[str, str]] = {
    "coupon_id": "spring-10",
    "customer_id": "lumen",
    "event_id": "evt_5b0f4e1c2a9d8377c6e1f042",
    "id_or_number": "INV-2026-02-0001",
    "invoice_id": "sub-lumen.20260201T000000Z.r0",
    "key_id": "key_2f6c1d9a",
    "kind": "invoice_issued",
    "language": "en",
    "member_id": "mem_9c1e77d0",
    "payment_id": "wire-17",
    "plan_id": "team",
    "plan_version": "monthly@1",
    "review_id": "rev_41d07a",
    "run_id": "run-20260301",
    "subscription_id": "sub-nova",
    "transaction_id": "txn_7e0a11",
}
"""By the name of a parameter of a path."""

QUERIES: Final[dict[str, dict[str, str]]] = {"invoices_preview_next": {"customer_id": "lumen"}}
"""By the operation's name, the parameters that it is refused without."""

_TEAM_PLAN = {
    "plan_id": "team",
    "name": "Team",
    "currency": "USD",
    "cycle": {"unit": "month"},
    "fees": [{"fee_id": "base", "name": "Base fee", "price": "49.00"}],
    "usage": [
        {
            "meter": "api_calls",
            "name": "API calls",
            "model": "graduated",
            "tiers": [{"up_to": "10000", "unit_price": "0"}, {"up_to": None, "unit_price": "0.001"}],
        }
    ],
    "addons": [{"addon_id": "seat", "name": "Seat", "price": "5.00"}],
}
_SUBSCRIPTION = {
    "customer_id": "nova",
    "plan": "team@1",
    "start": "2026-03-01T00:00:00Z",
    "items": {"seat": "2"},
    "backdated": True,
}
_ONE_OFF = {
    "customer_id": "lumen",
    "lines": [{"description": "Set-up", "quantity": "1", "unit_price": "250.00"}],
    "due_on": "2026-04-30",
}
_RECORD = {
    "servicePlan": {"planName": "Care", "monthlyFee": "20.00"},
    "billingCycle": {"type": "monthly", "dayOfMonth": 1},
}
_STATEMENT = (
    "booked_on,direction,amount,currency,payer,remittance,bank_reference\n"
    "2026-03-02,credit,10.00,USD,Lumen Ltd,INV-2026-02-0001,T-1001\n"
)

_SETTING_UP: Final[dict[str, Any]] = {
    "settings_change_settings": {
        "settings": {
            "payment_terms_days": 30,
            "footer": "Thank you",
            "bank.account_holder": "Acme Inc.",
            "bank.iban": "DE89370400440532013000",
        }
    },
    "members_create_member": {"identity": "ada@example.com", "role": "staff"},
    "members_change_member": {"role": "viewer"},
    "api_keys_make_api_key": {"name": "nightly reports", "role": "viewer", "scopes": ["reports:read"]},
    "plans_publish_plan": _TEAM_PLAN,
    "plans_check_plan": _TEAM_PLAN,
    "plans_correct": {"right": "monthly@2", "since": "2026-03-01", "subscription_ids": ["sub-nova"]},
    "plan_drafts_put_draft": {"name": "Team", "currency": "USD", "cycle": {"unit": "month"}},
    "dunning_put_policies": {
        "policies": [
            {
                "name": "default",
                "steps": [
                    {"day": 3, "state": "reminder_sent", "template": "payment_reminder"},
                    {"day": 14, "state": "manual_review"},
                ],
            }
        ]
    },
    "mail_templates_put_template": {"subject": "Invoice {{ invoice_number }}", "body": "Thank you for your order."},
}

_CUSTOMERS: Final[dict[str, Any]] = {
    "customers_create": {
        "id": "nova",
        "party": {"name": "Nova GmbH", "country": "DE", "city": "Berlin", "email": "ap@nova.example"},
        "currency": "USD",
    },
    "customers_change": {"party": {"city": "Hamburg"}, "buyer_reference": "PO-2210"},
    "customers_assign": {"dunning_policy": "default"},
    "customers_restore": _WHY,
    "subscriptions_create": {"id": "sub-nova", **_SUBSCRIPTION},
    "subscriptions_preview_new": _SUBSCRIPTION,
    "subscriptions_preview_change": {"change": "cancel", "at": "period_end"},
    "subscriptions_add_charge": {"id": "set-up", "name": "Set-up", "quantity": "1", "unit_price": "250.00"},
    "subscriptions_add_coupon": {"coupon_id": "spring-10"},
    "subscriptions_change_items": {"quantities": {"seat": "3"}, "at": "2026-04-01T00:00:00Z"},
    "subscriptions_change_plan": {"plan": "team@2", "at": "period_end"},
    "subscriptions_pause": {"at": "2026-03-10T00:00:00Z", "until": "2026-03-20T00:00:00Z"},
    "subscriptions_resume": {"at": "2026-03-15T00:00:00Z"},
    "subscriptions_cancel": {"at": "period_end"},
    "usage_record_events": {
        "events": [
            {
                "id": "request-81f2",
                "subscription_id": "sub-nova",
                "meter": "api_calls",
                "occurred_at": "2026-03-01T09:30:00Z",
                "quantity": "1",
            }
        ]
    },
    "usage_record_reports": {
        "reports": [
            {
                "id": "nova-2026-03-01",
                "subscription_id": "sub-nova",
                "meter": "api_calls",
                "days": [{"day": "2026-03-01", "quantity": "1250"}],
            }
        ]
    },
}

_MONEY: Final[dict[str, Any]] = {
    "invoices_create": _ONE_OFF,
    "invoices_preview_one_off": _ONE_OFF,
    "invoices_approve": {"invoice_ids": ["sub-lumen.20260201T000000Z.r0"]},
    "invoices_reject": _WHY,
    "invoices_void": _WHY,
    "invoices_write_off": _WHY,
    "invoices_send": {"to": "books@lumen.example"},
    "payments_record": {
        "id": "wire-17",
        "amount": 2000,
        "currency": "USD",
        "received_at": "2026-03-01T00:00:00Z",
        "invoices": ["INV-2026-02-0001"],
    },
    "payments_refund": {"amount": 500, "refund_to": "balance", "invoice": "INV-2026-02-0001", **_WHY},
    "payments_reverse": _WHY,
    "credit_notes_issue": {"invoice": "INV-2026-02-0001", "what": {"kind": "amount", "amount": 1000}, **_WHY},
    "bank_statements_upload": _STATEMENT,
    "bank_statements_match": {"invoices": ["INV-2026-02-0001"], "note": "agreed with the customer on 2026-03-02"},
    "bank_statements_unmatch": _WHY,
    "bank_statements_ignore": _WHY,
    "dunning_pause": {"reason": "dispute", "until": "2026-04-01T00:00:00Z"},
    "dunning_resume": _WHY,
    "dunning_resolve": {"decision": "write_off", **_WHY},
    "events_retry_many": {"since": "2026-03-01T00:00:00Z", "status": ["failed"]},
}

_DAILY: Final[dict[str, Any]] = {
    "customer_billing_generate_invoices": {"as_of": "2026-03-01", "dry_run": True},
    "customer_billing_run_dunning": {"as_of": "2026-03-01", "dry_run": True},
    "internal_daily_billing": {"tenantIds": ["acme"]},
    "internal_verify_all_books": {"period": "2026-02"},
    "customer_billing_save_record": {"customerId": "lumen", **_RECORD},
    "customer_billing_update_record": _RECORD,
    "customer_billing_make_invoice": {"invoiceNumber": "M-1", "amount": "20.00", "dueDate": "2026-04-01"},
    "customer_billing_take_payment": {"amount": "5.00", "method": "check", "transactionId": "check-4711"},
}

BODIES: Final[dict[str, Any]] = {**_SETTING_UP, **_CUSTOMERS, **_MONEY, **_DAILY}
"""By the operation's name, a body that it takes; text is a file."""
