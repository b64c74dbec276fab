"""Report what is still to be paid, by how late it is (semantics 12): added up by the server, as of a past day read."""

from dataclasses import dataclass
from datetime import date, datetime

from billing.domain.aging import AgingBucket, DueSpan, OutstandingSection, Unpaid, due_span, outstanding_section
from billing.domain.period import local_date
from billing.ports import Documents
from billing.store.report_sources import ReportSources
from billing.store.tenants import Tenants


@dataclass(frozen=True, slots=True, kw_only=True)
class OutstandingReport:
    """The buckets of each currency, never added up, by days past due on the local day `on` of `zone`.

    What is unpaid, and how much, is as it stood at `unpaid_at`.
    """

    tenant_id: str
    as_of: datetime
    unpaid_at: datetime
    zone: str
    on: date
    sections: tuple[OutstandingSection, ...]


def report_outstanding(
    documents: Documents, tenant_id: str, *, as_of: datetime, now: datetime | None = None
) -> OutstandingReport:
    """Sort what is due on issued and overdue invoices into buckets, by the tenant's local day at `as_of` (UTC).

    On a day before `now` (`as_of`, if left out) what was issued later is left out. Payments are not: what was paid
    since is no longer due. Raises NotFound for an unknown tenant, BrokenDocument, StoreUnavailable.
    """
    tenant = Tenants(documents).get(tenant_id)
    sources = ReportSources(documents, tenant_id)
    on, unpaid_at = local_date(as_of, tenant.zone), now or as_of
    issued_by = on if on < local_date(unpaid_at, tenant.zone) else None
    sections = tuple(
        outstanding_section(
            {
                each: _unpaid(
                    sources, due_span(each, on=on), currency=currency, shards=tenant.shards, issued_by=issued_by
                )
                for each in AgingBucket
            },
            currency=currency,
        )
        for currency in sources.currencies()
    )
    return OutstandingReport(
        tenant_id=tenant_id, as_of=as_of, unpaid_at=unpaid_at, zone=tenant.zone, on=on, sections=sections
    )


def _unpaid(sources: ReportSources, due: DueSpan, *, currency: str, shards: int, issued_by: date | None) -> Unpaid:
    queries = [
        sources.unpaid(shard=shard, currency=currency, first=due.first, last=due.last) for shard in range(shards)
    ]
    if issued_by is not None:
        amounts = [amount for query in queries for amount in sources.due_of_issued_by(query, day=issued_by)]
        return Unpaid(invoices=len(amounts), amount=sum(amounts))
    return Unpaid(
        invoices=sum(sources.documents.count(query) for query in queries),
        amount=sum(sources.documents.sum(query, field="amount_due") for query in queries),
    )
