"""One call of the billing run: for one tenant, or for all, where none keeps the others from being billed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol

from billing.api.job_request import JobRequest
from billing.domain.errors import BillingError, InvalidInput, Unavailable
from billing.domain.period import local_midnight
from billing.domain.run_report import RunReport
from billing.ports import Documents, Objects, OperationCounts
from billing.store.codec import BrokenDocument
from billing.store.tenants import Tenants
from billing.usecases.run_context import RunRequest


class BillingEngine(Protocol):
    """The product with its outside parts connected; `operations` counts what this one engine asked of them."""

    @property
    def documents(self) -> Documents:
        """The document store."""
        ...

    @property
    def objects(self) -> Objects:
        """The object store."""
        ...

    @property
    def operations(self) -> OperationCounts:
        """What was asked of the stores so far."""
        ...

    def generate_invoices(self, request: RunRequest, *, out_of_time: Callable[[], bool]) -> RunReport:
        """Bill one tenant."""
        ...


class RunFailed(BillingError):
    """The run of a tenant could not proceed at all, for a reason that is not the caller's."""

    code: ClassVar[str] = "run_failed"

    def __init__(self, tenant_id: str, error: BillingError) -> None:
        self.tenant_id = tenant_id
        super().__init__(f"the run of tenant {tenant_id!r} could not proceed: {error}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantFailure:
    """A tenant that could not be billed while the others were."""

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
class AllTenantsReport:
    """What a run of all tenants did. `complete` is False where one of them, or the row of them, stopped early."""

    tenants: int
    reports: list[RunReport] = field(default_factory=list)
    failures: list[TenantFailure] = field(default_factory=list)
    reached_the_end: bool = True

    @property
    def generated(self) -> int:
        """How many invoices were made."""
        return sum(len(report.invoices) for report in self.reports)

    @property
    def made(self) -> int:
        """The same with those that wait for a decision: a limit counts them too."""
        return self.generated + sum(len(report.held) for report in self.reports)

    @property
    def complete(self) -> bool:
        """Whether nothing has to be continued."""
        return self.reached_the_end and all(report.complete for report in self.reports)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingJob:
    """A request with everything that its run needs. `run_id` is the same for every tenant of one call."""

    engine: BillingEngine
    request: JobRequest
    run_id: str
    actor: str
    request_id: str
    now: datetime
    out_of_time: Callable[[], bool]

    def bill(self, tenant_id: str, *, limit: int | None) -> RunReport:
        """Bill one tenant. Raises NotFound for an unknown one, Unavailable, RunFailed."""
        try:
            return self.engine.generate_invoices(
                RunRequest(
                    tenant_id=tenant_id,
                    as_of=self._as_of(tenant_id),
                    recorded_at=self.now,
                    run_id=self.run_id,
                    actor=self.actor,
                    request_id=self.request_id,
                    dry_run=self.request.dry_run,
                    limit=limit,
                ),
                out_of_time=self.out_of_time,
            )
        except (BrokenDocument, InvalidInput) as error:  # not the caller's input: that was read before
            raise RunFailed(tenant_id, error) from error

    def bill_all(self) -> AllTenantsReport:
        """Bill every tenant in the order of their ids, while there is time and room below the limit.

        Raises Unavailable where no tenant could be billed because a store is away.
        """
        tenant_ids = Tenants(self.engine.documents).ids()
        done = AllTenantsReport(tenants=len(tenant_ids))
        for tenant_id in tenant_ids:
            left = None if self.request.limit is None else self.request.limit - done.made
            if left == 0 or self.out_of_time():
                done.reached_the_end = False
                break
            try:
                done.reports.append(self.bill(tenant_id, limit=left))
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one tenant, the others are billed
                done.failures.append(TenantFailure(tenant_id=tenant_id, error=error))
        _raise_if_everything_is_away(done)
        return done

    def _as_of(self, tenant_id: str) -> datetime:
        match self.request.as_of:
            case None:
                return self.now
            case datetime() as instant:
                return instant
            case day:
                return local_midnight(day, Tenants(self.engine.documents).get(tenant_id).zone)


def _raise_if_everything_is_away(done: AllTenantsReport) -> None:
    errors = [failure.error for failure in done.failures]
    if errors and not done.reports and all(isinstance(error, Unavailable) for error in errors):
        raise errors[0]
