"""Verify a tenant's books: compute every invoice again from the stored facts, and name whatever is not as it must be.

Nothing is written. Documents are read page by page: plans, invoices and credit notes with their files, number series,
the periods of each subscription, usage, and the audit log. What runs out of time goes on from where it stopped.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from billing.domain.errors import InvalidInput
from billing.domain.finding import Findings
from billing.domain.number_check import NumberCheck
from billing.ports import Documents, Objects
from billing.usecases.run_context import RunRequest, start_run
from billing.usecases.verification import Progress, Verification, VerifyRequest
from billing.usecases.verify_audit import verify_audit
from billing.usecases.verify_invoices import learn_bills, verify_credit_notes, verify_invoices
from billing.usecases.verify_numbers import verify_numbers
from billing.usecases.verify_periods import verify_periods
from billing.usecases.verify_place import OutOfTime, Place, read_place
from billing.usecases.verify_plans import verify_plans
from billing.usecases.verify_usage import verify_usage

__all__ = ["VerifyReport", "VerifyRequest", "verify"]

_Stage: TypeAlias = Callable[[Verification], None]

_STAGES: Final[dict[str, _Stage]] = {
    "plans": verify_plans,
    "invoices": verify_invoices,
    "credit_notes": verify_credit_notes,
    "numbers": verify_numbers,
    "subscriptions": verify_periods,
    "rollups": verify_usage,
    "audit_batches": verify_audit,
}
"""In their order, by the name that a place has them by. What comes after the bills rests on knowing all of them."""

_OF_BILLS: Final = ("plans", "invoices", "credit_notes")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What was read, by kind, and what was found. `periods` is None where all were verified.

    `goes_on_from` is where a verification that ran out of time goes on, "" at its end.
    """

    tenant_id: str
    periods: tuple[str, ...] | None
    read: Counter[str]
    findings: Findings
    goes_on_from: str = ""


def verify(
    documents: Documents,
    objects: Objects,
    request: VerifyRequest,
    *,
    progress: Progress | None = None,
    out_of_time: Callable[[], bool] = lambda: False,
    start: str = "",
) -> VerifyReport:
    """Verify what was asked for, from the beginning or from where an earlier report says that it goes on.

    Everything that is not as it must be is reported. Raises NotFound for an unknown tenant, InvalidInput for a period
    that is no month, StoreUnavailable where a store is away. A document that can't be read is a finding.
    """
    for period in request.periods or ():
        _require_month(period)
    context = start_run(documents, _as_run(request), payment_url=lambda _invoice_id: "")
    context.load_rates()
    verification = Verification(
        request=request,
        context=context,
        objects=objects,
        progress=progress,
        out_of_time=out_of_time,
        start=read_place(start, stages=[*_STAGES]),
        invoice_numbers=NumberCheck(numbers=context.tenant.numbers),
        credit_note_numbers=NumberCheck(numbers=context.tenant.credit_numbers),
    )
    goes_on_from = ""
    try:
        _work(verification)
    except OutOfTime as stopped:
        goes_on_from = str(stopped.place)
    return VerifyReport(
        tenant_id=request.tenant_id,
        periods=request.periods,
        read=verification.read,
        findings=verification.findings,
        goes_on_from=goes_on_from,
    )


def _work(verification: Verification) -> None:
    """The stages that are left, each begun in time; what was learnt of the bills in earlier slices is learnt again."""
    knows_bills = verification.start is None
    for number, (name, stage) in enumerate(_stages_left(verification)):
        if number and verification.out_of_time():
            raise OutOfTime(Place(stage=name))
        if not knows_bills and name not in _OF_BILLS:
            learn_bills(verification)
            knows_bills = True
        stage(verification)


def _stages_left(verification: Verification) -> Iterator[tuple[str, _Stage]]:
    names = [*_STAGES]
    for name in names if verification.start is None else names[names.index(verification.start.stage) :]:
        if name != "rollups" or verification.request.events:
            yield name, _STAGES[name]


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
