"""What a dunning run answers: `{processed, details}` as older clients read it, and the run report beside them."""

from collections.abc import Sequence

from billing.api.job import Members
from billing.api.json_amount import json_amount
from billing.domain.dunning_report import DunningDetail, DunningReport


def chased(report: DunningReport) -> Members:
    """What older clients read of one tenant's run."""
    return {"processed": report.processed, "details": [_detail(each) for each in report.details]}


def chased_of_all(reports: Sequence[DunningReport]) -> Members:
    """The same of the runs of several; each detail names its tenant."""
    return {
        "processed": sum(report.processed for report in reports),
        "details": [{"tenantId": run.tenant_id, **_detail(each)} for run in reports for each in run.details],
    }


def dunning_members(report: DunningReport) -> Members:
    """The report beside them, and in the list of several tenants'."""
    return {
        "processed": report.processed,
        "tenant": report.tenant_id,
        "run_id": report.run_id,
        "as_of": report.as_of.isoformat(),
        "dry_run": report.dry_run,
        "complete": report.complete,
        "actions": dict(sorted(report.actions.items())),
        "overdue": report.entered,
        "busy": report.busy,
        "failed": len(report.failures),
        "failures": [
            {"invoice_id": each.invoice_id, "code": each.code, "message": each.message} for each in report.failures
        ],
        "mailed": report.mailed,
        "undelivered_events": report.undelivered_events,
    }


def _detail(detail: DunningDetail) -> Members:
    return {
        "customerId": detail.customer_id,
        "action": detail.action.value,
        "reminderCount": detail.reminder_count,
        "invoice_id": detail.invoice_id,
        "number": detail.number,
        "before": detail.before.value,
        "after": detail.after.value,
        "day": detail.day,
        "notice": detail.notice,
        "charged": json_amount(detail.charged, detail.currency),
        "passed_over": list(detail.passed_over),
        "amount_due": json_amount(detail.amount_due, detail.currency),
        "currency": detail.currency,
        "note": detail.note,
    }
