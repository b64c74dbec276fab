"""Open a subscription for a customer: once, with the customer's count and the audit record in one commit."""

from dataclasses import dataclass, replace
from typing import ClassVar

from billing.domain.errors import BillingError, Conflict, InvalidInput, NotFound
from billing.domain.event import Event, EventType
from billing.domain.life_words import life_in_words
from billing.domain.new_subscription import NewSubscription, is_same, opened
from billing.domain.sharding import shard_of
from billing.domain.subscription import Subscription
from billing.domain.subscription_events import subscription_event
from billing.ports import Documents
from billing.store.collection import Stored
from billing.store.coupons import Coupons
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.one_invoice import context_of
from billing.usecases.preview_invoice import Preview, bills_until
from billing.usecases.run_context import RunContext
from billing.usecases.tell import told


class OtherSubscription(Conflict):
    """Under this id another subscription stands: the same request can't be two."""

    code: ClassVar[str] = "other_subscription"
    retryable: ClassVar[bool] = False

    def __init__(self, stored: Subscription) -> None:
        self.stored = stored
        phase = stored.phases[0]
        said = f"of {stored.customer_id}, {phase.plan} from {stored.begun.isoformat()}"
        super().__init__(f"subscription {stored.id!r} stands already ({said}): another one needs another id")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedSubscription:
    """A subscription as it stands; `known` where the same request had opened it before."""

    subscription: Subscription
    known: bool = False


def create_subscription(documents: Documents, new: NewSubscription, *, call: Call) -> CreatedSubscription:
    """Open a subscription; the runs bill it from its start, or its trial's end, on.

    Raises NotFound for an unknown customer, plan version or coupon, InvalidInput and UnknownPlan as `opened` does, also
    for a start before the customer's bills were made here, OtherSubscription where the id is taken.
    """
    return again_while_others_write(lambda: _create(context_of(documents, call=call), new, call=call))


def preview_subscription(documents: Documents, new: NewSubscription, *, call: Call) -> list[Preview]:
    """The bills that a subscription would have up to now, or its first one; nothing is written. Raises the same."""
    context = context_of(documents, call=call)
    subscription = _opened(context, new, call=call)
    until = max(subscription.start, call.recorded_at)
    return bills_until(context, Stored(subscription, ""), until=until, at=call.recorded_at)


def _create(context: RunContext, new: NewSubscription, *, call: Call) -> CreatedSubscription:
    [stored] = context.subscriptions.get([new.id])
    if stored is not None:
        if not is_same(stored.value, _opened(context, replace(new, backdated=True), call=call)):
            raise OtherSubscription(stored.value)
        return CreatedSubscription(subscription=stored.value, known=True)
    asked = _opened(context, new, call=call)
    nothing = replace(asked, items=())
    _, after = life_in_words(nothing, asked)
    plan = f"{asked.phases[0].plan} from {asked.begun.isoformat()}"
    record = call.record(
        f"subscriptions/{asked.id}",
        "subscription.created",
        after=asked.status.value,
        reason="; ".join(part for part in (plan, after, *new.coupons) if part),
    )
    batch_id = commit_name("subscription", asked.id, "")
    context.documents.commit(
        [
            context.subscriptions.creation(asked),
            context.customers.subscriptions_added(asked.customer_id, 1),
            *told(context.documents, [_event(asked, call=call)], call=context.call),
            context.audit.batch([record], batch_id=batch_id, recorded_at=call.recorded_at),
        ]
    )
    return CreatedSubscription(subscription=asked)


def _event(created: Subscription, *, call: Call) -> Event:
    return subscription_event(EventType.SUBSCRIPTION_CREATED, created, at=call.recorded_at)


def _opened(context: RunContext, new: NewSubscription, *, call: Call) -> Subscription:
    [customer] = context.customers.get([new.customer_id])
    if customer is None:
        raise NotFound("customer", new.customer_id)
    context.load_plans([new.plan])
    plan = context.plans[new.plan]
    if isinstance(plan, BillingError):
        raise plan
    _require_not_billed_elsewhere(context, new)
    coupons = Coupons.of(context.documents, call.tenant_id).get(new.coupons)
    for coupon_id, coupon in zip(new.coupons, coupons, strict=True):
        if coupon is None:
            raise NotFound("coupon", coupon_id)
    known = [each for each in coupons if each is not None]
    subscription = opened(
        new, plan=plan, customer=customer.value, coupons=known, zone=context.tenant.zone, now=call.recorded_at
    )
    return replace(subscription, shard=shard_of(new.customer_id, shards=context.tenant.shards))


def _require_not_billed_elsewhere(context: RunContext, new: NewSubscription) -> None:
    """Refuse a start in the time for which the customer's other subscriptions were billed by another system."""
    theirs = [each.value for each in context.subscriptions.of_customer(new.customer_id) if each.value.id != new.id]
    billed_here = max([each.billed_from for each in theirs if each.billed_from is not None], default=None)
    if billed_here is not None and new.start < billed_here:
        expected = f"an instant from {billed_here.isoformat()} on: before that the customer was billed elsewhere"
        raise InvalidInput("start", expected=expected, given=new.start.isoformat())
