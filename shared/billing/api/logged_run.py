"""Run a job, answer, and leave the line in the log that metrics and alerts stand on (docs/guides/observability.md)."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from billing.api.call_log import CallLog, error_fields
from billing.api.job import Engine, Members, Report
from billing.api.job_answer import all_tenants_answer, tenant_answer
from billing.api.job_request import InvalidFields, JobRequest
from billing.api.job_run import AllTenantsReport, JobRun
from billing.domain.errors import Conflict, NotFound
from billing.ports.operation_cost import cost_micro_usd
from billing.ports.trace import note_in_span, span

RUN_EVENT = "run_report"

_REFUSED = (NotFound, InvalidFields)
"""Not runs: nothing was begun for an unknown tenant, or for a day to come."""


def logged_run(run: JobRun[Engine, Report], *, seconds: Callable[[], float], log: CallLog) -> bytes:
    """The answer as JSON, of one tenant or of all; raises what the run raises. `seconds` have passed since the call."""
    done = logged(run, lambda: _done(run), seconds=seconds, log=log)
    if run.request.tenant_id is None:
        return all_tenants_answer(run, done, seconds=seconds())
    return tenant_answer(run, done.reports[0], seconds=seconds())


def logged(
    run: JobRun[Engine, Report],
    work: Callable[[], AllTenantsReport[Report]],
    *,
    seconds: Callable[[], float],
    log: CallLog,
) -> AllTenantsReport[Report]:
    """Do the work of a run, and leave its line. Raises what the work raises."""
    asked = run.request
    try:
        with span("run", run_id=run.run_id, tenant=asked.tenant_id or "", dry_run=asked.dry_run):
            done = work()
            note_in_span(**run.job.tallies(done.reports))
    except _REFUSED:
        raise
    except Exception as error:
        log_failed(run, error, seconds=seconds(), log=log)
        raise
    log(RUN_EVENT, _line(run, done, seconds=seconds()))
    return done


def log_failed(run: JobRun[Engine, Report], error: Exception, *, seconds: float, log: CallLog) -> None:
    """Leave the line of a run that could not proceed."""
    severity = "WARNING" if isinstance(error, Conflict) else "ERROR"  # what is called again goes through
    told = {"complete": False, **error_fields(error)}
    log(RUN_EVENT, {**_fields(run, "failed", severity=severity, seconds=seconds), **told})


def log_spread(run: JobRun[Engine, Report], told: Members, *, seconds: float, log: CallLog) -> None:
    """Leave the line of a call that was spread over tasks, whose parts leave lines of their own."""
    counted = {"tenants": told["tenants"], "enqueued": told["enqueued"], "fan_out": told["fan_out"]}
    line = {**_fields(run, "succeeded", severity="INFO", seconds=seconds), "complete": False, **counted}
    log(RUN_EVENT, {**line, "message": f"{run.job.name} spread over {told['tenants']} tasks"})


def _done(run: JobRun[Engine, Report]) -> AllTenantsReport[Report]:
    tenant_id = run.request.tenant_id
    if tenant_id is None:
        return run.of_all()
    return AllTenantsReport(tenants=1, reports=[run.of(tenant_id, limit=run.request.limit)])


def _line(run: JobRun[Engine, Report], done: AllTenantsReport[Report], *, seconds: float) -> dict[str, Any]:
    tallies = run.job.tallies(done.reports)
    cut_off = run.job.must_finish and run.request.part is None and not done.complete
    failed = bool(done.failures or tallies["failures"] or cut_off)
    outcome = "failed" if done.failures and not done.reports else "partly_failed" if failed else "succeeded"
    severity = "ERROR" if done.failures or tallies.get("findings") else "WARNING" if failed else "INFO"
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
        "scope": _scope(run.request),
        "dry_run": run.request.dry_run,
        "seconds": round(seconds, 3),
        "operations": asdict(operations),
        "cost_micro_usd": cost_micro_usd(operations),
    }


def _scope(asked: JobRequest) -> str:
    """Whose run it is: of `all` tenants, by this call or spread by it; of one `tenant`; a `part` of a spread one."""
    if asked.part is not None:
        return "part"
    return "all" if asked.tenant_id is None else "tenant"
