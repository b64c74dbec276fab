"""Gather what a page of due subscriptions is billed from: plans once a run, then customers and usage in one read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from billing.domain.billing_cycle import BillingCycle, uncut_period
from billing.domain.catalog import Aggregation, Plan
from billing.domain.customer import Customer
from billing.domain.errors import BillingError, InvalidInput, NotFound
from billing.domain.invoicing import open_cycle
from billing.domain.late_usage import rollups_to_rerate
from billing.domain.rollup import UsageRollup, months_of
from billing.domain.subscription import Plans, Subscription
from billing.ports import Document
from billing.store.codec import decode
from billing.store.collection import Stored
from billing.store.usage import decode_rollup
from billing.usecases.refusal import Refused, or_refused
from billing.usecases.run_context import RunContext


@dataclass(frozen=True, slots=True, kw_only=True)
class DueCase:
    """A due subscription with everything that its invoice rests on.

    `rollups` hold the usage of the past period, `late` that of the periods that late usage is billed for; one may be
    among both.
    """

    subscription: Stored[Subscription]
    customer: Stored[Customer]
    plans: Plans
    cycle: BillingCycle
    rollups: Sequence["ReadRollup"]
    late: Sequence["ReadRollup"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRollup:
    """A roll-up that the cycle bills: what was read (None: nothing was used), and its value either way."""

    read: Stored[UsageRollup] | None
    value: UsageRollup


@dataclass(slots=True, kw_only=True)
class _Wanted:
    """What a case still needs from the store: its customer, and roll-ups, as empty ones until they are read."""

    subscription: Stored[Subscription]
    plans: Plans
    cycle: BillingCycle
    customer_path: str
    empty: Mapping[str, UsageRollup]
    late: Mapping[str, UsageRollup]


def gather_facts(context: RunContext, page: Sequence[Stored[Subscription]]) -> list[DueCase | Refused]:
    """The facts of each subscription in the page's order, or the error that keeps it from being billed."""
    if page:
        context.load_rates()  # whatever is wrong with them is of the whole run, and no refusal of one subscription
    context.load_plans(phase.plan for each in page for phase in each.value.phases)
    wanted = [or_refused(each, partial(_wanted, context, each)) for each in page]
    found = _read(context, [each for each in wanted if isinstance(each, _Wanted)])
    return [
        or_refused(each.subscription, partial(_case, each, found)) if isinstance(each, _Wanted) else each
        for each in wanted
    ]


def _wanted(context: RunContext, subscription: Stored[Subscription]) -> _Wanted:
    value = subscription.value
    plans = _plans(context, value)
    cycle = open_cycle(value, plans)
    return _Wanted(
        subscription=subscription,
        plans=plans,
        cycle=cycle,
        customer_path=context.customers.path(value.customer_id),
        empty={context.rollups.path(each): each for each in _rollups(value, plans, cycle)},
        late={context.rollups.path(each): each for each in _late_rollups(value, plans)} if value.late_usage else {},
    )


def _plans(context: RunContext, subscription: Subscription) -> Plans:
    plans: dict[str, Plan] = {}
    for phase in subscription.phases:
        plan = context.plans[phase.plan]
        if isinstance(plan, BillingError):
            raise plan
        plans[phase.plan] = plan
    return plans


def _rollups(subscription: Subscription, plans: Plans, cycle: BillingCycle) -> Iterator[UsageRollup]:
    """The roll-ups that the past period's usage can stand in: each meter of its phases, each month it touches."""
    if cycle.arrears is None:
        return
    metered = {
        charge.meter: charge.aggregation
        for phase, _ in subscription.spans(cycle.arrears)
        for charge in plans[phase.plan].metered
    }
    since = uncut_period(subscription, cycle.arrears.start).start  # a bill before may have been for a part of it
    months = months_of(replace(cycle.arrears, start=since), zone=subscription.zone) if metered else ()
    for meter, aggregation in metered.items():
        for month in months:
            yield UsageRollup(subscription_id=subscription.id, meter=meter, month=month, aggregation=aggregation)


def _late_rollups(subscription: Subscription, plans: Plans) -> Iterator[UsageRollup]:
    """The roll-ups that late usage is in, and what else it takes to rate its periods again."""
    kept = {charge.meter: charge.aggregation for plan in plans.values() for charge in plan.metered}
    for meter, month in rollups_to_rerate(subscription, subscription.late_usage).values():
        aggregation = kept.get(meter, Aggregation.SUM)
        yield UsageRollup(subscription_id=subscription.id, meter=meter, month=month, aggregation=aggregation)


def _read(context: RunContext, page: Sequence[_Wanted]) -> dict[str, Document]:
    """Customers and roll-ups of the whole page in one batched read, by path."""
    paths = sorted(
        {each.customer_path for each in page}.union(*(each.empty for each in page), *(each.late for each in page))
    )
    found = context.documents.get_many(paths) if paths else []
    return {document.path: document for document in found if document is not None}


def _case(wanted: _Wanted, found: Mapping[str, Document]) -> DueCase:
    customer = found.get(wanted.customer_path)
    if customer is None:
        raise NotFound("customer", wanted.subscription.value.customer_id)
    return DueCase(
        subscription=wanted.subscription,
        customer=Stored(decode(customer.fields, Customer), customer.version),
        plans=wanted.plans,
        cycle=wanted.cycle,
        rollups=[_read_rollup(empty, found.get(path)) for path, empty in wanted.empty.items()],
        late=[_read_rollup(empty, found.get(path)) for path, empty in wanted.late.items()],
    )


def _read_rollup(empty: UsageRollup, document: Document | None) -> ReadRollup:
    if document is None:
        return ReadRollup(read=None, value=empty)
    read = decode_rollup(document)
    if (read.value.subscription_id, read.value.meter) != (empty.subscription_id, empty.meter):
        # "a.b" + "c" and "a" + "b.c" make one id: nobody pays for another's usage
        raise InvalidInput(
            "usage",
            expected=f"{empty.meter} of {empty.subscription_id}",
            given=f"{read.value.meter} of {read.value.subscription_id}",
        )
    return ReadRollup(read=read, value=read.value)
