"""The billing run as a job: what it does for one tenant, and how that is counted."""

from collections.abc import Callable, Sequence
from typing import Protocol

from billing.api.job import Job, JobEngine, TenantWork
from billing.api.run_answer import billed_invoices, generated, run_members
from billing.domain.run_report import RunReport, Settled
from billing.store.tenants import Tenants
from billing.usecases.run_context import RunRequest


class BillingEngine(JobEngine, Protocol):
    """An engine that bills."""

    def generate_invoices(self, request: RunRequest, *, out_of_time: Callable[[], bool]) -> RunReport:
        """Bill one tenant."""
        ...

    def settle(self, tenant_id: str, invoice_ids: Sequence[str]) -> Settled:
        """Settle these invoices of a tenant."""
        ...

    def settle_rest(self, tenant_id: str, *, out_of_time: Callable[[], bool], sweep_from: str) -> Settled:
        """Settle whatever is left of a tenant's documents, from where the slice before stopped."""
        ...


def _run(engine: BillingEngine, work: TenantWork) -> RunReport:
    """A shard's invoices are settled by tasks of their own: their PDFs take longer than they themselves."""
    request = RunRequest(
        tenant_id=work.tenant_id,
        as_of=work.as_of,
        recorded_at=work.now,
        run_id=work.run_id,
        actor=work.actor,
        request_id=work.request_id,
        dry_run=work.dry_run,
        limit=work.limit,
        shards=work.shards,
        settle=work.shards is None,
        fan_out=work.fan_out,
        sweep_from=work.sweep_from,
    )
    return engine.generate_invoices(request, out_of_time=work.out_of_time)


def _left(report: RunReport) -> list[str]:
    return [each.id for each in report.invoices]


def _settle(engine: BillingEngine, work: TenantWork, invoice_ids: Sequence[str]) -> RunReport:
    return _settled(engine, work, engine.settle(work.tenant_id, invoice_ids))


def _close(engine: BillingEngine, work: TenantWork) -> RunReport:
    settled = engine.settle_rest(work.tenant_id, out_of_time=work.out_of_time, sweep_from=work.sweep_from)
    return _settled(engine, work, settled)


def _nothing(engine: BillingEngine, work: TenantWork) -> RunReport:
    return _settled(engine, work, Settled())


def _settled(engine: BillingEngine, work: TenantWork, settled: Settled) -> RunReport:
    currency = Tenants(engine.documents).get(work.tenant_id).currency
    report = RunReport(
        run_id=work.run_id, tenant_id=work.tenant_id, as_of=work.as_of, dry_run=work.dry_run, currency=currency
    )
    report.add_settled(settled)
    return report


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
    left=_left,
    settle=_settle,
    close=_close,
    nothing=_nothing,
)
