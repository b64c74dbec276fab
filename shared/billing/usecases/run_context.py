"""What one billing run of one tenant carries from page to page: the request, the repositories, what is read once."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from billing.domain.catalog import Plan
from billing.domain.errors import BillingError, InvalidInput
from billing.domain.exchange import ExchangeTable
from billing.domain.invoice import Invoice
from billing.domain.run_report import RunReport
from billing.domain.tax import TaxTable
from billing.domain.tenant import Tenant
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.counters import Counter, Counters
from billing.store.credit_notes import CreditNotes
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.store.payments import Payments
from billing.store.plans import PlanVersions
from billing.store.reviews import Reviews
from billing.store.subscriptions import Subscriptions
from billing.store.tenants import Tenants
from billing.store.usage import UsageRollups
from billing.usecases.call import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What is asked of a run. `as_of` decides what is due and dates the invoices; `recorded_at` is when it really runs.

    `limit` is the most invoices to make; `actor` and `request_id` go into the audit log. `shards` are those to bill, so
    that the parts of one run (one `run_id`) can run side by side; None is all. Without `settle` the invoices keep their
    pending steps for a later run. `fan_out` names what the run is a part of, and `sweep_from` is where the slice before
    says that the sweep of unsettled documents goes on.
    """

    tenant_id: str
    as_of: datetime
    recorded_at: datetime
    run_id: str
    actor: str
    request_id: str = ""
    dry_run: bool = False
    limit: int | None = None
    shards: tuple[int, ...] | None = None
    settle: bool = True
    fan_out: str = ""
    sweep_from: str = ""

    def __post_init__(self) -> None:
        """Refuse a part of nothing."""
        if self.shards is not None and not self.shards:
            raise InvalidInput("shards", expected="one shard or more", given=self.shards)

    @property
    def part_id(self) -> str:
        """The run's id, or that of this part of it: parts that run side by side have no shard in common."""
        return self.run_id if self.shards is None else f"{self.run_id}-s{self.shards[0]}"


@dataclass(slots=True, kw_only=True)
class RunContext:
    """A run in progress. `plans` and `counters` are read when first needed; a plan that can't be read is its error.

    So are tax and exchange rates: on most nights nothing is due.

    A page is numbered and committed in its `turn`: where parts of a run wait for each other there, none loses the race
    for the next numbers.
    """

    request: RunRequest
    documents: Documents
    tenant: Tenant
    report: RunReport
    customers: Customers
    subscriptions: Subscriptions
    rollups: UsageRollups
    invoices: Invoices
    credit_notes: CreditNotes
    payments: Payments
    reviews: Reviews
    series: Counters
    audit: AuditLog
    plan_versions: PlanVersions
    payment_url: Callable[[str], str]
    on_invoice: Callable[[Invoice], None]
    plans: dict[str, Plan | BillingError] = field(default_factory=dict)
    counters: dict[str, Counter] = field(default_factory=dict)
    turn: Callable[[], AbstractContextManager[None]] = nullcontext
    commits: int = 0
    _taxes: TaxTable | None = None
    _exchange: ExchangeTable | None = None

    @property
    def taxes(self) -> TaxTable:
        """The tenant's tax rates, read once."""
        if self._taxes is None:
            self._taxes = Tenants(self.documents).tax_table(self.tenant.id)
        return self._taxes

    @property
    def exchange(self) -> ExchangeTable:
        """The tenant's exchange rates, read once; none where its tax is told in no other currency."""
        if self._exchange is None:
            has_any = bool(self.tenant.tax_currency)
            self._exchange = Tenants(self.documents).exchange_table(self.tenant.id) if has_any else ExchangeTable()
        return self._exchange

    @property
    def shards(self) -> Sequence[int]:
        """The shards to bill."""
        return range(self.tenant.shards) if self.request.shards is None else self.request.shards

    @property
    def call(self) -> Call:
        """Who writes, and whether anybody is told of it."""
        return Call(
            tenant_id=self.tenant.id,
            actor=self.request.actor,
            recorded_at=self.request.recorded_at,
            request_id=self.request.request_id,
            has_listener=bool(self.tenant.event_url),
        )

    def hand_over(self) -> RunReport:
        """What was done since the last time: the report begins anew."""
        done, self.report = self.report, _empty_report(self.tenant, self.request)
        return done

    def load_rates(self) -> None:
        """Read the tax and exchange rates, unless they were read."""
        _ = self.taxes, self.exchange

    def load_plans(self, refs: Iterable[str]) -> None:
        """Read the plan versions that the run has not seen yet."""
        missing = sorted(set(refs) - self.plans.keys())
        self.plans.update(zip(missing, self.plan_versions.get(missing), strict=True))

    def load_counters(self, series: Iterable[str], *, again: bool = False) -> bool:
        """Read the counters that the run does not hold, or all of these again; tell whether one of them had changed."""
        wanted = sorted(set(series) if again else set(series) - self.counters.keys())
        before = [self.counters.get(name) for name in wanted]
        self.counters.update(zip(wanted, self.series.get(wanted), strict=True))
        return before != [self.counters[name] for name in wanted]


def start_run(
    documents: Documents,
    request: RunRequest,
    *,
    payment_url: Callable[[str], str],
    on_invoice: Callable[[Invoice], None] = lambda _invoice: None,
    tenant: Tenant | None = None,
) -> RunContext:
    """Begin with the tenant's settings, read once, by the caller (`tenant`) or here; NotFound for an unknown tenant.

    `payment_url` makes the pay link of an invoice's id; `on_invoice` hears of each invoice on the report.
    """
    tenant = tenant or Tenants(documents).get(request.tenant_id)
    return RunContext(
        request=request,
        documents=documents,
        tenant=tenant,
        report=_empty_report(tenant, request),
        customers=Customers.of(documents, tenant.id),
        subscriptions=Subscriptions.of(documents, tenant.id),
        rollups=UsageRollups.of(documents, tenant.id),
        invoices=Invoices.of(documents, tenant.id),
        credit_notes=CreditNotes.of(documents, tenant.id),
        payments=Payments.of(documents, tenant.id),
        reviews=Reviews.of(documents, tenant.id),
        series=Counters.of(documents, tenant.id),
        audit=AuditLog.of(documents, tenant.id),
        plan_versions=PlanVersions.of(documents, tenant.id),
        payment_url=payment_url,
        on_invoice=on_invoice,
    )


def _empty_report(tenant: Tenant, request: RunRequest) -> RunReport:
    return RunReport(
        run_id=request.part_id,
        tenant_id=tenant.id,
        as_of=request.as_of,
        dry_run=request.dry_run,
        currency=tenant.currency,
    )
