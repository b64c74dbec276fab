"""Put a coupon or a one-time charge on a subscription, or take a coupon off: from its next invoice on."""

from collections.abc import Callable
from datetime import datetime

from billing.domain.discounts import with_coupon, without_coupon
from billing.domain.errors import BillingError, NotFound
from billing.domain.event import EventType
from billing.domain.one_time_charges import with_one_time_charge
from billing.domain.subscription import OneTimeCharge, Plans, Subscription
from billing.domain.subscription_events import subscription_event
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.coupons import Coupons
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.tell import told
from billing.usecases.version_check import VersionCheck, any_version


def apply_coupon(
    documents: Documents,
    subscription_id: str,
    *,
    coupon_id: str,
    call: Call,
    start: datetime | None = None,
    seen: VersionCheck = any_version,
) -> Subscription:
    """Lower the invoices from the first bill-for date at or after `start` (UTC; None: the next) by a published coupon.

    Raises NotFound for an unknown subscription or coupon; InvalidInput where the subscription has the coupon already,
    is in another currency or has had its last bill.
    """
    coupon = Coupons.of(documents, call.tenant_id).get([coupon_id])[0]
    if coupon is None:
        raise NotFound("coupon", coupon_id)

    def applied(subscription: Subscription) -> Subscription:
        plans = _plans(documents, subscription, call=call)
        first = start or subscription.next_billing_at or call.recorded_at
        return with_coupon(subscription, coupon, start=first, plans=plans)

    event = "subscription.coupon_applied"
    return _change(documents, subscription_id, applied, event=event, what=coupon_id, call=call, seen=seen)


def remove_coupon(
    documents: Documents, subscription_id: str, *, coupon_id: str, call: Call, seen: VersionCheck = any_version
) -> Subscription:
    """Leave a coupon out of the invoices to come; those that it lowered stay as they are.

    Raises NotFound for an unknown subscription, InvalidInput where it has no such coupon.
    """

    def removed(subscription: Subscription) -> Subscription:
        return without_coupon(subscription, coupon_id)

    event = "subscription.coupon_removed"
    return _change(documents, subscription_id, removed, event=event, what=coupon_id, call=call, seen=seen)


def add_one_time_charge(
    documents: Documents,
    subscription_id: str,
    *,
    one_time: OneTimeCharge,
    call: Call,
    seen: VersionCheck = any_version,
) -> Subscription:
    """Charge something once, on the first invoice whose bill-for date is not before `one_time.charged_at`.

    Raises NotFound for an unknown subscription; InvalidInput for an id that a charge to come has, and where no bill
    will take the charge up.
    """

    def added(subscription: Subscription) -> Subscription:
        return with_one_time_charge(subscription, one_time)

    what = f"{one_time.id}: {one_time.quantity} x {one_time.unit_price} for {one_time.name}"
    event = "subscription.charge_added"
    return _change(documents, subscription_id, added, event=event, what=what, call=call, seen=seen)


def _change(
    documents: Documents,
    subscription_id: str,
    decide: Callable[[Subscription], Subscription],
    *,
    event: str,
    what: str,
    call: Call,
    seen: VersionCheck,
) -> Subscription:
    """Read, decide and write, again where a run or somebody else was quicker; WriteConflict if time and again."""
    subscriptions = Subscriptions.of(documents, call.tenant_id)
    record = call.record(f"subscriptions/{subscription_id}", event, after="", reason=what)

    def change() -> Subscription:
        [stored] = subscriptions.get([subscription_id])
        if stored is None:
            raise NotFound("subscription", subscription_id)
        seen(stored.version)
        after = decide(stored.value)
        batch_id = commit_name("subscription", subscription_id, stored.version)
        audit = AuditLog.of(documents, call.tenant_id).batch([record], batch_id=batch_id, recorded_at=call.recorded_at)
        happened = subscription_event(
            EventType.SUBSCRIPTION_CHANGED, after, at=call.recorded_at, version=stored.version
        )
        documents.commit([subscriptions.moved_on(stored, after), *told(documents, [happened], call=call), audit])
        return after

    return again_while_others_write(change)


def _plans(documents: Documents, subscription: Subscription, *, call: Call) -> Plans:
    refs = sorted({phase.plan for phase in subscription.phases})
    found = dict(zip(refs, PlanVersions.of(documents, call.tenant_id).get(refs), strict=True))
    for each in found.values():
        if isinstance(each, BillingError):
            raise each
    return {ref: plan for ref, plan in found.items() if not isinstance(plan, BillingError)}
