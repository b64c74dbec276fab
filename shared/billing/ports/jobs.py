"""What is asked of the functions that run jobs: one call, answered as the function itself answers."""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal, Protocol, TypeAlias

from billing.domain.errors import BillingError, Unavailable
from billing.ports.tasks import FunctionName

ACTOR_HEADER: Final = "x-billing-actor"
"""Who asked, passed on by a caller of our own. A function believes it of nobody else."""

JobName: TypeAlias = Literal["generate_invoices", "run_dunning"]
"""The jobs that the API runs for its callers, each by a function of its own."""

RunName: TypeAlias = Literal["generate_invoices", "run_dunning", "verify"]
"""The jobs that can be spread over tasks."""


def place_of(job: RunName) -> tuple[FunctionName, str]:
    """The function that does a job, and the path of its door there."""
    return ("generate_invoices", "/verify") if job == "verify" else (job, "/")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCall:
    """A call of a job for one tenant, or for all where `tenant_id` is None.

    `body` is the JSON of what is asked for, `actor` who asked, for the audit log. The job may take `seconds`.
    """

    job: JobName
    tenant_id: str | None
    body: bytes
    actor: str
    request_id: str
    seconds: float


class Jobs(Protocol):
    """Runs jobs, here or where they are deployed."""

    def call(self, asked: JobCall) -> bytes:
        """The job's answer as JSON. Raises NotFound for an unknown tenant, JobRefused, JobUnavailable."""
        ...


class JobRefused(BillingError):
    """The function understood the call and would not do it. `status` and `code` are its own, and so is the sentence."""

    code: ClassVar[str] = "job_refused"

    def __init__(self, sentence: str, *, status: int, code: str) -> None:
        self.status = status
        self.own_code = code
        super().__init__(sentence)


class JobUnavailable(Unavailable):
    """The function did not answer, or believes none of our credentials. `reason` is for our log."""

    code: ClassVar[str] = "job_unavailable"

    def __init__(self, job: JobName, *, reason: str) -> None:
        self.job = job
        self.reason = reason
        super().__init__(f"the function {job} did not run: {reason}")
