"""Report the customers who may leave: falling usage, failed payments (semantics 12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial

from billing.domain.churn_risk import CustomerAtRisk, MeterUse, customers_at_risk
from billing.domain.dunning_policy import CaseState
from billing.domain.period import local_date
from billing.domain.report_months import closed_months
from billing.domain.rollup import used
from billing.ports import Document, Documents
from billing.store.dunning_cases import DunningCases
from billing.store.report_rollups import Row
from billing.store.report_sources import ReportSources
from billing.store.tenants import Tenants
from billing.store.usage import decode_rollup
from billing.usecases.customer_names import customer_names
from billing.usecases.recurring_lives import recurring_lives
from billing.usecases.roll_up import rolled_up


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnRiskReport:
    """The customers at risk by id, the three closed months that usage was compared in, and the customers' names.

    What is unpaid, since when and how much, is as it stood at `unpaid_at`.
    """

    tenant_id: str
    as_of: datetime
    unpaid_at: datetime
    zone: str
    months: tuple[str, ...]
    customers: tuple[CustomerAtRisk, ...]
    names: tuple[tuple[str, str], ...]


def report_churn_risk(
    documents: Documents, tenant_id: str, *, as_of: datetime, now: datetime | None = None
) -> ChurnRiskReport:
    """Compare the usage of the three months that were closed last at `as_of` (UTC), and find unpaid payment failures.

    Failures are those that stand `now` (at `as_of`, if left out), of invoices issued by the local day of `as_of`.
    Raises NotFound for an unknown tenant or a plan version that is gone, BrokenDocument, StoreUnavailable.
    """
    tenant = Tenants(documents).get(tenant_id)
    sources = ReportSources(documents, tenant_id)
    months = closed_months(as_of, zone=tenant.zone, count=3)
    on = local_date(as_of, tenant.zone)
    cases = DunningCases.of(documents, tenant_id)
    customers = customers_at_risk(
        recurring_lives(sources, tenant),
        used={month: _used(sources, month=month) for month in months},
        invoices=[
            each.value
            for state in CaseState
            if not state.is_over
            for each in cases.in_state(state)
            if each.value.issued_on <= on
        ],
        as_of=as_of,
    )
    return ChurnRiskReport(
        tenant_id=tenant_id,
        as_of=as_of,
        unpaid_at=now or as_of,
        zone=tenant.zone,
        months=months,
        customers=customers,
        names=customer_names(documents, tenant_id, ids=[each.customer_id for each in customers]),
    )


def _used(sources: ReportSources, *, month: str) -> list[MeterUse]:
    rows = rolled_up(sources, f"usage.{month}", of=[sources.usage(month=month)], rows=partial(_rows, sources))
    return [MeterUse(subscription_id, meter, Decimal(quantity)) for subscription_id, meter, quantity in rows]


def _rows(sources: ReportSources, documents: Sequence[list[Document]]) -> list[Row]:
    """Roll-ups that were stored before they said their sum are read as a whole."""
    complete = sources.completed(documents[0], field="used", of=lambda each: str(used(decode_rollup(each).value)))
    return [[each.fields[name] for name in ("subscription_id", "meter", "used")] for each in complete]
