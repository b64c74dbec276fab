"""Jobs run in this very process, as on a laptop: what their functions would answer, without a way over the network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, assert_never

from billing.api.billing_job import BILLING, BillingEngine
from billing.api.call_log import CallLog
from billing.api.dunning_job import DUNNING, DunningEngine
from billing.api.job import Engine, Job, Report
from billing.api.job_request import read_job
from billing.api.job_run import JobRun
from billing.api.logged_run import logged_run
from billing.api.queue_call import refuse_tasks
from billing.domain.stamp import stamp
from billing.ports import Clock
from billing.ports.jobs import JobCall


class RunningEngine(BillingEngine, DunningEngine, Protocol):
    """An engine that does both jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsInProcess:
    """The Jobs of this process. `engine` makes one that counts for a single call.

    Runs stop early once the process `is_ending`, as they do when their time is up.
    """

    engine: Callable[[], RunningEngine]
    clock: Clock
    monotonic: Callable[[], float]
    new_id: Callable[[], str]
    log: CallLog
    is_ending: Callable[[], bool] = lambda: False

    def call(self, asked: JobCall) -> bytes:
        """Run the job now; raises what its run raises."""
        match asked.job:
            case "generate_invoices":
                return self._answer(BILLING, self.engine(), asked)
            case "run_dunning":
                return self._answer(DUNNING, self.engine(), asked)
            case _:
                assert_never(asked.job)

    def _answer(self, job: Job[Engine, Report], engine: Engine, asked: JobCall) -> bytes:
        started, now = self.monotonic(), self.clock.now()
        request = read_job(asked.tenant_id, asked.body, now=now, job=job.name)
        refuse_tasks(request)
        run = JobRun(
            job=job,
            engine=engine,
            request=request,
            run_id=f"{stamp(now)}-{self.new_id()[:8]}",
            actor=asked.actor,
            request_id=asked.request_id,
            now=now,
            out_of_time=lambda: self.is_ending() or self.monotonic() >= started + asked.seconds,
        )
        return logged_run(run, seconds=lambda: self.monotonic() - started, log=self.log)
