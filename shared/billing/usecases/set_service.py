"""What a customer's service comes to when a billing record says something of it: terms, plan version, subscription."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from billing.domain.catalog import Plan
from billing.domain.customer import Customer
from billing.domain.errors import BillingError, Conflict, InvalidInput
from billing.domain.money import Money, to_minor
from billing.domain.period import Cycle, Schedule, Unit, local_date, local_midnight
from billing.domain.service_seen import ServiceSeen, service_seen
from billing.domain.service_terms import (
    ServiceCycle,
    ServiceTerms,
    on_terms_from_next_bill,
    plan_of_terms,
    service_starts,
    setup_waits,
    started,
    with_setup_fee,
)
from billing.domain.sharding import shard_of
from billing.domain.subscription import Phase, Subscription
from billing.domain.tenant import Tenant
from billing.store.collection import Stored
from billing.store.plans import PlanVersions
from billing.usecases.record_change import RecordChange

_MARK = ".by-hand."


class OtherService(Conflict):
    """The customer's subscription was not made from a billing record, so one can't change it."""

    code: ClassVar[str] = "other_service"
    retryable: ClassVar[bool] = False

    def __init__(self, subscription: Subscription) -> None:
        super().__init__(
            f"subscription {subscription.id} has prices that a billing record can't hold: change it as a subscription"
        )


class ServiceEnded(Conflict):
    """The service has had its last bill, or is to have it before anything that changes could be billed."""

    code: ClassVar[str] = "service_ended"
    retryable: ClassVar[bool] = False

    def __init__(self, subscription: Subscription) -> None:
        said = "has had its last bill and can't be changed any more"
        if subscription.end is not None and not subscription.had_last_bill:
            on = local_date(subscription.end, zone=subscription.zone)
            way_out = f"POST /api/billing/subscriptions/{subscription.id}/cancel/undo"
            said = f"ends on {on} with its last bill, which no change follows: take that back first ({way_out})"
        super().__init__(f"subscription {subscription.id} {said}")


class BilledAlready(Conflict):
    """What is to change was billed, and what was billed stays."""

    code: ClassVar[str] = "billed_already"
    retryable: ClassVar[bool] = False

    def __init__(self, field: str, *, way_out: str) -> None:
        super().__init__(f"{field} can't be changed, as it was billed by: {way_out}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFacts:
    """What a decision rests on. `today` is the tenant's local day, `setup_fee` what the service owed once so far."""

    tenant: Tenant
    customer: Customer
    subscriptions: Sequence[Stored[Subscription]]
    versions: PlanVersions
    today: date
    setup_fee: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSet:
    """The subscription as it is to be, as it was read (None: it is new), and a plan version that is to be published."""

    before: Stored[Subscription] | None
    after: Subscription
    new_plan: Plan | None


def service_id(customer_id: str) -> str:
    """The id of the subscription that a billing record makes: one a customer."""
    return f"{customer_id}.service"


def by_hand_prefix(customer_id: str) -> str:
    """What the ids of the subscriptions of invoices made by hand begin with."""
    return f"{customer_id}{_MARK}"


def service_of(customer_id: str, subscriptions: Sequence[Stored[Subscription]]) -> Stored[Subscription] | None:
    """The subscription that a customer's billing record shows: its own, else the first with a bill to come, else any.

    Those of invoices made by hand are none.
    """
    theirs = [each for each in subscriptions if not each.value.id.startswith(by_hand_prefix(customer_id))]
    return min(
        theirs,
        key=lambda each: (each.value.id != service_id(customer_id), each.value.next_billing_at is None, each.value.id),
        default=None,
    )


def set_service(facts: ServiceFacts, change: RecordChange) -> ServiceSet | None:
    """What the change comes to, or None where nothing is to be written.

    A new fee, name, rhythm or day counts from the next bill on. Raises InvalidInput for terms that are none,
    OtherService, ServiceEnded, and BilledAlready for a next date or a setup fee that a bill was made of.
    """
    standing = service_of(facts.customer.id, facts.subscriptions)
    if standing is None:
        return _new(facts, change)
    plan = _plan(facts, standing.value.phases[-1].plan)
    seen = service_seen(standing.value, plan)
    if standing.value.id != service_id(facts.customer.id):
        if _differs(change, seen, setup_fee=facts.setup_fee):
            raise OtherService(standing.value)
        return None
    return _changed(facts, change, standing, seen=seen)


def _new(facts: ServiceFacts, change: RecordChange) -> ServiceSet:
    if change.plan_name is None or change.monthly_fee is None:
        expected = "planName and monthlyFee, as the customer has no service yet"
        raise InvalidInput("servicePlan", expected=expected, given=change.plan_name)
    day = change.day_of_month or (change.next_billing_on or facts.today).day
    terms = ServiceTerms(
        name=change.plan_name,
        monthly_fee=_whole_cents("servicePlan.monthlyFee", change.monthly_fee, currency=facts.customer.currency),
        cycle=change.cycle or ServiceCycle.MONTHLY,
        day_of_month=day,
        prorated=change.prorated is not False,
    )
    plan, is_new = _version(facts, terms)
    on = change.next_billing_on or service_starts(day, today=facts.today)
    fee = _whole_cents("servicePlan.setupFee", change.setup_fee or Decimal(0), currency=facts.customer.currency)
    after = with_setup_fee(started(_bare(facts), plan, at=_begins(on, facts)), fee, name=terms.name)
    return ServiceSet(before=None, after=after, new_plan=plan if is_new else None)


def _changed(
    facts: ServiceFacts, change: RecordChange, standing: Stored[Subscription], *, seen: ServiceSeen
) -> ServiceSet | None:
    if not _differs(change, seen, setup_fee=facts.setup_fee):
        return None
    before = standing.value
    if before.next_billing_at is None or before.next_billing_at == before.end:
        raise ServiceEnded(before)
    plan, is_new = _version(facts, _merged(change, seen, currency=facts.customer.currency))
    after = on_terms_from_next_bill(before, plan)
    if change.next_billing_on not in (None, seen.next_billing_on):
        after = _moved(change.next_billing_on, after, plan=plan)
    if change.setup_fee is not None and change.setup_fee != facts.setup_fee:
        after = _with_setup(facts, change.setup_fee, after, name=plan.name)
    return ServiceSet(before=standing, after=after, new_plan=plan if is_new else None)


def _merged(change: RecordChange, seen: ServiceSeen, *, currency: str) -> ServiceTerms:
    fee = seen.monthly_fee if change.monthly_fee is None else change.monthly_fee
    return ServiceTerms(
        name=seen.name if change.plan_name is None else change.plan_name,
        monthly_fee=_whole_cents("servicePlan.monthlyFee", fee, currency=currency),
        cycle=change.cycle or seen.cycle,
        day_of_month=change.day_of_month or seen.day_of_month,
        prorated=seen.prorated if change.prorated is None else change.prorated,
    )


def _moved(on: date | None, subscription: Subscription, *, plan: Plan) -> Subscription:
    if subscription.next_billing_at != subscription.start or on is None:
        way_out = "an invoice is made up to that date; change billingCycle.dayOfMonth for another day from then on"
        raise BilledAlready("billingCycle.nextBillingDate", way_out=way_out)
    return started(subscription, plan, at=local_midnight(on, zone=subscription.zone))


def _with_setup(facts: ServiceFacts, fee: Decimal, subscription: Subscription, *, name: str) -> Subscription:
    is_billed = subscription.next_billing_at != subscription.start and not setup_waits(subscription)
    if facts.setup_fee and is_billed:
        raise BilledAlready("servicePlan.setupFee", way_out="an invoice; a credit note gives it back")
    return with_setup_fee(
        subscription, _whole_cents("servicePlan.setupFee", fee, currency=facts.customer.currency), name=name
    )


def _differs(change: RecordChange, seen: ServiceSeen, *, setup_fee: Decimal) -> bool:
    pairs = (
        (change.plan_name, seen.name),
        (change.monthly_fee, seen.monthly_fee),
        (change.prorated, seen.prorated),
        (change.cycle, seen.cycle),
        (change.day_of_month, seen.day_of_month),
        (change.next_billing_on, seen.next_billing_on),
        (change.setup_fee, setup_fee),
    )
    return any(given is not None and given != stands for given, stands in pairs)


def _version(facts: ServiceFacts, terms: ServiceTerms) -> tuple[Plan, bool]:
    """The published version of these terms, or the next one, and whether it is new."""
    currency = facts.customer.currency
    published = facts.versions.of_plan(plan_of_terms(terms, currency=currency, version=1).plan_id)
    for each in published:
        if each == plan_of_terms(terms, currency=currency, version=each.version):
            return each, False
    number = max([each.version for each in published], default=0) + 1
    return plan_of_terms(terms, currency=currency, version=number), True


def _plan(facts: ServiceFacts, ref: str) -> Plan:
    [found] = facts.versions.get([ref])
    if isinstance(found, BillingError):
        raise found
    return found


def _bare(facts: ServiceFacts) -> Subscription:
    """A subscription without a plan of its own yet, which `started` gives it."""
    at, zone = _begins(facts.today, facts), facts.tenant.zone
    schedule = Schedule.anniversary(Cycle(1, Unit.MONTH), started_at=at, zone=zone)
    return Subscription(
        id=service_id(facts.customer.id),
        customer_id=facts.customer.id,
        zone=zone,
        phases=(Phase(plan="", start=at, schedule=schedule),),
        shard=shard_of(facts.customer.id, shards=facts.tenant.shards),
    )


def today_of(tenant: Tenant, *, at: datetime) -> date:
    """The tenant's local day at a UTC instant."""
    return local_date(at, zone=tenant.zone)


def _begins(day: date, facts: ServiceFacts) -> datetime:
    return local_midnight(day, zone=facts.tenant.zone)


def _whole_cents(field: str, amount: Decimal, *, currency: str) -> Decimal:
    """An amount of the currency's own decimals; InvalidInput for one with more, or below 0."""
    if not amount.is_finite() or amount < 0:
        raise InvalidInput(field, expected="0 or more", given=str(amount))
    exact = Money(to_minor(amount, currency), currency).amount
    if exact != amount:
        raise InvalidInput(field, expected=f"an amount in whole minor units of {currency}", given=str(amount))
    return exact
