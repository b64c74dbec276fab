"""Report the monthly recurring revenue with its sources, movements and trend (semantics 12)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from billing.domain.mrr import InvoicedMonth, MrrSection, ReportInstant, mrr_section
from billing.domain.period import local_date
from billing.domain.report_months import a_month_before, closed_months, weeks_until
from billing.domain.tenant import Tenant
from billing.ports import Documents
from billing.store.report_sources import ReportSources
from billing.store.tenants import Tenants
from billing.usecases.invoiced_months import invoiced_month
from billing.usecases.recurring_lives import recurring_lives, without_tax

_WEEKS = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class MrrReport:
    """The figures of each currency, never added up, as they were at the UTC instant `as_of`; dates are `zone`'s."""

    tenant_id: str
    as_of: datetime
    zone: str
    sections: tuple[MrrSection, ...]


def report_mrr(documents: Documents, tenant_id: str, *, as_of: datetime) -> MrrReport:
    """Add up the recurring prices at `as_of` (UTC) and at each of the twelve weeks before.

    Raises NotFound for an unknown tenant or a plan version that is gone, StoreUnavailable.
    """
    tenant = Tenants(documents).get(tenant_id)
    sources = ReportSources(documents, tenant_id)
    lives = without_tax(recurring_lives(sources, tenant), sources=sources, tenant=tenant, as_of=as_of)
    trend = [_point(at, tenant) for at in weeks_until(as_of, zone=tenant.zone, count=_WEEKS)]
    before = _point(a_month_before(as_of, zone=tenant.zone), tenant)
    sections = tuple(
        mrr_section(
            lives,
            currency=currency,
            months=_months(sources, currency=currency, wanted={each.closed_month for each in (*trend, before)}),
            trend=trend,
            before=before,
        )
        for currency in sources.currencies()
    )
    return MrrReport(tenant_id=tenant_id, as_of=as_of, zone=tenant.zone, sections=sections)


def _point(at: datetime, tenant: Tenant) -> ReportInstant:
    (closed,) = closed_months(at, zone=tenant.zone, count=1)
    return ReportInstant(at=at, on=local_date(at, tenant.zone), closed_month=closed)


def _months(sources: ReportSources, *, currency: str, wanted: set[str]) -> dict[str, InvoicedMonth]:
    """Each month's figures; they ask the server some ten times a month, so the months do it side by side."""
    months = sorted(wanted)
    with ThreadPoolExecutor(len(months)) as pool:
        found = pool.map(lambda month: invoiced_month(sources, month=month, currency=currency), months)
        return dict(zip(months, found, strict=True))
