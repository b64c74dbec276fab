"""Report what is still to be paid, by how late it is (semantics 12): added up by the server, no invoice is read."""

from dataclasses import dataclass
from datetime import date, datetime

from billing.domain.aging import AgingBucket, DueSpan, OutstandingSection, Unpaid, due_span, outstanding_section
from billing.domain.period import local_date
from billing.ports import Documents
from billing.store.report_sources import ReportSources
from billing.store.tenants import Tenants


@dataclass(frozen=True, slots=True, kw_only=True)
class OutstandingReport:
    """The buckets of each currency, never added up, by days past due on the local day `on` of `zone`."""

    tenant_id: str
    as_of: datetime
    zone: str
    on: date
    sections: tuple[OutstandingSection, ...]


def report_outstanding(documents: Documents, tenant_id: str, *, as_of: datetime) -> OutstandingReport:
    """Sort what is due on issued and overdue invoices into buckets, by the tenant's local day at `as_of` (UTC).

    Amounts are as they stand now: `as_of` moves the day that is counted to, not the payments. Raises NotFound for an
    unknown tenant, StoreUnavailable.
    """
    tenant = Tenants(documents).get(tenant_id)
    sources = ReportSources(documents, tenant_id)
    on = local_date(as_of, tenant.zone)
    sections = tuple(
        outstanding_section(
            {
                each: _unpaid(sources, due_span(each, on=on), currency=currency, shards=tenant.shards)
                for each in AgingBucket
            },
            currency=currency,
        )
        for currency in sources.currencies()
    )
    return OutstandingReport(tenant_id=tenant_id, as_of=as_of, zone=tenant.zone, on=on, sections=sections)


def _unpaid(sources: ReportSources, due: DueSpan, *, currency: str, shards: int) -> Unpaid:
    queries = [
        sources.unpaid(shard=shard, currency=currency, first=due.first, last=due.last) for shard in range(shards)
    ]
    return Unpaid(
        invoices=sum(sources.documents.count(query) for query in queries),
        amount=sum(sources.documents.sum(query, field="amount_due") for query in queries),
    )
