"""Every route of `/api/billing`, in the order of the reference; fixed places stand before those with an id in them."""

from fastapi import APIRouter

from billing.api.routes import (
    api_keys,
    audit,
    bank_statements,
    credit_notes,
    customers,
    dunning,
    dunning_policies,
    events,
    invoice_actions,
    invoices,
    mail_templates,
    me,
    members,
    payments,
    plans,
    reports,
    reviews,
    runs,
    subscription_life,
    subscriptions,
    tenant_settings,
    usage,
)

BASE = "/api/billing"
_NOUNS = (
    me,
    tenant_settings,
    members,
    api_keys,
    customers,
    plans,
    subscriptions,
    subscription_life,
    usage,
    invoices,
    invoice_actions,
    payments,
    credit_notes,
    bank_statements,
    dunning,
    dunning_policies,
    reviews,
    audit,
    runs,
    reports,
    events,
    mail_templates,
)


def billing_routes() -> APIRouter:
    """The routes, to be included into the application."""
    router = APIRouter(prefix=BASE)
    for each in _NOUNS:
        router.include_router(each.router)
    return router
