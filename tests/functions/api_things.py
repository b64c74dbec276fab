"""One of everything that the API has an id for, made in a tenant's books by the API itself."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from billing.domain.coupon import Coupon
from billing.store.coupons import Coupons
from tests.functions.api_books import ApiBooks
from tests.functions.sound_requests import IBAN, a_plan_body, a_statement


def things_of(api: ApiBooks, tenant: str, *, named: str, since: str = "2025-11") -> dict[str, str]:
    """The ids by kind; those that can be chosen begin with `named`.

    The customer has an overdue invoice for each month `since` then until February, the first of them paid and credited
    in part; another customer's invoice is held. A transfer of 12.34 waits to be matched.
    """
    made = _Made(api, tenant)
    ids = {"tenant": tenant, "meter": "calls", "addon": "seat", "plan": _plan(made, f"{named}-plan")}
    ids["other_plan"] = _plan(made, f"{named}-other-plan")
    for kind, body in (("draft", {}), ("finished_draft", a_plan_body(f"{named}-finished-draft"))):
        ids[kind] = made("PUT", f"plan-drafts/{named}-{kind.replace('_', '-')}", body)["plan_id"]
    ids["coupon"] = _coupon(api, tenant, f"{named}-coupon")
    settings = {
        "event_url": f"{api.proxy.base}/nowhere",
        "mail_sender": f"billing@{named}.test",
        "payment_terms_days": 0,
        "bank.account_holder": f"{named} Inc.",
        "bank.iban": IBAN,
    }
    made("PATCH", "settings", {"settings": settings})
    ids |= _billed(made, plan=ids["plan"], named=named, since=since)
    ids |= _money(made, ids)
    ids |= _held(made, plan=ids["plan"], named=named)
    ids |= _recorded(made, named=named)
    ids["key"] = made("POST", "api-keys", {"name": f"{named} key", "role": "viewer"})["id"]
    ids["member"] = made("POST", "members", {"identity": f"ada@{named}.test", "role": "viewer"})["id"]
    ids["run"] = made("GET", "runs")["data"][0]["id"]
    ids["event"] = made("GET", "events")["data"][0]["id"]
    return ids


class _Made:
    """Asks as the tenant's admin; what is asked must be done."""

    def __init__(self, api: ApiBooks, tenant: str) -> None:
        self.api, self.tenant = api, tenant

    def __call__(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        self.api.proxy.clock.at += timedelta(seconds=1)  # one record of the audit log is about one instant
        place = path if path.startswith("/") else f"/api/billing/{path}"
        answered = self.api.ask(method, place, body=body, tenant=self.tenant)
        assert 200 <= answered.status < 300, (method, path, answered.body)
        return json.loads(answered.body)


def _plan(made: _Made, plan_id: str) -> str:
    return str(made("POST", "plans", a_plan_body(plan_id))["id"])


def _coupon(api: ApiBooks, tenant: str, coupon_id: str) -> str:
    documents = api.proxy.engine.documents
    documents.commit(
        [Coupons.of(documents, tenant).publication(Coupon(coupon_id=coupon_id, name="Tenth", percent=Decimal(10)))]
    )
    return coupon_id


def _customer(made: _Made, customer_id: str) -> str:
    party = {"name": f"{customer_id} Ltd", "country": "DE", "email": f"ap@{customer_id}.test"}
    return str(made("POST", "customers", {"id": customer_id, "party": party, "currency": "USD"})["id"])


def _subscription(made: _Made, customer_id: str, *, plan: str, start: str) -> str:
    wanted = {"id": f"{customer_id}-sub", "customer_id": customer_id, "plan": plan, "start": start, "backdated": True}
    return str(made("POST", "subscriptions", wanted)["id"])


def _billed(made: _Made, *, plan: str, named: str, since: str) -> dict[str, str]:
    customer = _customer(made, f"{named}-customer")
    subscription = _subscription(made, customer, plan=plan, start=f"{since}-01T00:00:00Z")
    event = {
        "id": f"{named}-use",
        "subscription_id": subscription,
        "meter": "calls",
        "occurred_at": "2026-02-03T00:00:00Z",
    }
    made("POST", "usage/events", {"events": [event]})
    made("POST", "/api/customer-billing/generate-invoices", {})
    made.api.proxy.clock.at += timedelta(days=4)
    made("POST", "/api/customer-billing/dunning/run", {})
    invoices = made("GET", f"invoices?customer_id={customer}")["data"]
    cases = made("GET", f"dunning/cases?customer_id={customer}")["data"]
    lines = made("GET", f"invoices/{invoices[-1]['id']}")["lines"]
    return {
        "customer": customer,
        "entity": f"customers/{customer}",
        "subscription": subscription,
        "usage_event": event["id"],
        "invoice": invoices[-1]["id"],
        "spare": invoices[-2]["id"],
        "other_spare": invoices[-3]["id"],
        "number": invoices[0]["number"],
        "line": max(lines, key=lambda each: each["amount"])["id"],
        "case": cases[0]["id"],
    }


def _money(made: _Made, ids: dict[str, str]) -> dict[str, str]:
    money = {"amount": 1000, "currency": "USD", "received_at": "2026-02-20T00:00:00Z"}
    payment = made("POST", "payments", {**money, "id": f"{ids['customer']}-paid", "invoices": [ids["case"]]})
    credit = {"invoice": ids["case"], "what": {"kind": "amount", "amount": 100}, "reason": "an outage"}
    note = made("POST", "credit-notes", credit)["credit_note"]
    made("POST", "bank-statements", a_statement(reference=f"{ids['customer']}-bank"))
    waiting = made("GET", "bank-statements/unmatched")["data"]
    return {
        "payment": payment["payment"]["id"],
        "credit_note": note["id"],
        "credit_number": note["number"],
        "transaction": waiting[0]["transaction"]["id"],
    }


def _held(made: _Made, *, plan: str, named: str) -> dict[str, str]:
    for customer in (f"{named}-held", f"{named}-other-held"):
        _subscription(made, _customer(made, customer), plan=plan, start="2026-02-01T00:00:00Z")
    made("PATCH", "settings", {"settings": {"approval": True}})
    made("POST", "/api/customer-billing/generate-invoices", {})
    made("PATCH", "settings", {"settings": {"approval": False}})
    one, other = made("GET", "reviews?status=open")["data"]
    return {"review": one["id"], "held": one["invoice_id"], "other_held": other["invoice_id"]}


def _recorded(made: _Made, *, named: str) -> dict[str, str]:
    """A billing record of older clients with an invoice by hand."""
    customer, place = _customer(made, f"{named}-record"), "/api/customer-billing"
    made("POST", place, {"customerId": customer, "servicePlan": {"planName": "Care", "monthlyFee": "20.00"}})
    by_hand = {"invoiceNumber": f"{named}-1", "amount": "20.00", "dueDate": "2026-04-01"}
    made("POST", f"{place}/{customer}/invoices", by_hand)
    return {"record": customer, "record_invoice": by_hand["invoiceNumber"]}
