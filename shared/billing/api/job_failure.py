"""A job that could not run, told to its caller, who has proved to be one of ours."""

from billing.api.job_request import InvalidFields
from billing.api.job_run import RunFailed
from billing.api.problem import Answer, problem, problem_of
from billing.ports.jobs import JobRefused


def job_failure(error: Exception, *, request_id: str) -> Answer:
    """The answer to an exception: each wrong field by its name, and which tenant could not be run and why."""
    match error:
        case InvalidFields():
            flaws = [{"field": flaw.field, "detail": str(flaw)} for flaw in error.flaws]
            return problem(422, code=error.code, detail=str(error), errors=flaws, request_id=request_id)
        case RunFailed():
            return problem(500, code=error.code, detail=str(error), request_id=request_id)
        case JobRefused():
            return problem(error.status, code=error.own_code, detail=str(error), request_id=request_id)
        case _:
            return problem_of(error, request_id=request_id)
