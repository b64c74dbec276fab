"""One call of a job: for one tenant, or for all, where none keeps the others from their turn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Generic

from billing.api.job import Engine, Job, Report, TenantWork
from billing.api.job_request import InvalidFields, JobRequest
from billing.domain.errors import BillingError, InvalidInput, Unavailable
from billing.domain.period import local_midnight
from billing.store.codec import BrokenDocument
from billing.store.tenants import Tenants

_WHERE_DAYS_BEGIN_FIRST = "Pacific/Kiritimati"


class RunFailed(BillingError):
    """The run of a tenant could not proceed at all, for a reason that is not the caller's."""

    code: ClassVar[str] = "run_failed"

    def __init__(self, tenant_id: str, error: BillingError) -> None:
        self.tenant_id = tenant_id
        self.error = error
        super().__init__(f"the run of tenant {tenant_id!r} could not proceed: {error}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantFailure:
    """A tenant whose run failed while those of the others did not."""

    tenant_id: str
    error: Exception

    @property
    def code(self) -> str:
        """The error's stable code."""
        return self.error.code if isinstance(self.error, BillingError) else "internal_error"

    @property
    def message(self) -> str:
        """A sentence for the caller. What an outside part or a bug says of itself stays in the log."""
        match self.error:
            case Unavailable():
                return "a part that this service needs did not answer; call again"
            case BillingError():
                return str(self.error)
            case _:
                return "something went wrong on our side; the log of this request says what"


@dataclass(slots=True, kw_only=True)
class AllTenantsReport(Generic[Report]):
    """What a run of all tenants did. `complete` is False where one of them, or the row of them, stopped early."""

    tenants: int
    reports: list[Report] = field(default_factory=list)
    failures: list[TenantFailure] = field(default_factory=list)
    reached_the_end: bool = True

    @property
    def complete(self) -> bool:
        """Whether nothing has to be continued."""
        return self.reached_the_end and all(report.complete for report in self.reports)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun(Generic[Engine, Report]):
    """A request for a job with everything that its run needs. `run_id` is the same for every tenant of one call."""

    job: Job[Engine, Report]
    engine: Engine
    request: JobRequest
    run_id: str
    actor: str
    request_id: str
    now: datetime
    out_of_time: Callable[[], bool]

    def of(self, tenant_id: str, *, limit: int | None) -> Report:
        """Run for one tenant. Raises NotFound for an unknown one, InvalidFields, Unavailable, RunFailed."""
        try:
            return self.job.run(self.engine, self._work(tenant_id, limit=limit))
        except InvalidFields:  # the day that was asked for has not begun in the tenant's zone
            raise
        except (BrokenDocument, InvalidInput) as error:  # not the caller's input: that was read before
            raise RunFailed(tenant_id, error) from error

    def of_all(self) -> AllTenantsReport[Report]:
        """Run for every tenant in the order of their ids, while there is time and room below the limit.

        Raises InvalidFields, and Unavailable where no tenant had its turn because a store is away.
        """
        self.refuse_what_is_to_come()
        done = self.of_each(Tenants(self.engine.documents).ids())
        _raise_if_everything_is_away(done)
        return done

    def of_each(self, tenant_ids: Sequence[str]) -> AllTenantsReport[Report]:
        """Run for these tenants in their order, while there is time and room below the limit."""
        done = AllTenantsReport[Report](tenants=len(tenant_ids))
        for tenant_id in tenant_ids:
            left = self._left(done)
            if left == 0 or self.out_of_time():
                done.reached_the_end = False
                break
            try:
                done.reports.append(self.of(tenant_id, limit=left))
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one tenant, the others have their turn
                done.failures.append(TenantFailure(tenant_id=tenant_id, error=error))
        return done

    def refuse_what_is_to_come(self) -> None:
        """Raise InvalidFields for a day that has begun nowhere, before anybody's turn."""
        self._as_of(lambda: _WHERE_DAYS_BEGIN_FIRST)

    def _left(self, done: AllTenantsReport[Report]) -> int | None:
        limit = self.request.limit
        return None if limit is None else max(0, limit - sum(map(self.job.made, done.reports)))

    def _work(self, tenant_id: str, *, limit: int | None) -> TenantWork:
        return TenantWork(
            tenant_id=tenant_id,
            as_of=self._as_of(lambda: Tenants(self.engine.documents).get(tenant_id).zone),
            now=self.now,
            run_id=self.run_id,
            actor=self.actor,
            request_id=self.request_id,
            dry_run=self.request.dry_run,
            limit=limit,
            out_of_time=self.out_of_time,
        )

    def _as_of(self, zone: Callable[[], str]) -> datetime:
        match self.request.as_of:
            case None:
                return self.now
            case datetime() as instant:
                return self._come(instant)
            case day:
                return self._come(local_midnight(day, zone()))

    def _come(self, as_of: datetime) -> datetime:
        """The instant, or InvalidFields where it is to come and the job may not look ahead."""
        if as_of <= self.now or self.job.looks_ahead or self.request.dry_run:
            return as_of
        expected = f"a time that has come by {self.now:%Y-%m-%dT%H:%M:%SZ}, as only a dry run may look ahead"
        raise InvalidFields([InvalidInput("as_of", expected=expected, given=as_of.isoformat())])


def _raise_if_everything_is_away(done: AllTenantsReport[Report]) -> None:
    errors = [failure.error for failure in done.failures]
    if errors and not done.reports and all(isinstance(error, Unavailable) for error in errors):
        raise errors[0]
