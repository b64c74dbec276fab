"""What the declared jobs ask of the stores on one night, counted: two runs, three sweeps, the verification."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.book import TENANT
from billing.api.job import TenantWork
from billing.api.verify_job import VERIFY
from billing.domain.stamp import stamp
from billing.engine import Engine
from billing.ports import OperationCounts
from billing.usecases.dunning_run import DunningRequest
from billing.usecases.run_context import RunRequest

SWEEPS = 3
TRIGGERS = 3 + SWEEPS

A_TRIGGER = OperationCounts(reads=1, writes=2)
"""Whatever the number of tenants: the record of a call that is spread, begun, and counted once the queue has all."""

A_TASK = OperationCounts(reads=1)
"""A call lists the tenants, and enqueues a task for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """The operations of one tenant's night: its runs with the sweeps, and its verification."""

    runs: OperationCounts
    verification: OperationCounts

    @property
    def whole(self) -> OperationCounts:
        """Both, with what lists the tenants."""
        return self.runs + self.verification + times(A_TASK, TRIGGERS)


def night(engine: Engine, at: datetime) -> Night:
    """Do what the declared jobs do for the tenant on the day of a UTC midnight."""
    runs = engine.counted()
    for hours in (0, *(6 * number for number in range(1, SWEEPS + 1))):
        bill(runs, at + timedelta(hours=hours))
    moment = at + timedelta(hours=1)
    runs.run_dunning(DunningRequest(tenant_id=TENANT, as_of=moment, run_id=f"dun-{stamp(at)}", actor="benchmark"))
    return Night(runs=runs.operations, verification=verify(engine, at + timedelta(hours=3)))


def bill(engine: Engine, at: datetime) -> None:
    """One billing run, or one sweep."""
    engine.generate_invoices(
        RunRequest(
            tenant_id=TENANT,
            as_of=at,
            recorded_at=at,
            run_id=f"bill-{stamp(at)}",
            actor="benchmark",
            fan_out=f"bill-{stamp(at)}",
        )
    )


def verify(engine: Engine, at: datetime) -> OperationCounts:
    """The nightly verification as a task does it; it leaves out books that nothing happened to."""
    counted = engine.counted()
    work = TenantWork(
        tenant_id=TENANT,
        as_of=at,
        now=at,
        run_id=f"verify-{stamp(at)}",
        actor="benchmark",
        request_id="",
        dry_run=False,
        limit=None,
        out_of_time=lambda: False,
        fan_out=f"night-{stamp(at)}",
    )
    report = VERIFY.run(counted, work)
    assert report.complete and not report.findings, report.kinds  # noqa: PT018, S101 - else it counted another thing
    return counted.operations


def times(counts: OperationCounts, number: float) -> OperationCounts:
    """So often the same."""
    return OperationCounts(
        reads=round(counts.reads * number),
        writes=round(counts.writes * number),
        deletes=round(counts.deletes * number),
        queries=round(counts.queries * number),
        objects=round(counts.objects * number),
    )
