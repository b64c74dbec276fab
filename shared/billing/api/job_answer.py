"""The answer to a job's call, for one tenant or for all: what older clients read first, then the run's report."""

from dataclasses import asdict
from typing import Any

import orjson

from billing.api.job import Engine, Members, Report
from billing.api.job_run import AllTenantsReport, JobRun

MORE_ROOM = "stopped early: a dry run moves nothing on, so raise the limit or the deadline to see the rest"


def tenant_answer(run: JobRun[Engine, Report], report: Report, *, seconds: float) -> bytes:
    """What a run of one tenant answers, as JSON."""
    return _json(run, {**run.job.own(report), **run.job.result(report)}, seconds=seconds)


def all_tenants_answer(run: JobRun[Engine, Report], done: AllTenantsReport[Report], *, seconds: float) -> bytes:
    """What a run of all tenants answers, as JSON."""
    members = {
        "tenants": done.tenants,
        **run.job.listed(done.reports),
        "run_id": run.run_id,
        "dry_run": run.request.dry_run,
        "complete": done.complete,
        "results": [run.job.result(each) for each in done.reports],
        "errors": [{"tenantId": each.tenant_id, "code": each.code, "message": each.message} for each in done.failures],
    }
    return _json(run, members, seconds=seconds)


def enqueued_answer(run: JobRun[Engine, Report], told: Members, *, seconds: float) -> bytes:
    """What a call answers that was spread over tasks, as JSON."""
    known = told["tenants"] - told["enqueued"]
    note = {"note": f"{known} of them were enqueued before, by the same trigger"} if known else {}
    operations = {"operations": asdict(run.engine.operations), "seconds": round(seconds, 3)}
    return orjson.dumps({**told, **note, **operations}, option=orjson.OPT_APPEND_NEWLINE)


def _json(run: JobRun[Engine, Report], members: dict[str, Any], *, seconds: float) -> bytes:
    if not members["complete"]:
        members["note"] = MORE_ROOM if run.request.dry_run else run.job.again
    members["operations"] = asdict(run.engine.operations)
    members["seconds"] = round(seconds, 3)
    return orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE)
