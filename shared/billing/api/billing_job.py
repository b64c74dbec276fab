"""The billing run as a job: what it does for one tenant, and how that is counted."""

from collections.abc import Callable, Sequence
from typing import Protocol

from billing.api.job import Job, JobEngine, Task
from billing.api.run_answer import billed_invoices, generated, run_members
from billing.domain.run_report import RunReport
from billing.usecases.run_context import RunRequest


class BillingEngine(JobEngine, Protocol):
    """An engine that bills."""

    def generate_invoices(self, request: RunRequest, *, out_of_time: Callable[[], bool]) -> RunReport:
        """Bill one tenant."""
        ...


def _run(engine: BillingEngine, task: Task) -> RunReport:
    request = RunRequest(
        tenant_id=task.tenant_id,
        as_of=task.as_of,
        recorded_at=task.now,
        run_id=task.run_id,
        actor=task.actor,
        request_id=task.request_id,
        dry_run=task.dry_run,
        limit=task.limit,
    )
    return engine.generate_invoices(request, out_of_time=task.out_of_time)


def _made(report: RunReport) -> int:
    """Invoices that wait for a decision count too."""
    return len(report.invoices) + len(report.held)


def _tallies(reports: Sequence[RunReport]) -> dict[str, int]:
    return {
        "invoices": sum(len(report.invoices) for report in reports),
        "credit_notes": sum(len(report.credit_notes) for report in reports),
        "held": sum(len(report.held) for report in reports),
        "failures": sum(len(report.failures) for report in reports),
        "settled": sum(report.settled for report in reports),
        "unsettled": sum(report.unsettled for report in reports),
        "charged": sum(report.collected.charged for report in reports),
        "mailed": sum(report.collected.mailed for report in reports),
    }


BILLING = Job(
    name="generate_invoices",
    run=_run,
    made=_made,
    own=generated,
    listed=billed_invoices,
    result=run_members,
    tallies=_tallies,
    again="stopped early: call again, the next run goes on from here and bills nothing twice",
    looks_ahead=True,
)
