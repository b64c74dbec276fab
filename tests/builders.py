"""What many tests start from: a tenant, a customer, a plan, and an account that grows by one step after another.

    account = Account.opened(a_plan(fees=[a_fee("99.00")]), start="2026-01-15", anchor_day=1).using("calls", {...})
    first = account.bill()

Amounts and quantities are text, instants are text in UTC; every default is a plain case that a test can overrule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Self

from billing.domain.billing_cycle import first_bill_for
from billing.domain.catalog import (
    Aggregation,
    GraduatedPrice,
    MeteredCharge,
    PerUnitPrice,
    Plan,
    RecurringCharge,
    Tier,
    UsagePrice,
)
from billing.domain.customer import Customer
from billing.domain.invoice import Invoice, LineItem, Party
from billing.domain.invoicing import CreditDraft, Draft, InvoiceFacts, Skip, draft_invoice
from billing.domain.item_changes import set_quantity
from billing.domain.numbering import NumberSeries
from billing.domain.period import Cycle, Unit
from billing.domain.subscription import Item, Phase, Plans, Subscription, schedule_of
from billing.domain.subscription_changes import change_plan, end_subscription
from billing.domain.tax import TaxParty, TaxRate, TaxTable
from billing.domain.tenant import Tenant
from billing.domain.usage import Bucket, Buckets

HOURLY, DAILY, WEEKLY = Cycle(1, Unit.HOUR), Cycle(1, Unit.DAY), Cycle(1, Unit.WEEK)
MONTHLY, QUARTERLY, YEARLY = Cycle(1, Unit.MONTH), Cycle(3, Unit.MONTH), Cycle(1, Unit.YEAR)

NO_TAX = TaxTable(rates=())
GERMAN_VAT = TaxTable(rates=(TaxRate(country="DE", name="VAT", percent=Decimal(19)),))


def utc(text: str) -> datetime:
    """An instant, `2026-02-01` or `2026-02-01T10:30`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_party(**changes: Any) -> Party:  # noqa: ANN401 - any field of the dataclass
    """An address in Berlin."""
    party = Party(name="Lumen Health GmbH", street="Main Street 1", city="Berlin", postal_code="10115", country="DE")
    return replace(party, **changes)


def a_tenant(**changes: Any) -> Tenant:  # noqa: ANN401
    """A seller in the US who bills in US dollars and UTC, net 30."""
    tenant = Tenant(
        id="acme",
        seller=Party(name="Acme API Platform Inc.", city="Wilmington", state="DE", country="US"),
        currency="USD",
        zone="UTC",
        locale="en_US",
        payment_terms_days=30,
        numbers=NumberSeries(),
    )
    return replace(tenant, **changes)


def a_customer(**changes: Any) -> Customer:  # noqa: ANN401
    """A business in Germany, without a checked VAT id, billed in US dollars."""
    customer = Customer(
        id="acct-1", party=a_party(), tax=TaxParty(country="DE"), currency="USD", created_on="2025-01-01"
    )
    return replace(customer, **changes)


def tiers(*rows: tuple[str | None, str] | tuple[str | None, str, str]) -> tuple[Tier, ...]:
    """Tiers from `(up_to, unit_price)` or `(up_to, unit_price, flat_fee)`."""
    return tuple(
        Tier(
            up_to=None if row[0] is None else Decimal(row[0]),
            unit_price=Decimal(row[1]),
            flat_fee=Decimal(row[2] if len(row) == 3 else "0"),
        )
        for row in rows
    )


API_TIERS = (
    Tier(name="Free tier", up_to=Decimal(10_000)),
    Tier(name="Standard tier", up_to=Decimal(100_000), unit_price=Decimal("0.001")),
    Tier(name="Volume tier", up_to=None, unit_price=Decimal("0.0005")),
)


def a_meter(price: UsagePrice | str = "0.01", *, meter: str = "calls", **changes: Any) -> MeteredCharge:  # noqa: ANN401
    """A meter that adds up; a price as text is one per unit."""
    model = PerUnitPrice(unit_price=Decimal(price)) if isinstance(price, str) else price
    charge = MeteredCharge(meter=meter, name="Calls", aggregation=Aggregation.SUM, price=model)
    return replace(charge, **changes)


API_CALLS = a_meter(GraduatedPrice(tiers=API_TIERS), name="API calls")


def a_fee(price: str, charge_id: str = "base", **changes: Any) -> RecurringCharge:  # noqa: ANN401
    """A flat fee for each cycle, prorated by day; its name is its id with a capital."""
    return replace(
        RecurringCharge(charge_id=charge_id, name=charge_id.capitalize(), unit_price=Decimal(price)), **changes
    )


def a_plan(
    *,
    fees: Sequence[RecurringCharge] = (),
    addons: Sequence[RecurringCharge] = (),
    metered: Sequence[MeteredCharge] = (),
    **changes: Any,  # noqa: ANN401
) -> Plan:
    """A monthly plan in US dollars from each subscription's own day, billed in arrears."""
    plan = Plan(
        plan_id="plan",
        version=1,
        name="Plan",
        currency="USD",
        cycle=MONTHLY,
        fees=tuple(fees),
        addons=tuple(addons),
        metered=tuple(metered),
    )
    return replace(plan, **changes)


def a_subscription(plan: Plan, *, start: str, end: str | None = None, zone: str = "UTC") -> Subscription:
    """A subscription of that plan, with its first bill to come."""
    at = utc(start)
    bare = Subscription(
        id="sub-1",
        customer_id="acct-1",
        zone=zone,
        phases=(Phase(plan=plan.ref, start=at, schedule=schedule_of(plan, at, zone)),),
        end=None if end is None else utc(end),
    )
    return replace(bare, next_billing_at=first_bill_for(bare, {plan.ref: plan}))


@dataclass(frozen=True, kw_only=True)
class Account:
    """A subscription with everything that its invoices rest on. Each step returns the account as it stands after it."""

    subscription: Subscription
    plans: Plans
    tenant: Tenant = field(default_factory=a_tenant)
    customer: Customer = field(default_factory=a_customer)
    taxes: TaxTable = NO_TAX
    usage: Mapping[str, Buckets] = field(default_factory=dict)
    issued_at: datetime = datetime(2026, 3, 1, 4, tzinfo=UTC)

    @classmethod
    def opened(cls, plan: Plan, *, start: str, end: str | None = None, zone: str = "UTC", **changes: Any) -> Self:  # noqa: ANN401
        """A new subscription of a plan. `changes` are other fields of the account."""
        return cls(
            subscription=a_subscription(plan, start=start, end=end, zone=zone), plans={plan.ref: plan}, **changes
        )

    def adding(
        self, charge_id: str, *, start: str, end: str | None = None, quantity: str = "1", item_id: str | None = None
    ) -> Self:
        """With an add-on that runs from `start` until `end`."""
        item = Item(
            id=item_id or charge_id,
            charge_id=charge_id,
            quantity=Decimal(quantity),
            start=utc(start),
            end=None if end is None else utc(end),
        )
        return self._with(replace(self.subscription, items=(*self.subscription.items, item)))

    def using(self, meter: str, quantities: Mapping[str, str | Bucket]) -> Self:
        """With a meter's buckets, by the instant at which each starts."""
        buckets = {
            utc(start): Decimal(amount) if isinstance(amount, str) else amount for start, amount in quantities.items()
        }
        return replace(self, usage={**self.usage, meter: buckets})

    def changing_plan(self, plan: Plan, *, at: str, keep_anchor: bool = False) -> Self:
        """On another plan from an instant."""
        changed = change_plan(self.subscription, plan=plan, plans=self.plans, at=utc(at), keep_anchor=keep_anchor)
        return replace(self, subscription=changed, plans={**self.plans, plan.ref: plan})

    def changing_quantity(self, addon_id: str, *, to: str, at: str) -> Self:
        """With another quantity of an add-on from an instant."""
        quantity = Decimal(to)
        return self._with(set_quantity(self.subscription, addon_id, quantity=quantity, at=utc(at), plans=self.plans))

    def ending(self, at: str) -> Self:
        """With the subscription's end at an instant."""
        return self._with(end_subscription(self.subscription, at=utc(at)))

    def facts(self, **changes: Any) -> InvoiceFacts:  # noqa: ANN401
        """What a run would gather for the next bill."""
        facts = InvoiceFacts(
            tenant=self.tenant,
            customer=self.customer,
            subscription=self.subscription,
            plans=self.plans,
            usage=self.usage,
            taxes=self.taxes,
            issued_at=self.issued_at,
        )
        return replace(facts, **changes)

    def next_bill(self) -> tuple[Draft | CreditDraft | Skip, Self]:
        """The outcome of the next bill, and the account after it."""
        outcome = draft_invoice(self.facts())
        return outcome, self._with(outcome.subscription)

    def bill(self) -> Invoice:
        """The invoice of the next bill."""
        outcome, _ = self.next_bill()
        assert isinstance(outcome, Draft), outcome
        return outcome.invoice

    def billed(self, times: int = 1) -> Self:
        """The account after its next bills."""
        account = self
        for _ in range(times):
            _, account = account.next_bill()
        return account

    def bills(self, *, until: str) -> list[Draft | CreditDraft | Skip]:
        """The outcomes of all bills whose bill-for date is not after an instant, oldest first."""
        account, outcomes = self, []
        while account.subscription.next_billing_at is not None and account.subscription.next_billing_at <= utc(until):
            outcome, account = account.next_bill()
            outcomes.append(outcome)
        return outcomes

    def _with(self, subscription: Subscription) -> Self:
        return replace(self, subscription=subscription)


def a_rate(percent: str, *, country: str = "DE", since: str | None = None, until: str | None = None) -> TaxRate:
    """A VAT rate of a country, between two days included."""
    return TaxRate(
        country=country,
        name="VAT",
        percent=Decimal(percent),
        valid_from=None if since is None else date.fromisoformat(since),
        valid_to=None if until is None else date.fromisoformat(until),
    )


def shown(lines: Sequence[LineItem]) -> list[tuple[str, str, str, int]]:
    """Lines as a reader sees them: description, quantity, unit price, amount in minor units."""
    return [(line.description, str(line.quantity), str(line.unit_price), line.amount) for line in lines]


def amounts(lines: Sequence[LineItem]) -> dict[str, int]:
    """The amount of each line by its description; two lines of one description are a test's mistake."""
    result = {line.description: line.amount for line in lines}
    assert len(result) == len(lines), [line.description for line in lines]
    return result
