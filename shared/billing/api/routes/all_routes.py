"""Every route of `/api/billing`, in the order of the reference; fixed places stand before those with an id in them."""

from functools import cache

from fastapi import APIRouter
from starlette.routing import BaseRoute

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
    one_off_invoices,
    payments,
    plan_drafts,
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
    plan_drafts,
    subscriptions,
    subscription_life,
    usage,
    invoices,
    invoice_actions,
    one_off_invoices,
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


@cache
def billing_routes() -> tuple[BaseRoute, ...]:
    """The routes, to be put among an application's, in their order.

    They are made once a process: to find out what each of them takes is most of what an application's start costs.
    They hold nothing of an application, which each request names.
    """
    router = APIRouter()
    for each in _NOUNS:
        router.include_router(each.router, prefix=BASE)
    return tuple(router.routes)
