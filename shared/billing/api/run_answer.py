"""The answer to a billing run: `{generated, invoices}` as older clients read it, and the run report beside them.

Amounts are JSON numbers in the major unit, written digit by digit from exact decimals: no float on the way.
"""

from dataclasses import asdict
from typing import Any

import orjson

from billing.api.billing_job import AllTenantsReport, BillingJob
from billing.domain.money import Money
from billing.domain.run_report import HeldInvoice, InvoiceSummary, Revenue, RunReport

CALL_AGAIN = "stopped early: call again, the next run goes on from here and bills nothing twice"
MORE_ROOM = "stopped early: a dry run moves nothing on, so raise the limit or the deadline to see the rest"


def tenant_answer(job: BillingJob, report: RunReport, *, seconds: float) -> bytes:
    """What a run of one tenant answers, as JSON."""
    return _json(job, {**_generated(report), **_report(report)}, seconds=seconds)


def all_tenants_answer(job: BillingJob, done: AllTenantsReport, *, seconds: float) -> bytes:
    """What a run of all tenants answers, as JSON; each invoice names its tenant."""
    members = {
        "tenants": done.tenants,
        "generated": done.generated,
        "invoices": [{"tenantId": run.tenant_id, **_invoice(each)} for run in done.reports for each in run.invoices],
        "run_id": job.run_id,
        "dry_run": job.request.dry_run,
        "complete": done.complete,
        "results": [{"generated": len(run.invoices), **_report(run)} for run in done.reports],
        "errors": [{"tenantId": each.tenant_id, "code": each.code, "message": each.message} for each in done.failures],
    }
    return _json(job, members, seconds=seconds)


def _json(job: BillingJob, members: dict[str, Any], *, seconds: float) -> bytes:
    if not members["complete"]:
        members["note"] = MORE_ROOM if job.request.dry_run else CALL_AGAIN
    members["operations"] = asdict(job.engine.operations)
    members["seconds"] = round(seconds, 3)
    return orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE)


def _generated(report: RunReport) -> dict[str, Any]:
    return {"generated": len(report.invoices), "invoices": [_invoice(each) for each in report.invoices]}


def _report(report: RunReport) -> dict[str, Any]:
    return {
        "tenant": report.tenant_id,
        "run_id": report.run_id,
        "as_of": report.as_of.isoformat(),
        "dry_run": report.dry_run,
        "complete": report.complete,
        "customers": report.customers,
        "skipped": dict(report.skipped),
        "failed": len(report.failures),
        "errors": [
            {"subscriptionId": each.subscription_id, "code": each.code, "message": each.message}
            for each in report.failures
        ],
        "totals": {currency: _totals(revenue) for currency, revenue in sorted(report.revenue.items())},
        "creditNotes": [_credit_note(each) for each in report.credit_notes],
        "held": len(report.held),
        "heldInvoices": [_held(each) for each in report.held],
        "settled": report.settled,
        "unsettled": report.unsettled,
        "settlementErrors": [
            {"invoiceId": each.invoice_id, "code": each.code, "message": each.message}
            for each in (*report.settlement_failures.values(), *report.refused_mails)
        ],
        "collected": _collected(report),
    }


def _collected(report: RunReport) -> dict[str, Any]:
    collected = report.collected
    return {
        "charged": collected.charged,
        "failed": dict(collected.failed),
        "pending": collected.pending,
        "requiresAction": collected.requires_action,
        "unknown": report.unknown_charges,
        "mailed": collected.mailed,
        "amounts": {currency: _amount(minor, currency) for currency, minor in sorted(collected.amounts.items())},
    }


def _invoice(invoice: InvoiceSummary) -> dict[str, Any]:
    return {
        "customerId": invoice.customer_id,
        "invoiceNumber": invoice.number,
        "amount": _amount(invoice.total, invoice.currency),
        "currency": invoice.currency,
        "invoiceId": invoice.id,
        "subscriptionId": invoice.subscription_id,
    }


def _credit_note(credit_note: InvoiceSummary) -> dict[str, Any]:
    return {
        "customerId": credit_note.customer_id,
        "creditNoteNumber": credit_note.number,
        "amount": _amount(credit_note.total, credit_note.currency),
        "currency": credit_note.currency,
        "creditNoteId": credit_note.id,
        "subscriptionId": credit_note.subscription_id,
    }


def _held(held: HeldInvoice) -> dict[str, Any]:
    return {
        "customerId": held.invoice.customer_id,
        "amount": _amount(held.invoice.total, held.invoice.currency),
        "currency": held.invoice.currency,
        "invoiceId": held.invoice.id,
        "subscriptionId": held.invoice.subscription_id,
        "kind": held.hold.kind.value,
        "reason": held.hold.reason,
    }


def _totals(revenue: Revenue) -> dict[str, Any]:
    sums = {**revenue.by_kind, "tax": revenue.tax, "total": revenue.total}
    places = {"-".join(filter(None, place)): tax for place, tax in sorted(revenue.tax_by_place.items())}
    return {
        **{name: _amount(minor, revenue.currency) for name, minor in sums.items()},
        "tax_by_place": {place: _amount(minor, revenue.currency) for place, minor in places.items()},
    }


def _amount(minor: int, currency: str) -> orjson.Fragment:
    return orjson.Fragment(f"{Money(minor, currency).amount:f}")
