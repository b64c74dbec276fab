"""A made-up book of any size: subscriptions with three price components and a daily usage row for each day of June."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from billing.domain.billing_cycle import first_bill_for
from billing.domain.catalog import Aggregation, GraduatedPrice, MeteredCharge, Plan, RecurringCharge, Tier
from billing.domain.customer import Customer
from billing.domain.invoice import BankDetails, Party
from billing.domain.numbering import NumberSeries
from billing.domain.period import Cycle, Unit
from billing.domain.rollup import UsageRollup
from billing.domain.sharding import shard_count, shard_of
from billing.domain.subscription import Item, Phase, Subscription, schedule_of
from billing.domain.tax import TaxParty, TaxRate, TaxTable
from billing.domain.tenant import Tenant
from billing.ports import Documents, Write
from billing.store.customers import Customers
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions
from billing.store.tenants import Tenants
from billing.store.usage import UsageRollups

TENANT = "bench"
START = datetime(2026, 6, 1, tzinfo=UTC)
DUE = datetime(2026, 7, 1, tzinfo=UTC)
_CHUNK = 100  # subscriptions a commit

PLAN = Plan(
    plan_id="api",
    version=1,
    name="API platform",
    currency="USD",
    cycle=Cycle(every=1, unit=Unit.MONTH),
    anchor_day=1,
    metered=(
        MeteredCharge(
            meter="api_calls",
            name="API calls",
            aggregation=Aggregation.SUM,
            price=GraduatedPrice(
                tiers=(
                    Tier(up_to=Decimal(10_000), name="Free tier"),
                    Tier(up_to=Decimal(100_000), unit_price=Decimal("0.001"), name="Standard tier"),
                    Tier(up_to=None, unit_price=Decimal("0.0005"), name="Volume tier"),
                )
            ),
        ),
    ),
    addons=(
        RecurringCharge(charge_id="support", name="Premium support", unit_price=Decimal("99.00")),
        RecurringCharge(charge_id="ip", name="Dedicated IP", unit_price=Decimal("49.00")),
    ),
)


def seed(documents: Documents, *, subscriptions: int) -> None:
    """Write a tenant with so many subscriptions, all due on 1 July 2026, in the shards an import would choose."""
    for page in pages(documents, subscriptions=subscriptions):
        documents.commit(page)


def pages(documents: Documents, *, subscriptions: int) -> Iterator[list[Write]]:
    """The commits that write it."""
    tenants, shards = Tenants(documents), shard_count(subscriptions)
    rates = TaxTable(rates=(TaxRate(country="DE", name="VAT", percent=Decimal(19)),))
    yield [
        tenants.saving(_tenant(shards)),
        tenants.saving_taxes(TENANT, rates),
        PlanVersions.of(documents, TENANT).publication(PLAN),
    ]
    ordered = sorted(range(subscriptions), key=lambda n: shard_of(_customer_id(n), shards=shards))  # as an import does
    for first in range(0, subscriptions, _CHUNK):
        chunk = ordered[first : first + _CHUNK]
        yield [write for n in chunk for write in _account(documents, n, shards)]


def _account(documents: Documents, n: int, shards: int) -> Iterator[Write]:
    customer_id, subscription_id = _customer_id(n), f"sub-{n:07}"
    party = Party(name=f"Customer {n} GmbH", street=f"{n} Main Street", city="Köln", country="DE")
    yield Customers.of(documents, TENANT).creation(
        Customer(id=customer_id, party=party, tax=TaxParty(country="DE"), currency="USD", active_subscriptions=1)
    )
    subscription = Subscription(
        id=subscription_id,
        customer_id=customer_id,
        zone="UTC",
        phases=(Phase(plan=PLAN.ref, start=START, schedule=schedule_of(PLAN, START, "UTC")),),
        items=tuple(Item(id=each, charge_id=each, quantity=Decimal(1), start=START) for each in ("support", "ip")),
        shard=shard_of(customer_id, shards=shards),
    )
    due = first_bill_for(subscription, {PLAN.ref: PLAN})
    yield Subscriptions.of(documents, TENANT).creation(replace(subscription, next_billing_at=due))
    buckets = {START + timedelta(days=day): Decimal(1_000 + (n * 37 + day * 113) % 9_000) for day in range(30)}
    rollup = UsageRollup(
        subscription_id=subscription_id,
        meter="api_calls",
        month="2026-06",
        aggregation=Aggregation.SUM,
        buckets=buckets,
    )
    yield UsageRollups.of(documents, TENANT).saving(rollup, read=None)


def _customer_id(n: int) -> str:
    return f"acct-{n:07}"


def _tenant(shards: int) -> Tenant:
    return Tenant(
        id=TENANT,
        seller=Party(
            name="Bench Inc.", street="500 Market Street", city="Wilmington", country="US", tax_id="EU372000041"
        ),
        currency="USD",
        zone="UTC",
        locale="en_US",
        payment_terms_days=30,
        numbers=NumberSeries(),
        shards=shards,
        bank=BankDetails(account_holder="Bench Inc.", iban="DE89370400440532013000", bic="COBADEFFXXX"),
    )
