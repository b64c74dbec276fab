"""Run a job, answer, and leave the line in the log that metrics and alerts stand on (docs/guides/observability.md)."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from billing.api.call_log import CallLog, error_fields
from billing.api.job import Engine, Report
from billing.api.job_answer import all_tenants_answer, tenant_answer
from billing.api.job_request import InvalidFields
from billing.api.job_run import AllTenantsReport, JobRun
from billing.domain.errors import Conflict, NotFound
from billing.ports.operation_cost import cost_micro_usd
from billing.ports.trace import note_in_span, span

RUN_EVENT = "run_report"

_REFUSED = (NotFound, InvalidFields)
"""Not runs: nothing was begun for an unknown tenant, or for a day to come."""


def logged_run(run: JobRun[Engine, Report], *, seconds: Callable[[], float], log: CallLog) -> bytes:
    """The answer as JSON, of one tenant or of all; raises what the run raises. `seconds` have passed since the call."""
    asked = run.request
    try:
        with span("run", run_id=run.run_id, tenant=asked.tenant_id or "", dry_run=asked.dry_run):
            done, answer = _done(run, seconds)
            note_in_span(**run.job.tallies(done.reports))
    except _REFUSED:
        raise
    except Exception as error:
        severity = "WARNING" if isinstance(error, Conflict) else "ERROR"  # what is called again goes through
        told = {"complete": False, **error_fields(error)}
        log(RUN_EVENT, {**_fields(run, "failed", severity=severity, seconds=seconds()), **told})
        raise
    log(RUN_EVENT, _line(run, done, seconds=seconds()))
    return answer


def _done(run: JobRun[Engine, Report], seconds: Callable[[], float]) -> tuple[AllTenantsReport[Report], bytes]:
    tenant_id = run.request.tenant_id
    if tenant_id is None:
        done = run.of_all()
        return done, all_tenants_answer(run, done, seconds=seconds())
    report = run.of(tenant_id, limit=run.request.limit)
    return AllTenantsReport(tenants=1, reports=[report]), tenant_answer(run, report, seconds=seconds())


def _line(run: JobRun[Engine, Report], done: AllTenantsReport[Report], *, seconds: float) -> dict[str, Any]:
    tallies = run.job.tallies(done.reports)
    failed = bool(done.failures or tallies["failures"])
    outcome = "failed" if done.failures and not done.reports else "partly_failed" if failed else "succeeded"
    severity = "ERROR" if done.failures else "WARNING" if failed else "INFO"
    return {
        **_fields(run, outcome, severity=severity, seconds=seconds),
        "complete": done.complete,
        "tenants": len(done.reports) + len(done.failures),
        "tenants_failed": len(done.failures),
        **tallies,
        "errors": [{"tenant": each.tenant_id, **error_fields(each.error)} for each in done.failures],
    }


def _fields(run: JobRun[Engine, Report], outcome: str, *, severity: str, seconds: float) -> Mapping[str, Any]:
    """What is known of every run, also of one that could not proceed. A run of all tenants has the tenant ""."""
    operations = run.engine.operations
    return {
        "severity": severity,
        "message": f"{run.job.name} {outcome.replace('_', ' ')}",
        "job": run.job.name,
        "outcome": outcome,
        "run_id": run.run_id,
        "request_id": run.request_id,
        "tenant": run.request.tenant_id or "",
        "dry_run": run.request.dry_run,
        "seconds": round(seconds, 3),
        "operations": asdict(operations),
        "cost_micro_usd": cost_micro_usd(operations),
    }
