"""Report the customers with the most revenue of the last closed month, and how it changed (semantics 12)."""

from dataclasses import dataclass
from datetime import datetime

from billing.domain.errors import InvalidInput
from billing.domain.report_months import closed_months
from billing.domain.revenue_ranking import RankingSection, ranking_section
from billing.ports import Documents
from billing.store.report_sources import ReportSources
from billing.store.tenants import Tenants
from billing.usecases.customer_names import customer_names
from billing.usecases.invoiced_months import customer_revenue

MOST_CUSTOMERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueReport:
    """The ranking of each currency, never added up, for the service of a local month; `names` of who stands in it."""

    tenant_id: str
    as_of: datetime
    zone: str
    month: str
    month_before: str
    sections: tuple[RankingSection, ...]
    names: tuple[tuple[str, str], ...]


def report_revenue_by_customer(
    documents: Documents, tenant_id: str, *, as_of: datetime, top: int = 20
) -> RevenueReport:
    """Rank customers by what they were invoiced without tax for the month that was the last closed one at `as_of`.

    Credit notes for that month's service are taken off, whenever they were issued. Raises InvalidInput for `top` below
    1 or above 200, NotFound for an unknown tenant, StoreUnavailable.
    """
    if not 1 <= top <= MOST_CUSTOMERS:
        raise InvalidInput("top", expected=f"1 to {MOST_CUSTOMERS}", given=top)
    tenant = Tenants(documents).get(tenant_id)
    sources = ReportSources(documents, tenant_id)
    before, month = closed_months(as_of, zone=tenant.zone, count=2)
    sections = tuple(
        ranking_section(
            customer_revenue(sources, month=month, currency=currency),
            before=customer_revenue(sources, month=before, currency=currency),
            currency=currency,
            top=top,
        )
        for currency in sources.currencies()
    )
    return RevenueReport(
        tenant_id=tenant_id,
        as_of=as_of,
        zone=tenant.zone,
        month=month,
        month_before=before,
        sections=sections,
        names=customer_names(documents, tenant_id, ids=[row.customer_id for each in sections for row in each.rows]),
    )
