"""The dunning run as a job: what it does for one tenant, and how that is counted."""

from collections.abc import Callable, Sequence
from typing import Protocol

from billing.api.dunning_answer import chased, chased_of_all, dunning_members
from billing.api.job import Job, JobEngine, Task
from billing.domain.dunning_report import DunningReport
from billing.usecases.dunning_run import DunningRequest


class DunningEngine(JobEngine, Protocol):
    """An engine that chases what is unpaid."""

    def run_dunning(self, request: DunningRequest, *, out_of_time: Callable[[], bool]) -> DunningReport:
        """Chase what one tenant's customers have not paid."""
        ...


def _run(engine: DunningEngine, task: Task) -> DunningReport:
    request = DunningRequest(
        tenant_id=task.tenant_id,
        as_of=task.as_of,
        run_id=task.run_id,
        actor=task.actor,
        request_id=task.request_id,
        dry_run=task.dry_run,
        limit=task.limit,
    )
    return engine.run_dunning(request, out_of_time=task.out_of_time)


def _made(report: DunningReport) -> int:
    """Cases, of which one may have taken several steps."""
    cases = {each.invoice_id for each in report.details} | {each.invoice_id for each in report.failures}
    return len(cases) + report.busy


def _tallies(reports: Sequence[DunningReport]) -> dict[str, int]:
    return {
        "processed": sum(report.processed for report in reports),
        "overdue": sum(report.entered for report in reports),
        "busy": sum(report.busy for report in reports),
        "failures": sum(len(report.failures) for report in reports),
        "mailed": sum(report.mailed for report in reports),
        "undelivered_events": sum(report.undelivered_events for report in reports),
    }


DUNNING = Job(
    name="run_dunning",
    run=_run,
    made=_made,
    own=chased,
    listed=chased_of_all,
    result=dunning_members,
    tallies=_tallies,
    again="stopped early, or another run is at some of the cases: call again, no step is done twice",
    looks_ahead=False,
)
