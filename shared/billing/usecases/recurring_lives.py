"""The recurring prices of all subscriptions over time, from one roll-up a shard."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from functools import partial

from billing.domain.errors import BillingError
from billing.domain.mrr import tax_taken_off
from billing.domain.period import local_date
from billing.domain.recurring import RecurringLevel, RecurringLife, recurring_life
from billing.domain.subscription import Plans
from billing.domain.tax import treatment
from billing.domain.tenant import Tenant
from billing.ports import Document
from billing.store.codec import instant, instant_text
from billing.store.customers import Customers
from billing.store.plans import PlanVersions
from billing.store.report_rollups import Row
from billing.store.report_sources import ReportSources
from billing.store.subscriptions import decode_subscription
from billing.store.tenants import Tenants
from billing.usecases.roll_up import rolled_up

_CUSTOMERS_A_READ = 200


def recurring_lives(sources: ReportSources, tenant: Tenant) -> list[RecurringLife]:
    """Every subscription's life, prices that contain tax beside those that do not.

    Raises NotFound for a plan version that is gone, BrokenDocument for a subscription that can't be read.
    """
    return [
        _life(row)
        for shard in range(tenant.shards)
        for row in rolled_up(
            sources, f"recurring.{shard}", of=[sources.subscriptions(shard=shard)], rows=partial(_rows, sources)
        )
    ]


def without_tax(
    lives: Sequence[RecurringLife], *, sources: ReportSources, tenant: Tenant, as_of: datetime
) -> list[RecurringLife]:
    """The lives with prices without tax alone: what contains tax is lowered by the customer's rate at a UTC instant.

    Only customers with such prices are read.
    """
    taxed = sorted({each.customer_id for each in lives if any(level.gross for level in each.levels)})
    if not taxed:
        return list(lives)
    table, on = Tenants(sources.documents).tax_table(tenant.id), local_date(as_of, tenant.zone)
    percent = {}
    for start in range(0, len(taxed), _CUSTOMERS_A_READ):
        for stored in Customers.of(sources.documents, tenant.id).get(taxed[start : start + _CUSTOMERS_A_READ]):
            if stored is not None:
                buyer = stored.value.tax
                rates = treatment(seller_country=tenant.seller.country, buyer=buyer, table=table, on=on).rates
                percent[stored.value.id] = sum(Fraction(rate.percent) for rate in rates)
    return [
        tax_taken_off(each, percent=Fraction(percent[each.customer_id])) if each.customer_id in percent else each
        for each in lives
    ]


def _rows(sources: ReportSources, documents: Sequence[list[Document]]) -> list[Row]:
    subscriptions = [decode_subscription(each).value for each in documents[0]]
    refs = sorted({phase.plan for each in subscriptions for phase in each.phases})
    plans = _plans(sources, refs)
    return [_row(recurring_life(each, plans)) for each in subscriptions]


def _plans(sources: ReportSources, refs: Sequence[str]) -> Plans:
    plans = {}
    for ref, plan in zip(refs, PlanVersions.of(sources.documents, sources.tenant_id).get(refs), strict=True):
        if isinstance(plan, BillingError):
            raise plan
        plans[ref] = plan
    return plans


def _row(life: RecurringLife) -> Row:
    end = None if life.end is None else instant_text(life.end)
    levels = [[instant_text(each.at), each.currency, str(each.net), str(each.gross)] for each in life.levels]
    return [life.subscription_id, life.customer_id, instant_text(life.begun), end, levels]


def _life(row: Row) -> RecurringLife:
    subscription_id, customer_id, begun, end, levels = row
    return RecurringLife(
        subscription_id=subscription_id,
        customer_id=customer_id,
        begun=instant(begun),
        end=None if end is None else instant(end),
        levels=tuple(_levels(levels)),
    )


def _levels(rows: Sequence[Row]) -> Iterator[RecurringLevel]:
    for at, currency, net, gross in rows:
        yield RecurringLevel(at=instant(at), currency=currency, net=Fraction(net), gross=Fraction(gross))
