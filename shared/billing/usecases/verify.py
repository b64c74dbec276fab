"""Verify a tenant's books: compute every invoice again from the stored facts, and name whatever is not as it must be.

Nothing is written. Documents are read page by page: plans, invoices and credit notes with their files, number series,
the periods of each subscription, usage, and the audit log.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from billing.domain.errors import InvalidInput
from billing.domain.finding import Findings
from billing.domain.number_check import NumberCheck
from billing.ports import Documents, Objects
from billing.usecases.run_context import RunRequest, start_run
from billing.usecases.verification import Progress, Verification, VerifyRequest
from billing.usecases.verify_audit import verify_audit
from billing.usecases.verify_invoices import verify_credit_notes, verify_invoices
from billing.usecases.verify_numbers import verify_numbers
from billing.usecases.verify_periods import verify_periods
from billing.usecases.verify_plans import verify_plans
from billing.usecases.verify_usage import verify_usage

__all__ = ["VerifyReport", "VerifyRequest", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What was read, by kind, and what was found. `period` is None where all were verified."""

    tenant_id: str
    period: str | None
    read: Counter[str]
    findings: Findings


def verify(
    documents: Documents,
    objects: Objects,
    request: VerifyRequest,
    *,
    progress: Progress = lambda _stage, _done, _total: None,
) -> VerifyReport:
    """Verify what was asked for, and report everything that is not as it must be.

    Raises NotFound for an unknown tenant, InvalidInput for a period that is no month, StoreUnavailable where a store is
    away. A document that can't be read is a finding.
    """
    if request.period is not None:
        _require_month(request.period)
    context = start_run(documents, _as_run(request), payment_url=lambda _invoice_id: "")
    verification = Verification(
        request=request,
        context=context,
        objects=objects,
        progress=progress,
        invoice_numbers=NumberCheck(numbers=context.tenant.numbers),
        credit_note_numbers=NumberCheck(numbers=context.tenant.credit_numbers),
    )
    verify_plans(verification)
    verify_invoices(verification)
    verify_credit_notes(verification)
    verify_numbers(verification)
    verify_periods(verification)
    if request.events:
        verify_usage(verification)
    verify_audit(verification)
    return VerifyReport(
        tenant_id=request.tenant_id, period=request.period, read=verification.read, findings=verification.findings
    )


def _as_run(request: VerifyRequest) -> RunRequest:
    """The run whose facts are gathered; it is a dry one, and nothing is committed."""
    return RunRequest(
        tenant_id=request.tenant_id,
        as_of=request.as_of,
        recorded_at=request.as_of,
        run_id="verify",
        actor="verify",
        dry_run=True,
    )


def _require_month(text: str) -> None:
    try:
        date.fromisoformat(f"{text}-01")
    except ValueError:
        raise InvalidInput("period", expected="a month such as 2026-02", given=text) from None
