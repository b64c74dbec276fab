"""The dunning run as a job: what it does for one tenant, and how that is counted."""

from collections.abc import Callable, Sequence
from typing import Protocol

from billing.api.dunning_answer import chased, chased_of_all, dunning_members
from billing.api.job import Job, JobEngine, TenantWork
from billing.domain.dunning_report import DunningReport
from billing.usecases.dunning_run import DunningRequest


class DunningEngine(JobEngine, Protocol):
    """An engine that chases what is unpaid."""

    def run_dunning(self, request: DunningRequest, *, out_of_time: Callable[[], bool]) -> DunningReport:
        """Chase what one tenant's customers have not paid."""
        ...

    def close_dunning(self, request: DunningRequest, report: DunningReport, *, out_of_time: Callable[[], bool]) -> None:
        """Do what comes once, after all shards."""
        ...


def _run(engine: DunningEngine, work: TenantWork) -> DunningReport:
    return engine.run_dunning(_request(work), out_of_time=work.out_of_time)


def _nothing(_engine: DunningEngine, work: TenantWork) -> DunningReport:
    return DunningReport(run_id=work.run_id, tenant_id=work.tenant_id, as_of=work.as_of, dry_run=work.dry_run)


def _close(engine: DunningEngine, work: TenantWork) -> DunningReport:
    report = _nothing(engine, work)
    engine.close_dunning(_request(work), report, out_of_time=work.out_of_time)
    return report


def _request(work: TenantWork) -> DunningRequest:
    return DunningRequest(
        tenant_id=work.tenant_id,
        as_of=work.as_of,
        run_id=work.run_id,
        actor=work.actor,
        request_id=work.request_id,
        dry_run=work.dry_run,
        limit=work.limit,
        shards=work.shards,
        fan_out=work.fan_out,
        sweep_from=work.sweep_from,
    )


def _nothing_left(_report: DunningReport) -> list[str]:
    return []


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
    left=_nothing_left,
    settle=None,
    close=_close,
    nothing=_nothing,
)
