"""What a billing run answers: `{generated, invoices}` as older clients read it, and the run report beside them."""

from collections.abc import Sequence
from typing import Any

from billing.api.job import Members
from billing.api.json_amount import json_amount
from billing.domain.run_report import HeldInvoice, InvoiceSummary, Revenue, RunReport


def generated(report: RunReport) -> Members:
    """What older clients read of one tenant's run."""
    return {"generated": len(report.invoices), "invoices": [_invoice(each) for each in report.invoices]}


def billed_invoices(reports: Sequence[RunReport]) -> Members:
    """The same of the runs of several; each invoice names its tenant."""
    return {
        "generated": sum(len(run.invoices) for run in reports),
        "invoices": [{"tenantId": run.tenant_id, **_invoice(each)} for run in reports for each in run.invoices],
    }


def run_members(report: RunReport) -> Members:
    """The report beside them, and in the list of several tenants'."""
    return {
        "generated": len(report.invoices),
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
        "amounts": {currency: json_amount(minor, currency) for currency, minor in sorted(collected.amounts.items())},
    }


def _invoice(invoice: InvoiceSummary) -> dict[str, Any]:
    return {
        "customerId": invoice.customer_id,
        "invoiceNumber": invoice.number,
        "amount": json_amount(invoice.total, invoice.currency),
        "currency": invoice.currency,
        "invoiceId": invoice.id,
        "subscriptionId": invoice.subscription_id,
    }


def _credit_note(credit_note: InvoiceSummary) -> dict[str, Any]:
    return {
        "customerId": credit_note.customer_id,
        "creditNoteNumber": credit_note.number,
        "amount": json_amount(credit_note.total, credit_note.currency),
        "currency": credit_note.currency,
        "creditNoteId": credit_note.id,
        "subscriptionId": credit_note.subscription_id,
    }


def _held(held: HeldInvoice) -> dict[str, Any]:
    return {
        "customerId": held.invoice.customer_id,
        "amount": json_amount(held.invoice.total, held.invoice.currency),
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
        **{name: json_amount(minor, revenue.currency) for name, minor in sums.items()},
        "tax_by_place": {place: json_amount(minor, revenue.currency) for place, minor in places.items()},
    }
