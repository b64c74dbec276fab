"""A run as one JSON object: amounts as decimal text, ids to follow up, paths to the PDFs."""

from pathlib import Path

from billing.cli.billing_run import BillingRun
from billing.cli.directory import object_path
from billing.cli.run_comparison import comparison_json
from billing.cli.screen import Json
from billing.domain.dunning_report import DunningReport
from billing.domain.invoice import Invoice, LineItem
from billing.domain.money import Money
from billing.domain.run_report import Failure, HeldInvoice, InvoiceSummary, Revenue, RunReport, SettlementFailure

PDF = "application/pdf"


def run_json(run: BillingRun, *, directory: Path) -> Json:
    """The run's report and its invoices; the sums are those of the run's currency, `revenue` has every currency."""
    report, totals = run.report, run.report.totals
    return {
        **scope_json(report),
        "customers": report.customers,
        "generated": len(report.invoices),
        "skipped": report.skipped.total(),
        "skipped_by_reason": dict(sorted(report.skipped.items())),
        "failed": len(report.failures),
        "unsettled": report.unsettled,
        "errors": _errors(report),
        **_sums(totals),
        "tax_by_place": tax_by_place(totals),
        "revenue": [_sums(each) for _, each in sorted(report.revenue.items())],
        "seconds": round(run.seconds, 3),
        "operations": {
            "reads": run.operations.reads,
            "writes": run.operations.writes,
            "objects": run.operations.objects,
        },
        "collected": _collected(report),
        "credit_notes": [summary_json(each) for each in report.credit_notes],
        "held": len(report.held),
        "held_invoices": [_held(each) for each in report.held],
        "invoices": [billed_json(each, directory=directory) for each in run.invoices],
        **({} if run.comparison is None else {"comparison": comparison_json(run.comparison)}),
    }


def pdf_path(invoice: Invoice, *, directory: Path) -> Path | None:
    """Where the invoice's PDF is; None while it has none."""
    return next((object_path(directory, each.key) for each in invoice.attachments if each.content_type == PDF), None)


def tax_by_place(revenue: Revenue) -> Json:
    """Tax by country, or by country and state as in US-NY, in order."""
    return {
        f"{country}-{state}" if state else country: revenue.amount(tax)
        for (country, state), tax in sorted(revenue.tax_by_place.items())
    }


def scope_json(report: RunReport | DunningReport) -> Json:
    """Which run it was, for whom and as of when."""
    return {
        "tenant_id": report.tenant_id,
        "run_id": report.run_id,
        "as_of": report.as_of.isoformat(),
        "dry_run": report.dry_run,
        "complete": report.complete,
    }


def _errors(report: RunReport) -> list[Json]:
    """What could not be billed, what of the billed could not be settled yet, and mails that nobody takes."""
    unbilled: list[Json] = [{"subscription_id": each.subscription_id, **_error(each)} for each in report.failures]
    unsettled = report.settlement_failures.values()
    lost = "a worker process ended in the middle of its shard; the next run bills the rest"
    return (
        unbilled
        + [{"invoice_id": each.invoice_id, **_error(each)} for each in unsettled]
        + [{"invoice_id": each.invoice_id, **_error(each)} for each in report.refused_mails]
        + [{"code": "worker_lost", "message": lost}] * report.lost_workers
    )


def _error(failure: Failure | SettlementFailure) -> Json:
    return {"code": failure.code, "message": failure.message}


def _collected(report: RunReport) -> Json:
    collected = report.collected
    return {
        "charged": collected.charged,
        "failed": dict(sorted(collected.failed.items())),
        "pending": collected.pending,
        "requires_action": collected.requires_action,
        "unknown": report.unknown_charges,
        "mailed": collected.mailed,
        "amounts": {currency: invoice_amount(minor, currency) for currency, minor in sorted(collected.amounts.items())},
    }


def summary_json(summary: InvoiceSummary) -> Json:
    """Which invoice or credit note it is, and its total."""
    return {
        "id": summary.id,
        "number": summary.number,
        "customer_id": summary.customer_id,
        "subscription_id": summary.subscription_id,
        "currency": summary.currency,
        "total": invoice_amount(summary.total, summary.currency),
    }


def _held(held: HeldInvoice) -> Json:
    return {
        "id": held.invoice.id,
        "customer_id": held.invoice.customer_id,
        "subscription_id": held.invoice.subscription_id,
        "currency": held.invoice.currency,
        "total": invoice_amount(held.invoice.total, held.invoice.currency),
        "kind": held.hold.kind.value,
        "reason": held.hold.reason,
    }


def _sums(revenue: Revenue) -> Json:
    return {
        "currency": revenue.currency,
        **{kind: revenue.amount(minor) for kind, minor in revenue.by_kind.items()},
        "tax": revenue.amount(revenue.tax),
        "total": revenue.amount(revenue.total),
    }


def billed_json(invoice: Invoice, *, directory: Path) -> Json:
    """An invoice with its lines and the path of its PDF, amounts as decimal text."""
    pdf = pdf_path(invoice, directory=directory.resolve())
    return {
        "id": invoice.id,
        "number": invoice.number,
        "status": invoice.status.value,
        "customer_id": invoice.customer_id,
        "subscription_id": invoice.subscription_id,
        "period": {"start": invoice.period.start.isoformat(), "end": invoice.period.end.isoformat()},
        "currency": invoice.currency,
        "lines": [_line(each, currency=invoice.currency) for each in invoice.lines],
        "subtotal": invoice_amount(invoice.subtotal, invoice.currency),
        "tax": invoice_amount(invoice.tax, invoice.currency),
        "total": invoice_amount(invoice.total, invoice.currency),
        "pdf": None if pdf is None else str(pdf),
    }


def _line(line: LineItem, *, currency: str) -> Json:
    return {
        "description": line.description,
        "quantity": f"{line.quantity:f}",
        "unit_price": f"{line.unit_price:f}",
        "amount": invoice_amount(line.amount, currency),
    }


def invoice_amount(minor: int, currency: str) -> str:
    """An amount as decimal text: 47829.14."""
    return str(Money(minor, currency).amount)
